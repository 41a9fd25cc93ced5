//! `mooring:host/state`: a driver's keys and values, with versions and a quota.

use mooring_volume::DriverName;

use crate::engine::Engine;
use crate::key::{self, Key};
use crate::{ENTRY_COST, Scoped, StateError, StorageError};

/// Source: `state-error.invalid` of the contract.
const LONGEST_KEY: usize = 512;
const LONGEST_VALUE: usize = 64 << 10;
/// Source: `state.scan` of the contract.
const LONGEST_PAGE: u32 = 1000;
/// Bytes of keys and values after which a page ends, whatever the limit: 1000 values of 64 KiB
/// would be more than the process shall have.
const HEAVIEST_PAGE: usize = 4 << 20;

/// A value and the version to hand to `replace` or `remove`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key, as the driver wrote it.
    pub key: String,
    /// The value.
    pub value: Vec<u8>,
    /// Never used twice, for whatever key, even where the key is removed and inserted anew.
    pub version: u64,
}

impl Scoped {
    /// The entry under a key, if there is one.
    ///
    /// # Errors
    /// `Invalid` for an empty key or one over 512 bytes, `Storage`.
    pub fn get(&self, key: &str) -> Result<Option<Entry>, StateError> {
        let row = self.store.engine.get(&self.state_key(key)?)?;
        Ok(row.map(|row| entry(key, &row)).transpose()?)
    }

    /// Writes a key that does not exist yet; answers its version.
    ///
    /// # Errors
    /// `Conflict` if it exists; `Invalid` for a key of 0 or more than 512 bytes or a value over
    /// 64 KiB; `Quota`; `Storage`.
    pub async fn insert(&self, key: &str, value: &[u8]) -> Result<u64, StateError> {
        self.put(key, value, None).await
    }

    /// Writes a key that still has this version; answers the new version.
    ///
    /// # Errors
    /// `Conflict` if it is gone or has moved on; else as [`Self::insert`].
    pub async fn replace(&self, key: &str, value: &[u8], version: u64) -> Result<u64, StateError> {
        self.put(key, value, Some(version)).await
    }

    /// Removes a key that still has this version.
    ///
    /// # Errors
    /// `Conflict` if it is gone or has moved on; `Invalid`; `Storage`.
    pub async fn remove(&self, key: &str, version: u64) -> Result<(), StateError> {
        let row_key = self.state_key(key)?;
        self.room().await?;
        self.write(|draft| {
            let row = draft.get(&row_key)?.ok_or(StateError::Conflict)?;
            let (found, value) = split(&row)?;
            if found != version {
                return Err(StateError::Conflict);
            }
            self.credit(cost(key, value));
            draft.remove(row_key);
            Ok(())
        })
    }

    /// At most `limit` (1 to 1000) entries whose keys start with `prefix` and sort, byte by byte,
    /// after `after`, in that order. The page ends early once it holds 4 MiB, and holds at least
    /// one entry where there is one: the end is an empty page.
    ///
    /// # Errors
    /// `Invalid` for a limit out of range; `Storage`.
    pub fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Entry>, StateError> {
        if !(1..=LONGEST_PAGE).contains(&limit) {
            return Err(StateError::Invalid(format!(
                "a scan's limit is {limit}; 1 to {LONGEST_PAGE} are allowed"
            )));
        }
        let scope = Key::State.of(&self.driver.name);
        let whole = |text: &str| [scope.as_slice(), text.as_bytes()].concat();
        let after = after.map(whole);
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let view = self.store.engine.view(&whole(prefix), after.as_deref(), most)?;
        let mut page = Page::default();
        view.visit(|key, row| page.add(key.get(scope.len()..).unwrap_or_default(), row))?;
        page.entries.into_iter().collect::<Result<_, _>>().map_err(StateError::from)
    }

    /// `version` is that of the entry to replace; none inserts.
    async fn put(&self, key: &str, value: &[u8], version: Option<u64>) -> Result<u64, StateError> {
        check_value(key, value)?;
        let row_key = self.state_key(key)?;
        self.room().await?;
        self.write(|draft| {
            let former = draft.get(&row_key)?;
            let former = former.as_deref().map(split).transpose()?;
            if former.map(|(version, _)| version) != version {
                return Err(StateError::Conflict);
            }
            let freed = former.map_or(0, |(_, value)| cost(key, value));
            self.charge(cost(key, value), freed).map_err(StateError::Quota)?;
            let version = draft.serial();
            draft.put(row_key, [&version.to_le_bytes(), value].concat());
            Ok(version)
        })
    }

    pub(crate) fn state_key(&self, key: &str) -> Result<Vec<u8>, StateError> {
        check_key(key)?;
        let mut whole = Key::State.of(&self.driver.name);
        whole.extend_from_slice(key.as_bytes());
        Ok(whole)
    }
}

/// Whether it can be a key.
pub(crate) fn check_key(key: &str) -> Result<(), StateError> {
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(StateError::Invalid(format!(
            "a key has {} bytes; 1 to {LONGEST_KEY} are allowed",
            key.len()
        )));
    }
    Ok(())
}

/// Whether it can be the value of a key.
pub(crate) fn check_value(key: &str, value: &[u8]) -> Result<(), StateError> {
    if value.len() > LONGEST_VALUE {
        return Err(StateError::Invalid(format!(
            "the value of key {key:?} has {} bytes; at most {LONGEST_VALUE} are allowed",
            value.len()
        )));
    }
    Ok(())
}

/// A page of a scan.
#[derive(Default)]
struct Page {
    entries: Vec<Result<Entry, StorageError>>,
    bytes: usize,
}

impl Page {
    /// Takes an entry; answers whether there is room for more.
    fn add(&mut self, key: &[u8], row: &[u8]) -> bool {
        self.bytes = self.bytes.saturating_add(key.len()).saturating_add(row.len());
        let text = std::str::from_utf8(key);
        self.entries.push(text.map_err(|_| key::damaged(key)).and_then(|key| entry(key, row)));
        self.bytes < HEAVIEST_PAGE
    }
}

fn entry(key: &str, row: &[u8]) -> Result<Entry, StorageError> {
    let (version, value) = split(row)?;
    Ok(Entry { key: key.to_owned(), value: value.to_owned(), version })
}

/// A row is the version (8 bytes, little-endian) and the value.
pub(crate) fn split(row: &[u8]) -> Result<(u64, &[u8]), StorageError> {
    let (version, value) = row.split_first_chunk().ok_or_else(|| key::damaged(row))?;
    Ok((u64::from_le_bytes(*version), value))
}

/// What an entry takes of the quota.
pub(crate) fn cost(key: &str, value: &[u8]) -> u64 {
    ENTRY_COST.saturating_add(key::bytes(key.len())).saturating_add(key::bytes(value.len()))
}

/// Bytes of the driver's entries, as the quota counts them.
pub(crate) fn bytes_used(engine: &Engine, driver: &DriverName) -> Result<u64, StorageError> {
    let scope = Key::State.of(driver);
    let mut used = 0_u64;
    engine.each(&scope, |key, row| {
        let key = key.len().saturating_sub(scope.len());
        let value = row.len().saturating_sub(size_of::<u64>());
        used = used.saturating_add(ENTRY_COST).saturating_add(key::bytes(key + value));
    })?;
    Ok(used)
}

#[cfg(test)]
mod tests;
