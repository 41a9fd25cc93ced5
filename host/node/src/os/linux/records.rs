//! Small files that are whole or absent whenever the power goes: written beside, synced, renamed.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

use super::Linux;
use super::errno::{failed, io_failed};
use super::path::{Split, pin, reopen, split};
use crate::os::{Error, Kind, RecordFiles, Result};

const LARGEST: u64 = 1024 * 1024;
const TEMPORARY: &str = ".tmp";
const RECORD: &str = ".json";
const SYNCING: &str = "syncing directory";

impl RecordFiles for Linux {
    fn read_record(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        let doing = "reading record";
        let place = match split(doing, path) {
            Err(error) if error.kind == Kind::NotFound => return Ok(None),
            other => other?,
        };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let open = || rustix::fs::openat(&place.parent, place.name, flags, Mode::empty());
        let file = match retry_on_intr(open) {
            Err(Errno::NOENT) => return Ok(None),
            other => other.map_err(|errno| failed(errno, doing, path.display()))?,
        };
        let mut bytes = Vec::new();
        let mut limited = std::fs::File::from(file).take(LARGEST + 1);
        limited
            .read_to_end(&mut bytes)
            .map_err(|error| io_failed(&error, doing, path.display()))?;
        if bytes.len() as u64 > LARGEST {
            return Err(Error::new(Kind::Io, doing, path.display(), "it is larger than 1 MiB"));
        }
        Ok(Some(bytes))
    }

    fn write_record(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let doing = "writing record";
        if let Some(directory) = path.parent() {
            make_directories(directory)?;
        }
        let place = split(doing, path)?;
        let directory = readable_parent(&place, path)?;
        let temporary = temporary(place.name);
        let wrap = |errno: Errno| failed(errno, doing, path.display());
        // One left over by a crash is overwritten; records have one writer at a time each.
        remove(&place.parent, &temporary).map_err(wrap)?;
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o600);
        let file = retry_on_intr(|| rustix::fs::openat(&place.parent, &temporary, flags, mode));
        let written = file
            .map_err(wrap)
            .and_then(|file| fill(file, bytes).map_err(|e| io_failed(&e, doing, path.display())))
            .and_then(|()| {
                rustix::fs::renameat(&place.parent, &temporary, &place.parent, place.name)
                    .map_err(wrap)
            });
        if written.is_err() {
            // What remains is found and removed by the next write; this is for tidiness.
            let _ = remove(&place.parent, &temporary);
        }
        written.and_then(|()| sync(&directory, path))
    }

    fn remove_record(&self, path: &Path) -> Result<()> {
        let doing = "removing record";
        let place = match split(doing, path) {
            Err(error) if error.kind == Kind::NotFound => return Ok(()),
            other => other?,
        };
        let wrap = |errno: Errno| failed(errno, doing, path.display());
        remove(&place.parent, &temporary(place.name)).map_err(wrap)?;
        remove(&place.parent, place.name).map_err(wrap)?;
        // Also when it was absent: the removal may be that of a try which could not sync.
        sync(&readable_parent(&place, path)?, path)
    }

    fn list_records(&self, directory: &Path) -> Result<Vec<PathBuf>> {
        let doing = "listing records in";
        let pinned = match pin(doing, directory) {
            Err(error) if error.kind == Kind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let wrap = |errno: Errno| failed(errno, doing, directory.display());
        let open = reopen(&pinned, OFlags::RDONLY | OFlags::DIRECTORY).map_err(wrap)?;
        let mut paths = Vec::new();
        for entry in Dir::read_from(&open).map_err(wrap)? {
            let entry = entry.map_err(wrap)?;
            let name = entry.file_name().to_bytes();
            if name.ends_with(RECORD.as_bytes()) {
                paths.push(directory.join(OsStr::from_bytes(name)));
            }
        }
        paths.sort();
        Ok(paths)
    }
}

/// Makes a directory (0700) and its missing parents, each synced into its own parent.
pub(super) fn make_directories(directory: &Path) -> Result<()> {
    let doing = "creating directory";
    match pin(doing, directory) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind == Kind::NotFound => {}
        Err(error) => return Err(error),
    }
    if let Some(parent) = directory.parent() {
        make_directories(parent)?;
    }
    let place = split(doing, directory)?;
    match rustix::fs::mkdirat(&place.parent, place.name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(failed(errno, doing, directory.display())),
    }
    sync(&readable_parent(&place, directory)?, directory)
}

pub(super) fn readable_parent(place: &Split<'_>, path: &Path) -> Result<OwnedFd> {
    reopen(&place.parent, OFlags::RDONLY | OFlags::DIRECTORY)
        .map_err(|errno| failed(errno, SYNCING, path.display()))
}

/// Beside the record; not a record itself, by its ending.
fn temporary(name: &OsStr) -> OsString {
    let mut temporary = name.to_owned();
    temporary.push(TEMPORARY);
    temporary
}

pub(super) fn fill(file: OwnedFd, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::File::from(file);
    file.write_all(bytes)?;
    file.sync_all()
}

pub(super) fn remove(parent: &OwnedFd, name: &OsStr) -> Result<(), Errno> {
    match retry_on_intr(|| rustix::fs::unlinkat(parent, name, AtFlags::empty())) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}

pub(super) fn sync(directory: &OwnedFd, path: &Path) -> Result<()> {
    retry_on_intr(|| rustix::fs::fsync(directory))
        .map_err(|errno| failed(errno, SYNCING, path.display()))
}
