//! A twin of the host's services in memory, for a backend's unit tests: it behaves as
//! `wit/deps/host/host.wit` says, and can die between two effects as a real call can.
//!
//! ```
//! use mooring_sdk::state::State;
//! use mooring_sdk::testing::Machine;
//!
//! let machine = Machine::default();
//! machine.insert("volume/a", b"1").unwrap();
//! machine.stop_after(0); // from here on nothing takes effect, as if the call had been killed
//! assert!(machine.insert("volume/b", b"2").is_err());
//! machine.restart();
//! assert!(machine.get("volume/b").unwrap().is_none());
//! ```

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::clock::Clock;
use crate::config::Config;
use crate::state::{Entry, State, StateError};

mod controls;
mod images;

pub use images::BLOCK;
use images::Pool;

/// State and pools of one driver. Clones are the same machine.
#[derive(Debug, Clone, Default)]
pub struct Machine(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: RefCell<BTreeMap<String, (Vec<u8>, u64)>>,
    last_version: Cell<u64>,
    pools: RefCell<BTreeMap<String, Pool>>,
    /// Whether what is attached cannot be frozen.
    unfreezable: Cell<bool>,
    effects_left: Cell<Option<u64>>,
    calls: Cell<u64>,
    time: Cell<u64>,
    config: RefCell<Option<String>>,
    longest_scan: Cell<Option<u32>>,
    /// Keys that another call has claimed.
    claimed: RefCell<BTreeSet<String>>,
}

/// What a stopped machine says.
const STOPPED: &str = "stopped by the test";

impl Machine {
    /// A machine with one pool, `default`, of 1 TiB.
    #[must_use]
    pub fn with_pool() -> Self {
        let machine = Self::default();
        machine.grant("default", 1 << 40);
        machine
    }

    /// Sets the clock, in milliseconds since 1970. It stands still between two calls of this.
    pub fn set_time(&self, now: u64) {
        self.0.time.set(now);
    }

    /// Sets the driver's configuration, a JSON object.
    pub fn set_config(&self, json: &str) {
        self.0.config.replace(Some(json.to_owned()));
    }

    /// Lets a call that is still under way have a key, or end.
    pub fn set_claimed(&self, key: &str, claimed: bool) {
        let mut keys = self.0.claimed.borrow_mut();
        match claimed {
            true => keys.insert(key.to_owned()),
            false => keys.remove(key),
        };
    }

    /// Ends every scan after so many entries, as the host may do at any time.
    pub fn shorten_scans(&self, longest: u32) {
        self.0.longest_scan.set(Some(longest));
    }

    /// Lets so many more effects happen, then fails every call: a call that was killed.
    pub fn stop_after(&self, effects: u64) {
        self.0.effects_left.set(Some(effects));
    }

    /// Ends what [`stop_after`](Self::stop_after) began.
    pub fn restart(&self) {
        self.0.effects_left.set(None);
    }

    /// How many of the host's functions were called so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.0.calls.get()
    }

    /// The keys in the store.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.0.entries.borrow().keys().cloned().collect()
    }

    /// Counts a call, and whether it may go on.
    fn read(&self) -> Result<(), String> {
        self.0.calls.set(self.0.calls.get() + 1);
        match self.0.effects_left.get() {
            Some(0) => Err(STOPPED.to_owned()),
            _ => Ok(()),
        }
    }

    /// As `read`, for a call that has an effect.
    fn write(&self) -> Result<(), String> {
        self.read()?;
        self.0.effects_left.set(self.0.effects_left.get().map(|left| left.saturating_sub(1)));
        Ok(())
    }

    fn next_version(&self) -> u64 {
        self.0.last_version.set(self.0.last_version.get() + 1);
        self.0.last_version.get()
    }

    fn put(&self, key: &str, value: &[u8], expected: Option<u64>) -> Result<u64, StateError> {
        check_key(key)?;
        if value.len() > 64 << 10 {
            return Err(StateError::Invalid("the value is over 64 KiB".to_owned()));
        }
        let mut entries = self.0.entries.borrow_mut();
        if entries.get(key).map(|(_, version)| *version) != expected {
            return Err(StateError::Conflict);
        }
        self.write().map_err(StateError::Storage)?;
        let version = self.next_version();
        entries.insert(key.to_owned(), (value.to_vec(), version));
        Ok(version)
    }
}

fn check_key(key: &str) -> Result<(), StateError> {
    match key.len() {
        1..=512 => Ok(()),
        length => Err(StateError::Invalid(format!("a key of {length} bytes; 1 to 512 will do"))),
    }
}

impl Clock for Machine {
    fn now(&self) -> u64 {
        self.0.time.get()
    }
}

impl Config for Machine {
    fn json(&self) -> String {
        self.0.config.borrow().clone().unwrap_or_else(|| "{}".to_owned())
    }
}

impl State for Machine {
    /// A test's calls come one after another: what is another's, [`Machine::set_claimed`] says.
    fn claim(&self, key: &str) -> Result<(), StateError> {
        self.read().map_err(StateError::Storage)?;
        check_key(key)?;
        match self.0.claimed.borrow().contains(key) {
            true => Err(StateError::Conflict),
            false => Ok(()),
        }
    }

    fn get(&self, key: &str) -> Result<Option<Entry>, StateError> {
        self.read().map_err(StateError::Storage)?;
        check_key(key)?;
        Ok(self.0.entries.borrow().get(key).map(|(value, version)| Entry {
            key: key.to_owned(),
            value: value.clone(),
            version: *version,
        }))
    }

    fn insert(&self, key: &str, value: &[u8]) -> Result<u64, StateError> {
        self.put(key, value, None)
    }

    fn replace(&self, key: &str, value: &[u8], version: u64) -> Result<u64, StateError> {
        self.put(key, value, Some(version))
    }

    fn remove(&self, key: &str, version: u64) -> Result<(), StateError> {
        check_key(key)?;
        let mut entries = self.0.entries.borrow_mut();
        if entries.get(key).is_none_or(|(_, now)| *now != version) {
            return Err(StateError::Conflict);
        }
        self.write().map_err(StateError::Storage)?;
        entries.remove(key);
        Ok(())
    }

    fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Entry>, StateError> {
        self.read().map_err(StateError::Storage)?;
        if !(1..=1000).contains(&limit) {
            return Err(StateError::Invalid(format!("a limit of {limit}; 1 to 1000 will do")));
        }
        let entries = self.0.entries.borrow();
        let page = entries
            .iter()
            .filter(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| after.is_none_or(|after| key.as_str() > after))
            .take(self.0.longest_scan.get().unwrap_or(limit).min(limit) as usize)
            .map(|(key, (value, version))| Entry {
                key: key.clone(),
                value: value.clone(),
                version: *version,
            });
        Ok(page.collect())
    }
}
