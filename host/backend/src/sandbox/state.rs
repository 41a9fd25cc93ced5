//! `mooring:host/state` for guests: the driver's part of the store, or, while a component brings the
//! state to its schema, what will become it.

use std::sync::Arc;

use mooring_store::{Migration, Scoped, StateError};
use mooring_volume::Secrets;

use super::Sandbox;
use super::imports::NO_STORE;
use crate::bindings::mooring::host::state;

/// What a guest's reads and writes reach.
enum Reached {
    Own(Arc<Scoped>),
    Migrating(Arc<Migration>),
}

impl Sandbox {
    fn state(&self) -> Result<Reached, state::StateError> {
        match (&self.driver.migration, &self.driver.store) {
            (Some(migration), _) => Ok(Reached::Migrating(Arc::clone(migration))),
            (None, Some(store)) => Ok(Reached::Own(Arc::clone(store))),
            (None, None) => Err(state::StateError::Storage(NO_STORE.to_owned())),
        }
    }
}

impl Sandbox {
    /// What a call was trusted with is not for the disk. That catches a backend that keeps its request
    /// as it came; one that means to hide a secret could hide it from this.
    fn may_keep(&self, key: &str, value: &[u8]) -> Result<Reached, state::StateError> {
        let told =
            |secrets: &Secrets| secrets.is_told_by(value) || secrets.is_told_by(key.as_bytes());
        if self.log.secrets().is_some_and(told) {
            let reason = "it holds a secret of this call, and secrets are not kept on disk";
            return Err(state::StateError::Invalid(reason.to_owned()));
        }
        self.state()
    }
}

impl Sandbox {
    /// The keys that this call has claimed: none may be another's while the state is migrated.
    fn claim_of(&mut self, key: &str) -> Result<(), state::StateError> {
        match self.state()? {
            Reached::Own(store) => {
                let claims = self.claims.get_or_insert_with(|| store.claims());
                Ok(claims.claim(key)?)
            }
            Reached::Migrating(_) => Ok(()),
        }
    }
}

type State<T> = wasmtime::Result<Result<T, state::StateError>>;

impl state::Host for Sandbox {
    async fn claim(&mut self, key: String) -> State<()> {
        Ok(self.claim_of(&key))
    }

    async fn get(&mut self, key: String) -> State<Option<state::Entry>> {
        let entry = self.state().and_then(|reached| {
            Ok(match reached {
                Reached::Own(store) => store.get(&key)?,
                Reached::Migrating(migration) => migration.get(&key)?,
            })
        });
        Ok(entry.map(|entry| entry.map(Into::into)))
    }

    async fn insert(&mut self, key: String, value: Vec<u8>) -> State<u64> {
        Ok(match self.may_keep(&key, &value) {
            Ok(Reached::Own(store)) => store.insert(&key, &value).await.map_err(Into::into),
            Ok(Reached::Migrating(migration)) => migration.insert(&key, &value).map_err(Into::into),
            Err(error) => Err(error),
        })
    }

    async fn replace(&mut self, key: String, value: Vec<u8>, version: u64) -> State<u64> {
        Ok(match self.may_keep(&key, &value) {
            Ok(Reached::Own(store)) => {
                store.replace(&key, &value, version).await.map_err(Into::into)
            }
            Ok(Reached::Migrating(migration)) => {
                migration.replace(&key, &value, version).map_err(Into::into)
            }
            Err(error) => Err(error),
        })
    }

    async fn remove(&mut self, key: String, version: u64) -> State<()> {
        Ok(match self.state() {
            Ok(Reached::Own(store)) => store.remove(&key, version).await.map_err(Into::into),
            Ok(Reached::Migrating(migration)) => {
                migration.remove(&key, version).map_err(Into::into)
            }
            Err(error) => Err(error),
        })
    }

    async fn scan(
        &mut self,
        prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> State<Vec<state::Entry>> {
        let entries = self.state().and_then(|reached| {
            let after = after.as_deref();
            Ok(match reached {
                Reached::Own(store) => store.scan(&prefix, after, limit)?,
                Reached::Migrating(migration) => migration.scan(&prefix, after, limit)?,
            })
        });
        Ok(entries.map(|entries| entries.into_iter().map(Into::into).collect()))
    }
}

impl From<mooring_store::Entry> for state::Entry {
    fn from(entry: mooring_store::Entry) -> Self {
        let mooring_store::Entry { key, value, version } = entry;
        Self { key, value, version }
    }
}

impl From<StateError> for state::StateError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Conflict => Self::Conflict,
            StateError::Quota(text) => Self::Quota(text),
            StateError::Invalid(text) => Self::Invalid(text),
            StateError::Storage(error) => Self::Storage(error.to_string()),
        }
    }
}
