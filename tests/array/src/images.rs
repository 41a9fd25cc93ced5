//! The bytes behind volumes and snapshots: sparse files of one folder.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{SeekFrom, ioctl_ficlone, seek};
use rustix::io::Errno;

/// Bytes that are copied at once where blocks cannot be shared.
const CHUNK: usize = 1 << 20;

/// The folder of images.
#[derive(Debug, Clone)]
pub(crate) struct Images(PathBuf);

impl Images {
    /// Opens the folder, which is made where it is not there.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self(folder.canonicalize()?))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    pub(crate) fn path(&self, id: &str) -> PathBuf {
        self.0.join(format!("{id}.img"))
    }

    /// A new image that reads as zeros, on disk when this returns. What a call that died left of it
    /// was never told to anyone, and goes.
    pub(crate) fn create(&self, id: &str, size: u64) -> io::Result<()> {
        let file = File::create(self.path(id))?;
        file.set_len(size)?;
        file.sync_all()?;
        self.sync()
    }

    /// A new image with another's bytes and at least its size; by shared blocks where the file
    /// system has them.
    pub(crate) fn copy(&self, from: &str, id: &str, size: u64) -> io::Result<()> {
        let source = File::open(self.path(from))?;
        let copy = File::create(self.path(id))?;
        match ioctl_ficlone(&copy, &source) {
            Ok(()) => {}
            Err(Errno::OPNOTSUPP | Errno::XDEV | Errno::INVAL | Errno::NOTTY) => {
                copy_data(&source, &copy)?;
            }
            Err(errno) => return Err(errno.into()),
        }
        copy.set_len(size)?;
        copy.sync_all()?;
        self.sync()
    }

    /// Whether copies share blocks here.
    pub(crate) fn shares(&self) -> io::Result<bool> {
        let (one, two) = (self.0.join(".probe-1"), self.0.join(".probe-2"));
        fs::write(&one, [1; 4096])?;
        let shared = ioctl_ficlone(File::create(&two)?, File::open(&one)?).is_ok();
        fs::remove_file(one)?;
        fs::remove_file(two)?;
        Ok(shared)
    }

    /// Makes an image larger; never smaller.
    pub(crate) fn grow(&self, id: &str, size: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(self.path(id))?;
        if file.metadata()?.len() < size {
            file.set_len(size)?;
        }
        file.sync_all()
    }

    /// Removes an image; one that is not there is fine.
    pub(crate) fn remove(&self, id: &str) -> io::Result<()> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => self.sync(),
        }
    }

    /// Bytes of disk that an image takes.
    pub(crate) fn allocated(&self, id: &str) -> u64 {
        fs::metadata(self.path(id)).map_or(0, |found| found.blocks().saturating_mul(512))
    }

    /// The ids of all images.
    pub(crate) fn all(&self) -> io::Result<Vec<String>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            ids.extend(name.to_str().and_then(|name| name.strip_suffix(".img")).map(str::to_owned));
        }
        Ok(ids)
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }
}

/// Copies what is written, and leaves holes.
fn copy_data(source: &File, copy: &File) -> io::Result<()> {
    let length = source.metadata()?.len();
    let mut buffer = vec![0; CHUNK];
    let mut at = 0;
    while at < length {
        let begin = match seek(source.as_fd(), SeekFrom::Data(at)) {
            Ok(begin) => begin,
            // No data behind here.
            Err(Errno::NXIO) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        };
        let end = seek(source.as_fd(), SeekFrom::Hole(begin))?;
        at = begin;
        while at < end {
            let most = usize::try_from(end - at).unwrap_or(CHUNK).min(CHUNK);
            let Some(part) = buffer.get_mut(..most) else { break };
            let read = source.read_at(part, at)?;
            let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else {
                return Ok(());
            };
            copy.write_all_at(part, at)?;
            at += u64::try_from(read).unwrap_or(u64::MAX);
        }
    }
    Ok(())
}
