//! The small traits through which the node touches its machine, and the values they speak in.
//!
//! The logic of this crate (`observe`, `attach`, `run`, `node`) knows these traits only. They have two
//! implementations: `linux` (system calls, /proc, /sys, programs) and, for tests, `twin`, a model
//! of a machine that can fail or crash at any call.
//!
//! Contract of every function here:
//!  - It blocks. The service calls it on threads made for that, never on a serving thread.
//!  - It is atomic as far as the kernel allows: an error means that it changed nothing, unless its
//!    own text says otherwise. EINTR is retried inside.
//!  - Paths are absolute. They are walked segment by segment without following symbolic links
//!    (`openat2` with `RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS`); one on the way is
//!    [`Kind::Unsafe`]. Descriptors are close-on-exec and closed when their handle is dropped.
//!  - Nothing here decides: no policy, no retry of failed storage, no forced or lazy unmount.

mod direct;
mod error;
mod found;
mod freezing;
mod linked;
pub mod linux;
mod loop_devices;
mod starting;
mod symptoms;
mod throttling;
mod values;

pub mod privilege;
pub mod process;
#[cfg(test)]
pub(crate) mod twin;

use std::path::{Path, PathBuf};

use mooring_volume::backend::NodeFacts;
use mooring_volume::capability::FsType;

pub use direct::{DirectFolder, DirectVolumes, ShimRequest};
pub use error::{Error, Kind, Result};
pub use found::{Found, Superblock};
pub use freezing::Freezing;
pub use linked::{Disk, LinkedDevice, LinkedDevices};
pub use loop_devices::LoopDevices;
pub use symptoms::Symptoms;
pub use throttling::{IoLimits, Throttling};
pub use values::{
    BackingFile, BindSource, DeviceId, FsFaults, FsUsage, LoopDevice, Loops, Measure, MountEntry,
    MountFlags, MountId, MountRef, Opened, PathKind, SilentLoop,
};

/// Open files, directories and devices.
pub trait Handles: Send + Sync + 'static {
    /// An open descriptor; closed when it is dropped.
    type Handle: Send + Sync + 'static;
}

/// Images and directories of a pool.
pub trait PoolFiles: Handles {
    /// Opens the image at `root`/`below`, for reading and, unless `readonly`, writing.
    ///
    /// `root` is the operator's pool directory: it may contain symbolic links itself. What is
    /// below is opened with `openat2` `RESOLVE_BENEATH | NO_SYMLINKS | NO_MAGICLINKS | NO_XDEV`.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; [`Kind::Unsafe`] where the way leads out, over a link or over a mount;
    /// [`Kind::WrongType`] for anything but a regular file.
    fn open_image(&self, root: &Path, below: &Path, readonly: bool) -> Result<Self::Handle>;

    /// Opens the directory at `root`/`below` (`O_PATH`), in the same way.
    ///
    /// # Errors
    /// As [`Self::open_image`]; [`Kind::WrongType`] for anything but a directory.
    fn open_directory(&self, root: &Path, below: &Path) -> Result<Self::Handle>;

    /// What an image or directory is: identity, length, and its real path (read back from
    /// /proc/self/fd, so without symbolic links).
    ///
    /// # Errors
    /// What fstat and readlink answer.
    fn describe(&self, file: &Self::Handle) -> Result<Opened>;

    /// Takes the exclusive `flock` of this very open file description, without waiting. It lasts
    /// until the handle *and* every loop device bound to it are gone: that is how other processes
    /// see that an image is in use.
    ///
    /// # Errors
    /// [`Kind::Busy`] when another description holds a lock.
    fn lock(&self, file: &Self::Handle) -> Result<()>;

    /// Reads what an image holds, through page cache, without changing it. One that is a single
    /// hole is blank by its file system's word, and not read: before it is formatted its device is
    /// (`probe_device`).
    ///
    /// # Errors
    /// [`Kind::Io`] when any byte that matters could not be read: unreadable is not blank.
    fn probe_image(&self, file: &Self::Handle) -> Result<Found>;
}

/// Block devices and what they hold. A device is opened by its number's path below /dev, and
/// checked with fstat to have that number.
pub trait BlockDevices: Handles {
    /// Opens a device that nobody uses, for reading and writing, and claims it (`O_EXCL`), so that
    /// neither a mount nor another claimant can have it. `make_filesystem` gives the claim up for
    /// the program, which claims the device itself.
    ///
    /// # Errors
    /// [`Kind::Busy`] when it is mounted or claimed; [`Kind::Changed`] for another number.
    fn open_exclusive(&self, device: DeviceId) -> Result<Self::Handle>;

    /// Reads what an open device holds. `Found::Blank` is proof: head, tail, every known signature
    /// offset and the sampled blocks were read without error and hold zeros alone. With the `image`
    /// that a loop device is bound to, all that is not a hole of it is read instead of samples.
    ///
    /// # Errors
    /// [`Kind::Io`] when any byte that matters could not be read: unreadable is not blank.
    fn probe_device(&self, device: &Self::Handle, image: Option<&Self::Handle>) -> Result<Found>;

    /// Whether superblocks of a whole file system of this type can be read from an open device that was
    /// blank before it was made there: what else a device may hold is not looked for.
    ///
    /// # Errors
    /// [`Kind::Io`] when they could not be read.
    fn holds(&self, device: &Self::Handle, fs_type: FsType) -> Result<bool>;

    /// Bytes (BLKGETSIZE64).
    ///
    /// # Errors
    /// What the ioctl answers.
    fn device_size(&self, device: DeviceId) -> Result<u64>;

    /// Whether writes to the device are refused (BLKROGET).
    ///
    /// # Errors
    /// What the ioctl answers.
    fn is_device_readonly(&self, device: DeviceId) -> Result<bool>;

    /// Refuses or allows writes through the device (BLKROSET).
    ///
    /// # Errors
    /// What the ioctl answers.
    fn set_device_readonly(&self, device: DeviceId, readonly: bool) -> Result<()>;

    /// The device's node, such as /dev/loop3; checked to have that number.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; [`Kind::Changed`] for another number.
    fn device_node(&self, device: DeviceId) -> Result<PathBuf>;
}

/// Programs of the file systems: absolute paths verified at start, typed options, `--` before the
/// device, empty environment, standard input closed; the device is handed over as the descriptor
/// that was probed (/proc/self/fd/N), never looked up again by name.
pub trait Programs: Handles {
    /// Bytes of the smallest device that `make_filesystem` can make this file system on.
    fn smallest(&self, fs_type: FsType) -> u64;

    /// Makes a file system on an open device, never with a force option, and syncs the device.
    /// The caller has proven it blank, or left-over of its own cut-off mkfs, by `probe_device` of
    /// this very handle: signatures of the latter are wiped by this function where the program
    /// would refuse them.
    ///
    /// An error may have written part of it.
    ///
    /// # Errors
    /// [`Kind::Program`] with the exit code and the last lines that it said; [`Kind::NotFound`]
    /// when the program is not installed, naming the package to install; [`Kind::Changed`] when the
    /// device's size or identity is not what was proven, or nothing was.
    fn make_filesystem(&self, device: &Self::Handle, fs_type: FsType) -> Result<()>;

    /// Checks an unmounted ext4 (`e2fsck -f -p`: replays the journal and makes safe corrections
    /// alone) and grows it to the device's size (`resize2fs`). For ext4 only: the others grow
    /// mounted.
    ///
    /// # Errors
    /// [`Kind::Program`] for an e2fsck exit code of 4 or more, before anything is resized.
    fn grow_ext4_offline(&self, device: &Self::Handle) -> Result<()>;
}

/// The mount table and what changes it.
pub trait Mounts: Handles {
    /// The mounts of this process's namespace, in the table's order (/proc/self/mountinfo): of
    /// several on one mount point, the last one covers the others. Reads no mounted file system.
    ///
    /// # Errors
    /// What reading /proc answers; a line that can't be understood is [`Kind::Io`].
    fn mounts(&self) -> Result<Vec<MountEntry>>;

    /// Mounts a device's file system on the directory `target`. `options` go to the file system
    /// one by one (`fsconfig`), never as a comma string. `flags.readonly` makes the file system
    /// read-only, not the mount alone.
    ///
    /// # Errors
    /// What the kernel answers; its log line of the reason (`fscontext`) is in the detail.
    fn mount_device(
        &self,
        device: DeviceId,
        fs_type: FsType,
        target: &Path,
        flags: MountFlags,
        options: &[String],
    ) -> Result<()>;

    /// Makes `source` appear at `target` too, with exactly these flags, at once (`open_tree` with
    /// clone, `mount_setattr` on the detached tree, `move_mount`): never writable for an instant
    /// where read-only was asked. Not recursive; propagation private.
    ///
    /// # Errors
    /// [`Kind::Changed`] when `source` is no longer what it is said to be; nothing is bound then.
    fn bind(
        &self,
        source: BindSource<'_, Self::Handle>,
        target: &Path,
        flags: MountFlags,
    ) -> Result<()>;

    /// Takes the topmost mount off its mount point (`umount2`, `UMOUNT_NOFOLLOW`), after the table
    /// showed that it is still `mount.id`. Reads nothing of the mounted file system. A mount that
    /// is gone already is OK.
    ///
    /// # Errors
    /// [`Kind::Busy`] while files are open on it; [`Kind::Changed`] when another mount covers it.
    fn unmount(&self, mount: &MountRef) -> Result<()>;
}

/// Mounted file systems. Each call opens the mount point and first checks that it is
/// `mount.id` (`statx` `STATX_MNT_ID`): [`Kind::Changed`] if not. May hang with the storage.
pub trait MountedFilesystems: Handles {
    /// Bytes that the file system spans on its device, by its own word (superblock or ioctl).
    ///
    /// # Errors
    /// What the file system answers.
    fn filesystem_size(&self, mount: &MountRef, fs_type: FsType) -> Result<u64>;

    /// Whether this process may grow a mounted ext4, as with CAP_SYS_RESOURCE (ext4's
    /// `EXT4_IOC_RESIZE_FS`). XFS and btrfs ask for no more than mounting does.
    fn may_grow_mounted_ext4(&self) -> bool;

    /// Grows the file system to its device's size. The same size is OK.
    ///
    /// # Errors
    /// [`Kind::Denied`] for ext4 where this process lacks CAP_SYS_RESOURCE.
    fn grow_mounted(&self, mount: &MountRef, fs_type: FsType) -> Result<()>;

    /// statvfs.
    ///
    /// # Errors
    /// What the file system answers.
    fn usage(&self, mount: &MountRef) -> Result<FsUsage>;

    /// Gives the root directory of the file system to a group: chgrp, and `g+rwx` and set-gid on
    /// top of its mode. Not recursive. Doing it again is OK.
    ///
    /// # Errors
    /// What the file system answers.
    fn give_to_group(&self, mount: &MountRef, group: u32) -> Result<()>;
}

/// Staging and target paths: places on the node's own disk where mounts go.
pub trait Places: Handles {
    /// The operator's own directory (a pool, a target root) without symbolic links: the one case
    /// in which they are followed. Storage that does not answer is not waited for.
    ///
    /// # Errors
    /// [`Kind::NotFound`] when it is absent, [`Kind::Io`] where its storage does not answer.
    fn real_root(&self, path: &Path) -> Result<PathBuf>;

    /// What stands at a path; [`PathKind::Absent`] also where a parent is missing. The caller has
    /// seen in the mount table that nothing is mounted on it.
    ///
    /// # Errors
    /// [`Kind::Unsafe`] for a symbolic link on the way (one at the end is [`PathKind::Other`]).
    fn path_kind(&self, path: &Path) -> Result<PathKind>;

    /// Makes an empty directory (0750) in its parent, which must exist. An existing directory is
    /// OK.
    ///
    /// # Errors
    /// [`Kind::WrongType`] when something else is there.
    fn create_directory(&self, path: &Path) -> Result<()>;

    /// Makes an empty file (0640) in its parent, which must exist. An existing regular file is OK.
    ///
    /// # Errors
    /// [`Kind::WrongType`] when something else is there.
    fn create_file(&self, path: &Path) -> Result<()>;

    /// Removes an empty directory (rmdir) or an empty regular file (unlink). Absent is OK.
    ///
    /// # Errors
    /// [`Kind::NotEmpty`] when it holds anything, [`Kind::WrongType`] for other things; both are
    /// left as they are. [`Kind::Busy`] for a mount point.
    fn remove_empty(&self, path: &Path) -> Result<()>;
}

/// The node's own records: small files that are whole or absent, whenever the power goes.
pub trait RecordFiles: Handles {
    /// The file's bytes, none where it is absent. At most 1 MiB.
    ///
    /// # Errors
    /// What reading answers.
    fn read_record(&self, path: &Path) -> Result<Option<Vec<u8>>>;

    /// Replaces the file: temporary file beside it, write, fsync, rename, fsync of the directory.
    /// Missing parents are made (0700) and synced. Left-over temporary files of earlier crashes
    /// are removed.
    ///
    /// An error may have replaced it already.
    ///
    /// # Errors
    /// What the system calls answer.
    fn write_record(&self, path: &Path, bytes: &[u8]) -> Result<()>;

    /// Removes the file and syncs its directory. Absent is OK.
    ///
    /// # Errors
    /// What the system calls answer.
    fn remove_record(&self, path: &Path) -> Result<()>;

    /// Paths of the files in a directory that end in `.json`; none where it is absent.
    ///
    /// # Errors
    /// What reading answers.
    fn list_records(&self, directory: &Path) -> Result<Vec<PathBuf>>;
}

/// The machine itself.
pub trait Host: Handles {
    /// An id that differs after each boot (/proc/sys/kernel/random/boot_id).
    ///
    /// # Errors
    /// What reading answers.
    fn boot_id(&self) -> Result<String>;

    /// What can be found out about the machine; what can't be read is left empty. `id` and
    /// `labels` are the operator's and stay empty here.
    fn facts(&self) -> NodeFacts;
}

/// All of it.
pub trait Machine:
    PoolFiles
    + LoopDevices
    + BlockDevices
    + Programs
    + Mounts
    + MountedFilesystems
    + Places
    + RecordFiles
    + Symptoms
    + Throttling
    + Freezing
    + Host
    + DirectVolumes
    + LinkedDevices
{
}

impl<T> Machine for T where
    T: PoolFiles
        + LoopDevices
        + BlockDevices
        + Programs
        + Mounts
        + MountedFilesystems
        + Places
        + RecordFiles
        + Symptoms
        + Throttling
        + Freezing
        + Host
        + DirectVolumes
        + LinkedDevices
{
}
