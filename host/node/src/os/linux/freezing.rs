//! FIFREEZE and FITHAW on a file system's root directory.

use std::os::fd::AsFd;

use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

use super::errno::failed;
use super::handle::{Handle, Inner};
use super::mounts::pin_mount;
use super::pool::name;
use super::{Linux, ioctl};
use crate::os::{Error, Freezing, Kind, MountRef, Result};

const FREEZING: &str = "freezing the file system at";

impl Freezing for Linux {
    fn open_root(&self, mount: &MountRef) -> Result<Handle> {
        let doing = "opening the root of";
        let root = pin_mount(mount, doing)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        retry_on_intr(|| rustix::fs::openat(&root, c".", flags, Mode::empty()))
            .map(|root| Handle(Inner::File(root)))
            .map_err(|errno| failed(errno, doing, mount.point.display()))
    }

    fn flush(&self, root: &Handle) -> Result<()> {
        retry_on_intr(|| rustix::fs::syncfs(root))
            .map_err(|errno| failed(errno, "syncing the file system at", name(root)))
    }

    fn freeze(&self, root: &Handle) -> Result<()> {
        match retry_on_intr(|| ioctl::freeze(root.as_fd())) {
            Ok(()) => Ok(()),
            Err(Errno::BUSY) => {
                let detail = "it is frozen already, by another program";
                Err(Error::new(Kind::Busy, FREEZING, name(root), detail))
            }
            Err(errno) => Err(failed(errno, FREEZING, name(root))),
        }
    }

    fn thaw(&self, root: &Handle) -> Result<bool> {
        match retry_on_intr(|| ioctl::thaw(root.as_fd())) {
            Ok(()) => Ok(true),
            // ioctl_fs(2), thaw_super: it is not frozen.
            Err(Errno::INVAL) => Ok(false),
            Err(errno) => Err(failed(errno, "thawing the file system at", name(root))),
        }
    }
}
