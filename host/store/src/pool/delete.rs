//! Deleting: a record becomes a tombstone, and the reaper does the rest.

use std::sync::Arc;

use mooring_volume::pool::{ItemKind, item_path};

use super::disk::Found;
use super::grant::{Named, blocking};
use super::materialise::check;
use super::reaper::Job;
use super::record::{self, Record, State, Tombstone};
use crate::{PoolError, Scoped, StorageError};

impl Scoped {
    /// Deletes an image: it is gone for every later call; its file follows once that is on stable
    /// storage. An absent one is OK.
    ///
    /// # Errors
    /// `InUse` while it is attached on this machine, or being copied; `Exists` if the name is a directory's;
    /// `Denied`, `Invalid`, `Storage`.
    pub async fn delete_image(&self, pool: &str, name: &str) -> Result<(), PoolError> {
        self.delete(pool, name, ItemKind::Image).await
    }

    /// Deletes a directory and what is in it, without following links or crossing mounts. It is
    /// gone for every later call; its content follows in the background. An absent one is OK.
    ///
    /// # Errors
    /// `Exists` if the name is an image's; `Denied`, `Invalid`, `Storage`.
    pub async fn delete_directory(&self, pool: &str, name: &str) -> Result<(), PoolError> {
        self.delete(pool, name, ItemKind::Directory).await
    }

    async fn delete(&self, pool: &str, name: &str, kind: ItemKind) -> Result<(), PoolError> {
        let item = self.named(pool, name)?;
        self.driver.copies.forget_failure(&item.key);
        self.room().await?;
        if self.withdraw(&item, kind)? {
            return Ok(());
        }
        let held = self.hold(&item).await;
        // Again, now that nobody else makes or removes its file.
        if self.withdraw(&item, kind)? {
            return Ok(());
        }
        let Some(record) = self.record(&item)? else { return Ok(()) };
        self.not_copied(&item)?;
        let path = item_path(item.pool.path(), &self.driver.name, kind, name)
            .map_err(|error| PoolError::Invalid(error.message))?;
        let (home, file) = (self.home(&item.pool), item.name.clone());
        let look = move || match kind {
            ItemKind::Image => home.open()?.lock_image(&file),
            ItemKind::Directory => Ok((home.open()?.find(kind, &file)?, None)),
        };
        let (held, (found, lock)) = blocking(held, look).await?;
        if matches!(found, Found::Other) {
            // Not what we made: neither the record nor whatever is there goes.
            check(&found, &record, &path).map_err(PoolError::Storage)?;
        }
        let generation = self.entomb(&item, &record)?;
        drop(held);
        self.store.reaper.send(Job {
            driver: Arc::clone(&self.driver),
            pool: Arc::clone(&item.pool),
            stone: tombstone(&item, &record),
            generation,
            lock,
        });
        Ok(())
    }

    /// Deletes what has no file. Answers false where there is one to be seen to.
    fn withdraw(&self, item: &Named, kind: ItemKind) -> Result<bool, PoolError> {
        self.write(|draft| match record::read(draft, &item.key)? {
            None => Ok(true),
            Some(record) if record.kind != kind => Err(PoolError::Exists),
            Some(record) if record.state == State::Promised => {
                self.credit(record.cost(&item.pool.name, &item.name));
                draft.remove(item.key.clone());
                Ok(true)
            }
            Some(_) => Ok(false),
        })
    }

    /// Puts a tombstone in the record's place; answers the generation of that.
    pub(super) fn entomb(&self, item: &Named, record: &Record) -> Result<u64, PoolError> {
        let stone = tombstone(item, record);
        self.write(|draft| {
            let now = record::read(draft, &item.key)?;
            if now.is_none_or(|now| now.serial != record.serial) {
                return Err(PoolError::NotFound);
            }
            self.credit(record.cost(&item.pool.name, &item.name));
            draft.remove(item.key.clone());
            self.end_copy(item, draft);
            draft.put(stone.key(&self.driver.name), stone.encode());
            Ok(draft.generation())
        })
    }

    /// Hands the deletions that an earlier process, or a failure, left behind to the reaper.
    pub(crate) fn take_up_deletions(&self) -> Result<(), StorageError> {
        for stone in record::tombstones(&self.store.engine, &self.driver.name, None)? {
            // One in a pool that is not granted now waits for the day when it is.
            if let Some(pool) = self.pools.get(&stone.pool) {
                self.store.reaper.send(Job {
                    driver: Arc::clone(&self.driver),
                    pool: Arc::clone(pool),
                    stone,
                    generation: 0,
                    lock: None,
                });
            }
        }
        Ok(())
    }
}

pub(super) fn tombstone(item: &Named, record: &Record) -> Tombstone {
    Tombstone {
        pool: item.pool.name.clone(),
        name: item.name.clone(),
        serial: record.serial,
        kind: record.kind,
        displaced: false,
    }
}
