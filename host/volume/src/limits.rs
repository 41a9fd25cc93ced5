//! How much I/O a volume may do, where the node has to see to it and not the storage.

use std::num::NonZeroU64;

/// What a node enforces for one volume (`wit/modification.wit`, `node-limits`). None: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeLimits {
    /// Read operations a second.
    pub read_iops: Option<NonZeroU64>,
    /// Write operations a second.
    pub write_iops: Option<NonZeroU64>,
    /// Bytes read a second.
    pub read_bandwidth: Option<NonZeroU64>,
    /// Bytes written a second.
    pub write_bandwidth: Option<NonZeroU64>,
    /// Whether deleted blocks are handed back to the storage; none: the file system's default.
    pub discard: Option<bool>,
}

impl NodeLimits {
    /// Whether there is anything to enforce.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
