//! Exponential back-off, an operation each (`pkg/util/goroutinemap/exponentialbackoff`); in ticks.

use std::collections::BTreeMap;

/// The longest wait. kubelet's is 122 s at a loop of 0.1 s; what counts is that it grows.
const LONGEST: u32 = 8;

/// When what may be tried again.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    waits: BTreeMap<String, (u32, u32)>,
}

impl Backoff {
    /// Whether an operation may be tried now.
    #[must_use]
    pub fn allows(&self, operation: &str, now: u32) -> bool {
        self.waits.get(operation).is_none_or(|(until, _)| *until <= now)
    }

    /// It was tried.
    pub fn tried(&mut self, operation: &str, now: u32, done: bool) {
        if done {
            self.waits.remove(operation);
            return;
        }
        let wait = self.waits.get(operation).map_or(1, |(_, wait)| (wait * 2).min(LONGEST));
        self.waits.insert(operation.to_owned(), (now + wait, wait));
    }
}
