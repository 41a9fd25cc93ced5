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
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::pool::{CopyState, Item, Kind, PoolError, Pools, Usage};
use crate::state::{Entry, State, StateError};

/// State and pools of one driver. Clones are the same machine.
#[derive(Debug, Clone, Default)]
pub struct Machine(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: RefCell<BTreeMap<String, (Vec<u8>, u64)>>,
    last_version: Cell<u64>,
    pools: RefCell<BTreeMap<String, Pool>>,
    effects_left: Cell<Option<u64>>,
    calls: Cell<u64>,
}

#[derive(Debug)]
struct Pool {
    total: u64,
    available: u64,
    items: BTreeMap<String, Held>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Held {
    Image { size: u64, busy: bool },
    Directory,
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

    /// Grants a pool of `total` bytes, all free.
    pub fn grant(&self, pool: &str, total: u64) {
        let new = Pool { total, available: total, items: BTreeMap::new() };
        self.0.pools.borrow_mut().insert(pool.to_owned(), new);
    }

    /// Leaves a pool so many free bytes.
    pub fn set_available(&self, pool: &str, available: u64) {
        if let Some(pool) = self.0.pools.borrow_mut().get_mut(pool) {
            pool.available = available;
        }
    }

    /// Attaches an image on this machine, or detaches it.
    pub fn set_busy(&self, pool: &str, image: &str, attached: bool) {
        let mut pools = self.0.pools.borrow_mut();
        if let Some(Held::Image { busy, .. }) =
            pools.get_mut(pool).and_then(|pool| pool.items.get_mut(image))
        {
            *busy = attached;
        }
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

    /// The names in a pool, and the images' sizes.
    #[must_use]
    pub fn items(&self, pool: &str) -> Vec<(String, u64)> {
        let size = |held: &Held| match held {
            Held::Image { size, .. } => *size,
            Held::Directory => 0,
        };
        let pools = self.0.pools.borrow();
        pools.get(pool).map_or_else(Vec::new, |pool| {
            pool.items.iter().map(|(name, held)| (name.clone(), size(held))).collect()
        })
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

    fn in_pool<R>(
        &self,
        pool: &str,
        act: impl FnOnce(&mut Pool) -> Result<R, PoolError>,
    ) -> Result<R, PoolError> {
        let mut pools = self.0.pools.borrow_mut();
        let found = pools.get_mut(pool).ok_or_else(|| {
            PoolError::Denied(format!("pool {pool:?} is not granted; add it to grants.pools"))
        })?;
        act(found)
    }

    fn create(&self, pool: &str, name: &str, new: &Held) -> Result<(), PoolError> {
        check_item(name, new)?;
        self.in_pool(pool, |pool| match (pool.items.get(name), new) {
            (Some(Held::Image { size: old, .. }), Held::Image { size, .. }) if old == size => {
                Ok(())
            }
            (Some(Held::Directory), Held::Directory) => Ok(()),
            (Some(_), _) => Err(PoolError::Exists),
            (None, _) => {
                self.write().map_err(PoolError::Storage)?;
                pool.items.insert(name.to_owned(), new.clone());
                Ok(())
            }
        })
    }

    fn delete(&self, pool: &str, name: &str, image: bool) -> Result<(), PoolError> {
        self.in_pool(pool, |pool| match pool.items.get(name) {
            Some(Held::Image { busy: true, .. }) => {
                Err(PoolError::InUse(format!("image {name} is attached on this machine")))
            }
            Some(Held::Image { .. }) if image => self.drop_item(pool, name),
            Some(Held::Directory) if !image => self.drop_item(pool, name),
            Some(_) => Err(PoolError::Exists),
            None => Ok(()),
        })
    }

    fn drop_item(&self, pool: &mut Pool, name: &str) -> Result<(), PoolError> {
        self.write().map_err(PoolError::Storage)?;
        pool.items.remove(name);
        Ok(())
    }
}

fn check_key(key: &str) -> Result<(), StateError> {
    match key.len() {
        1..=512 => Ok(()),
        length => Err(StateError::Invalid(format!("a key of {length} bytes; 1 to 512 will do"))),
    }
}

fn check_item(name: &str, new: &Held) -> Result<(), PoolError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let fits = name.len() <= 128
        && name.bytes().next().is_some_and(plain)
        && name.bytes().all(|b| plain(b) || matches!(b, b'.' | b'_' | b'-'));
    let sized = match new {
        Held::Image { size, .. } => *size > 0 && size % 512 == 0,
        Held::Directory => true,
    };
    match fits && sized {
        true => Ok(()),
        false => Err(PoolError::Invalid(format!("{name:?} cannot be an item: {new:?}"))),
    }
}

impl State for Machine {
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
            .take(limit as usize)
            .map(|(key, (value, version))| Entry {
                key: key.clone(),
                value: value.clone(),
                version: *version,
            });
        Ok(page.collect())
    }
}

impl Pools for Machine {
    fn names(&self) -> Vec<String> {
        self.0.calls.set(self.0.calls.get() + 1);
        self.0.pools.borrow().keys().cloned().collect()
    }

    fn space(&self, pool: &str) -> Result<Usage, PoolError> {
        self.read().map_err(PoolError::Storage)?;
        self.in_pool(pool, |pool| {
            Ok(Usage { total: pool.total, available: pool.available, reflink: true })
        })
    }

    fn create_image(&self, pool: &str, name: &str, size: u64) -> Result<(), PoolError> {
        self.create(pool, name, &Held::Image { size, busy: false })
    }

    fn grow_image(&self, pool: &str, name: &str, size: u64) -> Result<(), PoolError> {
        self.in_pool(pool, |pool| {
            let Some(Held::Image { size: old, .. }) = pool.items.get_mut(name) else {
                return Err(PoolError::NotFound);
            };
            if size < *old {
                return Err(PoolError::Invalid(format!("{name} has {old} bytes already")));
            }
            self.write().map_err(PoolError::Storage)?;
            *old = size;
            Ok(())
        })
    }

    fn clone_image(&self, pool: &str, source: &str, name: &str) -> Result<(), PoolError> {
        let size =
            self.in_pool(pool, |pool| match (pool.items.get(name), pool.items.get(source)) {
                (Some(Held::Image { .. }), _) => Ok(None),
                (Some(Held::Directory), _) => Err(PoolError::Exists),
                (None, Some(Held::Image { size, .. })) => Ok(Some(*size)),
                (None, _) => Err(PoolError::NotFound),
            })?;
        size.map_or(Ok(()), |size| self.create_image(pool, name, size))
    }

    fn copy_image(&self, pool: &str, source: &str, name: &str) -> Result<CopyState, PoolError> {
        self.clone_image(pool, source, name).map(|()| CopyState::Done)
    }

    fn delete_image(&self, pool: &str, name: &str) -> Result<(), PoolError> {
        self.delete(pool, name, true)
    }

    fn create_directory(&self, pool: &str, name: &str) -> Result<(), PoolError> {
        self.create(pool, name, &Held::Directory)
    }

    fn delete_directory(&self, pool: &str, name: &str) -> Result<(), PoolError> {
        self.delete(pool, name, false)
    }

    fn item(&self, pool: &str, name: &str) -> Result<Option<Item>, PoolError> {
        self.read().map_err(PoolError::Storage)?;
        self.in_pool(pool, |pool| {
            Ok(pool.items.get(name).map(|held| {
                let (kind, size) = match held {
                    Held::Image { size, .. } => (Kind::Image, *size),
                    Held::Directory => (Kind::Directory, 0),
                };
                Item { name: name.to_owned(), kind, size, allocated: 0 }
            }))
        })
    }
}
