//! Cloning by shared blocks.

use std::path::Path;

use mooring_volume::pool::{ItemKind, item_path};

use super::disk::Shared;
use super::grant::{Held, Named, blocking};
use super::record::{self, Record, State};
use super::{CopyState, Extent};
use crate::{PoolError, Scoped};

impl Scoped {
    /// Copies an image by sharing its blocks. Repeating it once it was done is OK, and reads the
    /// source no more.
    ///
    /// # Errors
    /// `Unsupported` without reflink, `NotFound` for the source, `Exists` where `name` is no
    /// clone of `source`, `Invalid`, `NoSpace`, `Denied`, `Storage`.
    pub async fn clone_image(&self, pool: &str, source: &str, name: &str) -> Result<(), PoolError> {
        let from = self.named(pool, source)?;
        let item = self.named(pool, name)?;
        if source == name {
            return Err(PoolError::Invalid(format!("image {name:?} cannot be its own clone")));
        }
        self.room().await?;
        // Always in the order of the names, so that two clones never wait for each other.
        let (first, second) = if source < name { (&from, &item) } else { (&item, &from) };
        let held = (self.hold(first).await, self.hold(second).await);
        let record = match self.record(&item)? {
            Some(found) if found.origin.as_deref() != Some(source) => {
                return Err(PoolError::Exists);
            }
            Some(found) if found.state != State::Cloning => return Ok(()),
            found => found,
        };
        let origin = self.image(&from)?;
        match (record, origin.state) {
            (None, State::Promised | State::Making) => self.clone_zeros(&item, source, &origin),
            (record, _) => self.share(held, &from, &item, record, &origin).await,
        }
    }

    /// A source without a file reads as zeros, and so does its clone.
    fn clone_zeros(&self, item: &Named, source: &str, origin: &Record) -> Result<(), PoolError> {
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
    async fn begin(
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

    /// Not served yet: always `Unsupported`.
    ///
    /// # Errors
    /// `Unsupported`; `Denied` and `Invalid` come first.
    pub async fn copy_image(
        &self,
        pool: &str,
        source: &str,
        name: &str,
    ) -> Result<CopyState, PoolError> {
        self.named(pool, source)?;
        self.named(pool, name)?;
        Err(PoolError::Unsupported(
            "copying an image in the background is not served by this version of the host; \
             clone-image is, in a pool on a file system with reflink (XFS, btrfs)"
                .to_owned(),
        ))
    }

    /// Not served yet: always `Unsupported`.
    ///
    /// # Errors
    /// `Unsupported`; `Denied` and `Invalid` come first.
    pub async fn changed_extents(
        &self,
        pool: &str,
        base: &str,
        image: &str,
        _offset: u64,
        _limit: u32,
    ) -> Result<Vec<Extent>, PoolError> {
        self.named(pool, base)?;
        self.named(pool, image)?;
        Err(PoolError::Unsupported(
            "comparing two images is not served by this version of the host; allocated-extents \
             of the newer one holds all that changed, and more"
                .to_owned(),
        ))
    }
}

fn unsupported(pool: &Path) -> PoolError {
    PoolError::Unsupported(format!(
        "the file system of {} cannot share blocks between files; a pool on XFS (reflink=1) or \
         btrfs can",
        pool.display()
    ))
}
