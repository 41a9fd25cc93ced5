//! The thread that carries out tombstones: never before they are on stable storage, and in the
//! background, since removing a large image or a deep directory takes its time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::disk::{Folders, Home};
use super::grant::Pool;
use super::record::Tombstone;
use crate::engine::Engine;
use crate::lock::Exclusive;
use crate::{Driver, PoolError, StorageError};

/// One tombstone to carry out.
pub(crate) struct Job {
    pub(super) driver: Arc<Driver>,
    pub(super) pool: Arc<Pool>,
    pub(super) stone: Tombstone,
    /// When the tombstone was written; 0 where it was read from the file.
    pub(super) generation: u64,
    /// Keeps a node from attaching the image until its name is gone.
    pub(super) lock: Option<Exclusive>,
}

/// The thread's handle.
pub(crate) struct Reaper {
    jobs: Mutex<Option<Sender<Job>>>,
    stopping: Arc<AtomicBool>,
    /// Jobs that were sent and are not over.
    outstanding: Arc<watch::Sender<usize>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Reaper {
    pub(crate) fn start(engine: Arc<Engine>) -> std::io::Result<Self> {
        let (jobs, todo) = channel();
        let stopping = Arc::new(AtomicBool::new(false));
        let outstanding = Arc::new(watch::Sender::new(0));
        let worker = Worker {
            engine,
            stopping: Arc::clone(&stopping),
            outstanding: Arc::clone(&outstanding),
        };
        let thread = std::thread::Builder::new()
            .name("store-reaper".to_owned())
            .spawn(move || worker.run(&todo))?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            stopping,
            outstanding,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Waits until every job that was sent has been tried.
    pub(crate) async fn idle(&self) {
        // The sender lives as long as this does, so there is no other outcome.
        let mut outstanding = self.outstanding.subscribe();
        let _idle = outstanding.wait_for(|jobs| *jobs == 0).await;
    }

    pub(super) fn send(&self, job: Job) {
        self.outstanding.send_modify(|jobs| *jobs += 1);
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(job)) = jobs.as_ref().map(|jobs| jobs.send(job)) {
            tracing::error!(
                item = job.0.stone.name,
                "the reaper is gone; the next start deletes the item's file"
            );
        }
    }

    /// Ends the thread after what it is at; the tombstones that are left serve the next start.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the store's reaper ended by a panic");
        }
    }
}

struct Worker {
    engine: Arc<Engine>,
    stopping: Arc<AtomicBool>,
    outstanding: Arc<watch::Sender<usize>>,
}

impl Worker {
    fn run(&self, todo: &Receiver<Job>) {
        while let Ok(mut job) = todo.recv() {
            if self.stopping.load(Ordering::Relaxed) {
                return;
            }
            // A panic, of the database library on a damaged page say, costs this job alone.
            let done = catch_unwind(AssertUnwindSafe(|| self.carry_out(&mut job)))
                .unwrap_or_else(|_| Err(PoolError::Storage("removing it panicked".to_owned())));
            if let Err(error) = done {
                tracing::warn!(
                    driver = %job.driver.name, pool = job.stone.pool, item = job.stone.name,
                    %error, "what a deleted item held is not removed yet; the next start, or \
                    swap of the driver, tries again"
                );
            }
            self.outstanding.send_modify(|jobs| *jobs = jobs.saturating_sub(1));
        }
    }

    fn carry_out(&self, job: &mut Job) -> Result<(), PoolError> {
        self.engine.wait_durable(job.generation)?;
        let home = Home {
            pool: Arc::clone(&job.pool),
            driver: job.driver.name.clone(),
            store: self.engine.id(),
        };
        let folders = home.open()?;
        if !self.displace(job, &folders)? {
            return Ok(());
        }
        job.lock = None;
        folders.remove_displaced(&job.stone, &self.stopping)?;
        self.engine.update::<_, StorageError>(|draft| {
            draft.remove(job.stone.key(&job.driver.name));
            Ok(())
        })?;
        Ok(())
    }

    /// Takes the item's name away. Answers false where there is nothing to do any more.
    fn displace(&self, job: &Job, folders: &Folders) -> Result<bool, PoolError> {
        let lock = job.driver.items.of(&job.stone.pool, &job.stone.name);
        let _held = lock.blocking_lock();
        let key = job.stone.key(&job.driver.name);
        // As it stands now: making a newer item of that name may have done this already.
        let Some(row) = self.engine.get(&key)? else { return Ok(false) };
        if Tombstone::is_displaced(&row) {
            return Ok(true);
        }
        folders.displace(&job.stone)?;
        let displaced = Tombstone { displaced: true, ..job.stone.clone() };
        self.engine.update::<_, StorageError>(|draft| {
            draft.put(key, displaced.encode());
            Ok(())
        })?;
        Ok(true)
    }
}
