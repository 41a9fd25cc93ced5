//! One call's turn: the version that it goes to, and what its end means for those that follow.

use std::sync::Arc;
use std::time::Instant;

use mooring_volume::{Call, Error, Result};
use tokio::sync::RwLockReadGuard;

use super::bindings::Subject;
use super::{Serving, Version};
use crate::driver::Driver;

/// A call under way. One that is dropped before its end is taken for unsettled.
pub(super) struct Turn<'a> {
    serving: &'a Serving,
    version: Arc<Version>,
    subject: Option<Subject>,
    /// No migration begins while it is held.
    _passed: RwLockReadGuard<'a, ()>,
}

impl Serving {
    /// Waits for a migration to end, if one is under way, and answers the version for a subject.
    pub(super) async fn turn(
        &self,
        call: &Call,
        subject: impl Into<Option<Subject>>,
    ) -> Result<Turn<'_>> {
        let passed = tokio::time::timeout_at(call.deadline.into(), self.gate.read()).await;
        let passed = passed.map_err(|_| {
            Error::unavailable(format!(
                "driver {} migrates its state to another version; nothing was done, try again",
                self.name
            ))
        })?;
        let subject = subject.into();
        let mut state = self.state();
        let current = Arc::clone(&state.current);
        let version = match &subject {
            Some(subject) => state.bindings.begin(subject.clone(), &current, Instant::now()),
            None => current,
        };
        drop(state);
        Ok(Turn { serving: self, version, subject, _passed: passed })
    }
}

impl Turn<'_> {
    pub(super) fn driver(&self) -> &Driver {
        &self.version.driver
    }

    /// The call's end; hands its answer on.
    pub(super) fn end<T>(self, answer: Result<T>) -> Result<T> {
        let settled = answer.as_ref().map_or_else(|error| error.code.is_final(), |_| true);
        self.settle(settled);
        answer
    }

    /// The end of a page: `last`, and the stream is over.
    pub(super) fn end_page<T>(self, answer: Result<T>, last: impl FnOnce(&T) -> bool) -> Result<T> {
        let settled = answer.as_ref().map_or(true, last);
        self.settle(settled);
        answer
    }

    fn settle(mut self, settled: bool) {
        self.release(settled);
        self.serving.judge(&self.version);
    }

    fn release(&mut self, settled: bool) {
        if let Some(subject) = self.subject.take() {
            let now = Instant::now();
            self.serving.state().bindings.end(&subject, &self.version, settled, now);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.release(false);
    }
}
