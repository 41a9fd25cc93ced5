//! The ways in which the tests use a volume.

use mooring_volume::capability::{AccessType, FsType, Mount};

use super::world::DISK;
use crate::os::DeviceId;

/// The ways in which a volume is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Fs(FsType),
    Block,
    /// As `Fs` and `Block`, on a device of the node's own.
    Disk(FsType),
    RawDisk,
    Directory,
    /// In a sandbox.
    Direct,
}

impl Way {
    pub(super) const ALL: [Self; 10] = [
        Self::Fs(FsType::Ext4),
        Self::Fs(FsType::Xfs),
        Self::Fs(FsType::Btrfs),
        Self::Block,
        Self::Disk(FsType::Ext4),
        Self::Disk(FsType::Xfs),
        Self::Disk(FsType::Btrfs),
        Self::RawDisk,
        Self::Directory,
        Self::Direct,
    ];

    pub(super) fn access(self) -> AccessType {
        match self {
            Self::Fs(fs_type) | Self::Disk(fs_type) => mount(Some(fs_type), &["noatime"]),
            Self::Directory | Self::Direct => mount(None, &["noatime"]),
            Self::Block | Self::RawDisk => AccessType::Block,
        }
    }

    /// Whether its consumers get the device itself.
    pub(super) fn is_raw(self) -> bool {
        matches!(self, Self::Block | Self::RawDisk)
    }

    /// Whether it is on a device of the node's own.
    pub(super) fn is_disk(self) -> bool {
        matches!(self, Self::Disk(_) | Self::RawDisk)
    }

    /// The first device of a volume that is used so.
    pub(super) fn device(self) -> DeviceId {
        if self.is_disk() { DISK } else { DeviceId { major: 7, minor: 0 } }
    }
}

pub(super) fn mount(fs_type: Option<FsType>, flags: &[&str]) -> AccessType {
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    AccessType::Mount(Mount { fs_type, flags, group: Some(2000) })
}
