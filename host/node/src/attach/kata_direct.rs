//! `kata-direct`: a device that a sandbox of Kata Containers mounts itself, in its guest.
//!
//! The node mounts nothing. It attaches the device, and when the volume is published it puts what
//! the runtime has to know into a folder that the runtime looks for by the target path. Each such
//! folder carries the volume's label, as loop devices do: it is found, and told from others, where
//! the record is lost.
//!
//! Nothing is formatted here either. A guest may make the file system, on this node's word that the
//! device is blank; the word is given for one publication, and a backend cannot give it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mooring_volume::attachment::{BlockDevice, DirectDevice, KataDirect};
use mooring_volume::capability::FsType;
use mooring_volume::policy::Grants;
use mooring_volume::{DriverName, Error, Result, StringMap};
use serde::{Deserialize, Serialize};

use super::{Looked, PoolPath, Purpose, block_device, image_file, pool_error};
use crate::os::{DeviceId, DirectFolder, Found, Machine};
use crate::record::DirectSource;
use crate::seen::{DirectSeen, Seen, SourceSeen};

/// Where Kata's runtime and its shims are to be found on this node (`node.kata`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KataPaths {
    /// The directory of the folders by which the runtime knows direct volumes.
    pub direct_volumes: PathBuf,
    /// The directories of sandboxes, which have their shims' sockets in them.
    pub sandboxes: Vec<PathBuf>,
}

impl Default for KataPaths {
    /// As the runtimes in Go and in Rust have them compiled in.
    fn default() -> Self {
        Self {
            direct_volumes: "/run/kata-containers/shared/direct-volumes".into(),
            sandboxes: vec!["/run/vc/sbs".into(), "/run/kata".into()],
        }
    }
}

/// What kind of volume that is: the one name that both runtimes take for a block device.
const VOLUME_TYPE: &str = "directvol";
/// Metadata by which the runtime is told to format, and to give the volume to a group.
const CREATE_FILESYSTEM: &str = "createFilesystem";
const GROUP: &str = "fsGroup";
const GROUP_CHANGE: &str = "fsGroupChangePolicy";
/// What a backend may not say: the host says it, or it would put a key on a disk.
const RESERVED: [&str; 4] = [CREATE_FILESYSTEM, GROUP, GROUP_CHANGE, "encryptionKey"];

/// `mountInfo.json`. The runtimes pass over keys that they do not know.
///
/// Source: kata-containers `src/runtime/pkg/direct-volume/utils.go`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MountInfo {
    #[serde(rename = "volume-type")]
    volume_type: String,
    pub(crate) device: PathBuf,
    fstype: String,
    #[serde(default)]
    metadata: StringMap,
    #[serde(default)]
    options: Vec<String>,
    /// Whose it is.
    #[serde(rename = "mooring.dev/volume", default)]
    label: String,
}

impl MountInfo {
    /// For a device that the guest shall mount; `make` where it shall make the file system first.
    pub(crate) fn new(
        label: String,
        device: PathBuf,
        (fs_type, make): (FsType, bool),
        mut metadata: StringMap,
        (options, group): (Vec<String>, Option<u32>),
    ) -> Self {
        if make {
            metadata.insert(CREATE_FILESYSTEM.to_owned(), "true".to_owned());
        }
        if let Some(group) = group {
            metadata.insert(GROUP.to_owned(), group.to_string());
            metadata.insert(GROUP_CHANGE.to_owned(), "OnRootMismatch".to_owned());
        }
        let (volume_type, fstype) = (VOLUME_TYPE.to_owned(), fs_type.to_string());
        Self { volume_type, device, fstype, metadata, options, label }
    }

    /// Whether both say the same, but for who makes the file system.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let plain = |info: &Self| {
            let mut info = info.clone();
            info.metadata.remove(CREATE_FILESYSTEM);
            info
        };
        plain(self) == plain(other)
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// What can't be written as JSON: a path that is not UTF-8.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

/// One publication of a volume to a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Direct {
    /// What the runtime was told.
    pub(crate) info: MountInfo,
    /// The sandbox that took it, if one did yet.
    pub(crate) sandbox: Option<String>,
}

/// The folders of the runtime, as far as they concern one volume.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Directs {
    /// The volume's publications, by target.
    pub(crate) own: BTreeMap<PathBuf, Direct>,
    /// Targets of others.
    pub(crate) foreign: BTreeSet<PathBuf>,
    /// Whether a folder of the volume was on its way in or out.
    pub(crate) aside: bool,
}

impl Directs {
    /// Sorts out what is the volume's, which has this label.
    pub(crate) fn of(folders: Vec<DirectFolder>, wanted: &str) -> Self {
        let mut directs = Self::default();
        for folder in folders {
            match folder {
                DirectFolder::Aside { label } => directs.aside |= label == wanted,
                DirectFolder::Named { volume, info, sandboxes } => {
                    let parsed: Option<MountInfo> =
                        info.as_deref().and_then(|bytes| serde_json::from_slice(bytes).ok());
                    match parsed.filter(|info| info.label == wanted) {
                        Some(info) => {
                            let sandbox = sandboxes.into_iter().next();
                            directs.own.insert(volume, Direct { info, sandbox });
                        }
                        None if info.is_some() || !sandboxes.is_empty() => {
                            directs.foreign.insert(volume);
                        }
                        None => {}
                    }
                }
            }
        }
        directs
    }

    /// Whether nothing of the volume is there.
    pub(crate) fn is_clean(&self) -> bool {
        self.own.is_empty() && !self.aside
    }
}

/// Where the device is to be found, and what the guest shall do with it.
#[derive(Debug, Clone)]
pub(crate) struct DirectPlace {
    backing: Backing,
    fs_type: Option<FsType>,
    metadata: StringMap,
}

#[derive(Debug, Clone)]
enum Backing {
    Image(PoolPath),
    Linked(BlockDevice),
}

pub(super) fn locate(
    driver: &DriverName,
    grants: &Grants,
    direct: &KataDirect,
) -> Result<DirectPlace> {
    let KataDirect { device, fs_type, metadata } = direct;
    if let Some(key) = metadata.keys().find(|key| RESERVED.contains(&key.as_str())) {
        return Err(Error::denied(format!(
            "the backend's kata-direct attachment holds the metadata {key:?}, which is for the host \
             alone to say"
        )));
    }
    let fs_type = fs_type.as_deref().map(str::parse).transpose().map_err(|_: Error| {
        Error::precondition(
            "the backend's kata-direct attachment names an fs-type that is none of ext4, xfs and \
             btrfs",
        )
    })?;
    let backing = match device {
        DirectDevice::ImageFile(item) => Backing::Image(image_file::locate(driver, grants, item)?),
        DirectDevice::BlockDevice(device) => Backing::Linked(block_device::locate(device)?),
    };
    Ok(DirectPlace { backing, fs_type, metadata: metadata.clone() })
}

pub(super) fn look<M: Machine>(
    os: &M,
    place: &DirectPlace,
    seen: &Seen,
    purpose: &Purpose,
) -> Result<Looked<M::Handle>> {
    let DirectPlace { backing, fs_type, metadata } = place;
    let direct = |device, image, size| {
        SourceSeen::Direct(DirectSeen {
            device,
            image,
            size,
            fs_type: *fs_type,
            metadata: metadata.clone(),
        })
    };
    match backing {
        Backing::Image(path) => {
            // What is on it does not matter before it is published.
            let purpose = Purpose { mount: false, ..purpose.clone() };
            let (image, handle) = image_file::open(os, path, seen, &purpose)?;
            let source = DirectSource::Image {
                root: image.root.clone(),
                below: image.below.clone(),
                backing: image.backing,
            };
            let size = image.size;
            Ok(Looked { seen: direct(source, Some(image), size), handle: Some(handle) })
        }
        Backing::Linked(wanted) => {
            let number = block_device::found(os, wanted)?.device;
            let BlockDevice { links, serial, wwid, rescan: _ } = wanted.clone();
            let source = DirectSource::Linked { links, serial, wwid, number };
            Ok(Looked { seen: direct(source, None, os.device_size(number)?), handle: None })
        }
    }
}

/// A staged device that may be handed to a sandbox.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    /// Its number.
    pub(crate) device: DeviceId,
    /// Its node below /dev.
    pub(crate) node: PathBuf,
    /// What it holds; none where a sandbox may have it already.
    pub(crate) found: Option<Found>,
}

/// Looks again at what was staged, just before it is handed over.
///
/// # Errors
/// `FailedPrecondition` where it is gone, or something else by now.
pub(crate) fn ready<M: Machine>(
    os: &M,
    seen: &Seen,
    source: &DirectSource,
    target: &Path,
) -> Result<Ready> {
    let (device, image) = match source {
        DirectSource::Image { root, below, .. } => {
            let Some(bound) = seen.loops.first() else {
                return Err(Error::precondition(format!(
                    "volume {} is attached to no device any more; stage it again",
                    seen.volume
                )));
            };
            (bound.device, Some((root, below)))
        }
        DirectSource::Linked { links, serial, wwid, number } => {
            let (links, serial, wwid) = (links.clone(), serial.clone(), wwid.clone());
            let wanted = BlockDevice { links, serial, wwid, rescan: false };
            let found = block_device::found(os, &wanted)?;
            if found.device != *number {
                return Err(Error::precondition(format!(
                    "volume {} has another device than when it was staged; stage it again",
                    seen.volume
                )));
            }
            (*number, None)
        }
    };
    let node = os.device_node(device)?;
    if seen.direct.own.contains_key(target) {
        return Ok(Ready { device, node, found: None });
    }
    let image = match image {
        Some((root, below)) => Some(os.open_image(root, below, true).map_err(pool_error)?),
        None => None,
    };
    let opened = os.open_exclusive(device)?;
    let found = Some(os.probe_device(&opened, image.as_ref())?);
    Ok(Ready { device, node, found })
}
