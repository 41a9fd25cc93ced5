//! The folders by which Kata's runtime knows the volumes that its guests mount: whole or absent.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

use super::Linux;
use super::errno::{failed, io_failed};
use super::path::{pin, reopen, split};
use super::records::{fill, make_directories, readable_parent, sync};
use super::shim;
use crate::os::{DirectFolder, DirectVolumes, Kind, Result, ShimRequest};

/// Source: kata-containers `src/libs/kata-types/src/mount.rs`.
const INFO: &str = "mountInfo.json";
/// Before the label of a folder that the runtime shall not find: no encoded path starts with a dot.
const ASIDE: &str = ".";
/// More than any such file has.
const LARGEST: u64 = 64 * 1024;
const LISTING: &str = "listing direct volumes in";
const MAKING: &str = "making the direct volume of";
const REMOVING: &str = "removing the direct volume of";

impl DirectVolumes for Linux {
    fn direct_volumes(&self, base: &Path) -> Result<Vec<DirectFolder>> {
        let pinned = match pin(LISTING, base) {
            Err(error) if error.kind == Kind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let wrap = |errno: Errno| failed(errno, LISTING, base.display());
        let mut names = names(&pinned).map_err(wrap)?;
        names.sort();
        Ok(names.iter().filter_map(|name| folder(&pinned, name)).collect())
    }

    fn put_direct_volume(
        &self,
        base: &Path,
        label: &str,
        volume: &Path,
        info: &[u8],
    ) -> Result<()> {
        make_directories(base)?;
        let base_fd = pin(MAKING, base)?;
        let wrap = |errno: Errno| failed(errno, MAKING, volume.display());
        let aside = aside(label);
        clear(&base_fd, &aside).map_err(wrap)?;
        retry_on_intr(|| rustix::fs::mkdirat(&base_fd, &aside, Mode::RWXU)).map_err(wrap)?;
        let folder = open_folder(&base_fd, &aside).map_err(wrap)?;
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o600);
        let file =
            retry_on_intr(|| rustix::fs::openat(&folder, INFO, flags, mode)).map_err(wrap)?;
        fill(file, info).map_err(|error| io_failed(&error, MAKING, volume.display()))?;
        sync(&folder, volume)?;
        // An empty folder may be in the way and is replaced; one with files in it is not.
        rustix::fs::renameat(&base_fd, &aside, &base_fd, encoded(volume)).map_err(|errno| {
            let errno = if errno == Errno::EXIST { Errno::NOTEMPTY } else { errno };
            wrap(errno)
        })?;
        sync_base(base)
    }

    fn remove_direct_volume(&self, base: &Path, label: &str, volume: Option<&Path>) -> Result<()> {
        let base_fd = match pin(REMOVING, base) {
            Err(error) if error.kind == Kind::NotFound => return Ok(()),
            other => other?,
        };
        let shown = volume.map_or_else(|| label.to_owned(), |path| path.display().to_string());
        let wrap = |errno: Errno| failed(errno, REMOVING, &shown);
        let aside = aside(label);
        clear(&base_fd, &aside).map_err(wrap)?;
        if let Some(volume) = volume {
            match rustix::fs::renameat(&base_fd, encoded(volume), &base_fd, &aside) {
                Ok(()) => sync_base(base)?,
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(wrap(errno)),
            }
            clear(&base_fd, &aside).map_err(wrap)?;
        }
        // Also when all was absent: that may be the work of a try which could not sync.
        sync_base(base)
    }

    fn ask_shim(
        &self,
        places: &[PathBuf],
        sandbox: &str,
        request: &ShimRequest,
    ) -> Result<Vec<u8>> {
        shim::ask(places, sandbox, request)
    }
}

fn encoded(volume: &Path) -> String {
    URL_SAFE.encode(volume.as_os_str().as_bytes())
}

fn aside(label: &str) -> String {
    format!("{ASIDE}{label}")
}

/// What a folder is; none for what this program and the runtime do not make.
fn folder(base: &OwnedFd, name: &OsStr) -> Option<DirectFolder> {
    let text = name.to_str()?;
    if let Some(label) = text.strip_prefix(ASIDE) {
        return Some(DirectFolder::Aside { label: label.to_owned() });
    }
    let volume = PathBuf::from(OsString::from_vec(URL_SAFE.decode(text).ok()?));
    let open = open_folder(base, text).ok()?;
    let mut sandboxes: Vec<String> =
        names(&open).ok()?.into_iter().filter_map(|name| name.into_string().ok()).collect();
    sandboxes.retain(|name| name != INFO);
    sandboxes.sort();
    Some(DirectFolder::Named { volume, info: read(&open), sandboxes })
}

fn read(folder: &OwnedFd) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = retry_on_intr(|| rustix::fs::openat(folder, INFO, flags, Mode::empty())).ok()?;
    let mut bytes = Vec::new();
    std::fs::File::from(file).take(LARGEST + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= LARGEST).then_some(bytes)
}

fn open_folder(base: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    retry_on_intr(|| rustix::fs::openat(base, name, flags, Mode::empty()))
}

fn names(folder: &OwnedFd) -> Result<Vec<OsString>, Errno> {
    let open = reopen(folder, OFlags::RDONLY | OFlags::DIRECTORY)?;
    let mut names = Vec::new();
    for entry in Dir::read_from(&open)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Removes a folder with the files in it; never a folder in it.
fn clear(base: &OwnedFd, name: &str) -> Result<(), Errno> {
    let folder = match open_folder(base, name) {
        Err(Errno::NOENT) => return Ok(()),
        other => other?,
    };
    for file in names(&folder)? {
        match retry_on_intr(|| rustix::fs::unlinkat(&folder, &file, AtFlags::empty())) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    match retry_on_intr(|| rustix::fs::unlinkat(base, name, AtFlags::REMOVEDIR)) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}

fn sync_base(base: &Path) -> Result<()> {
    // Through its parent's descriptor, as records are: `pin` opens without the right to sync.
    let inside = base.join(INFO);
    sync(&readable_parent(&split(MAKING, &inside)?, base)?, base)
}
