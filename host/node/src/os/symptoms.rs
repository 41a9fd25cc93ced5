//! The trait through which the node sees that something is wrong with storage.

use std::path::Path;

use mooring_volume::capability::FsType;

use super::{DeviceId, FsFaults, FsUsage, Handles, LoopDevice, MountRef, Result};

/// What the kernel shows of trouble. Cheap, and without I/O of its own on a volume's device: what
/// may wait for storage says so.
pub trait Symptoms: Handles {
    /// Whether the file that a loop device is bound to was deleted: it has no name any more, and
    /// goes when the device is unbound (`loop/backing_file`, sysfs-block-loop).
    ///
    /// # Errors
    /// [`super::Kind::NotFound`] when the device is unbound by now.
    fn is_image_deleted(&self, device: &LoopDevice) -> Result<bool>;

    /// What a mounted file system has counted, by its device: ext4's `errors_count`
    /// (sysfs-fs-ext4), which outlives mounts until e2fsck; btrfs' `error_stats`
    /// (`btrfs-device(8)`, "DEVICE STATS"), which do too. XFS keeps no count: it shuts itself down.
    /// A file system that the kernel does not know has counted nothing.
    ///
    /// # Errors
    /// What reading /sys answers otherwise.
    fn faults(&self, device: DeviceId, fs_type: FsType) -> Result<FsFaults>;

    /// Whether the root of a mount can be asked for its attributes, which are in memory: an XFS
    /// that was shut down refuses that. Of a server or daemon nothing is asked.
    ///
    /// # Errors
    /// [`super::Kind::Io`] where it was shut down; [`super::Kind::Changed`] when another mount stands there.
    fn answers(&self, mount: &MountRef) -> Result<()>;

    /// statvfs of a pool. May wait for its storage.
    ///
    /// # Errors
    /// What the pool's file system answers; [`super::Kind::NotFound`] when the directory is absent.
    fn pool_usage(&self, root: &Path) -> Result<FsUsage>;
}
