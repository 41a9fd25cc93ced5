//! What is stored of volumes and snapshots.

use alloc::string::String;
use alloc::vec::Vec;

use mooring_sdk::records::Table;
use mooring_sdk::types::{self, ContentSource};
use serde::{Deserialize, Serialize};

/// The volumes, by id.
pub(crate) const VOLUMES: Table<Stored> = Table::new("volume/");

/// The snapshots, by id.
pub(crate) const SNAPSHOTS: Table<StoredSnapshot> = Table::new("snapshot/");

/// A volume's record, a case for each version of its form. A case never changes; a new form is a
/// new case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stored {
    /// Since 0.1.0: a volume that began empty.
    V1(Volume),
    /// Since 0.1.0: a volume that began with the bytes of something else.
    V2(Copied),
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
}

/// A volume that was made of a snapshot or of another volume, in the same pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Copied {
    pub(crate) volume: Volume,
    pub(crate) source: Source,
    /// Whether the image holds the source's bytes and has its size. Until then nobody gets it.
    pub(crate) made: bool,
}

/// What a volume began with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Source {
    Snapshot(String),
    Volume(String),
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

impl Stored {
    /// What all volumes have.
    pub(crate) fn volume(&self) -> &Volume {
        match self {
            Self::V1(volume) | Self::V2(Copied { volume, .. }) => volume,
        }
    }

    /// What it began with, unless empty.
    pub(crate) fn source(&self) -> Option<&Source> {
        match self {
            Self::V1(_) => None,
            Self::V2(copied) => Some(&copied.source),
        }
    }

    /// Whether it holds what it is to begin with.
    pub(crate) fn made(&self) -> bool {
        match self {
            Self::V1(_) => true,
            Self::V2(copied) => copied.made,
        }
    }

    /// The same volume with another size.
    pub(crate) fn resized(mut self, bytes: u64) -> Self {
        match &mut self {
            Self::V1(volume) | Self::V2(Copied { volume, .. }) => volume.size = bytes,
        }
        self
    }

    /// The volume as the contract tells it.
    pub(crate) fn told(&self, id: String) -> types::Volume {
        types::Volume {
            id,
            capacity: self.volume().size,
            context: Vec::new(),
            source: self.source().cloned().map(ContentSource::from),
            topology: Vec::new(),
        }
    }
}

/// A snapshot's record, as [`Stored`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StoredSnapshot {
    /// Since 0.1.0.
    V1(Snapshot),
}

/// A snapshot. Its image, which nothing else depends on, has the snapshot's id for a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    /// The orchestrator's name, from which the id follows.
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
}

/// How far a snapshot has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Written before the image is made: the point in time is not fixed yet.
    Making,
    /// The point in time is fixed, the bytes are on their way.
    Copying,
    Ready,
    /// Written before the image is deleted.
    Deleting,
}

impl Snapshot {
    /// The snapshot as the contract tells it.
    pub(crate) fn told(&self, id: String) -> types::Snapshot {
        types::Snapshot {
            id,
            source_volume_id: self.source.clone(),
            created: self.created,
            size: self.size,
            ready: self.phase == Phase::Ready,
            group_id: None,
        }
    }
}
