//! Images and directories of pools, opened beneath the operator's directory.

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, FlockOperation, OFlags, Stat};
use rustix::io::Errno;

use super::errno::{failed, kind};
use super::handle::{Handle, Inner, Reader};
use super::path::{open_trusted_directory, pin_beneath, proc_path, reopen};
use super::patience::patiently;
use super::{Linux, examine};
use crate::filesystem::{BlockRead, NextData, PAGE};
use crate::os::{BackingFile, Error, Found, Kind, Opened, PoolFiles, Result};

const OPENING: &str = "opening in a pool";

impl PoolFiles for Linux {
    fn open_image(&self, root: &Path, below: &Path, readonly: bool) -> Result<Handle> {
        let path = root.join(below);
        let pinned = pin_in_pool(root, below, FileType::RegularFile)?;
        let flags = if readonly { OFlags::RDONLY } else { OFlags::RDWR };
        reopen(&pinned, flags)
            .map(|file| Handle(Inner::File(file)))
            .map_err(|errno| failed(errno, OPENING, path.display()))
    }

    fn open_directory(&self, root: &Path, below: &Path) -> Result<Handle> {
        pin_in_pool(root, below, FileType::Directory).map(|pin| Handle(Inner::File(pin)))
    }

    fn describe(&self, file: &Handle) -> Result<Opened> {
        let doing = "describing an open file";
        let stat = fstat(file, doing)?;
        let path = rustix::fs::readlink(proc_path(file), Vec::new())
            .map_err(|errno| failed(errno, doing, "by its descriptor"))?;
        let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        Ok(Opened {
            identity: identity(&stat),
            size: if regular { u64::try_from(stat.st_size).unwrap_or(0) } else { 0 },
            path: PathBuf::from(OsString::from_vec(path.into_bytes())),
        })
    }

    fn lock(&self, file: &Handle) -> Result<()> {
        let doing = "locking an image";
        let lock = || rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive);
        match patiently(lock) {
            Ok(()) => Ok(()),
            Err(Errno::WOULDBLOCK) => {
                // The controller copies images under the shared lock: who can have that as well
                // has met a copy, which ends, and not another attachment.
                let flock = |operation| rustix::fs::flock(file, operation);
                let shared = flock(FlockOperation::NonBlockingLockShared)
                    .and_then(|()| flock(FlockOperation::NonBlockingUnlock));
                let detail = match shared {
                    Ok(()) => "it is being copied; repeat this when the copy is there",
                    Err(_) => "another process has it in use",
                };
                Err(Error::new(Kind::Busy, doing, name(file), detail))
            }
            Err(errno) => Err(failed(errno, doing, name(file))),
        }
    }

    fn probe_image(&self, file: &Handle) -> Result<Found> {
        let doing = "reading an image";
        let size = u64::try_from(fstat(file, doing)?.st_size).unwrap_or(0);
        let reader = Reader { file: file.as_fd(), size, unit: PAGE, holes: Some(file.as_fd()) };
        match reader.next_data(0) {
            Ok(NextData::None) if size > 0 => Ok(Found::Blank),
            // Whatever it is, reading says it.
            Ok(_) | Err(_) => examine::examine(&reader, doing, &name(file)),
        }
    }
}

fn pin_in_pool(root: &Path, below: &Path, wanted: FileType) -> Result<OwnedFd> {
    let path = root.join(below);
    let root = open_trusted_directory(root, OPENING)?;
    let pinned = pin_beneath(&root, below, OPENING)
        .map_err(|error| Error { object: path.display().to_string(), ..error })?;
    let stat = fstat(&pinned, OPENING)?;
    let found = FileType::from_raw_mode(stat.st_mode);
    if found == wanted {
        return Ok(pinned);
    }
    let (kind, detail) = if found == FileType::Symlink {
        (Kind::Unsafe, "it is a symbolic link".to_owned())
    } else {
        (Kind::WrongType, format!("it is a {found:?}, where a {wanted:?} was expected"))
    };
    Err(Error::new(kind, OPENING, path.display(), detail))
}

/// fstat, whose device numbers are encoded as the loop driver's are.
pub(super) fn fstat<F: AsFd>(file: F, doing: &'static str) -> Result<Stat> {
    rustix::fs::fstat(&file)
        .map_err(|errno| Error::new(kind(errno), doing, name(&file), std::io::Error::from(errno)))
}

pub(super) fn identity(stat: &Stat) -> BackingFile {
    BackingFile { device: stat.st_dev, inode: stat.st_ino }
}

/// Where an open file is, for people.
pub(super) fn name<F: AsFd>(file: &F) -> String {
    match rustix::fs::readlink(proc_path(file), Vec::new()) {
        Ok(path) => path.to_string_lossy().into_owned(),
        Err(_) => "an open file".to_owned(),
    }
}
