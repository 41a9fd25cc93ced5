//! What the node remembers of a volume that it had made for a pod: enough to give it back, whenever
//! the program died and whether or not the backend ever answered.
//!
//! Written before the volume is asked for and removed after it is gone. It holds no secret.

use std::path::PathBuf;

use mooring_volume::backend::CreateVolume;
use mooring_volume::capability::{AccessMode, AccessType, Capability, FsType, Mount};
use mooring_volume::ephemeral::capacity;
use mooring_volume::topology::{Requirement, Topology};
use mooring_volume::{Result, Secrets, StringMap, VolumeId, VolumeName};
use serde::{Deserialize, Serialize};

use crate::record::{seal, unseal};

/// The format's version; others are refused.
const VERSION: u32 = 1;

/// One such volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Note {
    version: u32,
    /// The orchestrator's id, which is also the name that the backend is given.
    pub(crate) volume: VolumeId,
    /// Where it is, or was to be, published: the one place.
    pub(crate) target: PathBuf,
    /// What was asked for: asking again finds the same volume.
    pub(crate) asked: Asked,
    /// How far it came.
    pub(crate) phase: Phase,
}

/// What the backend is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// What the pod says; the rest follows from it and from what the operator said at that time.
    pub(crate) attributes: StringMap,
    /// Bytes; none: as the backend likes.
    pub(crate) size: Option<u64>,
    pub(crate) parameters: StringMap,
    pub(crate) fs_type: Option<FsType>,
    pub(crate) mode: AccessMode,
    /// Where this node is.
    pub(crate) place: Option<StringMap>,
}

/// How far a volume came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// The backend is asked for it, and may have made it.
    Creating,
    /// The backend has made it.
    Created(Made),
    /// It is off this node and to be deleted; none: it may have been made.
    Deleting(Option<Made>),
}

/// A volume as its backend knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Made {
    pub(crate) id: VolumeId,
    pub(crate) context: StringMap,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    /// There is none.
    Absent,
    /// There is one, and it can't be trusted; why.
    Unreadable(String),
    /// A whole one.
    Whole(Box<Note>),
}

impl Asked {
    /// Whether a pod asks for the same: the operator may have changed the defaults since, and the
    /// node its place.
    pub(crate) fn is_by_the_same_pod(&self, other: &Self) -> bool {
        (&self.attributes, self.fs_type, self.mode)
            == (&other.attributes, other.fs_type, other.mode)
    }
}

impl Note {
    /// Of a volume that is about to be asked for.
    pub(crate) fn new(volume: VolumeId, target: PathBuf, asked: Asked) -> Self {
        Self { version: VERSION, volume, target, asked, phase: Phase::Creating }
    }

    /// The same at another phase.
    pub(crate) fn at(&self, phase: Phase) -> Self {
        Self { phase, ..self.clone() }
    }

    /// The volume, if the backend has told of it.
    pub(crate) fn made(&self) -> Option<&Made> {
        match &self.phase {
            Phase::Creating => None,
            Phase::Created(made) => Some(made),
            Phase::Deleting(made) => made.as_ref(),
        }
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// What can't be written as JSON: a path that is not UTF-8.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self).map(seal)
    }

    /// The question by which the backend makes it, or finds it again.
    ///
    /// # Errors
    /// `InvalidArgument` for a size beyond CSI's, or an id that is no name.
    pub(crate) fn question(&self) -> Result<CreateVolume> {
        let Asked { attributes: _, size, parameters, fs_type, mode, place } = self.asked.clone();
        let mount = Mount { fs_type, flags: Vec::new(), group: None };
        let accessibility = place.map(|place| Requirement {
            requisite: vec![Topology(place.clone())],
            preferred: vec![Topology(place)],
        });
        Ok(CreateVolume {
            name: VolumeName::new(self.volume.as_str())?,
            capacity: capacity(size)?,
            capabilities: vec![Capability { access: AccessType::Mount(mount), mode }],
            parameters,
            mutable_parameters: StringMap::new(),
            secrets: Secrets::default(),
            source: None,
            accessibility,
        })
    }
}

impl Kept {
    /// From a file's bytes, if there is one; `volume` is whose it must be, if that is known.
    pub(crate) fn decode(bytes: Option<&[u8]>, volume: Option<&VolumeId>) -> Self {
        let Some(bytes) = bytes else { return Self::Absent };
        let read = || {
            let note: Note =
                serde_json::from_slice(unseal(bytes)?).map_err(|error| error.to_string())?;
            if note.version != VERSION {
                return Err(format!("its version is {}", note.version));
            }
            match volume.filter(|volume| **volume != note.volume) {
                None => Ok(note),
                Some(_) => Err(format!("it is of volume {}", note.volume)),
            }
        };
        read().map_or_else(Self::Unreadable, |note| Self::Whole(Box::new(note)))
    }
}
