//! How far copies are: for those who ask for one by its name, and for the metrics.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use mooring_volume::DriverName;

use super::CopyState;
use super::grant::Named;

/// A background copy that is under way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CopyProgress {
    /// Whose images they are.
    pub driver: DriverName,
    /// The pool of both.
    pub pool: String,
    /// The copy's name.
    pub name: String,
    /// The image that is copied.
    pub source: String,
    /// Bytes done.
    pub done: u64,
    /// Bytes to do in all; 0 where that is not known yet.
    pub total: u64,
}

/// How far a copy is.
pub(super) struct Progress {
    pool: String,
    name: String,
    source: String,
    done: AtomicU64,
    total: AtomicU64,
    cancelled: AtomicBool,
    failed: OnceLock<String>,
}

impl Progress {
    pub(super) fn new(item: &Named, source: &str, total: u64) -> Arc<Self> {
        Arc::new(Self {
            pool: item.pool.name.clone(),
            name: item.name.clone(),
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
        let (done, total) = self.bytes();
        CopyState::Running { done, total }
    }

    /// Bytes done and bytes to do.
    pub(super) fn bytes(&self) -> (u64, u64) {
        let total = self.total.load(Ordering::Relaxed);
        // More can turn out to be data, but nobody wants to read of 101 percent.
        (self.done.load(Ordering::Relaxed).min(total), total)
    }

    pub(super) fn begin(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    pub(super) fn add(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Keeps the reason for the one who asks next.
    pub(super) fn fail(&self, error: &crate::PoolError) {
        let _told_already = self.failed.set(error.to_string());
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
    pub(super) fn end(&self, item: &[u8], progress: &Arc<Progress>) {
        let mut copies = self.lock();
        if copies.get(item).is_some_and(|now| Arc::ptr_eq(now, progress)) {
            copies.remove(item);
        }
    }

    /// Those that are under way.
    pub(crate) fn under_way(&self, driver: &DriverName) -> Vec<CopyProgress> {
        let told = |copy: &Arc<Progress>| {
            let (done, total) = copy.bytes();
            let (driver, pool) = (driver.clone(), copy.pool.clone());
            let (name, source) = (copy.name.clone(), copy.source.clone());
            CopyProgress { driver, pool, name, source, done, total }
        };
        let copies = self.lock();
        copies.values().filter(|copy| copy.failed.get().is_none()).map(told).collect()
    }
}
