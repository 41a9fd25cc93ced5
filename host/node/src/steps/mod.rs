//! What can be done to the machine, one thing a step, and the pure functions that choose: from
//! what was seen and what is wanted to a list of steps. Where all is as wanted the list is empty.

mod alike;
mod base;
mod content;
mod direct;
mod limit;
mod publish;
mod stage;
mod unpublish;
mod unstage;

use std::path::PathBuf;

use mooring_volume::capability::FsType;

use crate::attach::MountInfo;
use crate::os::{DeviceId, IoLimits, LoopDevice, MountFlags, MountRef, SilentLoop};
use crate::record::Record;

pub(crate) use alike::{complete, staged_alike};
use content::holds;
pub(crate) use content::{has_room, prove};
pub(crate) use direct::check_alone;
pub(crate) use limit::relimit;
pub(crate) use publish::{PublishWish, PublishedAccess, publish};
pub(crate) use stage::{AccessWish, StageWish, stage};
pub(crate) use unpublish::unpublish;
pub(crate) use unstage::{clean, is_former, take_lost, unstage};

/// One effect. "The device" is the loop device of the volume's image, the one that was seen or the one
/// that `AttachImage` made, or the device of the node's own that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Puts the volume's record on disk.
    WriteRecord(Box<Record>),
    /// Takes it off.
    RemoveRecord,
    /// Binds the image, open and locked since it was looked at, to a loop device.
    AttachImage {
        /// Whether the device shall refuse writes.
        readonly: bool,
    },
    /// Makes the device as large as its image.
    RefreshDevice,
    /// Opens the device, makes sure that it is the volume's, and reads again that it may be formatted. No effect; without it the next
    /// two refuse.
    ProveFormattable {
        /// Whether remains of the host's own cut-off mkfs are there to be overwritten.
        own_remains: bool,
    },
    /// mkfs on the descriptor that was just proven.
    MakeFilesystem(FsType),
    /// Checks an ext4 that is smaller than its device, and grows it, before it is mounted.
    GrowExt4,
    /// Mounts the device.
    MountDevice {
        /// As what.
        fs_type: FsType,
        /// Where.
        target: PathBuf,
        /// Of mount and file system.
        flags: MountFlags,
        /// One by one.
        options: Vec<String>,
    },
    /// Binds the pool's directory, open since it was looked at.
    BindDirectory {
        /// Where.
        target: PathBuf,
        /// Of the new mount.
        flags: MountFlags,
    },
    /// Looks again: what is on top of this path must be the volume's, with these flags.
    Verify {
        /// Where.
        target: PathBuf,
        /// As they must be.
        flags: MountFlags,
    },
    /// Grows the mounted file system to its device.
    GrowMounted {
        /// Where it is mounted.
        target: PathBuf,
        /// Which one.
        fs_type: FsType,
    },
    /// Gives the root directory of the file system mounted here to a group.
    GiveToGroup {
        /// Where it is mounted.
        target: PathBuf,
        /// The group's id.
        group: u32,
    },
    /// Makes an empty directory to mount on.
    CreateDirectory(PathBuf),
    /// Makes an empty file to mount on.
    CreateFile(PathBuf),
    /// Binds a mount's root elsewhere.
    BindMount {
        /// Which mount.
        source: MountRef,
        /// Where.
        target: PathBuf,
        /// Of the new mount.
        flags: MountFlags,
    },
    /// Binds a device's node on a file.
    BindNode {
        /// Which device.
        device: DeviceId,
        /// Where.
        target: PathBuf,
        /// Of the new mount.
        flags: MountFlags,
    },
    /// Makes the device refuse or take writes.
    SetDeviceReadonly {
        /// Which device.
        device: DeviceId,
        /// Refuse them.
        readonly: bool,
    },
    /// Makes exactly these limits hold for the device.
    LimitDevice(IoLimits),
    /// Lets the file system mounted here hand deleted blocks back, or not.
    SetDiscard {
        /// Where it is mounted.
        target: PathBuf,
        /// Hand them back.
        discard: bool,
    },
    /// Takes all limits off a device that is about to be given back.
    UnlimitDevice(DeviceId),
    /// Tells Kata's runtime of the volume.
    PutDirect {
        /// The path by which it looks.
        target: PathBuf,
        /// What it is told.
        info: Box<MountInfo>,
    },
    /// Takes that back, from a target if one is named, and what was on its way in or out.
    RemoveDirect(Option<PathBuf>),
    /// Takes a mount off.
    Unmount(MountRef),
    /// Unbinds a loop device.
    Detach(LoopDevice),
    /// Unbinds one that does not answer.
    DetachSilent(SilentLoop),
    /// Removes the empty directory or file that was mounted on.
    RemovePlace(PathBuf),
}

impl Step {
    /// What it does, for those who watch.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::WriteRecord(_) => "write record",
            Self::RemoveRecord => "remove record",
            Self::AttachImage { .. } => "attach image",
            Self::RefreshDevice => "refresh device",
            Self::ProveFormattable { .. } => "prove formattable",
            Self::MakeFilesystem(_) => "make filesystem",
            Self::GrowExt4 => "grow ext4",
            Self::MountDevice { .. } => "mount device",
            Self::BindDirectory { .. } => "bind directory",
            Self::Verify { .. } => "verify mount",
            Self::GrowMounted { .. } => "grow mounted filesystem",
            Self::GiveToGroup { .. } => "give to group",
            Self::CreateDirectory(_) => "create directory",
            Self::CreateFile(_) => "create file",
            Self::BindMount { .. } => "bind mount",
            Self::BindNode { .. } => "bind device node",
            Self::SetDeviceReadonly { .. } => "set device read-only",
            Self::LimitDevice(_) => "limit device",
            Self::SetDiscard { .. } => "set discard",
            Self::UnlimitDevice(_) => "unlimit device",
            Self::PutDirect { .. } => "put direct volume",
            Self::RemoveDirect(_) => "remove direct volume",
            Self::Unmount(_) => "unmount",
            Self::Detach(_) => "detach device",
            Self::DetachSilent(_) => "detach silent device",
            Self::RemovePlace(_) => "remove place",
        }
    }

    /// The file system that it makes.
    pub(crate) fn makes(&self) -> Option<FsType> {
        if let Self::MakeFilesystem(fs_type) = self { Some(*fs_type) } else { None }
    }
}
