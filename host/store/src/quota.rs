//! What a driver may write: its quota, and how much of it may be in memory alone.

use std::sync::atomic::Ordering;

use crate::engine::{Draft, Engine};
use crate::{Driver, ENTRY_COST, Scoped, StorageError, UNSYNCED};

impl Driver {
    /// Writes as one step, and notes what the next [`Scoped::barrier`] has to wait for.
    pub(crate) fn write<T, E: From<StorageError>>(
        &self,
        engine: &Engine,
        change: impl FnOnce(&mut Draft<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        engine.update(|draft| {
            let answer = change(draft)?;
            let bytes = draft.bytes();
            if bytes > 0 {
                // Noted before the lock goes, so that whoever sees the write also waits for it.
                self.written.store(draft.generation(), Ordering::Release);
                self.unsynced.fetch_add(bytes, Ordering::Relaxed);
            }
            Ok(answer)
        })
    }

    /// Gives bytes of the quota back; as [`Scoped::charge`].
    pub(crate) fn credit(&self, freed: u64) {
        let used = self.used.load(Ordering::Relaxed);
        self.used.store(used.saturating_sub(freed), Ordering::Relaxed);
    }
}

impl Scoped {
    /// [`Driver::write`].
    pub(crate) fn write<T, E: From<StorageError>>(
        &self,
        change: impl FnOnce(&mut Draft<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.driver.write(&self.store.engine, change)
    }

    /// Waits for the disk where this driver has too much outstanding, so that a driver that
    /// floods the store waits, and it alone.
    pub(crate) async fn room(&self) -> Result<(), StorageError> {
        if self.driver.unsynced.load(Ordering::Relaxed) < UNSYNCED {
            return Ok(());
        }
        self.driver.unsynced.store(0, Ordering::Relaxed);
        self.barrier().await
    }

    /// Takes `more` bytes of the quota and gives `freed` back. Only within [`Scoped::write`], as
    /// the last step that can fail: the engine's lock keeps others from counting meanwhile.
    pub(crate) fn charge(&self, more: u64, freed: u64) -> Result<(), String> {
        let used = self.driver.used.load(Ordering::Relaxed);
        let after = used.saturating_sub(freed).saturating_add(more);
        if more > freed && after > self.quota {
            return Err(format!(
                "driver {} uses {used} bytes of its quota of {}, and {} more are wanted (an entry \
                 counts {ENTRY_COST} bytes beside its key and value)",
                self.driver.name,
                self.quota,
                more - freed
            ));
        }
        self.driver.used.store(after, Ordering::Relaxed);
        Ok(())
    }

    /// [`Driver::credit`].
    pub(crate) fn credit(&self, freed: u64) {
        self.driver.credit(freed);
    }
}
