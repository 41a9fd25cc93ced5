//! A driver's state on its way from one schema to the next: what is written while a component
//! migrates lies beside the state, and becomes it in one step, together with the number of the
//! schema. A migration that fails, or is cut off by a crash, has changed nothing.
//!
//! Reads see what was written. Nobody else writes the driver's state meanwhile: the host lets
//! running calls end before it migrates, and holds new ones back.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::Draft;
use crate::key::{self, Key};
use crate::state::{Entry, check_key, check_value, cost, split};
use crate::{Scoped, StateError, StorageError};

/// Bytes of keys and values that one migration may write: what it writes is in memory until it
/// ends. As much as the default quota.
const HEAVIEST: u64 = 64 << 20;

/// The writes of a migration that has not ended. Dropping it drops them.
pub struct Migration {
    scoped: Arc<Scoped>,
    written: Mutex<Written>,
}

/// What was written, by key; none: removed.
#[derive(Default)]
struct Written {
    changes: BTreeMap<String, Option<(u64, Vec<u8>)>>,
    bytes: u64,
}

impl Scoped {
    /// The schema that the driver's state has: as the last migration left it, or 0.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn schema(&self) -> Result<u32, StorageError> {
        let Some(row) = self.store.engine.get(&Key::Schema.of(&self.driver.name))? else {
            return Ok(0);
        };
        let number = row.as_ref().try_into().map_err(|_| key::damaged(&row))?;
        Ok(u32::from_le_bytes(number))
    }

    /// Begins a migration. No call may write the driver's state until it has ended.
    #[must_use]
    pub fn migration(self: &Arc<Self>) -> Migration {
        Migration { scoped: Arc::clone(self), written: Mutex::default() }
    }
}

impl Migration {
    /// As [`Scoped::get`].
    ///
    /// # Errors
    /// As there.
    pub fn get(&self, key: &str) -> Result<Option<Entry>, StateError> {
        check_key(key)?;
        match self.written().changes.get(key) {
            Some(change) => Ok(change.as_ref().map(|change| entry(key, change))),
            None => self.scoped.get(key),
        }
    }

    /// As [`Scoped::insert`].
    ///
    /// # Errors
    /// As there.
    pub fn insert(&self, key: &str, value: &[u8]) -> Result<u64, StateError> {
        self.put(key, value, None)
    }

    /// As [`Scoped::replace`].
    ///
    /// # Errors
    /// As there.
    pub fn replace(&self, key: &str, value: &[u8], version: u64) -> Result<u64, StateError> {
        self.put(key, value, Some(version))
    }

    /// As [`Scoped::remove`].
    ///
    /// # Errors
    /// As there.
    pub fn remove(&self, key: &str, version: u64) -> Result<(), StateError> {
        if self.get(key)?.is_none_or(|found| found.version != version) {
            return Err(StateError::Conflict);
        }
        self.written().change(key, None)
    }

    /// As [`Scoped::scan`].
    ///
    /// # Errors
    /// As there.
    pub fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Entry>, StateError> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut after = after.map(str::to_owned);
        loop {
            let stored = self.scoped.scan(prefix, after.as_deref(), limit)?;
            // What was written behind the last of a page belongs to a later one.
            let last = stored.last().map(|entry| entry.key.clone());
            let mut page: BTreeMap<String, Entry> =
                stored.into_iter().map(|entry| (entry.key.clone(), entry)).collect();
            for (key, change) in &self.written().changes {
                let within = key.starts_with(prefix)
                    && after.as_deref().is_none_or(|after| key.as_str() > after)
                    && last.as_ref().is_none_or(|last| key <= last);
                match change {
                    Some(change) if within => {
                        page.insert(key.clone(), entry(key, change));
                    }
                    None if within => {
                        page.remove(key);
                    }
                    Some(_) | None => {}
                }
            }
            // An empty page is the end, so one whose entries were all removed is passed over.
            if page.is_empty() && last.is_some() {
                after = last;
                continue;
            }
            return Ok(page.into_values().take(most).collect());
        }
    }

    /// Makes what was written the driver's state, of this schema. It is on stable storage when
    /// this answers.
    ///
    /// # Errors
    /// `Quota`, `Storage`. Nothing is changed then.
    pub async fn commit(self, schema: u32) -> Result<(), StateError> {
        let Self { scoped, written } = self;
        let changes = written.into_inner().unwrap_or_else(PoisonError::into_inner).changes;
        scoped.write(|draft| apply(&scoped, draft, changes, schema))?;
        Ok(scoped.barrier().await?)
    }

    fn put(&self, key: &str, value: &[u8], version: Option<u64>) -> Result<u64, StateError> {
        check_value(key, value)?;
        if self.get(key)?.map(|found| found.version) != version {
            return Err(StateError::Conflict);
        }
        // Only drawn: nothing is written here.
        let serial = self.scoped.write(|draft| Ok::<_, StateError>(draft.serial()))?;
        self.written().change(key, Some((serial, value.to_vec())))?;
        Ok(serial)
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Written {
    fn change(&mut self, key: &str, change: Option<(u64, Vec<u8>)>) -> Result<(), StateError> {
        let weight = |change: &Option<(u64, Vec<u8>)>| {
            cost(key, change.as_ref().map_or(&[], |(_, value)| value.as_slice()))
        };
        let former = self.changes.get(key).map_or(0, weight);
        let bytes = self.bytes.saturating_sub(former).saturating_add(weight(&change));
        if bytes > HEAVIEST {
            return Err(StateError::Quota(format!(
                "a migration may write {HEAVIEST} bytes, and would write {bytes}"
            )));
        }
        self.bytes = bytes;
        self.changes.insert(key.to_owned(), change);
        Ok(())
    }
}

fn apply(
    scoped: &Scoped,
    draft: &mut Draft<'_>,
    changes: BTreeMap<String, Option<(u64, Vec<u8>)>>,
    schema: u32,
) -> Result<(), StateError> {
    let (mut more, mut freed) = (0_u64, 0_u64);
    for (key, change) in changes {
        let row_key = scoped.state_key(&key)?;
        if let Some(former) = draft.get(&row_key)? {
            freed = freed.saturating_add(cost(&key, split(&former)?.1));
        }
        match change {
            Some((version, value)) => {
                more = more.saturating_add(cost(&key, &value));
                draft.put(row_key, [&version.to_le_bytes(), value.as_slice()].concat());
            }
            None => draft.remove(row_key),
        }
    }
    draft.put(Key::Schema.of(&scoped.driver.name), schema.to_le_bytes().to_vec());
    scoped.charge(more, freed).map_err(StateError::Quota)?;
    // The migration's bytes are waited for at once: they need not count as outstanding.
    scoped.driver.unsynced.store(0, Ordering::Relaxed);
    Ok(())
}

fn entry(key: &str, (version, value): &(u64, Vec<u8>)) -> Entry {
    Entry { key: key.to_owned(), value: value.clone(), version: *version }
}

#[cfg(test)]
mod tests;
