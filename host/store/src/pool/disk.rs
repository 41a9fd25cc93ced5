//! A driver's folders in a pool, and what is done to files there. Everything is opened from the
//! pool's root downwards without following links or crossing mounts; nothing here knows records'
//! rows or waits for the store.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use mooring_volume::DriverName;
use mooring_volume::pool::ItemKind;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RenameFlags, ResolveFlags, fchmod, fsync, ftruncate,
    ioctl_ficlone, mkdirat, openat, openat2, renameat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;

use super::grant::Pool;
use super::record::Tombstone;
use super::{extents, tree};
use crate::PoolError;
use crate::lock::Exclusive;

/// Where a driver's folders are.
pub(super) struct Home {
    pub(super) pool: Arc<Pool>,
    pub(super) driver: DriverName,
    /// The store's id, which tells its work files from those of a store that was lost.
    pub(super) store: u64,
}

/// The folders, open.
pub(super) struct Folders {
    /// For messages.
    path: PathBuf,
    pub(super) images: OwnedFd,
    directories: OwnedFd,
    pub(super) work: OwnedFd,
    store: u64,
}

/// What lies under an item's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// A plain file.
    Image {
        length: u64,
        allocated: u64,
    },
    Directory {
        allocated: u64,
    },
    /// A link, a device, or a file where a directory should be, or the reverse.
    Other,
}

impl Found {
    /// Bytes that it takes on the disk.
    pub(super) fn allocated(self) -> u64 {
        match self {
            Self::Image { allocated, .. } | Self::Directory { allocated } => allocated,
            Self::Nothing | Self::Other => 0,
        }
    }
}

/// How sharing blocks went.
pub(super) enum Shared {
    Done,
    Unsupported,
    /// The source is not what its record says.
    Lost(String),
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
pub(super) const FILE: OFlags =
    OFlags::RDWR.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

impl Home {
    /// Opens the folders, and makes those that are missing, for their owner alone.
    pub(super) fn open(&self) -> Result<Folders, PoolError> {
        let path = self.pool.path().join(self.driver.as_str());
        let failed =
            |error: Errno| PoolError::io(format_args!("opening {}", path.display()), error);
        let home = make_folder(&self.pool.root()?, self.driver.as_str()).map_err(failed)?;
        Ok(Folders {
            images: make_folder(&home, ItemKind::Image.folder()).map_err(failed)?,
            directories: make_folder(&home, ItemKind::Directory.folder()).map_err(failed)?,
            work: make_folder(&home, "work").map_err(failed)?,
            store: self.store,
            path,
        })
    }
}

fn make_folder(parent: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    match open_beneath(parent, name) {
        Err(Errno::NOENT) => {
            match mkdirat(parent, name, Mode::RWXU) {
                Ok(()) => fsync(parent)?,
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
            open_beneath(parent, name)
        }
        opened => opened,
    }
}

/// Opens a directory of a directory: no link, no mount.
pub(super) fn open_beneath<N: rustix::path::Arg>(
    parent: &OwnedFd,
    name: N,
) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH
        | ResolveFlags::NO_SYMLINKS
        | ResolveFlags::NO_MAGICLINKS
        | ResolveFlags::NO_XDEV;
    openat2(parent, name, FOLDER, Mode::empty(), resolve)
}

impl Folders {
    fn folder(&self, kind: ItemKind) -> &OwnedFd {
        match kind {
            ItemKind::Image => &self.images,
            ItemKind::Directory => &self.directories,
        }
    }

    pub(super) fn failed(&self, doing: &str, name: &str) -> impl Fn(Errno) -> PoolError {
        let text = format!("{doing} item {name:?} in {}", self.path.display());
        move |error| PoolError::io(&text, error)
    }

    /// What lies under an item's name. A link is not followed.
    pub(super) fn find(&self, kind: ItemKind, name: &str) -> Result<Found, PoolError> {
        let stat = match statat(self.folder(kind), name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(Found::Nothing),
            stat => stat.map_err(self.failed("looking at", name))?,
        };
        let allocated = u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512);
        Ok(match (kind, FileType::from_raw_mode(stat.st_mode)) {
            (ItemKind::Image, FileType::RegularFile) => {
                Found::Image { length: u64::try_from(stat.st_size).unwrap_or(0), allocated }
            }
            (ItemKind::Directory, FileType::Directory) => Found::Directory { allocated },
            _ => Found::Other,
        })
    }

    /// Opens an image that was found.
    pub(super) fn image(&self, name: &str) -> Result<File, PoolError> {
        let file = openat(&self.images, name, FILE, Mode::empty());
        Ok(File::from(file.map_err(self.failed("opening", name))?))
    }

    /// Makes an image's file, on stable storage. What is there already is taken for an earlier
    /// attempt if it has no data; else the answer is false and nothing is changed.
    pub(super) fn make_image(&self, name: &str, size: u64) -> Result<bool, PoolError> {
        let failed = self.failed("making", name);
        let flags = FILE | OFlags::CREATE | OFlags::EXCL;
        let file = match openat(&self.images, name, flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => File::from(file),
            Err(Errno::EXIST) => match self.find(ItemKind::Image, name)? {
                Found::Image { length, allocated } => {
                    let file = self.image(name)?;
                    let data = allocated > 0 && !extents::of(&file, 0..length, 1)?.is_empty();
                    if data || length > size {
                        return Ok(false);
                    }
                    file
                }
                Found::Nothing | Found::Directory { .. } | Found::Other => return Ok(false),
            },
            Err(error) => return Err(failed(error)),
        };
        ftruncate(&file, size).map_err(&failed)?;
        fsync(&file).map_err(&failed)?;
        fsync(&self.images).map_err(&failed)?;
        Ok(true)
    }

    /// Makes a directory that everyone may write to: pods run under any uid, and what keeps others
    /// of the machine off is the driver's folder, which only its owner may enter. Not sticky, so
    /// that the owner can remove what pods leave at the top. As [`Self::make_image`] else.
    pub(super) fn make_directory(&self, name: &str) -> Result<bool, PoolError> {
        let failed = self.failed("making", name);
        let made = match mkdirat(&self.directories, name, Mode::RWXU) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(error) => return Err(failed(error)),
        };
        if !made && !matches!(self.find(ItemKind::Directory, name)?, Found::Directory { .. }) {
            return Ok(false);
        }
        let directory = open_beneath(&self.directories, name).map_err(&failed)?;
        if !made && !tree::is_empty(&directory).map_err(&failed)? {
            return Ok(false);
        }
        fchmod(&directory, Mode::RWXU | Mode::RWXG | Mode::RWXO).map_err(&failed)?;
        fsync(&directory).map_err(&failed)?;
        fsync(&self.directories).map_err(&failed)?;
        Ok(true)
    }

    /// Finds an image and keeps nodes from attaching it. A node holds the same kind of lock
    /// (flock) on the file for as long as its loop device is bound.
    pub(super) fn lock_image(&self, name: &str) -> Result<(Found, Option<Exclusive>), PoolError> {
        let found = self.find(ItemKind::Image, name)?;
        if !matches!(found, Found::Image { .. }) {
            return Ok((found, None));
        }
        match Exclusive::take_patiently(self.image(name)?) {
            Ok(lock) => Ok((found, Some(lock))),
            Err(std::fs::TryLockError::WouldBlock) => Err(PoolError::InUse(format!(
                "image {name:?} is attached on this machine; unstage the volume first"
            ))),
            Err(std::fs::TryLockError::Error(error)) => {
                Err(PoolError::io(format_args!("locking image {name:?}"), error))
            }
        }
    }

    /// Makes an image's file longer, on stable storage. `recorded` bytes must be there.
    pub(super) fn grow_image(&self, name: &str, recorded: u64, size: u64) -> Result<(), PoolError> {
        let failed = self.failed("growing", name);
        let length = match self.find(ItemKind::Image, name)? {
            Found::Image { length, .. } if length >= recorded => length,
            Found::Image { .. } | Found::Nothing | Found::Directory { .. } | Found::Other => {
                return Err(PoolError::Storage(format!(
                    "image {name:?} in {} is not what is recorded, {recorded} bytes; it is left \
                     as it is. Restore it from a copy",
                    self.path.display()
                )));
            }
        };
        let file = self.image(name)?;
        // Longer already: an earlier attempt got as far as this.
        if length < size {
            ftruncate(&file, size).map_err(&failed)?;
        }
        fsync(&file).map_err(&failed)
    }

    pub(super) fn work_name(&self, serial: u64) -> String {
        format!("{:016x}-{serial}", self.store)
    }

    pub(super) fn in_work(&self, name: &str) -> Result<bool, Errno> {
        match statat(&self.work, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes the name from a deleted item's file, on stable storage. Repeatable until a newer
    /// item of that name has a file.
    pub(super) fn displace(&self, stone: &Tombstone) -> Result<(), PoolError> {
        let failed = self.failed("deleting", &stone.name);
        let work = self.work_name(stone.serial);
        if !self.in_work(&work).map_err(&failed)? {
            match self.find(stone.kind, &stone.name)? {
                Found::Nothing => {}
                Found::Image { .. } | Found::Directory { .. } => {
                    let from = self.folder(stone.kind);
                    rename(from, &stone.name, &self.work, &work).map_err(&failed)?;
                }
                Found::Other => {
                    return Err(PoolError::Storage(format!(
                        "deleting {} {:?} in {}: something else has its name, and is left alone; \
                         move it away",
                        stone.kind,
                        stone.name,
                        self.path.display()
                    )));
                }
            }
        }
        fsync(self.folder(stone.kind)).map_err(&failed)?;
        fsync(&self.work).map_err(&failed)
    }

    /// Removes what a deleted item held, on stable storage.
    pub(super) fn remove_displaced(
        &self,
        stone: &Tombstone,
        stopping: &AtomicBool,
    ) -> Result<(), PoolError> {
        let failed = self.failed("removing what was in", &stone.name);
        let work = self.work_name(stone.serial);
        let removed = match stone.kind {
            ItemKind::Image => unlinkat(&self.work, &work, AtFlags::empty()),
            ItemKind::Directory => tree::remove(&self.work, &work, stopping),
        };
        match removed {
            Ok(()) | Err(Errno::NOENT) => fsync(&self.work).map_err(&failed),
            Err(error) => Err(failed(error)),
        }
    }

    /// Makes `target` share the blocks of `source`, on stable storage: first as a work file, which
    /// is renamed when it is whole.
    pub(super) fn share_image(
        &self,
        source: &str,
        target: &str,
        serial: u64,
        size: u64,
    ) -> Result<Shared, PoolError> {
        let failed = self.failed("cloning", source);
        let work = self.work_name(serial);
        let begun = self.in_work(&work).map_err(&failed)?;
        if begun {
            unlinkat(&self.work, &work, AtFlags::empty()).map_err(&failed)?;
        } else if matches!(self.find(ItemKind::Image, target)?, Found::Image { .. }) {
            // An earlier attempt, which was whole, got as far as the new name, if not to the disk.
            fsync(&self.images).map_err(&failed)?;
            return Ok(Shared::Done);
        }
        match self.find(ItemKind::Image, source)? {
            Found::Image { length, .. } if length >= size => {}
            Found::Image { .. } | Found::Nothing | Found::Directory { .. } | Found::Other => {
                return Ok(Shared::Lost(format!(
                    "image {source:?} in {} is not what is recorded, {size} bytes; restore it \
                     from a copy",
                    self.path.display()
                )));
            }
        }
        let from = self.image(source)?;
        let flags = FILE | OFlags::CREATE | OFlags::EXCL;
        let file = openat(&self.work, &work, flags, Mode::RUSR | Mode::WUSR).map_err(&failed)?;
        match ioctl_ficlone(&file, &from) {
            Ok(()) => {}
            Err(error) => {
                unlinkat(&self.work, &work, AtFlags::empty()).map_err(&failed)?;
                return if cannot_share(error) {
                    Ok(Shared::Unsupported)
                } else {
                    Err(failed(error))
                };
            }
        }
        fsync(&file).map_err(&failed)?;
        rename(&self.work, &work, &self.images, target).map_err(&failed)?;
        fsync(&self.images).map_err(&failed)?;
        fsync(&self.work).map_err(&failed)?;
        Ok(Shared::Done)
    }

    /// Runs of data in an image.
    pub(super) fn extents(
        &self,
        name: &str,
        range: std::ops::Range<u64>,
        limit: usize,
    ) -> Result<Vec<super::Extent>, PoolError> {
        extents::of(&self.image(name)?, range, limit)
    }

    /// Whether files here can share blocks, tried on two nameless files.
    pub(super) fn shares_blocks(&self) -> Result<bool, PoolError> {
        let probe = || -> Result<(), Errno> {
            let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
            let open = || openat(&self.work, ".", flags, Mode::RUSR | Mode::WUSR);
            let (from, to) = (open()?, open()?);
            rustix::io::write(&from, &[1; 4096])?;
            ioctl_ficlone(&to, &from)
        };
        match probe() {
            Ok(()) => Ok(true),
            // No nameless files here: then neither is there any sharing on Linux.
            Err(error) if cannot_share(error) || error == Errno::ISDIR => Ok(false),
            Err(error) => Err(self.failed("trying reflink for", "")(error)),
        }
    }
}

pub(super) fn cannot_share(error: Errno) -> bool {
    [Errno::OPNOTSUPP, Errno::XDEV, Errno::INVAL, Errno::NOTTY, Errno::NOSYS].contains(&error)
}

/// Renames over nothing.
pub(super) fn rename(from: &OwnedFd, name: &str, to: &OwnedFd, new: &str) -> Result<(), Errno> {
    match renameat_with(from, name, to, new, RenameFlags::NOREPLACE) {
        // Not known to every file system; the callers have looked, and nobody else has a reason
        // to write here.
        Err(Errno::INVAL | Errno::NOSYS) => match statat(to, new, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => renameat(from, name, to, new),
            Ok(_) => Err(Errno::EXIST),
            Err(error) => Err(error),
        },
        renamed => renamed,
    }
}
