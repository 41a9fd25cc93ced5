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

/// A volume. Its directory in the pool has the volume's id for a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Volume {
    /// The orchestrator's name, from which the id follows.
    pub(crate) name: String,
    /// The pool that holds the directory.
    pub(crate) pool: String,
    /// The size that was asked for, which nothing holds the volume to: it only tells the same
    /// request from another one of that name.
    pub(crate) asked: Asked,
}

/// A range of sizes in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    required: Option<u64>,
    limit: Option<u64>,
}

impl From<Option<types::CapacityRange>> for Asked {
    fn from(range: Option<types::CapacityRange>) -> Self {
        range.map_or_else(Self::default, |types::CapacityRange { required, limit }| Self {
            required,
            limit,
        })
    }
}

/// A volume as the contract tells it.
pub(crate) fn told(id: String) -> types::Volume {
    // A capacity of 0 says that there is no bound. To answer what was asked would be a promise.
    types::Volume { id, capacity: 0, context: Vec::new(), source: None, topology: Vec::new() }
}
