//! Who may compute for long. Calls take microseconds; one that has computed for longer than a
//! slice goes on in the slow lane, on threads that run only while no other thread wants the
//! processor. So a component that spins in all its calls costs its neighbours nothing.
//!
//! A driver that keeps at it there is held to a part of one processor.
//!
//! A driver is known by what its calls did: after a long one, the next start in the slow lane, until
//! enough of them were short. Time is that of the processor, so that a busy machine makes no call long.

mod allowance;
mod slow;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Handle;
use tokio::time::Sleep;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use allowance::Allowance;
pub(crate) use slow::SlowLane;

/// What a call may compute before it goes into the slow lane.
const SLICE: Duration = Duration::from_millis(2);
/// Short calls in a row after which a driver that had a long one starts elsewhere again.
const SHORT_CALLS: u32 = 16;
/// What a line that was logged in vain counts for in the slow lane, besides what it took to make. A flood ends many calls
/// otherwise, and each end costs its neighbours more than the computing does (`bench neighbour`: 1.2 × of their p99).
const DROPPED_LINE: Duration = Duration::from_micros(2);

/// How the calls of one driver compute.
#[derive(Clone)]
pub(crate) struct Lane {
    slow: Handle,
    habit: Arc<Habit>,
}

/// What a driver's calls did last.
struct Habit {
    /// Calls that are long now.
    long: AtomicU32,
    /// Short calls that are to come before it is trusted again.
    owed: AtomicU32,
    allowance: Mutex<Allowance>,
}

/// How one call computes. Shared by the clock's callback and the future that polls the guest.
pub(crate) struct Pace {
    lane: Lane,
    long: AtomicBool,
    /// It computed for longer than a slice itself.
    spun: AtomicBool,
    /// Nanoseconds computed in earlier polls.
    spent: AtomicU64,
    /// The thread's time, in nanoseconds, at which it was polled last.
    polled: AtomicU64,
    /// Lines that it logged in vain and has not paid for.
    dropped: Arc<AtomicU64>,
}

impl Lane {
    /// The lane of a driver; `slow` is shared by all.
    pub(crate) fn new(slow: Handle) -> Self {
        let allowance = Mutex::new(Allowance::new(Instant::now()));
        let habit = Habit { long: AtomicU32::new(0), owed: AtomicU32::new(0), allowance };
        Self { slow, habit: Arc::new(habit) }
    }

    /// How a call computes whose dropped lines are counted there.
    pub(crate) fn call(&self, dropped: Arc<AtomicU64>) -> Arc<Pace> {
        let habit = &self.habit;
        let slow = habit.long.load(Ordering::Relaxed) > 0 || habit.owed.load(Ordering::Relaxed) > 0;
        Arc::new(Pace {
            lane: self.clone(),
            long: AtomicBool::new(slow),
            spun: AtomicBool::new(false),
            spent: AtomicU64::new(0),
            polled: AtomicU64::new(0),
            dropped,
        })
    }
}

impl Pace {
    /// Asked at each tick of a call that computes: whether it must let others have their turn.
    pub(crate) fn must_yield(&self) -> bool {
        let here = computed().saturating_sub(self.polled.load(Ordering::Relaxed));
        let spent = self.spent.load(Ordering::Relaxed).saturating_add(here);
        if Duration::from_nanos(spent) < SLICE {
            return false;
        }
        if !self.spun.swap(true, Ordering::Relaxed) {
            self.lane.habit.long.fetch_add(1, Ordering::Relaxed);
        }
        self.long.store(true, Ordering::Relaxed);
        true
    }

    /// Polls a guest's future where the caller is, and in the slow lane once it computes for long.
    /// Dropping the result ends it, in the slow lane at the next tick.
    ///
    /// # Errors
    /// Those of `work`, or that the engine ends.
    pub(crate) async fn run<A: Send + 'static>(
        self: &Arc<Self>,
        work: impl Future<Output = wasmtime::Result<A>> + Send + 'static,
    ) -> wasmtime::Result<A> {
        let mut work = Box::pin(work);
        let at_once = poll_fn(|context| {
            if self.long.load(Ordering::Relaxed) {
                return Poll::Ready(None);
            }
            let polled = self.poll(work.as_mut(), context).1.map(Some);
            if polled.is_pending() && self.long.load(Ordering::Relaxed) {
                return Poll::Ready(None);
            }
            polled
        });
        if let Some(answer) = at_once.await {
            return answer;
        }
        // What the guest waits for stays with the clocks and sockets of the runtime that called it.
        let (pace, here) = (Arc::clone(self), Handle::current());
        let mut resting: Option<Pin<Box<Sleep>>> = None;
        let later = poll_fn(move |context| {
            let _here = here.enter();
            if let Some(rest) = &mut resting {
                ready!(rest.as_mut().poll(context));
                resting = None;
            }
            let (computed, polled) = pace.poll(work.as_mut(), context);
            let rest = pace.lane.habit.charge(computed + pace.fine());
            if polled.is_pending() && !rest.is_zero() {
                // The guest's own waker has this polled again, and the rest is over before the guest
                // has its turn.
                resting = Some(Box::pin(tokio::time::sleep(rest)));
            }
            polled
        });
        match AbortOnDropHandle::new(self.lane.slow.spawn(later.in_current_span())).await {
            Ok(answer) => answer,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(ended) => Err(ended.into()),
            },
        }
    }

    /// What its dropped lines count for.
    fn fine(&self) -> Duration {
        let lines = self.dropped.swap(0, Ordering::Relaxed);
        DROPPED_LINE.saturating_mul(u32::try_from(lines).unwrap_or(u32::MAX))
    }

    /// Polls the guest, and says how long it computed.
    fn poll<F: Future>(
        &self,
        work: Pin<&mut F>,
        context: &mut Context<'_>,
    ) -> (Duration, Poll<F::Output>) {
        let begun = computed();
        self.polled.store(begun, Ordering::Relaxed);
        let polled = work.poll(context);
        let computed = computed().saturating_sub(begun);
        self.spent.fetch_add(computed, Ordering::Relaxed);
        (Duration::from_nanos(computed), polled)
    }
}

impl Habit {
    /// Notes what was computed in the slow lane; answers how long to rest for it.
    fn charge(&self, computed: Duration) -> Duration {
        let mut allowance = self.allowance.lock().unwrap_or_else(PoisonError::into_inner);
        allowance.charge(Instant::now(), computed)
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        let habit = &self.lane.habit;
        if *self.spun.get_mut() {
            habit.owed.store(SHORT_CALLS, Ordering::Relaxed);
            habit.long.fetch_sub(1, Ordering::Relaxed);
        } else {
            let fewer = |owed: u32| owed.checked_sub(1);
            // None owed is the usual case.
            let _ = habit.owed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer);
        }
    }
}

/// Nanoseconds that this thread has had of the processor.
fn computed() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(u64::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(test)]
mod tests;
