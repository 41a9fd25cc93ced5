//! What the server is told while it serves: the rules, and what is kept aside because it hangs.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::fault::{Effect, Fault, Faults, Operation};

/// What commands change while it serves.
#[derive(Clone, Default)]
pub struct Control(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    faults: Faults,
    held: Vec<Box<dyn FnOnce() + Send>>,
    struck: u64,
}

impl Control {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more rule.
    pub fn add(&self, fault: Fault) {
        self.state().faults.add(fault);
    }

    /// No rule any more; what hung is done.
    pub fn mend(&self) {
        let held = {
            let mut state = self.state();
            state.faults.clear();
            std::mem::take(&mut state.held)
        };
        for one in held {
            one();
        }
    }

    /// How many operations hang, and how many were struck since the start.
    #[must_use]
    pub fn counts(&self) -> (usize, u64) {
        let state = self.state();
        (state.held.len(), state.struck)
    }

    /// Does `work`, or what the rules say instead: `work` is told what, if it is for it to do.
    pub(super) fn through(
        &self,
        (file, operation, bytes): (&Path, Operation, (u64, u64)),
        work: impl FnOnce(Option<Effect>) + Send + 'static,
    ) {
        let mut state = self.state();
        let struck = state.faults.strike(&file.to_string_lossy(), operation, bytes);
        state.struck += u64::from(struck.is_some());
        match struck {
            Some(Effect::Hang) => state.held.push(Box::new(move || work(None))),
            Some(Effect::Delay(time)) => {
                drop(state);
                #[expect(clippy::disallowed_methods, reason = "to be slow is what is asked for")]
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(time));
                    work(None);
                });
            }
            other => {
                drop(state);
                work(other);
            }
        }
    }
}
