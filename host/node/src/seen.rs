//! What was seen of the machine for one volume, at one moment: the input of the pure functions.

use std::path::{Path, PathBuf};

use mooring_volume::attachment::BlockDevice;
use mooring_volume::capability::FsType;
use mooring_volume::{StringMap, VolumeId};

use crate::attach::Directs;
use crate::mount::{Belongings, Origin, Stack};
use crate::os::{
    BackingFile, DeviceId, Disk, Found, IoLimits, LoopDevice, MountEntry, PathKind, SilentLoop,
};
use crate::record::{DirectSource, Record, Staging, Stored};

/// The parts that every operation looks at. None of it reads a volume.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Which volume.
    pub(crate) volume: VolumeId,
    /// The boot that the tables are of.
    pub(crate) boot: String,
    /// The volume's record.
    pub(crate) stored: Stored,
    /// The whole mount table.
    pub(crate) mounts: Vec<MountEntry>,
    /// The loop devices with the volume's label.
    pub(crate) loops: Vec<LoopDevice>,
    /// The loop devices of the volume that do not answer: only where it is to be taken off the node.
    pub(crate) silent: Vec<SilentLoop>,
    /// The device of the node's own that the record names, or that was found for the volume, as long
    /// as it is there and its number is no other's.
    pub(crate) disk: Option<Disk>,
    /// What of the mount table is the volume's.
    pub(crate) own: Belongings,
    /// What of the volume sandboxes were told.
    pub(crate) direct: Directs,
}

impl Seen {
    /// The staging of this boot.
    pub(crate) fn staging(&self) -> Option<&Staging> {
        self.stored.staging(&self.boot)
    }

    /// The device that carries the volume, if one is attached.
    pub(crate) fn device(&self) -> Option<DeviceId> {
        let bound = self.loops.first().map(|bound| bound.device);
        bound.or_else(|| self.disk.as_ref().map(|disk| disk.device))
    }

    /// The mounts on a path.
    pub(crate) fn stack(&self, path: &Path) -> Stack<'_> {
        Stack::at(&self.mounts, path)
    }

    /// The volume's mounts on other paths than these.
    pub(crate) fn own_elsewhere(&self, path: &Path) -> Vec<&MountEntry> {
        self.mounts.iter().filter(|e| !e.is_at(path) && self.own.owns(e)).collect()
    }

    /// The record to write next: the one that was read, freed of what another boot staged; a new
    /// one where there is none, or none that can be trusted. The latter never leads to formatting:
    /// `steps::content` refuses that before anything is written.
    pub(crate) fn record(&self) -> Record {
        match &self.stored {
            Stored::Absent | Stored::Unreadable(_) => {
                Record::new(self.volume.clone(), self.boot.clone())
            }
            Stored::Whole(record) => {
                let mut record = Record::clone(record);
                if record.boot != self.boot {
                    record.boot.clone_from(&self.boot);
                    record.staging = None;
                }
                record
            }
        }
    }
}

/// What an attachment turned out to be, for staging.
#[derive(Debug, Clone)]
pub(crate) enum SourceSeen {
    /// An image file.
    Image(ImageSeen),
    /// A directory.
    Directory {
        /// The pool.
        root: PathBuf,
        /// The directory below it.
        below: PathBuf,
        /// What mounts of it show.
        origin: Origin,
    },
    /// A device of the node's own.
    Device(DeviceSeen),
    /// A device that a sandbox mounts.
    Direct(DirectSeen),
}

/// A device of the node's own.
#[derive(Debug, Clone)]
pub(crate) struct DeviceSeen {
    /// By what it was found, and what it said of itself.
    pub(crate) wanted: BlockDevice,
    /// Which it is.
    pub(crate) disk: Disk,
    /// Bytes.
    pub(crate) size: u64,
    /// As [`ImageSeen::found`].
    pub(crate) found: Option<Found>,
    /// As [`ImageSeen::mounted_size`].
    pub(crate) mounted_size: Option<u64>,
    /// As [`ImageSeen::limits`].
    pub(crate) limits: Option<IoLimits>,
}

/// A device that a sandbox mounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DirectSeen {
    /// Which device, for the record.
    pub(crate) device: DirectSource,
    /// The image behind it, if there is one.
    pub(crate) image: Option<ImageSeen>,
    /// Bytes.
    pub(crate) size: u64,
    /// The file system that the backend says to be on it.
    pub(crate) fs_type: Option<FsType>,
    /// For the runtime.
    pub(crate) metadata: StringMap,
}

/// An image file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageSeen {
    /// The pool.
    pub(crate) root: PathBuf,
    /// The file below it.
    pub(crate) below: PathBuf,
    /// Which file it is.
    pub(crate) backing: BackingFile,
    /// Bytes.
    pub(crate) size: u64,
    /// Loop devices bound to it, whosever.
    pub(crate) loops: Vec<LoopDevice>,
    /// What it holds; none where that is not needed (raw) or was not read (mounted).
    pub(crate) found: Option<Found>,
    /// Bytes that the mounted file system spans, where it grows mounted and may.
    pub(crate) mounted_size: Option<u64>,
    /// The I/O limits of the device, where there is one and they are the same everywhere.
    pub(crate) limits: Option<IoLimits>,
}

/// What stands at a path that nothing is mounted on.
pub(crate) type Place = Option<PathKind>;
