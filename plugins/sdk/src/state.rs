//! The driver's small durable key-value store. `wit/deps/host/host.wit` says what it promises;
//! [`crate::testing::Machine`] is its twin for tests.

use alloc::vec::Vec;

use crate::bindings::host::state as host;
use crate::error::{Error, Result};
use crate::host::Host;

pub use host::{Entry, StateError};

/// A key-value store with compare-and-swap. A call that dies may leave any prefix of its writes
/// behind: write first what the next attempt needs to know.
pub trait State {
    /// Keeps a key for this call until it ends; changes nothing that is stored.
    ///
    /// # Errors
    /// `Conflict` where another call has it; `Invalid` for a key that cannot be, or too many.
    fn claim(&self, key: &str) -> Result<(), StateError>;
    /// The entry under a key, if there is one.
    ///
    /// # Errors
    /// `Invalid` for a key that cannot be, `Storage` where the store cannot be read.
    fn get(&self, key: &str) -> Result<Option<Entry>, StateError>;
    /// Writes a key that does not exist yet; answers its version.
    ///
    /// # Errors
    /// `Conflict` where it does exist; `Quota`, `Invalid`, `Storage`.
    fn insert(&self, key: &str, value: &[u8]) -> Result<u64, StateError>;
    /// Writes a key that still has this version; answers the new version.
    ///
    /// # Errors
    /// `Conflict` where it has moved on or gone; `Quota`, `Invalid`, `Storage`.
    fn replace(&self, key: &str, value: &[u8], version: u64) -> Result<u64, StateError>;
    /// Removes a key that still has this version.
    ///
    /// # Errors
    /// `Conflict` where it has moved on or gone; `Invalid`, `Storage`.
    fn remove(&self, key: &str, version: u64) -> Result<(), StateError>;
    /// At most `limit` (1 to 1000) entries whose keys start with `prefix` and sort after `after`.
    ///
    /// # Errors
    /// `Invalid` for a prefix or limit that cannot be, `Storage`.
    fn scan(&self, prefix: &str, after: Option<&str>, limit: u32)
    -> Result<Vec<Entry>, StateError>;
}

impl State for Host {
    fn claim(&self, key: &str) -> Result<(), StateError> {
        host::claim(key)
    }

    fn get(&self, key: &str) -> Result<Option<Entry>, StateError> {
        host::get(key)
    }

    fn insert(&self, key: &str, value: &[u8]) -> Result<u64, StateError> {
        host::insert(key, value)
    }

    fn replace(&self, key: &str, value: &[u8], version: u64) -> Result<u64, StateError> {
        host::replace(key, value, version)
    }

    fn remove(&self, key: &str, version: u64) -> Result<(), StateError> {
        host::remove(key, version)
    }

    fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Entry>, StateError> {
        host::scan(prefix, after, limit)
    }
}

impl From<StateError> for Error {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Conflict => Self::aborted(
                "what is stored of this changed during the call; the same request can be repeated",
            ),
            StateError::Quota(text) => Self::resource_exhausted(text),
            StateError::Invalid(text) => Self::internal(text),
            StateError::Storage(text) => Self::unavailable(text),
        }
    }
}
