//! Mounting, binding and unmounting by descriptors (fsopen, open_tree, move_mount).
//!
//! Targets and sources are pinned first and checked on the descriptor, and the calls then take
//! descriptors: a path that is swapped meanwhile leads nobody astray. A new mount is given its
//! flags while it is still detached, so it never shows without them.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use linux_raw_sys::general::{
    MOUNT_ATTR__ATIME, MOUNT_ATTR_NOATIME, MOUNT_ATTR_NODEV, MOUNT_ATTR_NODIRATIME,
    MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY, mount_attr,
};
use mooring_volume::capability::FsType;
use rustix::fs::{FileType, StatxAttributes, StatxFlags};
use rustix::io::{Errno, retry_on_intr};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags,
};

use super::errno::{failed, io_failed};
use super::mountinfo::{Line, parse};
use super::path::{pin, split, statx};
use super::patience::patiently;
use super::{Linux, blocks, growth, ioctl};
use crate::os::{
    BindSource, DeviceId, Error, Handles, Kind, MountEntry, MountFlags, MountRef, Mounts, Result,
    starting,
};

const READING: &str = "reading the mount table";
const MOUNTING: &str = "mounting on";
const BINDING: &str = "binding to";
const UNMOUNTING: &str = "unmounting";

const TABLE: &str = "/proc/self/mountinfo";
/// Room for some hundred mounts; more are read all the same.
const TABLE_BYTES: usize = 32 << 10;

impl Mounts for Linux {
    fn mounts(&self) -> Result<Vec<MountEntry>> {
        // A file of /proc has no length that would size the reads.
        let mut table = Vec::with_capacity(TABLE_BYTES);
        File::open(TABLE)
            .and_then(|mut file| file.read_to_end(&mut table))
            .map_err(|error| io_failed(&error, READING, TABLE))?;
        let lines = table.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines
            .map(|line| match parse(line) {
                Some(line) => Ok(entry(line)),
                None => {
                    let line = String::from_utf8_lossy(line);
                    Err(Error::new(Kind::Io, READING, TABLE, format!("unknown line {line:?}")))
                }
            })
            .collect()
    }

    fn mount_device(
        &self,
        device: DeviceId,
        fs_type: FsType,
        target: &Path,
        flags: MountFlags,
        options: &[String],
    ) -> Result<()> {
        let place = pin_target(target, MOUNTING)?;
        directory_only(&place, target)?;
        blocks::pin_device(device)?;
        let node = blocks::node_path(device)?;
        // A claim that was just given up is in the way as long as a child has a copy of it.
        starting::settle(|| ());
        let mut said = String::new();
        let mount = patiently(|| create(fs_type, &node, flags, options, &mut said))
            .map_err(|errno| mount_failed(errno, fs_type, target, &said))?;
        shows_device(&mount, device, fs_type, target)?;
        attach(&mount, &place, target, MOUNTING)
    }

    fn bind(
        &self,
        source: BindSource<'_, <Self as Handles>::Handle>,
        target: &Path,
        flags: MountFlags,
    ) -> Result<()> {
        let place = pin_target(target, BINDING)?;
        let tree = match source {
            BindSource::Mount(mount) => clone_tree(pin_mount(mount, BINDING)?, target),
            BindSource::Directory(directory) => clone_tree(directory, target),
            BindSource::DeviceNode(device) => clone_tree(blocks::pin_device(device)?, target),
        }?;
        let set = attributes(flags);
        let every = MountFlags {
            readonly: true,
            nosuid: true,
            nodev: true,
            noexec: true,
            noatime: true,
            nodiratime: true,
        };
        let wanted = mount_attr {
            attr_set: set.into(),
            attr_clr: u64::from((attributes(every) & !set) | MOUNT_ATTR__ATIME),
            propagation: rustix::mount::MountPropagationFlags::PRIVATE.bits().into(),
            userns_fd: 0,
        };
        retry_on_intr(|| ioctl::mount_setattr(&tree, wanted))
            .map_err(|errno| failed(errno, BINDING, target.display()))?;
        attach(&tree, &place, target, BINDING)
    }

    fn unmount(&self, mount: &MountRef) -> Result<()> {
        let table = self.mounts()?;
        if !table.iter().any(|entry| entry.id == mount.id) {
            return Ok(());
        }
        let top = table.iter().rfind(|entry| entry.is_at(&mount.point));
        if top.is_none_or(|top| top.id != mount.id) {
            let detail = "another mount covers it, or it was moved";
            return Err(Error::new(Kind::Changed, UNMOUNTING, mount.point.display(), detail));
        }
        // The mount itself is not opened: that would keep it busy, and touch failed storage.
        let place = split(UNMOUNTING, &mount.point)?;
        match patiently(|| rustix::mount::unmount(place.pinned(), UnmountFlags::NOFOLLOW)) {
            Ok(()) => Ok(()),
            // Unmounted by somebody else just now.
            Err(Errno::INVAL) if !self.mounts()?.iter().any(|entry| entry.id == mount.id) => Ok(()),
            Err(errno) => Err(failed(errno, UNMOUNTING, mount.point.display())),
        }
    }
}

/// Opens the root of a mount (`O_PATH`), checked to be that mount's.
pub(super) fn pin_mount(mount: &MountRef, doing: &'static str) -> Result<OwnedFd> {
    let root = pin(doing, &mount.point)?;
    let status = statx(&root, StatxFlags::MNT_ID, doing, mount.point.display())?;
    let is_root = is_mount_root(&status);
    if is_root && status.stx_mnt_id == mount.id.0 {
        return Ok(root);
    }
    let detail = if is_root {
        "another mount stands there by now"
    } else {
        "nothing is mounted there any more"
    };
    Err(Error::new(Kind::Changed, doing, mount.point.display(), detail))
}

/// Opens the place for a new mount, on which nothing must be mounted yet.
fn pin_target(target: &Path, doing: &'static str) -> Result<OwnedFd> {
    let place = pin(doing, target)?;
    let status = statx(&place, StatxFlags::TYPE, doing, target.display())?;
    if FileType::from_raw_mode(status.stx_mode.into()) == FileType::Symlink {
        return Err(Error::new(Kind::Unsafe, doing, target.display(), "it is a symbolic link"));
    }
    if is_mount_root(&status) {
        let detail = "something is mounted there already";
        return Err(Error::new(Kind::Busy, doing, target.display(), detail));
    }
    Ok(place)
}

fn entry(line: Line) -> MountEntry {
    let block = if line.device.major == 0 { block_device(&line.source) } else { Some(line.device) };
    let lost = (block.is_none() && line.source.starts_with("/dev")).then_some(line.source);
    MountEntry {
        id: line.id,
        parent: line.parent,
        device: line.device,
        block,
        lost,
        root: line.root,
        point: line.point,
        fs_type: line.fs_type,
        flags: line.flags,
        readonly_filesystem: line.readonly_filesystem,
        shut_down: line.shut_down,
        discards: line.discards,
    }
}

/// The number of the node at `source`, if that is a block device's. /dev is the machine's own, so
/// this touches no volume.
fn block_device(source: &Path) -> Option<DeviceId> {
    if !source.starts_with("/dev") {
        return None;
    }
    let stat = rustix::fs::lstat(source).ok()?;
    let is_block = FileType::from_raw_mode(stat.st_mode) == FileType::BlockDevice;
    is_block.then(|| DeviceId {
        major: rustix::fs::major(stat.st_rdev),
        minor: rustix::fs::minor(stat.st_rdev),
    })
}

fn is_mount_root(status: &rustix::fs::Statx) -> bool {
    status.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)
}

fn directory_only(place: &OwnedFd, target: &Path) -> Result<()> {
    let status = statx(place, StatxFlags::TYPE, MOUNTING, target.display())?;
    if FileType::from_raw_mode(status.stx_mode.into()) == FileType::Directory {
        return Ok(());
    }
    Err(Error::new(Kind::WrongType, MOUNTING, target.display(), "it is not a directory"))
}

/// Makes a detached mount. A context that failed once is spent, so each try has its own; what it
/// says of a failure is put into `said`.
fn create(
    fs_type: FsType,
    node: &Path,
    flags: MountFlags,
    options: &[String],
    said: &mut String,
) -> Result<OwnedFd, Errno> {
    let context = rustix::mount::fsopen(fs_type.as_str(), FsOpenFlags::FSOPEN_CLOEXEC)?;
    let attributes = MountAttrFlags::from_bits_retain(attributes(flags));
    configure(&context, node, flags, options)
        .and_then(|()| rustix::mount::fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes))
        .inspect_err(|_| *said = messages(&context))
}

fn configure(
    context: &OwnedFd,
    node: &Path,
    flags: MountFlags,
    options: &[String],
) -> Result<(), Errno> {
    rustix::mount::fsconfig_set_string(context, "source", node)?;
    if flags.readonly {
        rustix::mount::fsconfig_set_flag(context, "ro")?;
    }
    for option in options {
        match option.split_once('=') {
            Some((key, value)) => rustix::mount::fsconfig_set_string(context, key, value)?,
            None => rustix::mount::fsconfig_set_flag(context, option.as_str())?,
        }
    }
    rustix::mount::fsconfig_create(context)
}

fn clone_tree<F: AsFd>(source: F, target: &Path) -> Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH;
    retry_on_intr(|| rustix::mount::open_tree(&source, c"", flags))
        .map_err(|errno| failed(errno, BINDING, target.display()))
}

fn attach(mount: &OwnedFd, place: &OwnedFd, target: &Path, doing: &'static str) -> Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    retry_on_intr(|| rustix::mount::move_mount(mount, c"", place, c"", flags))
        .map_err(|errno| failed(errno, doing, target.display()))
}

/// The device was found by its node's name; this sees that the kernel found the same. Files of
/// btrfs have device numbers of its own, so that is asked for its devices.
fn shows_device(mount: &OwnedFd, device: DeviceId, fs_type: FsType, target: &Path) -> Result<()> {
    let status = statx(mount, StatxFlags::BASIC_STATS, MOUNTING, target.display())?;
    let shown = match fs_type {
        FsType::Ext4 | FsType::Xfs => {
            DeviceId { major: status.stx_dev_major, minor: status.stx_dev_minor }
        }
        FsType::Btrfs => {
            let of_btrfs = growth::btrfs_device(mount)
                .map_err(|errno| failed(errno, MOUNTING, target.display()))?;
            match of_btrfs.path.and_then(|path| block_device(&path)) {
                Some(shown) => shown,
                // Mounted as /dev/root, say: there is nothing to compare with.
                None => return Ok(()),
            }
        }
    };
    if shown == device {
        return Ok(());
    }
    let detail = format!("the file system is on device {shown}, not on {device}");
    Err(Error::new(Kind::Changed, MOUNTING, target.display(), detail))
}

fn mount_failed(errno: Errno, fs_type: FsType, target: &Path, said: &str) -> Error {
    if errno == Errno::NODEV {
        let detail = format!("this kernel has no {fs_type}; load its module");
        return Error::new(Kind::Unsupported, MOUNTING, target.display(), detail);
    }
    let mut error = failed(errno, MOUNTING, target.display());
    if !said.is_empty() {
        error.detail = format!("{} ({said})", error.detail);
    }
    error
}

/// What a file system said to its context: one message a read, after a letter for its weight.
fn messages(context: &OwnedFd) -> String {
    let mut messages = Vec::new();
    let mut buffer = [0_u8; 1024];
    while let Ok(length @ 1..) = rustix::io::read(context, &mut buffer) {
        let message = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
        let message = message.split_once(' ').map_or(&*message, |(_weight, text)| text);
        messages.push(message.trim_end().to_owned());
    }
    messages.join("; ")
}

fn attributes(flags: MountFlags) -> u32 {
    let MountFlags { readonly, nosuid, nodev, noexec, noatime, nodiratime } = flags;
    [
        (readonly, MOUNT_ATTR_RDONLY),
        (nosuid, MOUNT_ATTR_NOSUID),
        (nodev, MOUNT_ATTR_NODEV),
        (noexec, MOUNT_ATTR_NOEXEC),
        (noatime, MOUNT_ATTR_NOATIME),
        (nodiratime, MOUNT_ATTR_NODIRATIME),
    ]
    .into_iter()
    .filter(|(wanted, _)| *wanted)
    .fold(0, |all, (_, attribute)| all | attribute)
}
