//! What is stored of a snapshot.

use alloc::string::String;

use mooring_sdk::records::Table;
use mooring_sdk::types;
use serde::{Deserialize, Serialize};

/// The snapshots, by id; members of groups, too.
pub(crate) const SNAPSHOTS: Table<Snapshot, Stored> = Table::new("snapshot/");

/// A snapshot's record, as [`super::Stored`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stored {
    /// Before there were groups.
    V1(Single),
    /// Any snapshot.
    V2(Snapshot),
}

/// What [`Stored::V1`] holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Single {
    name: String,
    source: String,
    pool: String,
    size: u64,
    created: u64,
    phase: Phase,
}

/// A snapshot. Its image, which nothing else depends on, has the snapshot's id for a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    /// The orchestrator's name, from which the id follows; a member's is that of its group.
    pub(crate) name: String,
    /// The volume's id.
    pub(crate) source: String,
    /// The pool of both images.
    pub(crate) pool: String,
    /// The volume's bytes at that time.
    pub(crate) size: u64,
    /// Milliseconds since 1970.
    pub(crate) created: u64,
    pub(crate) phase: Phase,
    /// Why its copying failed: the pool tells it once.
    pub(crate) failure: Option<String>,
    /// The group that it came into being with and goes with.
    pub(crate) group: Option<String>,
}

/// How far a snapshot has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Written before the image is made: the point in time is not fixed yet.
    Making,
    /// The point in time is fixed, the bytes are on their way, unless that failed.
    Copying,
    Ready,
    /// Written before the image is deleted.
    Deleting,
}

impl From<Stored> for Snapshot {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::V1(Single { name, source, pool, size, created, phase }) => {
                Self { name, source, pool, size, created, phase, failure: None, group: None }
            }
            Stored::V2(snapshot) => snapshot,
        }
    }
}

impl From<Snapshot> for Stored {
    fn from(snapshot: Snapshot) -> Self {
        Self::V2(snapshot)
    }
}

impl Snapshot {
    /// The snapshot as the contract tells it.
    pub(crate) fn told(self, id: String) -> types::Snapshot {
        let Self { name: _, source, pool: _, size, created, phase, failure: _, group } = self;
        types::Snapshot {
            id,
            source_volume_id: source,
            created,
            size,
            ready: phase == Phase::Ready,
            group_id: group,
        }
    }
}
