//! Where volumes and nodes are.

use crate::StringMap;

/// One place, as segments of domain → value. Keys compare without regard to case (CSI "Topology").
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Topology(pub StringMap);

/// CSI's TopologyRequirement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requirement {
    /// The volume must be reachable from at least one of them; empty: anywhere.
    pub requisite: Vec<Topology>,
    /// In order of preference.
    pub preferred: Vec<Topology>,
}
