//! What is stored of volumes; of snapshots and their groups in the modules below.

use alloc::string::String;
use alloc::vec::Vec;

use mooring_sdk::records::Table;
use mooring_sdk::types::{self, ContentSource, Topology};
use serde::{Deserialize, Serialize};

use crate::parameters::Chosen;
use crate::tuning::Tuning;

mod group;
mod snapshot;

pub(crate) use group::{GROUPS, Group, GroupPhase, Member};
pub(crate) use snapshot::{Phase, SNAPSHOTS, Snapshot};

/// The volumes, by id.
pub(crate) const VOLUMES: Table<Volume, Stored> = Table::new("volume/");

/// A volume's record, a case for each version of its form. A case never changes; a new form is a
/// new case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stored {
    /// A volume that began empty.
    V1(Plain),
    /// A volume that began with the bytes of something else.
    V2(Copied),
    /// Any volume; since there are publications and mutable parameters.
    V3(Tuned),
    /// Any volume; since a sandbox can mount one itself.
    V4(Volume),
}

/// What [`Stored::V1`] holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plain {
    pub(crate) name: String,
    pub(crate) pool: String,
    pub(crate) size: u64,
}

/// What [`Stored::V2`] holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Copied {
    pub(crate) volume: Plain,
    pub(crate) source: Source,
    pub(crate) made: bool,
}

/// What [`Stored::V3`] holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tuned {
    pub(crate) name: String,
    pub(crate) pool: String,
    pub(crate) size: u64,
    pub(crate) source: Option<Source>,
    pub(crate) progress: Progress,
    pub(crate) created_with: Tuning,
    pub(crate) tuning: Tuning,
    pub(crate) published: Option<Publication>,
}

/// A volume. Its image in the pool has the volume's id for a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Volume {
    /// The orchestrator's name, from which the id follows.
    pub(crate) name: String,
    /// The pool that holds the image.
    pub(crate) pool: String,
    /// Bytes. Never more than the image has, once it is made.
    pub(crate) size: u64,
    /// What it began with, unless empty; in the same pool.
    pub(crate) source: Option<Source>,
    pub(crate) progress: Progress,
    /// Whether the sandbox that it is for mounts it, in place of the node.
    pub(crate) direct: bool,
    /// What it was created with, by which the same request is told from another one.
    pub(crate) created_with: Tuning,
    /// What holds for it now.
    pub(crate) tuning: Tuning,
    /// Where it is in use; at one node at most.
    pub(crate) published: Option<Publication>,
}

/// How far a volume has come. One without a source has nothing to wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Progress {
    /// Its source's bytes are to be copied; nobody gets it before they are.
    Begun,
    /// They are copied in the background.
    Copying,
    /// That failed, for a reason; the next call begins anew.
    Failed(String),
    /// It holds what it is to begin with and has its size.
    Made,
}

/// What a volume began with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Source {
    Snapshot(String),
    Volume(String),
}

/// That a volume may be used on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Publication {
    pub(crate) node: String,
    /// Access mode and type as CSI spells them, such as `SINGLE_NODE_WRITER mount ext4`.
    pub(crate) usage: String,
    pub(crate) readonly: bool,
}

impl From<Stored> for Volume {
    fn from(stored: Stored) -> Self {
        let (Plain { name, pool, size }, source, made) = match stored {
            Stored::V1(volume) => (volume, None, true),
            Stored::V2(Copied { volume, source, made }) => (volume, Some(source), made),
            Stored::V3(volume) => return volume.into(),
            Stored::V4(volume) => return volume,
        };
        let progress = if made { Progress::Made } else { Progress::Begun };
        Self { source, progress, ..Self::new(name, pool, size, &Chosen::default()) }
    }
}

impl From<Volume> for Stored {
    fn from(volume: Volume) -> Self {
        Self::V4(volume)
    }
}

impl From<Tuned> for Volume {
    fn from(volume: Tuned) -> Self {
        let Tuned { name, pool, size, source, progress, created_with, tuning, published } = volume;
        Self { name, pool, size, source, progress, direct: false, created_with, tuning, published }
    }
}

impl Volume {
    /// A volume that begins empty.
    pub(crate) fn new(name: String, pool: String, size: u64, chosen: &Chosen) -> Self {
        let Chosen { direct, tuning } = *chosen;
        Self {
            name,
            pool,
            size,
            source: None,
            progress: Progress::Made,
            direct,
            created_with: tuning,
            tuning,
            published: None,
        }
    }

    /// Whether it holds what it is to begin with.
    pub(crate) fn made(&self) -> bool {
        self.progress == Progress::Made
    }

    /// The volume as the contract tells it.
    pub(crate) fn told(self, id: String, topology: Vec<Topology>) -> types::Volume {
        let source = self.source.map(ContentSource::from);
        types::Volume { id, capacity: self.size, context: Vec::new(), source, topology }
    }
}

impl Source {
    /// The image that holds its bytes: it has the id for a name.
    pub(crate) fn image(&self) -> &str {
        match self {
            Self::Snapshot(id) | Self::Volume(id) => id,
        }
    }
}

impl From<&ContentSource> for Source {
    fn from(source: &ContentSource) -> Self {
        match source {
            ContentSource::Snapshot(id) => Self::Snapshot(id.clone()),
            ContentSource::Volume(id) => Self::Volume(id.clone()),
        }
    }
}

impl From<Source> for ContentSource {
    fn from(source: Source) -> Self {
        match source {
            Source::Snapshot(id) => Self::Snapshot(id),
            Source::Volume(id) => Self::Volume(id),
        }
    }
}
