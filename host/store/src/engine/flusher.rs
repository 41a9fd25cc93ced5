//! The thread that brings batches to the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use redb::ReadableDatabase;

use super::{Engine, Progress, Rows, Shared, Snapshot, file};
use crate::StorageError;
use crate::lock::Exclusive;

/// A commit that storage kept waiting for seconds says nothing of the next.
const GATHERING: Duration = Duration::from_millis(5);

/// What the flusher alone writes to.
pub(super) struct Target {
    pub(super) database: redb::Database,
    /// The number of the next new row.
    pub(super) next: u64,
    /// The file says that serials below this may have been handed out.
    pub(super) reserved: u64,
    /// Keeps other processes off the directory as long as the file is open.
    pub(super) _lock: Exclusive,
}

/// One batch: everything that had been written when it was taken.
struct Batch {
    rows: Arc<Rows>,
    /// For each of the rows, its number in the file; none where it is not there.
    numbers: Vec<Option<u64>>,
    /// The generation of its last update.
    generation: u64,
    /// The next serial at that time.
    serial: u64,
    /// How many waited for it.
    waiting: usize,
}

/// The batch before: how many shared it, and how long its commit took.
#[derive(Default)]
struct Before {
    waiting: usize,
    took: Duration,
}

pub(super) fn start(engine: Arc<Engine>, target: Target) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("store-flusher".to_owned()).spawn(move || run(&engine, target))
}

fn run(engine: &Engine, mut target: Target) {
    let mut before = Before::default();
    while let Some(mut batch) = next(engine, &before) {
        let begun = Instant::now();
        // A panic here would leave every waiter waiting for ever.
        let committed = catch_unwind(AssertUnwindSafe(|| target.commit(&mut batch)))
            .unwrap_or_else(|_| Err(StorageError("writing it panicked".to_owned())));
        let failed = committed.is_err();
        finish(engine, &batch, committed);
        if failed {
            park(engine);
            break;
        }
        before = Before { waiting: batch.waiting, took: begun.elapsed() };
    }
    // Readers go before the file does.
    engine.lock().snapshot = None;
}

/// Waits until someone wants the disk; answers all that has gathered, or none to stop.
fn next(engine: &Engine, before: &Before) -> Option<Batch> {
    let mut shared = engine.lock();
    while shared.waiting == 0 && !shared.closing {
        shared.enough = 1;
        shared = engine.demand.wait(shared).unwrap_or_else(PoisonError::into_inner);
    }
    shared = gather(engine, shared, before);
    if shared.gathered.is_empty() {
        return None;
    }
    shared.flushing = Arc::new(std::mem::take(&mut shared.gathered));
    shared.taken = shared.written;
    Some(Batch {
        numbers: shared.flushing.keys().map(|key| shared.index.get(key)).collect(),
        rows: Arc::clone(&shared.flushing),
        generation: shared.written,
        serial: shared.serial,
        waiting: std::mem::take(&mut shared.waiting),
    })
}

/// Waits for those who shared the batch before to come back, for no longer than half of what a commit
/// of its own would keep them waiting, and [`GATHERING`]. A lone caller waits for nobody.
fn gather<'a>(
    engine: &'a Engine,
    mut shared: MutexGuard<'a, Shared>,
    before: &Before,
) -> MutexGuard<'a, Shared> {
    shared.enough = before.waiting;
    let (shared, _) = engine
        .demand
        .wait_timeout_while(shared, (before.took / 2).min(GATHERING), |shared| {
            shared.waiting < before.waiting && !shared.closing
        })
        .unwrap_or_else(PoisonError::into_inner);
    shared
}

/// After a failure: keeps the file open for readers until the host stops.
fn park(engine: &Engine) {
    let mut shared = engine.lock();
    while !shared.closing {
        shared = engine.demand.wait(shared).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Makes the outcome known.
fn finish(engine: &Engine, batch: &Batch, committed: Result<Snapshot, StorageError>) {
    let progress = match committed {
        Ok(snapshot) => {
            engine.syncs.fetch_add(1, Ordering::Relaxed);
            let mut shared = engine.lock();
            // Together, so that no reader misses the rows between the two.
            for ((key, row), number) in batch.rows.iter().zip(&batch.numbers) {
                match (row, number) {
                    (Some(_), Some(number)) => _ = shared.index.insert(key, *number),
                    (None, Some(_)) => _ = shared.index.remove(key),
                    (_, None) => {}
                }
            }
            shared.snapshot = Some(Arc::new(snapshot));
            shared.flushing = Arc::default();
            Progress { durable: batch.generation, fault: None }
        }
        Err(fault) => {
            tracing::error!(%fault, "the store takes no more writes; restart the host");
            Progress { durable: engine.progress.borrow().durable, fault: Some(fault) }
        }
    };
    engine.progress.send_replace(progress);
    // The lock orders this after a waiter's look at the progress.
    drop(engine.lock());
    engine.done.notify_all();
}

impl Target {
    fn commit(&mut self, batch: &mut Batch) -> Result<Snapshot, StorageError> {
        let committed = self.try_commit(batch);
        committed.map_err(|error| StorageError(format!("writing it failed: {error}")))
    }

    /// Gives new rows their numbers.
    fn try_commit(&mut self, batch: &mut Batch) -> Result<Snapshot, redb::Error> {
        let transaction = file::begin(&self.database)?;
        {
            let mut table = transaction.open_table(file::ROWS)?;
            for ((key, row), place) in batch.rows.iter().zip(&mut batch.numbers) {
                match (row, *place) {
                    (Some(row), found) => {
                        let number = found.unwrap_or(self.next);
                        table.insert(number, (key.as_slice(), row.as_ref()))?;
                        *place = Some(number);
                        self.next = self.next.max(number + 1);
                    }
                    (None, Some(number)) => _ = table.remove(number)?,
                    (None, None) => {}
                }
            }
        }
        if batch.serial.saturating_add(file::RESERVE / 2) > self.reserved {
            self.reserved = batch.serial.saturating_add(file::RESERVE);
            transaction.open_table(file::META)?.insert(file::SERIALS, self.reserved)?;
        }
        transaction.commit()?;
        let rows = self.database.begin_read()?.open_table(file::ROWS)?;
        Ok(Snapshot(rows))
    }
}
