//! Who may compute for long. Calls take microseconds; one that has computed for longer than a
//! slice goes on in the slow lane, where fewer run at once than the machine has processors. So a
//! component that spins in all its calls leaves a processor to its neighbours, and they do not
//! queue behind it.
//!
//! A call holds its permit only while it is polled: one that waits in the host holds none.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// What a call may compute before it goes into the slow lane.
const SLICE: Duration = Duration::from_millis(2);

/// How the calls of one driver compute.
#[derive(Clone)]
pub(crate) struct Lane {
    slow: Arc<Semaphore>,
    /// Calls of the driver that are in the slow lane: while there are any, new ones start there.
    long: Arc<AtomicU32>,
}

/// How one call computes. Shared by the clock's callback and the future that polls the guest.
pub(crate) struct Pace {
    lane: Lane,
    long: AtomicBool,
    /// Nanoseconds computed in earlier polls.
    spent: AtomicU64,
    polled: Mutex<Instant>,
}

impl Lane {
    /// The lane of a driver; `slow` is shared by all.
    pub(crate) fn new(slow: Arc<Semaphore>) -> Self {
        Self { slow, long: Arc::default() }
    }

    pub(crate) fn call(&self) -> Arc<Pace> {
        let pace = Arc::new(Pace {
            lane: self.clone(),
            long: AtomicBool::new(false),
            spent: AtomicU64::new(0),
            polled: Mutex::new(Instant::now()),
        });
        if self.long.load(Ordering::Relaxed) > 0 {
            pace.lengthen();
        }
        pace
    }
}

impl Pace {
    /// Asked at each tick of a call that computes: whether it must let others have their turn.
    pub(crate) fn must_yield(&self, now: Instant) -> bool {
        let spent = Duration::from_nanos(self.spent.load(Ordering::Relaxed));
        if spent + now.saturating_duration_since(self.begun()) < SLICE {
            return false;
        }
        self.lengthen();
        true
    }

    /// Polls a guest's future, with a permit once it computes for long.
    pub(crate) async fn run<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        let mut asking: Option<Pin<Box<Asking>>> = None;
        poll_fn(|context| {
            let permit = match self.permit(&mut asking, context) {
                Poll::Ready(permit) => permit,
                Poll::Pending => return Poll::Pending,
            };
            *self.polled.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            let polled = work.as_mut().poll(context);
            let took = u64::try_from(self.begun().elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.spent.fetch_add(took, Ordering::Relaxed);
            drop(permit);
            polled
        })
        .await
    }

    /// The permit to be polled, where one is needed.
    fn permit(
        &self,
        asking: &mut Option<Pin<Box<Asking>>>,
        context: &mut Context<'_>,
    ) -> Poll<Option<OwnedSemaphorePermit>> {
        if !self.long.load(Ordering::Relaxed) {
            return Poll::Ready(None);
        }
        let slow = &self.lane.slow;
        let ask = asking.get_or_insert_with(|| Box::pin(asking_for(Arc::clone(slow))));
        match ask.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(permit) => {
                *asking = None;
                // The lane is never closed; if it were, all would run.
                Poll::Ready(permit.ok())
            }
        }
    }

    fn begun(&self) -> Instant {
        *self.polled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lengthen(&self) {
        if !self.long.swap(true, Ordering::Relaxed) {
            self.lane.long.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        if *self.long.get_mut() {
            self.lane.long.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

type Asking = dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send;

async fn asking_for(slow: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, AcquireError> {
    slow.acquire_owned().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane() -> Lane {
        Lane::new(Arc::new(Semaphore::new(1)))
    }

    #[test]
    fn short_calls_need_no_permit() {
        let pace = lane().call();
        assert!(!pace.must_yield(Instant::now()));
        assert!(pace.must_yield(Instant::now() + SLICE));
    }

    #[tokio::test]
    async fn waiting_is_not_computing() {
        let lane = lane();
        let pace = lane.call();
        let asked = pace.run(async {
            tokio::time::sleep(SLICE * 3).await;
            pace.must_yield(Instant::now())
        });
        assert!(!asked.await);
    }

    #[tokio::test]
    async fn long_calls_share_the_lane_and_hold_it_only_while_polled() {
        let lane = lane();
        let (one, two) = (lane.call(), lane.call());
        one.lengthen();
        two.lengthen();
        let polled = |pace: Arc<Pace>| {
            let slow = Arc::clone(&lane.slow);
            async move {
                let mut turns = 0;
                let work = async {
                    while turns < 100 {
                        assert_eq!(slow.available_permits(), 0, "it runs with the permit");
                        turns += 1;
                        tokio::task::yield_now().await;
                    }
                };
                pace.run(work).await;
                turns
            }
        };
        assert_eq!(tokio::join!(polled(one), polled(two)), (100, 100));
        assert_eq!(lane.slow.available_permits(), 1);
    }

    #[test]
    fn a_driver_with_long_calls_starts_in_the_lane_until_they_end() {
        let lane = lane();
        let long = lane.call();
        assert!(long.must_yield(Instant::now() + SLICE));
        assert!(lane.call().long.load(Ordering::Relaxed));
        assert!(!Lane::new(Arc::clone(&lane.slow)).call().long.load(Ordering::Relaxed));
        drop(long);
        assert!(!lane.call().long.load(Ordering::Relaxed));
    }
}
