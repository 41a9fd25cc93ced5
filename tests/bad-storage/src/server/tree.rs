//! The directory that is served: which path each inode has, what is open, and what becomes of them.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{FUSE_ROOT_ID, FileAttr, FileType, Request, TimeOrNow};

use super::EIO;
use super::control::Control;

/// A directory, served.
pub struct Server {
    pub(super) control: Control,
    pub(super) root: PathBuf,
    /// Where each inode is that the kernel was told of.
    paths: HashMap<u64, PathBuf>,
    pub(super) open: HashMap<u64, (u64, Arc<File>)>,
    next: u64,
}

impl Server {
    /// Of a directory.
    #[must_use]
    pub fn new(root: PathBuf, control: Control) -> Self {
        let paths = HashMap::from([(FUSE_ROOT_ID, root.clone())]);
        Self { control, root, paths, open: HashMap::new(), next: 1 }
    }

    pub(super) fn path(&self, ino: u64) -> Result<&PathBuf, i32> {
        self.paths.get(&ino).ok_or(rustix::io::Errno::STALE.raw_os_error())
    }

    /// The path below the directory, by which rules name a file.
    pub(super) fn below(&self, ino: u64) -> PathBuf {
        let path = self.paths.get(&ino);
        path.and_then(|path| path.strip_prefix(&self.root).ok()).unwrap_or(Path::new("")).to_owned()
    }

    pub(super) fn child(&self, parent: u64, name: &OsStr) -> Result<PathBuf, i32> {
        Ok(self.path(parent)?.join(name))
    }

    /// What stands at a path, which the kernel is told of from now on.
    pub(super) fn known(&mut self, path: PathBuf) -> Result<FileAttr, i32> {
        let attributes = attributes(&fs::symlink_metadata(&path).map_err(code)?, None);
        self.paths.insert(attributes.ino, path);
        Ok(attributes)
    }

    pub(super) fn keep(&mut self, ino: u64, file: File) -> u64 {
        self.next += 1;
        self.open.insert(self.next, (ino, Arc::new(file)));
        self.next
    }

    pub(super) fn file(&self, handle: u64) -> Result<Arc<File>, i32> {
        let open = self.open.get(&handle).map(|(_, file)| Arc::clone(file));
        open.ok_or(rustix::io::Errno::BADF.raw_os_error())
    }

    /// A file that lost its name is asked by whoever has it open.
    pub(super) fn metadata(&self, ino: u64) -> Result<FileAttr, i32> {
        let of_open = || self.open.values().find(|(of, _)| *of == ino).map(|(_, file)| file);
        let found = match of_open() {
            Some(file) => file.metadata(),
            None => fs::symlink_metadata(self.path(ino)?),
        };
        found.map(|found| attributes(&found, Some(ino))).map_err(code)
    }

    pub(super) fn made(
        &mut self,
        request: &Request<'_>,
        path: PathBuf,
        make: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<FileAttr, i32> {
        make(&path).map_err(code)?;
        std::os::unix::fs::lchown(&path, Some(request.uid()), Some(request.gid())).map_err(code)?;
        self.known(path)
    }

    pub(super) fn change(
        &self,
        ino: u64,
        (mode, uid, gid): (Option<u32>, Option<u32>, Option<u32>),
        size: Option<u64>,
        times: (Option<TimeOrNow>, Option<TimeOrNow>),
    ) -> Result<FileAttr, i32> {
        let path = self.path(ino)?;
        let of_open = self.open.values().find(|(of, _)| *of == ino).map(|(_, file)| file);
        if let Some(mode) = mode {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(code)?;
        }
        if uid.is_some() || gid.is_some() {
            std::os::unix::fs::lchown(path, uid, gid).map_err(code)?;
        }
        if let Some(size) = size {
            match of_open {
                Some(file) => file.set_len(size),
                None => OpenOptions::new().write(true).open(path).and_then(|it| it.set_len(size)),
            }
            .map_err(code)?;
        }
        if let (Some(modified), Some(file)) = (times.1, of_open) {
            let time = match modified {
                TimeOrNow::SpecificTime(time) => time,
                TimeOrNow::Now => SystemTime::now(),
            };
            file.set_modified(time).map_err(code)?;
        }
        self.metadata(ino)
    }

    pub(super) fn moved(&mut self, from: &Path, to: &Path) -> Result<(), i32> {
        fs::rename(from, to).map_err(code)?;
        for path in self.paths.values_mut() {
            if let Ok(below) = path.strip_prefix(from) {
                *path = if below.as_os_str().is_empty() { to.to_owned() } else { to.join(below) };
            }
        }
        Ok(())
    }

    pub(super) fn entries(&self, ino: u64) -> Result<Vec<(u64, FileType, OsString)>, i32> {
        let mut found =
            vec![(ino, FileType::Directory, ".".into()), (ino, FileType::Directory, "..".into())];
        for entry in fs::read_dir(self.path(ino)?).map_err(code)? {
            let entry = entry.map_err(code)?;
            let Ok(metadata) = entry.metadata() else { continue };
            let attributes = attributes(&metadata, None);
            found.push((attributes.ino, attributes.kind, entry.file_name()));
        }
        Ok(found)
    }
}

pub(super) fn code(error: io::Error) -> i32 {
    error.raw_os_error().unwrap_or(EIO)
}

fn attributes(found: &Metadata, ino: Option<u64>) -> FileAttr {
    let kind = match found.file_type() {
        kind if kind.is_dir() => FileType::Directory,
        kind if kind.is_symlink() => FileType::Symlink,
        _ => FileType::RegularFile,
    };
    let changed = UNIX_EPOCH
        + Duration::new(
            u64::try_from(found.ctime()).unwrap_or(0),
            u32::try_from(found.ctime_nsec()).unwrap_or(0),
        );
    FileAttr {
        ino: ino.unwrap_or(found.ino()),
        size: found.size(),
        blocks: found.blocks(),
        atime: found.accessed().unwrap_or(UNIX_EPOCH),
        mtime: found.modified().unwrap_or(UNIX_EPOCH),
        ctime: changed,
        crtime: UNIX_EPOCH,
        kind,
        perm: u16::try_from(found.mode() & 0o7777).unwrap_or(0),
        nlink: u32::try_from(found.nlink()).unwrap_or(1),
        uid: found.uid(),
        gid: found.gid(),
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}
