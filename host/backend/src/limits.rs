//! What one driver may use up, and the account that is kept of one call.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use wasmtime::ResourceLimiter;

/// Elements of all tables of one call together.
const TABLE_ELEMENTS: usize = 1 << 18;

/// `limits:` of a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory that one call may hold, all its memories summed.
    pub memory: u64,
    /// The longest that one call may take; the caller's own deadline may be shorter.
    pub deadline: Duration,
    /// Calls that run at once; further ones wait within their deadline.
    pub concurrency: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 128 << 20, deadline: Duration::from_secs(30), concurrency: 16 }
    }
}

/// What a call used up. Outlives its store, which is dropped with a call that timed out.
#[derive(Debug, Default)]
pub(crate) struct Account {
    peak_memory: AtomicU64,
    refusal: OnceLock<String>,
}

impl Account {
    /// Bytes of linear memory at the highest.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.peak_memory.load(Ordering::Relaxed)
    }

    /// The limit that was hit first, in words; a guest that can go on without may still answer.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refusal.get().map(String::as_str)
    }
}

/// Sums up what all memories and tables of one store hold, and refuses what is too much. The
/// sums only grow, as memories and tables do.
pub(crate) struct Limiter {
    account: Arc<Account>,
    most_memory: u64,
    memory: u64,
    table_elements: usize,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits, account: Arc<Account>) -> Self {
        Self { account, most_memory: limits.memory, memory: 0, table_elements: 0 }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let memory = self.memory.saturating_add(desired.saturating_sub(current) as u64);
        if memory > self.most_memory {
            let _ = self.account.refusal.set(format!(
                "it asked for {memory} bytes of memory where limits.memory allows {}",
                self.most_memory
            ));
            return Ok(false);
        }
        self.memory = memory;
        self.account.peak_memory.fetch_max(memory, Ordering::Relaxed);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let elements = self.table_elements.saturating_add(desired.saturating_sub(current));
        if elements > TABLE_ELEMENTS {
            let _ = self.account.refusal.set(format!(
                "it asked for {elements} table elements where {TABLE_ELEMENTS} are allowed"
            ));
            return Ok(false);
        }
        self.table_elements = elements;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_summed_and_the_first_refusal_is_kept() {
        let account = Arc::new(Account::default());
        let limits = Limits { memory: 3 << 16, ..Limits::default() };
        let mut limiter = Limiter::new(&limits, Arc::clone(&account));
        assert!(limiter.memory_growing(0, 2 << 16, None).unwrap());
        assert!(limiter.memory_growing(0, 1 << 16, None).unwrap());
        assert!(!limiter.memory_growing(1 << 16, 2 << 16, None).unwrap());
        assert!(!limiter.memory_growing(1 << 16, 9 << 16, None).unwrap());
        assert_eq!(account.peak_memory(), 3 << 16);
        assert!(account.refusal().unwrap().contains("262144"), "{:?}", account.refusal());
    }

    #[test]
    fn tables_are_summed() {
        let account = Arc::new(Account::default());
        let mut limiter = Limiter::new(&Limits::default(), Arc::clone(&account));
        assert!(limiter.table_growing(0, TABLE_ELEMENTS, None).unwrap());
        assert!(!limiter.table_growing(0, 1, None).unwrap());
        assert!(account.refusal().is_some());
    }
}
