//! Which version of CSI a driver speaks of itself: newer services are served all the same, and not advertised
//! to callers that would stumble over them.

use serde::{Deserialize, Serialize};

/// The version whose capabilities are advertised. Callers are to ignore those that they do not know; some
/// refuse them (csi-sanity v5.5, which is of 1.12).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CsiVersion {
    /// Without the health RPCs of 1.13; the volume condition tells the same.
    #[serde(rename = "1.12")]
    V1_12,
    /// All of them.
    #[default]
    #[serde(rename = "1.13")]
    V1_13,
}
