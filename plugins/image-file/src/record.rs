//! What is stored of a volume.

use alloc::string::String;
use alloc::vec::Vec;

use mooring_sdk::records::Table;
use mooring_sdk::types;
use serde::{Deserialize, Serialize};

/// The volumes, by id.
pub(crate) const VOLUMES: Table<Stored> = Table::new("volume/");

/// A volume's record, a case for each version of its form. A case never changes; a new form is a
/// new case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stored {
    /// Since 0.1.0.
    V1(Volume),
}

/// A volume. Its image in the pool has the volume's id for a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Volume {
    /// The orchestrator's name, from which the id follows.
    pub(crate) name: String,
    /// The pool that holds the image.
    pub(crate) pool: String,
    /// Bytes. Never more than the image has.
    pub(crate) size: u64,
}

impl Volume {
    /// The volume as the contract tells it.
    pub(crate) fn told(&self, id: String) -> types::Volume {
        types::Volume {
            id,
            capacity: self.size,
            context: Vec::new(),
            source: None,
            topology: Vec::new(),
        }
    }
}
