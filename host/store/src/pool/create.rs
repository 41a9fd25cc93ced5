//! Creating and growing: records mostly.

use std::sync::atomic::Ordering;

use mooring_volume::pool::ItemKind;

use super::grant::{Named, blocking};
use super::record::{self, Record, State};
use crate::{PoolError, Scoped};

/// Images are read and written by sectors of this size.
const SECTOR: u64 = 512;

impl Scoped {
    /// Records a sparse image of `size` bytes (a multiple of 512) that reads as zeros; its file
    /// is made by [`Self::materialise`]. Repeating it with the same size is OK.
    ///
    /// # Errors
    /// `Exists` for another size, kind or origin; `Invalid`; `NoSpace` where the driver's quota
    /// of records is used up; `Denied`; `Storage`.
    pub async fn create_image(&self, pool: &str, name: &str, size: u64) -> Result<(), PoolError> {
        let item = self.named(pool, name)?;
        self.check_size(&item, size).await?;
        self.promise(&item, ItemKind::Image, size).await
    }

    /// Records an empty directory, made by [`Self::materialise`]. An existing one is OK.
    ///
    /// # Errors
    /// `Exists` if the name is an image's; `NoSpace`, `Denied`, `Invalid`, `Storage`.
    pub async fn create_directory(&self, pool: &str, name: &str) -> Result<(), PoolError> {
        let item = self.named(pool, name)?;
        self.promise(&item, ItemKind::Directory, 0).await
    }

    /// Grows an image to `size` bytes, also while it is attached. The same size is OK.
    ///
    /// # Errors
    /// `Invalid` for a smaller size, `InUse` while it is being copied, `NotFound`, `NoSpace`,
    /// `Denied`, `Storage`.
    pub async fn grow_image(&self, pool: &str, name: &str, size: u64) -> Result<(), PoolError> {
        let item = self.named(pool, name)?;
        self.check_size(&item, size).await?;
        self.room().await?;
        let held = self.hold(&item).await;
        let record = self.image(&item)?;
        if size < record.size {
            return Err(PoolError::Invalid(format!(
                "image {name:?} has {} bytes; images do not shrink, and {size} are asked for",
                record.size
            )));
        }
        if size == record.size {
            return Ok(());
        }
        self.not_copied(&item)?;
        let mut held = held;
        if record.state == State::Present {
            // The file first: a file that is shorter than its record always means lost bytes.
            let home = self.home(&item.pool);
            let name = item.name.clone();
            let grow = move || home.open()?.grow_image(&name, record.size, size);
            (held, ()) = blocking(held, grow).await?;
        }
        let grown = self.write(|draft| {
            let record = record::read(draft, &item.key)?.ok_or(PoolError::NotFound)?;
            draft.put(item.key.clone(), Record { size, ..record }.encode());
            Ok(())
        });
        drop(held);
        grown
    }

    /// The record of an image that is there for its driver: not one whose cloning was cut short.
    pub(super) fn image(&self, item: &Named) -> Result<Record, PoolError> {
        self.record(item)?
            .filter(|record| record.kind == ItemKind::Image && record.state != State::Cloning)
            .ok_or(PoolError::NotFound)
    }

    async fn promise(&self, item: &Named, kind: ItemKind, size: u64) -> Result<(), PoolError> {
        self.room().await?;
        self.write(|draft| match record::read(draft, &item.key)? {
            Some(found) if found.kind == kind && found.size == size && found.origin.is_none() => {
                Ok(())
            }
            Some(_) => Err(PoolError::Exists),
            None => {
                let serial = draft.serial();
                let record = Record { kind, state: State::Promised, size, serial, origin: None };
                self.charge(record.cost(&item.pool.name, &item.name), 0)
                    .map_err(PoolError::NoSpace)?;
                draft.put(item.key.clone(), record.encode());
                Ok(())
            }
        })
    }

    /// Whether an image can have that size in that pool. Looks at the disk only for sizes beyond
    /// what the file system is known to take.
    async fn check_size(&self, item: &Named, size: u64) -> Result<(), PoolError> {
        if size == 0 || !size.is_multiple_of(SECTOR) {
            return Err(PoolError::Invalid(format!(
                "image {:?} cannot have {size} bytes: a multiple of {SECTOR}, and at least that, \
                 is wanted",
                item.name
            )));
        }
        if size <= item.pool.largest.load(Ordering::Relaxed) {
            return Ok(());
        }
        let pool = std::sync::Arc::clone(&item.pool);
        blocking((), move || pool.takes(size)).await?;
        item.pool.largest.fetch_max(size, Ordering::Relaxed);
        Ok(())
    }
}
