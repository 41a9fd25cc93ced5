//! Counts by name, for whoever watches.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How often each thing happened since the start. The names come from closed sets.
#[derive(Debug)]
pub(crate) struct Tally<K>(Mutex<BTreeMap<K, u64>>);

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord + Clone> Tally<K> {
    /// It happened once more.
    pub(crate) fn count(&self, what: K) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default() += 1;
    }

    /// All so far.
    pub(crate) fn counts(&self) -> BTreeMap<K, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
