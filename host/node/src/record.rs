//! What the node remembers of a volume on disk, and nothing that the kernel knows better.
//!
//! One file a volume, written before the first effect and removed after the last. It holds no
//! secret. Loop numbers, mount ids and what is mounted are not in it: the kernel's tables have
//! them, and loop devices carry the volume's label. It ends with a checksum, so that a torn or
//! flipped file is noticed and never taken for a fresh start.
//!
//! Invariant: what was acknowledged is durable: the file is replaced as a whole and synced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mooring_volume::capability::{AccessMode, FsType};
use mooring_volume::{DriverName, NodeId, StringMap, VolumeId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::mount::Origin;
use crate::os::{BackingFile, DeviceId, MountFlags};

/// The format's version; others are refused.
const VERSION: u32 = 1;

/// What is remembered of one volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    version: u32,
    /// Whose it is; checked when it is read.
    pub(crate) volume: VolumeId,
    /// The boot that `staging` is of. Another boot's mounts and devices are gone.
    pub(crate) boot: String,
    /// What is known of its formatting. Outlives `staging` while mkfs was begun and not ended.
    pub(crate) format: Option<Format>,
    /// How it is staged; none while only `format` is worth remembering.
    pub(crate) staging: Option<Staging>,
}

/// How far formatting came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Format {
    /// Of what: another file of the same name, or another device, starts anew. Named so since it
    /// was an image's always.
    #[serde(rename = "image")]
    pub(crate) medium: Medium,
    /// As what.
    pub(crate) fs_type: FsType,
    /// Whether it was done.
    pub(crate) progress: Progress,
}

/// What a file system is made on, as it is known across boots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Medium {
    /// An image.
    Image(BackingFile),
    /// A device that says so of itself.
    Device(Identity),
}

/// What a device must say of itself: one of the two at least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// Its serial number.
    pub(crate) serial: Option<String>,
    /// Its world-wide id.
    pub(crate) wwid: Option<String>,
}

/// See [`Format`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Progress {
    /// The image was proven blank and mkfs was about to run: what is on it now, short of a
    /// finished file system, is left over from that.
    Formatting,
    /// mkfs had ended and the device was synced, or a finished file system was found.
    Formatted,
}

/// A volume on this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Staging {
    /// Where it is staged, as in the mount table.
    pub(crate) path: PathBuf,
    /// What it is made of.
    pub(crate) source: Source,
    /// What its consumers see.
    pub(crate) access: Access,
    /// As it was asked for.
    pub(crate) mode: AccessMode,
    /// Where it is published, or about to be.
    pub(crate) targets: BTreeMap<PathBuf, Target>,
}

/// What a volume is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Source {
    /// A file, through a loop device.
    Image {
        /// The pool's directory, as the operator wrote it.
        root: PathBuf,
        /// The file below it.
        below: PathBuf,
        /// Which file that was.
        backing: BackingFile,
    },
    /// A directory, by a bind mount.
    Directory {
        /// The pool's directory, as the operator wrote it.
        root: PathBuf,
        /// The directory below it.
        below: PathBuf,
        /// What its mounts show.
        origin: Origin,
    },
    /// A device that the node has by itself.
    Device(RecordedDevice),
    /// A device that a sandbox mounts; nothing of it is mounted here.
    Direct {
        /// Which device.
        device: DirectSource,
        /// For the sandbox's runtime.
        metadata: StringMap,
        /// Whether its backend says that it was blank when it was made.
        blank: bool,
    },
}

/// A device that the node has by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordedDevice {
    /// What it said of itself.
    pub(crate) identity: Identity,
    /// Which number that was.
    pub(crate) number: DeviceId,
    /// Which disk of all that came since the machine was started, where the kernel counts them: the
    /// number may be another's since.
    pub(crate) sequence: Option<u64>,
    /// Its node, which may be gone before its mounts are.
    pub(crate) node: PathBuf,
    /// Whether the kernel is to ask it how large it is, before it is measured.
    pub(crate) rescan: bool,
    /// Whether no consumer may write to it, where they get the device itself.
    pub(crate) readonly: bool,
    /// Whether this host made it refuse writes once, and so has to let it take them again.
    pub(crate) protected: bool,
}

/// The image of a pool that a volume's loop device is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordedImage<'a> {
    /// The pool's directory, as the operator wrote it.
    pub(crate) root: &'a Path,
    /// The file below it.
    pub(crate) below: &'a Path,
    /// Which file that was.
    pub(crate) backing: BackingFile,
}

impl Source {
    /// The image, of a volume that has one, whoever mounts it.
    pub(crate) fn image(&self) -> Option<RecordedImage<'_>> {
        match self {
            Self::Image { root, below, backing }
            | Self::Direct { device: DirectSource::Image { root, below, backing }, .. } => {
                Some(RecordedImage { root, below, backing: *backing })
            }
            Self::Directory { .. }
            | Self::Device(_)
            | Self::Direct { device: DirectSource::Linked { .. }, .. } => None,
        }
    }
}

/// A device that a sandbox mounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum DirectSource {
    /// A loop device over a file.
    Image {
        /// The pool's directory, as the operator wrote it.
        root: PathBuf,
        /// The file below it.
        below: PathBuf,
        /// Which file that was.
        backing: BackingFile,
    },
    /// One that the node has by itself.
    Linked {
        /// Its names below /dev/disk.
        links: Vec<String>,
        /// What it must say of itself.
        serial: Option<String>,
        /// Likewise.
        wwid: Option<String>,
        /// Which one that was.
        number: DeviceId,
    },
}

/// What consumers see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Access {
    /// A raw device.
    Block,
    /// A directory.
    Mount {
        /// None for directories of a pool, which are on the pool's own file system.
        fs_type: Option<FsType>,
        /// Of the staging mount.
        flags: MountFlags,
        /// As asked, sorted; the host's own (nouuid) are not among them.
        options: Vec<String>,
        /// The group that the root directory was given to.
        group: Option<u32>,
    },
}

/// One publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Target {
    /// Of the mount at the target.
    pub(crate) flags: MountFlags,
    /// As it was asked for.
    pub(crate) mode: AccessMode,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stored {
    /// There is no file.
    Absent,
    /// There is one, and it can't be trusted; why.
    Unreadable(String),
    /// A whole one.
    Whole(Box<Record>),
}

impl Record {
    /// A record with nothing in it yet.
    pub(crate) fn new(volume: VolumeId, boot: String) -> Self {
        Self { version: VERSION, volume, boot, format: None, staging: None }
    }

    /// The file's bytes: one line of JSON, one with its SHA-256.
    ///
    /// # Errors
    /// What can't be written as JSON: a path that is not UTF-8.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self).map(seal)
    }

    /// From a file's bytes, whosever it is.
    ///
    /// # Errors
    /// Why it can't be trusted.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let record: Self = serde_json::from_slice(unseal(bytes)?).map_err(|e| e.to_string())?;
        if record.version == VERSION {
            Ok(record)
        } else {
            Err(format!("its version is {}; this program writes {VERSION}", record.version))
        }
    }
}

/// Ends a line of JSON with one of its checksum.
pub(crate) fn seal(mut json: Vec<u8>) -> Vec<u8> {
    let sum = checksum(&json);
    json.push(b'\n');
    json.extend_from_slice(sum.as_bytes());
    json.push(b'\n');
    json
}

/// The line of JSON, if its checksum fits.
///
/// # Errors
/// Why it can't be trusted.
pub(crate) fn unseal(bytes: &[u8]) -> Result<&[u8], String> {
    let torn = || "it is torn: its checksum is missing or does not fit".to_owned();
    let body = bytes.strip_suffix(b"\n").ok_or_else(torn)?;
    let split = body.iter().rposition(|byte| *byte == b'\n').ok_or_else(torn)?;
    let (json, sum) = body.split_at_checked(split).ok_or_else(torn)?;
    if sum.strip_prefix(b"\n") == Some(checksum(json).as_bytes()) { Ok(json) } else { Err(torn()) }
}

impl Stored {
    /// From a file's bytes, if there is one.
    pub(crate) fn decode(bytes: Option<&[u8]>, volume: &VolumeId) -> Self {
        let Some(bytes) = bytes else { return Self::Absent };
        match Record::decode(bytes) {
            Ok(record) if record.volume == *volume => Self::Whole(Box::new(record)),
            Ok(record) => Self::Unreadable(format!("it is of volume {}", record.volume)),
            Err(why) => Self::Unreadable(why),
        }
    }

    /// What is known of formatting, of any boot.
    pub(crate) fn format(&self) -> Option<&Format> {
        match self {
            Self::Whole(record) => record.format.as_ref(),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }

    /// The staging, if it is of this boot.
    pub(crate) fn staging(&self, boot: &str) -> Option<&Staging> {
        match self {
            Self::Whole(record) if record.boot == boot => record.staging.as_ref(),
            Self::Whole(_) | Self::Absent | Self::Unreadable(_) => None,
        }
    }

    /// Whether there is one that can't be trusted.
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable(_))
    }

    /// Whether it is, or was before a boot, one that a sandbox mounts.
    pub(crate) fn is_direct(&self) -> bool {
        matches!(self, Self::Whole(record) if record.staging.as_ref().is_some_and(
            |staging| matches!(staging.source, Source::Direct { .. }),
        ))
    }

    /// Targets that were made here, of any boot: their directories and files outlive a boot.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &PathBuf> {
        let staging = match self {
            Self::Whole(record) => record.staging.as_ref(),
            Self::Absent | Self::Unreadable(_) => None,
        };
        staging.into_iter().flat_map(|staging| staging.targets.keys())
    }
}

fn checksum(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// Where the records of one driver lie.
pub(crate) fn directory(state_dir: &Path, driver: &DriverName) -> PathBuf {
    state_dir.join("node").join(driver.as_str())
}

/// Where the record of one volume lies.
pub(crate) fn path(state_dir: &Path, driver: &DriverName, volume: &VolumeId) -> PathBuf {
    directory(state_dir, driver).join(format!("{}.json", volume.key()))
}

/// How every label of ours begins.
pub(crate) const LABEL: &str = "mooring:";

/// The label of a volume's loop devices: 62 bytes, of at most 63. Loop devices are the machine's,
/// and there may be several hosts on it (nodes that are containers, a demonstration beside the
/// real thing): the node's id and its state directory tell theirs apart.
pub(crate) fn label(
    state_dir: &Path,
    node: &NodeId,
    driver: &DriverName,
    volume: &VolumeId,
) -> String {
    let digest = Sha256::new()
        .chain_update(state_dir.as_os_str().as_encoded_bytes())
        .chain_update([0])
        .chain_update(node.as_str())
        .chain_update([0])
        .chain_update(driver.as_str())
        .chain_update([0])
        .chain_update(volume.as_str())
        .finalize();
    let hex: String = digest.iter().take(27).map(|byte| format!("{byte:02x}")).collect();
    format!("{LABEL}{hex}")
}

#[cfg(test)]
mod tests;
