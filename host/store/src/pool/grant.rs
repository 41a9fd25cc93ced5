//! The granted pools, the checks that every operation begins with, and one lock an item.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use mooring_volume::policy::check_item_name;
use rustix::fs::{Mode, OFlags, fstatvfs, ftruncate, openat};
use rustix::io::Errno;
use tokio::sync::OwnedMutexGuard;

use super::Usage;
use super::disk::Home;
use super::patience::Patience;
use super::record::Record;
use crate::key::Key;
use crate::{PoolError, Scoped};

/// A pool that is granted to a driver.
pub(crate) struct Pool {
    /// Its key under `grants.pools`.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Whether its file system shares blocks, once that was tried.
    pub(super) reflink: OnceLock<bool>,
    /// The largest file that the file system is known to take.
    pub(super) largest: AtomicU64,
    /// How long its usage is waited for.
    pub(super) patience: Patience,
}

impl Pool {
    pub(crate) fn granted(pools: &BTreeMap<String, PathBuf>) -> BTreeMap<String, Arc<Self>> {
        let pool = |(name, path): (&String, &PathBuf)| {
            let pool = Self {
                name: name.clone(),
                path: path.clone(),
                reflink: OnceLock::new(),
                largest: AtomicU64::new(0),
                patience: Patience::default(),
            };
            (name.clone(), Arc::new(pool))
        };
        pools.iter().map(pool).collect()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The pool's root. The operator named it, so links on the way to it are the operator's.
    pub(super) fn root(&self) -> Result<OwnedFd, PoolError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(&self.path, flags, Mode::empty()).map_err(|error| {
            PoolError::io(
                format_args!("opening the root {} of pool {:?}", self.path.display(), self.name),
                error,
            )
        })
    }

    /// Space of the file system.
    pub(super) fn usage(&self, home: &Home) -> Result<Usage, PoolError> {
        let stat = fstatvfs(self.root()?).map_err(|error| {
            PoolError::io(format_args!("measuring pool {:?}", self.name), error)
        })?;
        Ok(Usage {
            total: stat.f_blocks.saturating_mul(stat.f_frsize),
            available: stat.f_bavail.saturating_mul(stat.f_frsize),
            reflink: self.shares_blocks(home)?,
        })
    }

    /// Whether files share blocks here; tried once.
    pub(super) fn shares_blocks(&self, home: &Home) -> Result<bool, PoolError> {
        if let Some(&known) = self.reflink.get() {
            return Ok(known);
        }
        let found = home.open()?.shares_blocks()?;
        Ok(*self.reflink.get_or_init(|| found))
    }

    /// Whether the file system takes a file of that size, tried on a nameless one.
    pub(super) fn takes(&self, size: u64) -> Result<(), PoolError> {
        let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
        let probe = match openat(self.root()?, ".", flags, Mode::RUSR | Mode::WUSR) {
            Ok(probe) => probe,
            // It has no nameless files: the making will tell.
            Err(Errno::OPNOTSUPP | Errno::ISDIR) => return Ok(()),
            Err(error) => {
                return Err(PoolError::io(format_args!("writing to pool {:?}", self.name), error));
            }
        };
        match ftruncate(&probe, size) {
            Ok(()) => Ok(()),
            Err(Errno::FBIG | Errno::INVAL) => Err(PoolError::Invalid(format!(
                "{size} bytes are more than the file system of pool {:?} takes in one file",
                self.name
            ))),
            Err(error) => {
                Err(PoolError::io(format_args!("trying a size in pool {:?}", self.name), error))
            }
        }
    }
}

/// One item of a granted pool, its name checked.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) pool: Arc<Pool>,
    pub(super) name: String,
    /// The record's row.
    pub(super) key: Vec<u8>,
}

impl Scoped {
    pub(super) fn pool(&self, pool: &str) -> Result<&Arc<Pool>, PoolError> {
        self.pools.get(pool).ok_or_else(|| {
            PoolError::Denied(format!(
                "pool {pool:?} is not granted to driver {}; add it to grants.pools to allow it",
                self.driver.name
            ))
        })
    }

    pub(super) fn named(&self, pool: &str, name: &str) -> Result<Named, PoolError> {
        let pool = self.pool(pool)?;
        check_item_name(name).map_err(|error| PoolError::Invalid(error.message))?;
        Ok(Named {
            key: Key::Item.of_item(&self.driver.name, &pool.name, name),
            pool: Arc::clone(pool),
            name: name.to_owned(),
        })
    }

    pub(super) fn record(&self, item: &Named) -> Result<Option<Record>, PoolError> {
        let row = self.store.engine.get(&item.key)?;
        Ok(row.map(|row| Record::decode(&row)).transpose()?)
    }

    /// The driver's home in a pool, to be used on a blocking thread.
    pub(super) fn home(&self, pool: &Arc<Pool>) -> Home {
        Home {
            pool: Arc::clone(pool),
            driver: self.driver.name.clone(),
            store: self.store.engine.id(),
        }
    }

    /// Waits until no one else works on the item's file.
    pub(super) async fn hold(&self, item: &Named) -> Held {
        Held { _guard: self.driver.items.of(&item.pool.name, &item.name).lock_owned().await }
    }
}

/// Nobody else works on the item's file as long as this lives. It goes into the closure that does
/// the work, since that goes on where the future that waits for it is dropped.
pub(super) struct Held {
    _guard: OwnedMutexGuard<()>,
}

type Lock = Arc<tokio::sync::Mutex<()>>;

/// One lock an item whose file is being worked on. Records need none.
#[derive(Default)]
pub(crate) struct ItemLocks(Mutex<HashMap<(String, String), Lock>>);

impl ItemLocks {
    pub(super) fn of(&self, pool: &str, name: &str) -> Lock {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // As many as there is work under way, not as there are items. A lock that is held or
        // waited for has a second owner.
        if locks.len() > 64 {
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        Arc::clone(locks.entry((pool.to_owned(), name.to_owned())).or_default())
    }
}

/// Does work on the file system on a thread that may block. `held` lives as long as the work.
pub(super) async fn blocking<H: Send + 'static, T: Send + 'static>(
    held: H,
    work: impl FnOnce() -> Result<T, PoolError> + Send + 'static,
) -> Result<(H, T), PoolError> {
    // Where nobody waits any more, what was done goes before `held` does: it may hold a lock on the
    // file that the next one to hold the item would meet.
    let work = tokio::task::spawn_blocking(move || work().map(|done| (done, held)));
    let done = work.await.unwrap_or_else(|error| {
        Err(PoolError::Storage(format!("working on the pool's files was cut short: {error}")))
    });
    done.map(|(done, held)| (held, done))
}
