//! Opening paths so that nobody on the way can lead elsewhere.
//!
//! Paths come from the orchestrator and from the operator; between their being checked and being
//! used, a tenant may swap a directory for a link. So each path is opened once, without following
//! links, and then only the descriptor is used.

use std::ffi::OsStr;
use std::fmt::Display;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, Statx, StatxFlags};
use rustix::io::{Errno, retry_on_intr};

use super::errno::failed;
use crate::os::{Error, Kind, Result};

/// Tries of a walk that the kernel broke off because something on it was renamed meanwhile.
const RENAME_RETRIES: u32 = 64;

/// A path's parent, open, and its last part.
pub(super) struct Split<'a> {
    pub(super) parent: OwnedFd,
    pub(super) name: &'a OsStr,
}

impl Split<'_> {
    /// A path for calls that take no descriptor. It leads through the open parent, so nothing
    /// before the last part can be swapped.
    pub(super) fn pinned(&self) -> PathBuf {
        proc_path(&self.parent).join(self.name)
    }
}

/// Opens `path` itself (`O_PATH`), following no link, over mounts.
pub(super) fn pin(doing: &'static str, path: &Path) -> Result<OwnedFd> {
    check(doing, path)?;
    let flags = OFlags::PATH | OFlags::NOFOLLOW;
    open_at(CWD, path, flags, ResolveFlags::NO_SYMLINKS)
        .map_err(|errno| failed(errno, doing, path.display()))
}

/// Opens the parent of `path`, following no link, over mounts.
pub(super) fn split<'a>(doing: &'static str, path: &'a Path) -> Result<Split<'a>> {
    check(doing, path)?;
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::new(Kind::Unsafe, doing, path.display(), "it has no parent directory"));
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let parent = open_at(CWD, parent, flags, ResolveFlags::NO_SYMLINKS)
        .map_err(|errno| failed(errno, doing, parent.display()))?;
    Ok(Split { parent, name })
}

/// Opens what is `below` an open directory, following no link and entering no mount.
pub(super) fn pin_beneath(root: &OwnedFd, below: &Path, doing: &'static str) -> Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH
        | ResolveFlags::NO_SYMLINKS
        | ResolveFlags::NO_MAGICLINKS
        | ResolveFlags::NO_XDEV;
    open_at(root, below, OFlags::PATH | OFlags::NOFOLLOW, resolve)
        .map_err(|errno| failed(errno, doing, below.display()))
}

/// Opens a directory that the operator named, and that may be reached over links of theirs.
pub(super) fn open_trusted_directory(path: &Path, doing: &'static str) -> Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    open_at(CWD, path, flags, ResolveFlags::empty())
        .map_err(|errno| failed(errno, doing, path.display()))
}

/// Opens anew, with other flags, exactly what a descriptor stands for.
pub(super) fn reopen<F: AsFd>(file: F, flags: OFlags) -> Result<OwnedFd, Errno> {
    let path = proc_path(&file);
    let flags = flags | OFlags::CLOEXEC;
    retry_on_intr(|| rustix::fs::open(&path, flags, Mode::empty()))
}

/// The magic link that stands for a descriptor in this process.
pub(super) fn proc_path<F: AsFd>(file: &F) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_fd().as_raw_fd()))
}

/// statx of what a descriptor stands for, with `wanted` filled in from what the kernel knows, without
/// asking a server or daemon for it, which might not answer.
pub(super) fn statx<F: AsFd>(
    file: F,
    wanted: StatxFlags,
    doing: &'static str,
    object: impl Display,
) -> Result<Statx> {
    retry_on_intr(|| {
        rustix::fs::statx(&file, c"", AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC, wanted)
    })
    .map_err(|errno| failed(errno, doing, object))
}

fn open_at<F: AsFd>(
    directory: F,
    path: &Path,
    flags: OFlags,
    resolve: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::CLOEXEC;
    for _ in 0..RENAME_RETRIES {
        match rustix::fs::openat2(&directory, path, flags, Mode::empty(), resolve) {
            Err(Errno::INTR | Errno::AGAIN) => {}
            other => return other,
        }
    }
    Err(Errno::AGAIN)
}

fn check(doing: &'static str, path: &Path) -> Result<()> {
    let climbs = path.components().any(|part| part == Component::ParentDir);
    if path.is_absolute() && !climbs {
        return Ok(());
    }
    Err(Error::new(Kind::Unsafe, doing, path.display(), "the path must be absolute, without '..'"))
}
