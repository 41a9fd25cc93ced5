//! Staging and target paths: what stands there, and making and removing it beside an open parent.

use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

use super::Linux;
use super::errno::failed;
use super::path::{Split, split};
use crate::os::{Error, Kind, PathKind, Places, Result};

impl Places for Linux {
    fn real_root(&self, path: &Path) -> Result<PathBuf> {
        self.roots.real(path)
    }

    fn path_kind(&self, path: &Path) -> Result<PathKind> {
        let doing = "looking at";
        if path == Path::new("/") {
            return Ok(PathKind::Directory);
        }
        let place = match split(doing, path) {
            Err(error) if error.kind == Kind::NotFound => return Ok(PathKind::Absent),
            other => other?,
        };
        match stat(&place) {
            Err(Errno::NOENT) => Ok(PathKind::Absent),
            Err(errno) => Err(failed(errno, doing, path.display())),
            Ok(stat) => Ok(match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => PathKind::Directory,
                FileType::RegularFile => PathKind::File,
                FileType::Symlink
                | FileType::Fifo
                | FileType::Socket
                | FileType::CharacterDevice
                | FileType::BlockDevice
                | FileType::Unknown => PathKind::Other,
            }),
        }
    }

    fn create_directory(&self, path: &Path) -> Result<()> {
        let doing = "creating directory";
        let place = split(doing, path)?;
        let mode = Mode::from_raw_mode(0o750);
        match retry_on_intr(|| rustix::fs::mkdirat(&place.parent, place.name, mode)) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => existing(&place, FileType::Directory, doing, path),
            Err(errno) => Err(failed(errno, doing, path.display())),
        }
    }

    fn create_file(&self, path: &Path) -> Result<()> {
        let doing = "creating file";
        let place = split(doing, path)?;
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o640);
        match retry_on_intr(|| rustix::fs::openat(&place.parent, place.name, flags, mode)) {
            Ok(_) => Ok(()),
            Err(Errno::EXIST) => existing(&place, FileType::RegularFile, doing, path),
            Err(errno) => Err(failed(errno, doing, path.display())),
        }
    }

    fn remove_empty(&self, path: &Path) -> Result<()> {
        let doing = "removing";
        let place = match split(doing, path) {
            Err(error) if error.kind == Kind::NotFound => return Ok(()),
            other => other?,
        };
        let stat = match stat(&place) {
            Err(Errno::NOENT) => return Ok(()),
            other => other.map_err(|errno| failed(errno, doing, path.display()))?,
        };
        let flags = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => AtFlags::REMOVEDIR,
            FileType::RegularFile if stat.st_size == 0 => AtFlags::empty(),
            FileType::RegularFile => {
                let detail = format!("it holds {} bytes, so it is left as it is", stat.st_size);
                return Err(Error::new(Kind::NotEmpty, doing, path.display(), detail));
            }
            FileType::Symlink
            | FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Unknown => {
                let detail = "it is neither directory nor regular file, so it is left as it is";
                return Err(Error::new(Kind::WrongType, doing, path.display(), detail));
            }
        };
        match retry_on_intr(|| rustix::fs::unlinkat(&place.parent, place.name, flags)) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            // POSIX lets rmdir say either of a directory that is not empty.
            Err(Errno::EXIST) => Err(failed(Errno::NOTEMPTY, doing, path.display())),
            Err(errno) => Err(failed(errno, doing, path.display())),
        }
    }
}

fn stat(place: &Split<'_>) -> Result<rustix::fs::Stat, Errno> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    retry_on_intr(|| rustix::fs::statat(&place.parent, place.name, flags))
}

fn existing(place: &Split<'_>, wanted: FileType, doing: &'static str, path: &Path) -> Result<()> {
    let stat = stat(place).map_err(|errno| failed(errno, doing, path.display()))?;
    let found = FileType::from_raw_mode(stat.st_mode);
    if found == wanted {
        return Ok(());
    }
    let detail = format!("there is a {found:?}, where a {wanted:?} was expected");
    Err(Error::new(Kind::WrongType, doing, path.display(), detail))
}
