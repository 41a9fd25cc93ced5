//! The clock of the epoch. A thread of its own, because guests that spin on every thread of the
//! async runtime would stop any clock that runs there. It sleeps while no component runs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Ticks without any call after which the clock goes to sleep; waking it costs a system call.
const IDLE_TICKS: u32 = 100;

/// Increments the engine's epoch once a tick while components run.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Calls that run now.
    running: AtomicUsize,
    /// Whether the thread waits for `wake` without a time limit.
    asleep: AtomicBool,
    stop: Mutex<bool>,
    wake: Condvar,
}

/// A component runs: the clock ticks.
pub(crate) struct Running(Arc<Shared>);

impl Ticker {
    pub(crate) fn start(engine: &wasmtime::Engine, tick: Duration) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (clock, engine) = (Arc::clone(&shared), engine.weak());
        let thread = std::thread::Builder::new().name("epoch".to_owned()).spawn(move || {
            clock.run(tick, || match engine.upgrade() {
                Some(engine) => {
                    engine.increment_epoch();
                    true
                }
                None => false,
            });
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    pub(crate) fn running(&self) -> Running {
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        // SeqCst on both sides: either the thread sees the call, or we see that it sleeps.
        if self.shared.asleep.load(Ordering::SeqCst) {
            let _lock = self.shared.stop.lock().unwrap_or_else(PoisonError::into_inner);
            self.shared.wake.notify_all();
        }
        Running(Arc::clone(&self.shared))
    }
}

impl Shared {
    fn run(&self, tick: Duration, increment: impl Fn() -> bool) {
        let mut idle = 0;
        let mut stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        while !*stop {
            if self.running.load(Ordering::SeqCst) > 0 {
                idle = 0;
            } else {
                idle += 1;
            }
            if idle > IDLE_TICKS {
                self.asleep.store(true, Ordering::SeqCst);
                if self.running.load(Ordering::SeqCst) == 0 {
                    stop = self.wake.wait(stop).unwrap_or_else(PoisonError::into_inner);
                }
                self.asleep.store(false, Ordering::SeqCst);
                idle = 0;
                continue;
            }
            stop = self.wake.wait_timeout(stop, tick).unwrap_or_else(PoisonError::into_inner).0;
            if !increment() {
                return;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        *self.shared.stop.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to do.
            let _ = thread.join();
        }
    }
}
