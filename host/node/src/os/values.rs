//! Values that the traits of `os` speak in.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A device number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceId {
    /// The driver's part.
    pub major: u32,
    /// The device's part.
    pub minor: u32,
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.major, self.minor)
    }
}

/// A file's identity as long as it exists: its file system's device number and its inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BackingFile {
    /// `st_dev` as the kernel counts it (new_encode_dev), as in LOOP_GET_STATUS64's `lo_device`.
    pub device: u64,
    /// `st_ino`.
    pub inode: u64,
}

/// An open image or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Which file it is.
    pub identity: BackingFile,
    /// Bytes; 0 for a directory.
    pub size: u64,
    /// Where it is, free of symbolic links.
    pub path: PathBuf,
}

/// A bound loop device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopDevice {
    /// N in /dev/loopN.
    pub number: u32,
    /// Its device number.
    pub device: DeviceId,
    /// The file it is bound to.
    pub backing: BackingFile,
    /// `lo_file_name`: whose it is. Foreign ones hold a path, or anything.
    pub label: String,
    /// Whether it was bound read-only.
    pub readonly: bool,
    /// Bytes of the device now.
    pub size: u64,
}

/// A bound loop device that does not say to what: its storage hangs, or is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilentLoop {
    /// N in /dev/loopN.
    pub number: u32,
    /// Its device number.
    pub device: DeviceId,
    /// The path of the file behind it, as the kernel knows it.
    pub file: PathBuf,
    /// Which binding of all it is, where the kernel counts them (/sys/block/loopN/diskseq).
    pub sequence: Option<u64>,
}

/// The bound loop devices of a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loops {
    /// Those that say what they are bound to, by number.
    pub answering: Vec<LoopDevice>,
    /// The others, by number.
    pub silent: Vec<SilentLoop>,
}

/// A mount's id (/proc/self/mountinfo, first field).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MountId(pub u64);

/// One mount, named so that no other can be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountRef {
    /// Its id.
    pub id: MountId,
    /// Where it is.
    pub point: PathBuf,
}

/// A line of the mount table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountEntry {
    /// The mount's id.
    pub id: MountId,
    /// The id of the mount that it is on.
    pub parent: MountId,
    /// `st_dev` of files on it. btrfs shows an anonymous number here.
    pub device: DeviceId,
    /// The block device that carries the file system, if one does: `device` where that is one,
    /// else the number of the node that the table's source names (btrfs).
    pub block: Option<DeviceId>,
    /// The node that the table's source names, where the file system is on a device and no device's
    /// node is there any more (btrfs, whose device was taken away).
    pub lost: Option<PathBuf>,
    /// What part of the file system is mounted: `/` for all of it. A deleted directory's ends in
    /// `//deleted`.
    pub root: PathBuf,
    /// Where, unescaped.
    pub point: PathBuf,
    /// The kernel's name of the file system.
    pub fs_type: String,
    /// Of this mount, not of the file system.
    pub flags: MountFlags,
    /// Whether the file system itself is read-only: as asked, or by its own decision after an
    /// error (`ro`, `emergency_ro`).
    pub readonly_filesystem: bool,
    /// Whether it says that it was shut down (`shutdown`; ext4 since Linux 6.15). Others do not say
    /// it here: see `Symptoms::answers`.
    pub shut_down: bool,
    /// Whether the file system hands deleted blocks back as it goes (mount option `discard`).
    pub discards: bool,
}

impl MountEntry {
    /// A name for this mount.
    #[must_use]
    pub fn reference(&self) -> MountRef {
        MountRef { id: self.id, point: self.point.clone() }
    }

    /// Whether it is mounted on this very path.
    #[must_use]
    pub fn is_at(&self, path: &Path) -> bool {
        self.point == path
    }
}

/// Flags of one mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "mount(8) documents them")]
#[expect(clippy::struct_excessive_bools, reason = "they are flags")]
pub struct MountFlags {
    pub readonly: bool,
    pub nosuid: bool,
    pub nodev: bool,
    pub noexec: bool,
    pub noatime: bool,
    pub nodiratime: bool,
}

/// What a bind shows elsewhere.
#[derive(Debug)]
pub enum BindSource<'a, H> {
    /// The root of a mount: it must still be the topmost one on its mount point.
    Mount(&'a MountRef),
    /// An open directory of a pool.
    Directory(&'a H),
    /// The node of a block device, bound on a file. Flags: `nosuid`, `noexec` and `readonly` do
    /// no harm; `nodev` would make it useless and is not asked for.
    DeviceNode(DeviceId),
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PathKind {
    Absent,
    Directory,
    /// A regular file.
    File,
    /// A symbolic link, a device, a socket, a FIFO.
    Other,
}

/// statvfs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FsUsage {
    /// Bytes.
    pub bytes: Measure,
    /// Inodes; zeros where the file system makes them as needed (btrfs).
    pub inodes: Measure,
}

/// Failures that a file system has counted, in its own life or since it was mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FsFaults {
    /// Metadata that was damaged, or could not be read or written.
    pub metadata: u64,
    /// Reads, writes and flushes that its device failed.
    pub device: u64,
    /// Blocks that are not what was written to them.
    pub corrupt: u64,
}

/// One measure of [`FsUsage`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// In all.
    pub total: u64,
    /// Free to an unprivileged user.
    pub available: u64,
    /// In use.
    pub used: u64,
}
