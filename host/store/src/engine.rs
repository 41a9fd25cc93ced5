//! Rows of bytes in one file, with group commit. Knows nothing of drivers, keys or images.
//!
//! A write goes to memory, at once and visible to everyone. One thread, the flusher, takes all
//! that has gathered, commits it in one transaction with one fsync, and meanwhile the next batch
//! gathers. So no caller ever waits for the disk unless it asks to ([`Engine::durable`]), and those
//! who ask at the same time share the fsync. Callers who were answered together mostly come back
//! together: the flusher waits a little for as many as had shared the batch before.
//!
//! ```text
//! update ─► gathered ──(flusher takes all)──► flushing ──(commit, fsync)──► snapshot of the file
//! a read sees the first of the three that knows the row
//! ```
//!
//! In the file, rows are kept under numbers, each new row under the next; the order of their keys
//! is in memory ([`index`]). A commit writes every leaf of the file's tree that it touches anew:
//! under keys with random names, as volumes have, that would be one leaf a row, and a store would
//! grow slower with every volume. Under numbers the rows of a batch share the last few.
//!
//! Invariant: batches reach the file whole and in order; what survives a crash is a prefix of the
//! writes. Invariant: after a failed commit nothing is written any more ("fsyncgate": the kernel
//! may have dropped the dirty pages and report success next time).

mod file;
mod flusher;
mod index;
mod snapshot;
mod view;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::{OpenError, StorageError};
use index::Index;
use snapshot::Snapshot;
pub(crate) use view::{Draft, View};

/// Rows that are not in the file yet; `None` is a removed row.
type Rows = BTreeMap<Vec<u8>, Option<Arc<[u8]>>>;

/// Rows for which the engine's lock is held without a break.
const PAGE: usize = 1000;

/// Where a row is.
enum Place {
    Memory(Arc<[u8]>),
    /// Its number in the snapshot of that time.
    File(u64),
}

impl Place {
    fn row(self, snapshot: &Snapshot) -> Result<Arc<[u8]>, StorageError> {
        match self {
            Self::Memory(row) => Ok(row),
            Self::File(number) => snapshot.get(number),
        }
    }
}

/// The store's one file, open.
pub(crate) struct Engine {
    shared: Mutex<Shared>,
    /// The flusher waits here for demand.
    demand: Condvar,
    /// Blocking waiters wait here for progress; asynchronous ones on `progress`.
    done: Condvar,
    progress: watch::Sender<Progress>,
    syncs: AtomicU64,
    id: u64,
    flusher: Mutex<Option<JoinHandle<()>>>,
}

/// What is under the engine's one lock. It is held for map and cache look-ups, never for a write
/// to the disk.
struct Shared {
    gathered: Rows,
    flushing: Arc<Rows>,
    /// The keys in the snapshot.
    index: Index,
    /// None once the engine is closed.
    snapshot: Option<Arc<Snapshot>>,
    /// Counts updates; an update's generation is its number.
    written: u64,
    /// How many wait for what has gathered, and how many are enough to wake the flusher.
    waiting: usize,
    enough: usize,
    /// The generation of the batch that was taken last.
    taken: u64,
    /// The next serial to hand out.
    serial: u64,
    closing: bool,
}

/// How far the disk has come.
#[derive(Debug, Clone, Default)]
struct Progress {
    durable: u64,
    fault: Option<StorageError>,
}

impl Progress {
    /// Whether waiting for a generation is over, and how.
    fn reached(&self, generation: u64) -> Option<Result<(), StorageError>> {
        if self.durable >= generation {
            return Some(Ok(()));
        }
        self.fault.clone().map(Err)
    }
}

impl Engine {
    /// Opens or makes the file in `dir` and starts the flusher.
    pub(crate) fn open(dir: &Path) -> Result<Arc<Self>, OpenError> {
        let opened = file::open(dir)?;
        let engine = Arc::new(Self {
            shared: Mutex::new(Shared {
                gathered: Rows::new(),
                flushing: Arc::default(),
                index: opened.index,
                snapshot: Some(Arc::new(opened.snapshot)),
                written: 0,
                waiting: 0,
                enough: 1,
                taken: 0,
                serial: opened.serials.start,
                closing: false,
            }),
            demand: Condvar::new(),
            done: Condvar::new(),
            progress: watch::Sender::new(Progress::default()),
            syncs: AtomicU64::new(0),
            id: opened.id,
            flusher: Mutex::new(None),
        });
        let flusher = flusher::start(
            Arc::clone(&engine),
            flusher::Target {
                database: opened.database,
                next: opened.next,
                reserved: opened.serials.end,
                _lock: opened.lock,
            },
        )
        .map_err(|source| OpenError::Directory { path: dir.to_owned(), source })?;
        *engine.flusher.lock().unwrap_or_else(PoisonError::into_inner) = Some(flusher);
        Ok(engine)
    }

    /// Drawn at random when the file was made: tells this store from another one that worked on
    /// the same pools before.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Commits of batches since the start.
    pub(crate) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// The row under a key.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, StorageError> {
        let (place, snapshot) = {
            let shared = self.lock();
            (shared.find(key), shared.snapshot()?)
        };
        place.map(|place| place.row(&snapshot)).transpose()
    }

    /// The first `limit` rows whose keys start with `prefix` and sort after `after`, as they stand
    /// now.
    pub(crate) fn view(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<View, StorageError> {
        View::new(&self.lock(), prefix, after, limit)
    }

    /// Shows every row whose key starts with `prefix`, in order. Not at one point in time: between
    /// the rows, others are written.
    pub(crate) fn each(
        &self,
        prefix: &[u8],
        mut show: impl FnMut(&[u8], &[u8]),
    ) -> Result<(), StorageError> {
        let mut view = self.view(prefix, None, PAGE)?;
        while let Some(last) = view.last() {
            let after = last.to_vec();
            view.visit(|key, row| {
                show(key, row);
                true
            })?;
            view = self.view(prefix, Some(&after), PAGE)?;
        }
        Ok(())
    }

    /// Looks and writes as one step: no other write comes between. Nothing is written where
    /// `change` fails.
    pub(crate) fn update<T, E: From<StorageError>>(
        &self,
        change: impl FnOnce(&mut Draft<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(fault) = &self.progress.borrow().fault {
            return Err(fault.clone().into());
        }
        let mut shared = self.lock();
        if shared.closing {
            return Err(closed().into());
        }
        let mut draft = Draft::new(&mut shared);
        let answer = change(&mut draft)?;
        let writes = draft.into_writes();
        if !writes.is_empty() {
            shared.written += 1;
            shared.gathered.extend(writes);
        }
        Ok(answer)
    }

    /// Waits until the updates up to a generation are on stable storage.
    pub(crate) async fn durable(&self, generation: u64) -> Result<(), StorageError> {
        let mut progress = self.progress.subscribe();
        if let Some(over) = progress.borrow_and_update().reached(generation) {
            return over;
        }
        self.want(&mut self.lock(), generation);
        let reached = progress.wait_for(|progress| progress.reached(generation).is_some()).await;
        match reached.ok().and_then(|progress| progress.reached(generation)) {
            Some(over) => over,
            None => Err(closed()),
        }
    }

    /// [`Self::durable`] for a thread of its own.
    pub(crate) fn wait_durable(&self, generation: u64) -> Result<(), StorageError> {
        let mut shared = self.lock();
        self.want(&mut shared, generation);
        loop {
            if let Some(over) = self.progress.borrow().reached(generation) {
                return over;
            }
            shared = self.done.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Brings everything to the disk, closes the file and ends the flusher. Blocks.
    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.demand.notify_all();
        let flusher = self.flusher.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(flusher) = flusher
            && flusher.join().is_err()
        {
            tracing::error!("the store's flusher ended by a panic");
        }
    }

    /// One more waits for a generation. To be called once a waiter.
    fn want(&self, shared: &mut Shared, generation: u64) {
        if shared.taken < generation {
            shared.waiting += 1;
            if shared.waiting == shared.enough {
                self.demand.notify_one();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic below the lock leaves no half-made change: updates are applied after all that
        // can fail.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Where the newest row under a key is, if there is one.
    fn find(&self, key: &[u8]) -> Option<Place> {
        match self.gathered.get(key).or_else(|| self.flushing.get(key)) {
            Some(row) => row.clone().map(Place::Memory),
            None => self.index.get(key).map(Place::File),
        }
    }

    fn snapshot(&self) -> Result<Arc<Snapshot>, StorageError> {
        self.snapshot.clone().ok_or_else(closed)
    }
}

fn closed() -> StorageError {
    StorageError("it is closed, since the host is stopping".to_owned())
}

#[cfg(test)]
mod tests;
