//! Keys that a call keeps to itself until it ends.
//!
//! A creation comes by a name and a deletion by an id, so the host's guards don't keep the two apart: only
//! the component knows that they mean one record. A creation that is repeated finds the record, and would
//! make anew what the deletion has just taken away and is about to forget.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};

use crate::state::check_key;
use crate::{Driver, Scoped, StateError};

/// Source: `state.claim` of the contract.
const MOST: usize = 256;

/// What one call has claimed; given back when this is dropped.
pub struct Claims {
    driver: Arc<Driver>,
    held: BTreeSet<String>,
}

impl Scoped {
    /// For one call; nothing is claimed yet. Claims of one driver meet, by whichever handle they were begun.
    #[must_use]
    pub fn claims(&self) -> Claims {
        Claims { driver: Arc::clone(&self.driver), held: BTreeSet::new() }
    }
}

impl Claims {
    /// Claims a key, whether it is in the store or not; claiming one's own again is OK.
    ///
    /// # Errors
    /// `Conflict` if another call has it; `Invalid` for what can be no key, and beyond 256 of them.
    pub fn claim(&mut self, key: &str) -> Result<(), StateError> {
        check_key(key)?;
        if self.held.contains(key) {
            return Ok(());
        }
        if self.held.len() == MOST {
            return Err(StateError::Invalid(format!("a call claims at most {MOST} keys")));
        }
        if !self.claimed().insert(key.to_owned()) {
            return Err(StateError::Conflict);
        }
        self.held.insert(key.to_owned());
        Ok(())
    }

    fn claimed(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.driver.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claims {
    fn drop(&mut self) {
        let mut claimed = self.claimed();
        for key in &self.held {
            claimed.remove(key);
        }
    }
}

#[cfg(test)]
mod tests;
