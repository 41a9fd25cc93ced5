//! What a driver may write: its quota, and how much of it may be in memory alone.

use std::sync::atomic::Ordering;

use crate::engine::Draft;
use crate::{ENTRY_COST, Scoped, StorageError, UNSYNCED};

impl Scoped {
    /// Writes as one step, and notes what the next [`Scoped::barrier`] has to wait for.
    pub(crate) fn write<T, E: From<StorageError>>(
        &self,
        change: impl FnOnce(&mut Draft<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.store.engine.update(|draft| {
            let answer = change(draft)?;
            let bytes = draft.bytes();
            if bytes > 0 {
                // Noted before the lock goes, so that whoever sees the write also waits for it.
                self.driver.written.store(draft.generation(), Ordering::Release);
                self.driver.unsynced.fetch_add(bytes, Ordering::Relaxed);
            }
            Ok(answer)
        })
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

    /// Gives bytes of the quota back; as [`Self::charge`].
    pub(crate) fn credit(&self, freed: u64) {
        let used = self.driver.used.load(Ordering::Relaxed);
        self.driver.used.store(used.saturating_sub(freed), Ordering::Relaxed);
    }
}
