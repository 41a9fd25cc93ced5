//! Mounted file systems: each is pinned and checked to be the mount that was meant, then asked.

use std::os::fd::{AsFd, OwnedFd};

use mooring_volume::capability::FsType;
use rustix::fs::{Gid, Mode, OFlags, StatVfs};
use rustix::io::{Errno, retry_on_intr};
use rustix::thread::CapabilitySet;

use super::errno::failed;
use super::mounts::pin_mount;
use super::path::reopen;
use super::{Linux, blocks, growth, ioctl};
use crate::os::{
    DeviceId, Error, FsUsage, Kind, Measure, MountRef, MountedFilesystems, Mounts, Result,
};

impl MountedFilesystems for Linux {
    fn filesystem_size(&self, mount: &MountRef, fs_type: FsType) -> Result<u64> {
        let doing = "asking the size of the file system at";
        let root = pin_mount(mount, doing)?;
        let device = open_below(self, mount, doing)?;
        growth::size(&root, &device, fs_type)
            .map_err(|errno| failed(errno, doing, mount.point.display()))
    }

    fn may_grow_mounted_ext4(&self) -> bool {
        // Of this thread; all of them have what the process was started with.
        rustix::thread::capabilities(None)
            .is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_RESOURCE))
    }

    fn grow_mounted(&self, mount: &MountRef, fs_type: FsType) -> Result<()> {
        let doing = "growing the file system at";
        let root = pin_mount(mount, doing)?;
        let device = open_below(self, mount, doing)?;
        ioctl::device_size(device.as_fd())
            .and_then(|size| growth::grow(&root, &device, fs_type, size))
            .map_err(|errno| failed(errno, doing, mount.point.display()))
    }

    fn usage(&self, mount: &MountRef) -> Result<FsUsage> {
        let doing = "asking the usage of the file system at";
        let root = pin_mount(mount, doing)?;
        let stat = retry_on_intr(|| rustix::fs::fstatvfs(&root))
            .map_err(|errno| failed(errno, doing, mount.point.display()))?;
        Ok(usage(&stat))
    }

    fn give_to_group(&self, mount: &MountRef, group: u32) -> Result<()> {
        let doing = "giving to a group the root of";
        let root = pin_mount(mount, doing)?;
        let wrap = |errno: Errno| failed(errno, doing, mount.point.display());
        let root = reopen(&root, OFlags::RDONLY | OFlags::DIRECTORY).map_err(wrap)?;
        let stat = rustix::fs::fstat(&root).map_err(wrap)?;
        if stat.st_gid != group {
            rustix::fs::fchown(&root, None, Some(Gid::from_raw(group))).map_err(wrap)?;
        }
        // After the chown, which may clear set-gid.
        let wanted = Mode::from_raw_mode(stat.st_mode) | Mode::RWXG | Mode::SGID;
        if stat.st_gid == group && Mode::from_raw_mode(stat.st_mode) == wanted {
            return Ok(());
        }
        rustix::fs::fchmod(&root, wanted).map_err(wrap)
    }
}

/// statvfs in bytes.
pub(super) fn usage(stat: &StatVfs) -> FsUsage {
    let measure = |total: u64, free: u64, available: u64, unit: u64| Measure {
        total: total.saturating_mul(unit),
        available: available.saturating_mul(unit),
        used: total.saturating_sub(free).saturating_mul(unit),
    };
    FsUsage {
        bytes: measure(stat.f_blocks, stat.f_bfree, stat.f_bavail, stat.f_frsize),
        inodes: measure(stat.f_files, stat.f_ffree, stat.f_favail, 1),
    }
}

/// Opens, for reading, the device that carries a mount's file system.
fn open_below(linux: &Linux, mount: &MountRef, doing: &'static str) -> Result<OwnedFd> {
    let table = linux.mounts()?;
    let entry = table.iter().find(|entry| entry.id == mount.id);
    let device: DeviceId = entry.and_then(|entry| entry.block).ok_or_else(|| {
        Error::new(Kind::Changed, doing, mount.point.display(), "no device carries it")
    })?;
    let pinned = blocks::pin_device(device)?;
    reopen(&pinned, OFlags::RDONLY).map_err(|errno| failed(errno, doing, device))
}
