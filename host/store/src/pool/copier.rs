//! The threads that copy images.

use std::collections::VecDeque;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::disk::{Folders, Home};
use super::grant::Named;
use super::progress::Progress;
use super::record::{self, Copying, Record, State};
use super::transfer;
use crate::engine::Engine;
use crate::lock::Reading;
use crate::{Driver, PoolError, StorageError};

/// Copies at a time; more would only make the disk's heads, or its queues, take turns.
const THREADS: usize = 4;

/// Between two lines of the log about one copy.
const TOLD: Duration = Duration::from_secs(5);

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
        if !self.transfer(job, from, &file, size)? {
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

    /// Copies the bytes, and tells the log how far it is. Answers false where it is to end.
    fn transfer(&self, job: &Job, from: &File, to: &File, size: u64) -> Result<bool, PoolError> {
        let progress = &job.progress;
        progress.begin(transfer::bytes(from, 0..size)?);
        let (began, mut told) = (Instant::now(), Instant::now());
        let tell = |what: &str| {
            let (done, total) = progress.bytes();
            tracing::info!(
                driver = %job.driver.name, pool = job.item.pool.name, item = job.item.name,
                source = job.copying.source, done, total, seconds = began.elapsed().as_secs(),
                "{what}"
            );
        };
        let whole = transfer::transfer(from, to, size, |bytes| {
            progress.add(bytes);
            if told.elapsed() >= TOLD {
                tell("copying an image");
                told = Instant::now();
            }
            !progress.is_cancelled() && !self.stopping.load(Ordering::Relaxed)
        })?;
        if whole {
            tell("copied an image");
        }
        Ok(whole)
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
        job.progress.fail(error);
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
