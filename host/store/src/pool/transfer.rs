//! Copying the bytes of an image to a work file, holes staying holes, and giving it its name.

use std::fs::{File, TryLockError};
use std::ops::Range;
use std::os::unix::fs::FileExt;

use mooring_volume::pool::ItemKind;
use rustix::fs::{
    AtFlags, Mode, copy_file_range, fdatasync, fstat, fstatvfs, fsync, ftruncate, openat, unlinkat,
};
use rustix::io::Errno;

use super::disk::{FILE, Folders, Found, rename};
use super::extents;
use super::record::Moment;
use crate::PoolError;
use crate::lock::Reading;

/// Bytes between two looks at whether to go on.
const CHUNK: u64 = 8 << 20;
/// Bytes of the buffer, where the kernel does not copy by itself.
const BUFFER: usize = 1 << 20;
/// Bytes after which what was copied goes to the disk: a page cache full of it would make every
/// fsync of every volume wait.
const SYNC: u64 = 64 << 20;
/// Runs of data that are looked up at once.
const RUNS: usize = 256;

/// An image that is to be copied, open.
pub(super) enum Source {
    /// No node can attach it as long as this lives: a node wants the exclusive lock.
    Quiet(Reading),
    /// It is attached on this machine, and may be written.
    Attached(File),
}

impl Source {
    pub(super) fn file(&self) -> &File {
        match self {
            Self::Quiet(reading) => reading.file(),
            Self::Attached(file) => file,
        }
    }
}

impl Folders {
    /// Opens an image of which `size` bytes are recorded.
    pub(super) fn source(&self, name: &str, size: u64) -> Result<Source, PoolError> {
        match self.find(ItemKind::Image, name)? {
            Found::Image { length, .. } if length >= size => {}
            Found::Image { .. } | Found::Nothing | Found::Directory { .. } | Found::Other => {
                return Err(PoolError::Storage(format!(
                    "image {name:?} is not what is recorded, {size} bytes; restore it from a copy"
                )));
            }
        }
        match Reading::take(self.image(name)?) {
            Ok(reading) => Ok(Source::Quiet(reading)),
            Err(TryLockError::WouldBlock) => Ok(Source::Attached(self.image(name)?)),
            Err(TryLockError::Error(error)) => {
                Err(PoolError::io(format_args!("locking image {name:?}"), error))
            }
        }
    }

    /// Opens an image that is to be copied byte by byte. One that is attached is refused: copying
    /// takes as long as the image has bytes, and no file system may be frozen for that long.
    pub(super) fn copied(&self, name: &str, size: u64) -> Result<Reading, PoolError> {
        match self.source(name, size)? {
            Source::Quiet(reading) => Ok(reading),
            Source::Attached(_) => Err(PoolError::InUse(format!(
                "image {name:?} is attached on this machine, and its writes cannot be held back \
                 for as long as a copy takes; unstage the volume first, or use a pool on XFS or \
                 btrfs, where it can be cloned while it is written"
            ))),
        }
    }

    /// Refuses a copy that the file system has no room for, before it takes the room of others.
    pub(super) fn has_room(&self, bytes: u64) -> Result<(), PoolError> {
        let stat = fstatvfs(&self.work)
            .map_err(|error| PoolError::io("measuring the pool of a copy", error))?;
        let available = stat.f_bavail.saturating_mul(stat.f_frsize);
        if bytes > available {
            return Err(PoolError::NoSpace(format!(
                "the copy takes {bytes} bytes and the pool's file system has {available} left"
            )));
        }
        Ok(())
    }

    /// Makes the work file of a copy anew. None where the copy was whole already and has its name.
    pub(super) fn begin_copy(&self, name: &str, serial: u64) -> Result<Option<File>, PoolError> {
        let failed = self.failed("copying", name);
        let work = self.work_name(serial);
        if self.in_work(&work).map_err(&failed)? {
            // Nobody knows how much of it had reached the disk.
            unlinkat(&self.work, &work, AtFlags::empty()).map_err(&failed)?;
        } else if matches!(self.find(ItemKind::Image, name)?, Found::Image { .. }) {
            // Nobody knows either whether the name had.
            self.sync_names().map_err(&failed)?;
            return Ok(None);
        }
        let flags = FILE.union(rustix::fs::OFlags::CREATE).union(rustix::fs::OFlags::EXCL);
        let file = openat(&self.work, &work, flags, Mode::RUSR | Mode::WUSR).map_err(&failed)?;
        Ok(Some(File::from(file)))
    }

    /// Gives a copy that is whole, and on stable storage, its name.
    pub(super) fn name_copy(&self, name: &str, serial: u64) -> Result<(), PoolError> {
        let failed = self.failed("naming the copy", name);
        rename(&self.work, &self.work_name(serial), &self.images, name).map_err(&failed)?;
        self.sync_names().map_err(&failed)
    }

    fn sync_names(&self) -> Result<(), Errno> {
        fsync(&self.images)?;
        fsync(&self.work)
    }

    /// Removes what there is of a copy that is given up: its work file, or, where it had got its name
    /// and that did not reach the disk, the file of that name. Only while its record says that it is
    /// being copied.
    pub(super) fn drop_copy(&self, name: &str, serial: u64) -> Result<(), PoolError> {
        let failed = self.failed("removing the copy", name);
        let work = self.work_name(serial);
        let begun = self.in_work(&work).map_err(&failed)?;
        if !begun && matches!(self.find(ItemKind::Image, name)?, Found::Image { .. }) {
            rename(&self.images, name, &self.work, &work).map_err(&failed)?;
        }
        match unlinkat(&self.work, &work, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

/// When a file was last changed.
pub(super) fn moment(file: &File) -> Result<Moment, PoolError> {
    let stat = fstat(file).map_err(|error| PoolError::io("looking at an image", error))?;
    Ok(Moment(stat.st_ctime, stat.st_ctime_nsec))
}

/// Bytes of data within a range: those that are to be copied.
pub(super) fn bytes(file: &File, range: Range<u64>) -> Result<u64, PoolError> {
    let (mut bytes, mut position) = (0_u64, range.start);
    loop {
        let runs = extents::of(file, position..range.end, RUNS)?;
        let Some(last) = runs.last() else { return Ok(bytes) };
        position = last.offset.saturating_add(last.length);
        bytes = runs.iter().fold(bytes, |bytes, run| bytes.saturating_add(run.length));
    }
}

/// Copies the first `size` bytes, to stable storage. `go_on` is told of the bytes that were copied
/// since the last time; where it answers false, the answer is false and the copy is of no use.
pub(super) fn transfer(
    from: &File,
    to: &File,
    size: u64,
    mut go_on: impl FnMut(u64) -> bool,
) -> Result<bool, PoolError> {
    let failed = |error: Errno| PoolError::io("copying an image", error);
    ftruncate(to, size).map_err(failed)?;
    let (mut position, mut unsynced) = (0, 0);
    let mut way = Way::Kernel;
    loop {
        let runs = extents::of(from, position..size, RUNS)?;
        for run in &runs {
            position = run.offset;
            let end = run.offset.saturating_add(run.length);
            while position < end {
                let copied = way.copy(from, to, position, (end - position).min(CHUNK))?;
                position = position.saturating_add(copied);
                unsynced += copied;
                if unsynced >= SYNC {
                    fdatasync(to).map_err(failed)?;
                    unsynced = 0;
                }
                if !go_on(copied) {
                    return Ok(false);
                }
            }
        }
        if runs.is_empty() {
            fsync(to).map_err(failed)?;
            return Ok(true);
        }
    }
}

/// How bytes go from file to file.
enum Way {
    /// The kernel does it, without a copy where it can.
    Kernel,
    Buffer(Vec<u8>),
}

impl Way {
    /// Copies at most `length` bytes; answers how many, at least one.
    fn copy(&mut self, from: &File, to: &File, offset: u64, length: u64) -> Result<u64, PoolError> {
        let length = usize::try_from(length).unwrap_or(BUFFER);
        let copied = loop {
            match self {
                Self::Kernel => {
                    let (mut read, mut written) = (offset, offset);
                    let (read, written) = (Some(&mut read), Some(&mut written));
                    match copy_file_range(from, read, to, written, length) {
                        Ok(copied) => break copied,
                        Err(Errno::INTR) => {}
                        // What kernels and file systems answer that do not do it.
                        Err(Errno::NOSYS | Errno::OPNOTSUPP | Errno::XDEV | Errno::INVAL) => {
                            *self = Self::Buffer(vec![0; BUFFER]);
                        }
                        Err(error) => return Err(PoolError::io("copying an image", error)),
                    }
                }
                Self::Buffer(buffer) => {
                    let failed = |error| PoolError::io("copying an image", error);
                    let some = length.min(buffer.len());
                    let read = match buffer.get_mut(..some) {
                        Some(part) => from.read_at(part, offset).map_err(failed)?,
                        None => 0,
                    };
                    let part = buffer.get(..read).unwrap_or_default();
                    to.write_all_at(part, offset).map_err(failed)?;
                    break read;
                }
            }
        };
        if copied == 0 {
            let reason = format!("the image that is copied ends at {offset}, before its data does");
            return Err(PoolError::Storage(reason));
        }
        Ok(crate::key::bytes(copied))
    }
}

#[cfg(test)]
mod tests;
