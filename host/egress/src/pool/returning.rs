//! Connections between an answer that was read to its end and the next request.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::{Inner, Key};

/// Told when the answer's body was read to its end: a request that comes then waits for the
/// connection instead of making another.
pub(crate) struct Returning {
    inner: Weak<Inner>,
    pub(super) key: Key,
    stage: Mutex<Stage>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Reading,
    Read,
    Back,
}

impl Returning {
    pub(super) fn new(inner: &Arc<Inner>, key: &Key) -> Arc<Self> {
        let stage = Mutex::new(Stage::Reading);
        Arc::new(Self { inner: Arc::downgrade(inner), key: key.clone(), stage })
    }

    /// The body was read to its end.
    pub(crate) fn read(&self) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if *stage == Stage::Reading
            && let Some(inner) = Weak::upgrade(&self.inner)
        {
            *stage = Stage::Read;
            *inner.state().returning.entry(self.key.clone()).or_default() += 1;
        }
    }

    /// The connection is idle, or closed.
    pub(super) fn back(&self, inner: &Inner) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *stage, Stage::Back) == Stage::Read {
            let mut state = inner.state();
            if let Some(left) = state.returning.get_mut(&self.key) {
                *left = left.saturating_sub(1);
            }
            state.returning.retain(|_, left| *left > 0);
            drop(state);
            inner.returned.notify_waiters();
        }
    }
}
