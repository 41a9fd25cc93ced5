//! Copying byte by byte, in the background: for pools whose file system shares no blocks.

use std::sync::Arc;

use super::copier::Job;
use super::grant::{Held, Named, blocking};
use super::progress::Progress;
use super::record::{self, Copying, Record, State};
use super::{CopyState, transfer};
use crate::key::Key;
use crate::{PoolError, Scoped, StorageError};

impl Scoped {
    /// Starts a sparse copy of an image in the background, or tells how it stands. The copy is
    /// that of the moment of the call: until it is there, the source can neither be attached nor
    /// grown nor deleted, and a source that was written nevertheless makes it fail. A restart of
    /// the host starts it again. Deleting `name` ends it. A failure is told once; the call after
    /// that starts anew.
    ///
    /// # Errors
    /// `InUse` where the source is attached on this machine; `NotFound` for the source, `Exists`
    /// where `name` is no copy of `source`, `Invalid`, `NoSpace`, `Denied`, `Storage`.
    pub async fn copy_image(
        &self,
        pool: &str,
        source: &str,
        name: &str,
    ) -> Result<CopyState, PoolError> {
        let from = self.named(pool, source)?;
        let item = self.named(pool, name)?;
        if source == name {
            return Err(PoolError::Invalid(format!("image {name:?} cannot be its own copy")));
        }
        self.room().await?;
        let held = self.hold_both(&from, &item).await;
        let record = match self.record(&item)? {
            Some(found) if found.origin.as_deref() != Some(source) => {
                return Err(PoolError::Exists);
            }
            Some(found) if found.state != State::Cloning => return Ok(CopyState::Done),
            Some(found) if self.discard_group_of(&item, &found)? => None,
            found => found,
        };
        if let Some(state) = self.driver.copies.state(&item.key, source) {
            return Ok(state);
        }
        let origin = self.image(&from)?;
        match (&record, origin.state) {
            (None, State::Promised | State::Making) => {
                self.clone_zeros(&item, source, &origin)?;
                Ok(CopyState::Done)
            }
            _ => self.start_copy(held, &from, &item, record, &origin).await,
        }
    }

    async fn start_copy(
        &self,
        held: (Held, Held),
        from: &Named,
        item: &Named,
        record: Option<Record>,
        origin: &Record,
    ) -> Result<CopyState, PoolError> {
        let (home, source, size) = (self.home(&from.pool), from.name.clone(), origin.size);
        let look = move || {
            let folders = home.open()?;
            let source = folders.copied(&source, size)?;
            let bytes = transfer::bytes(source.file(), 0..size)?;
            folders.has_room(bytes)?;
            let moment = transfer::moment(source.file())?;
            Ok((source, bytes, moment))
        };
        let (held, (source, bytes, moment)) = blocking(held, look).await?;
        let (held, record) = match record {
            Some(record) => (held, record),
            None => self.begin(held, from, item, origin).await?,
        };
        let copying = match self.copying(item)? {
            Some(begun) => begun,
            None => self.note_copy(
                item,
                Copying { serial: record.serial, moment, source: from.name.clone() },
            )?,
        };
        self.barrier().await?;
        let progress = Progress::new(item, &from.name, bytes);
        self.copy(item, copying, &progress, Some(source));
        drop(held);
        Ok(progress.state())
    }

    fn note_copy(&self, item: &Named, copying: Copying) -> Result<Copying, PoolError> {
        self.write::<_, StorageError>(|draft| {
            draft.put(self.copy_key(item), copying.encode());
            Ok(())
        })?;
        Ok(copying)
    }

    fn copy(
        &self,
        item: &Named,
        copying: Copying,
        progress: &Arc<Progress>,
        source: Option<crate::lock::Reading>,
    ) {
        if self.driver.copies.begin(&item.key, progress) {
            self.store.copier.send(Job {
                driver: Arc::clone(&self.driver),
                home: self.home(&item.pool),
                item: item.clone(),
                row: self.copy_key(item),
                copying,
                progress: Arc::clone(progress),
                source,
            });
        }
    }

    fn copy_key(&self, item: &Named) -> Vec<u8> {
        Key::Copy.of_item(&self.driver.name, &item.pool.name, &item.name)
    }

    /// The copying to an item, if that is under way.
    pub(super) fn copying(&self, item: &Named) -> Result<Option<Copying>, PoolError> {
        let row = self.store.engine.get(&self.copy_key(item))?;
        Ok(row.map(|row| Copying::decode(&row)).transpose()?)
    }

    /// Ends the copying to an item that is being deleted; within the write that deletes it.
    pub(super) fn end_copy(&self, item: &Named, draft: &mut crate::engine::Draft<'_>) {
        draft.remove(self.copy_key(item));
        self.driver.copies.cancel(&item.key);
    }

    /// Refuses where an image is being copied. While the item is held, none begins.
    pub(super) fn not_copied(&self, item: &Named) -> Result<(), PoolError> {
        let copies = record::copies(&self.store.engine, &self.driver.name, Some(&item.pool.name))?;
        match copies.into_iter().find(|(_, _, copying)| copying.source == item.name) {
            None => Ok(()),
            Some((_, name, _)) => Err(PoolError::InUse(format!(
                "image {:?} is being copied to {name:?}; repeat this when the copy is there, or \
                 delete the copy first",
                item.name
            ))),
        }
    }

    /// Begins again what an earlier process was copying.
    pub(crate) fn take_up_copies(&self) -> Result<(), StorageError> {
        for (pool, name, copying) in record::copies(&self.store.engine, &self.driver.name, None)? {
            // One in a pool that is not granted now waits for the day when it is.
            if let Ok(item) = self.named(&pool, &name) {
                let progress = Progress::new(&item, &copying.source, 0);
                self.copy(&item, copying, &progress, None);
            }
        }
        Ok(())
    }
}
