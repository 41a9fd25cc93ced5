//! Durable state and pools of images for one controller process: what `mooring:host/state` and
//! `mooring:host/pool` of the vendor contract stand on.
//!
//! Knows neither components nor devices: a caller hands over text and bytes, and gets values and
//! errors of the contract (`wit/deps/host/host.wit`) back.
//!
//! # Use
//! [`Store::open`] once a process, [`Store::scoped`] once a driver (again after a swap or a changed
//! configuration), then any number of concurrent calls on [`Scoped`]. Before the answer of a call
//! leaves the host, its caller awaits [`Scoped::barrier`], *also where the call only read*: what it
//! read may be another call's write that is not on the disk yet.
//!
//! # What blocks
//! - `get` and `scan` are plain functions: a few microseconds from the cache, a page read from the
//!   disk otherwise. They never wait for a write or an fsync.
//! - `insert`, `replace`, `remove`, `create_image` and `create_directory` are as cheap, and touch
//!   memory only; they wait only where this driver alone has more than 1 MiB not yet on the disk.
//! - [`Scoped::barrier`] waits (asynchronously) for the shared fsync.
//! - All else on pools uses the file system on tokio's blocking threads: those futures must be
//!   polled within a tokio runtime. A dropped future leaves something that repeating the call
//!   completes.

mod claims;
mod engine;
mod error;
mod freeze;
mod key;
mod lock;
mod migration;
mod pool;
mod quota;
mod state;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use mooring_volume::DriverName;

pub use claims::Claims;
use engine::Engine;
pub use error::{OpenError, PoolError, StateError, StorageError};
pub use freeze::{BoxFuture, FreezeError, Freezer, Frozen};
pub use migration::Migration;
pub use pool::{Cloning, CopyProgress, CopyState, Extent, Item, Usage};
pub use state::Entry;

/// Bytes of keys, values and pool records that a driver may keep where nothing else is said.
pub const DEFAULT_QUOTA: u64 = 64 << 20;

/// What an entry or record takes of the quota beside its key and its value.
pub(crate) const ENTRY_COST: u64 = 64;

/// Bytes that one driver may have written without waiting for the disk.
const UNSYNCED: u64 = 1 << 20;

/// The store of one controller process: one file, `state.redb`, in its state directory.
///
/// Dropping the last handle waits for what is being written, and leaves everything else to the
/// next start.
pub struct Store {
    reaper: pool::Reaper,
    copier: pool::Copier,
    drivers: Mutex<HashMap<DriverName, Arc<Driver>>>,
    engine: Arc<Engine>,
}

impl Drop for Store {
    fn drop(&mut self) {
        self.copier.stop();
        self.reaper.stop();
        self.engine.close();
    }
}

/// What all handles of one driver share.
struct Driver {
    name: DriverName,
    /// Bytes of keys, values and pool records, as the quota counts them. Counted at the first
    /// use, so that no crash can make it drift; written under the engine's lock alone.
    used: AtomicU64,
    /// The engine's generation after this driver's last write.
    written: AtomicU64,
    /// Bytes written since the last wait for the disk.
    unsynced: AtomicU64,
    /// One lock an item whose file is being worked on.
    items: pool::ItemLocks,
    /// Copies of images that are under way.
    copies: pool::Copies,
    /// Groups of images that are being cloned.
    groups: pool::Underway,
    /// Keys that calls have claimed.
    claimed: Mutex<BTreeSet<String>>,
    /// Freezes what is attached; none while no node is connected.
    freezer: RwLock<Option<Arc<dyn Freezer>>>,
}

/// One driver's part of the store. It sees no other driver's keys or items.
pub struct Scoped {
    store: Arc<Store>,
    driver: Arc<Driver>,
    pools: BTreeMap<String, Arc<pool::Pool>>,
    quota: u64,
}

impl Store {
    /// Opens or makes `<dir>/state.redb` (0600; a directory made for it is 0700), and checks it
    /// from end to end. Blocks; meant for the program's start.
    ///
    /// # Errors
    /// [`OpenError`]. A damaged file is never replaced.
    pub fn open(dir: &Path) -> Result<Arc<Self>, OpenError> {
        let engine = Engine::open(dir)?;
        let reaper = pool::Reaper::start(Arc::clone(&engine)).inspect_err(|_| engine.close());
        let failed = |source| OpenError::Directory { path: dir.to_owned(), source };
        Ok(Arc::new(Self {
            reaper: reaper.map_err(failed)?,
            copier: pool::Copier::new(Arc::clone(&engine)),
            drivers: Mutex::default(),
            engine,
        }))
    }

    /// The part of `driver`, with the pools granted to it (name → absolute directory) and at most
    /// `quota` bytes of keys, values and records. Reads the driver's part once if it is new to
    /// this process, and takes up the deletions, copies and groups of clones that an earlier process left unfinished.
    ///
    /// # Errors
    /// [`StorageError`] where the store cannot be read.
    pub fn scoped(
        self: &Arc<Self>,
        driver: &DriverName,
        pools: &BTreeMap<String, PathBuf>,
        quota: u64,
    ) -> Result<Arc<Scoped>, StorageError> {
        let driver = self.driver(driver)?;
        let pools = pool::Pool::granted(pools);
        let scoped = Scoped { store: Arc::clone(self), driver, pools, quota };
        // Before the deletions, to which it adds some.
        scoped.take_up_groups()?;
        scoped.take_up_deletions()?;
        scoped.take_up_copies()?;
        Ok(Arc::new(scoped))
    }

    /// How often the store was brought to the disk: the commits that calls shared.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.engine.syncs()
    }

    /// Waits until the files of all items that were deleted so far are gone, or have turned out
    /// not to be removable for now. For a drain before a planned stop, and for tests.
    pub async fn deletions(&self) {
        self.reaper.idle().await;
    }

    /// Waits until all copies that were begun so far are there or have failed. As
    /// [`Self::deletions`].
    pub async fn copies(&self) {
        self.copier.idle().await;
    }

    /// The copies in the background that are under way, of all drivers, sorted: for the metrics.
    #[must_use]
    pub fn copies_under_way(&self) -> Vec<CopyProgress> {
        let drivers = self.drivers.lock().unwrap_or_else(PoisonError::into_inner);
        let all = drivers.iter().flat_map(|(name, driver)| driver.copies.under_way(name));
        let mut all: Vec<_> = all.collect();
        all.sort();
        all
    }

    fn driver(&self, name: &DriverName) -> Result<Arc<Driver>, StorageError> {
        // Held while counting, so that the first use is the only writer of this driver's rows.
        let mut drivers = self.drivers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(driver) = drivers.get(name) {
            return Ok(Arc::clone(driver));
        }
        let used = state::bytes_used(&self.engine, name)? + pool::bytes_used(&self.engine, name)?;
        let driver = Arc::new(Driver {
            name: name.clone(),
            used: AtomicU64::new(used),
            written: AtomicU64::new(0),
            unsynced: AtomicU64::new(0),
            items: pool::ItemLocks::default(),
            copies: pool::Copies::default(),
            groups: pool::Underway::default(),
            claimed: Mutex::default(),
            freezer: RwLock::default(),
        });
        drivers.insert(name.clone(), Arc::clone(&driver));
        Ok(driver)
    }
}

impl Scoped {
    /// The driver whose part this is.
    #[must_use]
    pub fn driver(&self) -> &DriverName {
        &self.driver.name
    }

    /// Says who freezes what is attached of this driver's images, for [`Self::clone_images`]; none
    /// takes it back. Holds for all handles of the driver. Until it is called, none does.
    pub fn set_freezer(&self, freezer: Option<Arc<dyn Freezer>>) {
        *self.driver.freezer.write().unwrap_or_else(PoisonError::into_inner) = freezer;
    }

    /// Waits until everything that this driver wrote before, in whatever call, is on stable
    /// storage. Calls that wait at the same time share one fsync; where nothing is outstanding it
    /// returns at once.
    ///
    /// # Errors
    /// [`StorageError`] if that cannot be done, now or ever again in this process.
    pub async fn barrier(&self) -> Result<(), StorageError> {
        self.store.engine.durable(self.driver.written.load(Ordering::Acquire)).await
    }
}
