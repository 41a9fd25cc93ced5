//! What is stored of a group of snapshots: whom it consists of. How far each of them has come is
//! in the records of the snapshots.

use alloc::string::String;
use alloc::vec::Vec;

use mooring_sdk::records::Table;
use serde::{Deserialize, Serialize};

/// The groups of snapshots, by id.
pub(crate) const GROUPS: Table<Group, Stored> = Table::new("group/");

/// A group's record, as [`super::Stored`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stored {
    /// Since 0.1.0.
    V1(Group),
}

/// Snapshots of several volumes at one point in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// The orchestrator's name, from which the ids of the group and its members follow.
    pub(crate) name: String,
    pub(crate) members: Vec<Member>,
    /// Milliseconds since 1970.
    pub(crate) created: u64,
    pub(crate) phase: GroupPhase,
}

/// One of a group: what its snapshot's record will say of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    /// The snapshot's id.
    pub(crate) id: String,
    /// The volume's id.
    pub(crate) source: String,
    pub(crate) pool: String,
    pub(crate) size: u64,
}

/// How far a group has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum GroupPhase {
    /// Written before the images are made: there may be none, some or all of them, and of the
    /// snapshots' records, too.
    Making,
    /// All images are of one point in time, and each has a snapshot's record.
    Taken,
    /// Written before the first image is deleted.
    Deleting,
}

impl From<Stored> for Group {
    fn from(Stored::V1(group): Stored) -> Self {
        group
    }
}

impl From<Group> for Stored {
    fn from(group: Group) -> Self {
        Self::V1(group)
    }
}
