//! The threads that copy images, and how far they are.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::CopyState;
use super::disk::{Folders, Home};
use super::grant::Named;
use super::record::{self, Copying, Record, State};
use super::transfer;
use crate::engine::Engine;
use crate::lock::Reading;
use crate::{Driver, PoolError, StorageError};

/// Copies at a time; more would only make the disk's heads, or its queues, take turns.
const THREADS: usize = 4;

/// How far a copy is.
pub(super) struct Progress {
    source: String,
    done: AtomicU64,
    total: AtomicU64,
    cancelled: AtomicBool,
    failed: OnceLock<String>,
}

impl Progress {
    pub(super) fn new(source: &str, total: u64) -> Arc<Self> {
        Arc::new(Self {
            source: source.to_owned(),
            done: AtomicU64::new(0),
            total: AtomicU64::new(total),
            cancelled: AtomicBool::new(false),
            failed: OnceLock::new(),
        })
    }

    pub(super) fn state(&self) -> CopyState {
        if let Some(reason) = self.failed.get() {
            return CopyState::Failed(reason.clone());
        }
        let total = self.total.load(Ordering::Relaxed);
        CopyState::Running { done: self.done.load(Ordering::Relaxed).min(total), total }
    }
}

/// A driver's copies that are under way, and those that failed and have not told so; by the rows
/// of their items.
#[derive(Default)]
pub(crate) struct Copies(Mutex<HashMap<Vec<u8>, Arc<Progress>>>);

impl Copies {
    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Arc<Progress>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers false where that copy is under way already.
    pub(super) fn begin(&self, item: &[u8], progress: &Arc<Progress>) -> bool {
        let mut copies = self.lock();
        if copies.get(item).is_some_and(|begun| begun.failed.get().is_none()) {
            return false;
        }
        copies.insert(item.to_owned(), Arc::clone(progress));
        true
    }

    /// How the copy of an image stands; none where there is nothing to tell. A failure is told
    /// once.
    pub(super) fn state(&self, item: &[u8], source: &str) -> Option<CopyState> {
        let mut copies = self.lock();
        let found = copies.get(item)?;
        let (state, same) = (found.state(), found.source == source);
        if found.failed.get().is_some() {
            copies.remove(item);
        }
        same.then_some(state)
    }

    /// Forgets that the copying to an item failed.
    pub(super) fn forget_failure(&self, item: &[u8]) {
        let mut copies = self.lock();
        if copies.get(item).is_some_and(|copy| copy.failed.get().is_some()) {
            copies.remove(item);
        }
    }

    /// Has the copying to an item end soon.
    pub(super) fn cancel(&self, item: &[u8]) {
        if let Some(progress) = self.lock().remove(item) {
            progress.cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Forgets a copy that is over.
    fn end(&self, item: &[u8], progress: &Arc<Progress>) {
        let mut copies = self.lock();
        if copies.get(item).is_some_and(|now| Arc::ptr_eq(now, progress)) {
            copies.remove(item);
        }
    }
}

/// One copy.
pub(crate) struct Job {
    pub(super) driver: Arc<Driver>,
    pub(super) home: Home,
    pub(super) item: Named,
    /// The row that says that the item is being copied.
    pub(super) row: Vec<u8>,
    pub(super) copying: Copying,
    pub(super) progress: Arc<Progress>,
    /// The source, locked; none where an earlier process began.
    pub(super) source: Option<Reading>,
}

/// The threads' handle. They are started when there is something to do.
pub(crate) struct Copier {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    engine: Arc<Engine>,
    queue: Mutex<Queue>,
    demand: Condvar,
    stopping: AtomicBool,
    /// Jobs that were sent and are not over.
    outstanding: watch::Sender<usize>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    idle: usize,
}

impl Copier {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        let shared = Shared {
            engine,
            queue: Mutex::default(),
            demand: Condvar::new(),
            stopping: AtomicBool::new(false),
            outstanding: watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared), threads: Mutex::default() }
    }

    pub(super) fn send(&self, job: Job) {
        self.shared.outstanding.send_modify(|jobs| *jobs += 1);
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let mut queue = self.shared.lock();
        queue.jobs.push_back(job);
        if queue.jobs.len() > queue.idle && threads.len() < THREADS {
            let shared = Arc::clone(&self.shared);
            let thread = std::thread::Builder::new().name("store-copier".to_owned());
            match thread.spawn(move || shared.run()) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    tracing::error!(%error, "a copy waits for a thread; a restart takes it up");
                }
            }
        }
        drop(queue);
        self.shared.demand.notify_one();
    }

    /// Waits until every copy that was sent is there or has failed.
    pub(crate) async fn idle(&self) {
        // The sender lives as long as this does, so there is no other outcome.
        let mut outstanding = self.shared.outstanding.subscribe();
        let _idle = outstanding.wait_for(|jobs| *jobs == 0).await;
    }

    /// Ends the threads; what they were at serves the next start.
    pub(crate) fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.shared.lock().jobs.clear();
        self.shared.demand.notify_all();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread that copies images ended by a panic");
            }
        }
    }
}

/// How a job ended.
enum Ended {
    Done,
    /// The item was deleted, or the host is stopping.
    Dropped,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        while let Some(mut job) = self.next() {
            let ended = catch_unwind(AssertUnwindSafe(|| self.copy(&mut job)))
                .unwrap_or_else(|_| Err(PoolError::Storage("copying it panicked".to_owned())));
            if let Err(error) = ended {
                self.give_up(&job, &error);
            } else {
                job.driver.copies.end(&job.item.key, &job.progress);
            }
            // The lock on the source goes before anyone is told that the copy is over.
            drop(job);
            self.outstanding.send_modify(|jobs| *jobs = jobs.saturating_sub(1));
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        queue.idle += 1;
        loop {
            if self.stopping.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(job) = queue.jobs.pop_front() {
                queue.idle -= 1;
                return Some(job);
            }
            queue = self.demand.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn copy(&self, job: &mut Job) -> Result<Ended, PoolError> {
        let folders = job.home.open()?;
        let (name, serial) = (job.item.name.as_str(), job.copying.serial);
        let (size, file) = {
            // Nobody deletes the item between the look at its record and the making of a file that
            // the one who deletes it would have to know of.
            let lock = job.driver.items.of(&job.item.pool.name, name);
            let _held = lock.blocking_lock();
            let Some(record) = self.wanted(job)? else { return Ok(Ended::Dropped) };
            match folders.begin_copy(name, serial)? {
                Some(file) => (record.size, file),
                None => return self.finish(job),
            }
        };
        let source = match job.source.take() {
            Some(source) => source,
            None => folders.copied(&job.copying.source, size)?,
        };
        let from = source.file();
        if transfer::moment(from)? != job.copying.moment {
            return Err(written(&job.copying.source));
        }
        let progress = &job.progress;
        progress.total.store(transfer::bytes(from, 0..size)?, Ordering::Relaxed);
        let whole = transfer::transfer(from, &file, size, |bytes| {
            progress.done.fetch_add(bytes, Ordering::Relaxed);
            !progress.cancelled.load(Ordering::Relaxed) && !self.stopping.load(Ordering::Relaxed)
        })?;
        if !whole {
            return Ok(Ended::Dropped);
        }
        if transfer::moment(from)? != job.copying.moment {
            return Err(written(&job.copying.source));
        }
        let lock = job.driver.items.of(&job.item.pool.name, name);
        let _held = lock.blocking_lock();
        if self.wanted(job)?.is_none() {
            return Ok(Ended::Dropped);
        }
        folders.name_copy(name, serial)?;
        self.finish(job)
    }

    /// The item's record, while it is the one that is to be filled.
    fn wanted(&self, job: &Job) -> Result<Option<Record>, PoolError> {
        let record = self.engine.get(&job.item.key)?;
        let record = record.map(|row| Record::decode(&row)).transpose()?;
        Ok(record.filter(|record| is_wanted(record, job)))
    }

    /// Notes that the copy is there. Only while the item is held.
    fn finish(&self, job: &Job) -> Result<Ended, PoolError> {
        job.driver.write::<_, StorageError>(&self.engine, |draft| {
            if let Some(record) = record::read(draft, &job.item.key)?
                && is_wanted(&record, job)
            {
                let present = Record { state: State::Present, ..record };
                draft.put(job.item.key.clone(), present.encode());
                draft.remove(job.row.clone());
            }
            Ok(())
        })?;
        Ok(Ended::Done)
    }

    /// Takes a copy back that failed, and keeps the reason for the one who asks next.
    fn give_up(&self, job: &Job, error: &PoolError) {
        tracing::warn!(
            driver = %job.driver.name, pool = job.item.pool.name, item = job.item.name,
            source = job.copying.source, %error, "copying an image failed"
        );
        let lock = job.driver.items.of(&job.item.pool.name, &job.item.name);
        let _held = lock.blocking_lock();
        if let Err(error) = self.take_back(job) {
            tracing::warn!(
                item = job.item.name, %error,
                "what a copy that failed has left is removed at the next start"
            );
        }
        let _known = job.progress.failed.set(error.to_string());
    }

    fn take_back(&self, job: &Job) -> Result<(), PoolError> {
        let folders: Folders = job.home.open()?;
        folders.drop_copy(&job.item.name, job.copying.serial)?;
        job.driver.write(&self.engine, |draft| {
            if let Some(record) = record::read(draft, &job.item.key)?
                && is_wanted(&record, job)
            {
                job.driver.credit(record.cost(&job.item.pool.name, &job.item.name));
                draft.remove(job.item.key.clone());
                draft.remove(job.row.clone());
            }
            Ok(())
        })
    }
}

fn is_wanted(record: &Record, job: &Job) -> bool {
    record.serial == job.copying.serial && record.state == State::Cloning
}

fn written(source: &str) -> PoolError {
    PoolError::Storage(format!(
        "image {source:?} was written after its copy had begun, so that the copy would be of no \
         one moment; copy it again"
    ))
}
