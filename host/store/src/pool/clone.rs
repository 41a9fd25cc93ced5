//! Cloning by shared blocks.

use std::path::Path;

use mooring_volume::pool::{ItemKind, item_path};

use super::disk::Shared;
use super::grant::{Held, Named, blocking};
use super::group::being_copied;
use super::record::{self, Record, State};
use crate::{PoolError, Scoped};

impl Scoped {
    /// Copies an image by sharing its blocks, in constant time, also while it is attached and
    /// written: the clone has the size of the source, and [`Self::grow_image`] makes it longer.
    /// Repeating it once it was done is OK, and reads the source no more.
    ///
    /// Why the clone of an image under a loop device is that of one moment: FICLONE is atomic
    /// towards writes (ioctl_ficlone(2): "no locks need to be taken to obtain a consistent cloned
    /// copy"). The kernel takes the inode's lock, waits for direct I/O that is under way and
    /// writes the page cache of the source out before it shares the extents
    /// (`generic_remap_file_range_prep` in fs/remap_range.c, `xfs_reflink_remap_prep`,
    /// `btrfs_remap_file_range`), and every write of the loop device is a write to that file. So
    /// the clone has each write that had been answered, and of those under way, whatever a power
    /// cut at that moment would have left: that is what file systems in the image are made for.
    ///
    /// # Errors
    /// `Unsupported` without reflink, or where `name` is being copied; `NotFound` for the source,
    /// `Exists` where `name` is no clone of `source`; `Invalid`, `NoSpace`, `Denied`, `Storage`.
    pub async fn clone_image(&self, pool: &str, source: &str, name: &str) -> Result<(), PoolError> {
        let from = self.named(pool, source)?;
        let item = self.named(pool, name)?;
        if source == name {
            return Err(PoolError::Invalid(format!("image {name:?} cannot be its own clone")));
        }
        self.room().await?;
        let held = self.hold_both(&from, &item).await;
        let record = match self.record(&item)? {
            Some(found) if found.origin.as_deref() != Some(source) => {
                return Err(PoolError::Exists);
            }
            Some(found) if found.state != State::Cloning => return Ok(()),
            Some(_) if self.copying(&item)?.is_some() => return Err(being_copied(name)),
            Some(found) if self.discard_group_of(&item, &found)? => None,
            found => found,
        };
        let origin = self.image(&from)?;
        match (record, origin.state) {
            (None, State::Promised | State::Making) => self.clone_zeros(&item, source, &origin),
            (record, _) => self.share(held, &from, &item, record, &origin).await,
        }
    }

    /// Holds two items, always in the order of their names, so that no two calls wait for each
    /// other.
    pub(super) async fn hold_both(&self, one: &Named, other: &Named) -> (Held, Held) {
        let (first, second) = if one.name < other.name { (one, other) } else { (other, one) };
        (self.hold(first).await, self.hold(second).await)
    }

    /// A source without a file reads as zeros, and so does its clone.
    pub(super) fn clone_zeros(
        &self,
        item: &Named,
        source: &str,
        origin: &Record,
    ) -> Result<(), PoolError> {
        self.announce(item, source, origin.size, State::Promised).map(|_| ())
    }

    async fn share(
        &self,
        held: (Held, Held),
        from: &Named,
        item: &Named,
        record: Option<Record>,
        origin: &Record,
    ) -> Result<(), PoolError> {
        let (pool, probe) = (std::sync::Arc::clone(&item.pool), self.home(&item.pool));
        let (held, reflink) = blocking(held, move || pool.shares_blocks(&probe)).await?;
        if !reflink {
            return Err(unsupported(item.pool.path()));
        }
        let (held, record) = match record {
            Some(record) => (held, record),
            None => self.begin(held, from, item, origin).await?,
        };
        let (home, source, target) = (self.home(&item.pool), from.name.clone(), item.name.clone());
        let (serial, size) = (record.serial, record.size);
        let share = move || home.open()?.share_image(&source, &target, serial, size);
        let (held, shared) = blocking(held, share).await?;
        let outcome = match shared {
            Shared::Done => self.advance(item, &record, State::Present),
            Shared::Unsupported => {
                self.forget(item, &record)?;
                Err(unsupported(item.pool.path()))
            }
            Shared::Lost(reason) => {
                self.forget(item, &record)?;
                Err(PoolError::Storage(reason))
            }
        };
        drop(held);
        outcome
    }

    /// Makes room for the clone's file and announces it, on stable storage.
    pub(super) async fn begin(
        &self,
        held: (Held, Held),
        from: &Named,
        item: &Named,
        origin: &Record,
    ) -> Result<((Held, Held), Record), PoolError> {
        let path = item_path(item.pool.path(), &self.driver.name, ItemKind::Image, &item.name)
            .map_err(|error| PoolError::Invalid(error.message))?;
        let held = self.displace_former(held, item).await?;
        let held = self.vacant(held, item, ItemKind::Image, &path).await?;
        let record = self.announce(item, &from.name, origin.size, State::Cloning)?;
        self.barrier().await?;
        Ok((held, record))
    }

    fn announce(
        &self,
        item: &Named,
        source: &str,
        size: u64,
        state: State,
    ) -> Result<Record, PoolError> {
        self.write(|draft| {
            if record::read(draft, &item.key)?.is_some() {
                return Err(PoolError::Exists);
            }
            let serial = draft.serial();
            let (kind, origin) = (ItemKind::Image, Some(source.to_owned()));
            let record = Record { kind, state, size, serial, origin };
            let cost = record.cost(&item.pool.name, &item.name);
            self.charge(cost, 0).map_err(PoolError::NoSpace)?;
            draft.put(item.key.clone(), record.encode());
            Ok(record)
        })
    }

    /// Takes an announced clone back of which nothing is on the disk.
    fn forget(&self, item: &Named, record: &Record) -> Result<(), PoolError> {
        self.write(|draft| {
            self.credit(record.cost(&item.pool.name, &item.name));
            draft.remove(item.key.clone());
            Ok(())
        })
    }
}

pub(super) fn unsupported(pool: &Path) -> PoolError {
    PoolError::Unsupported(format!(
        "the file system of {} cannot share blocks between files; a pool on XFS (reflink=1) or \
         btrfs can",
        pool.display()
    ))
}
