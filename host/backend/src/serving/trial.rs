//! How often a version fails, and whether that is worse than the version before it: pure counting.
//!
//! A failure is a call that the backend is at fault for: a trap, a limit that it hit, an answer that
//! cannot be, `internal`, and an end of its time, if it had [`PATIENCE`] or all that its limit
//! gives. What it refuses with any other code is an answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mooring_volume::{Code, DriverName};

use crate::meter::{GuestCall, Meter, Outcome, SwapOutcome};

/// For so long after it took over, a version is judged, and the one before kept at hand.
pub(crate) const TRIAL: Duration = Duration::from_secs(5 * 60);
/// Calls, the last ones, by which it is judged.
const WINDOW: usize = 100;
/// Failures among them without which nothing is concluded.
const LEAST_FAILURES: u64 = 3;
/// By so much of its calls more than before, one in `MARGIN`, it has to fail.
const MARGIN: u64 = 20;
/// A call that was given this long and did not answer is a failure, whoever set its deadline. As long
/// as sidecars wait at least.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a version did.
#[derive(Default)]
pub(crate) struct Tally(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    /// Whether each of the last calls failed.
    recent: VecDeque<bool>,
    calls: u64,
    failures: u64,
    peak_memory: u64,
}

/// Failures among the last calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) failures: u64,
    pub(crate) calls: u64,
}

/// Since the version began to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    /// Bytes of the last call's linear memory.
    pub(crate) peak_memory: u64,
}

impl Tally {
    fn note(&self, failed: bool, peak_memory: u64) {
        let mut counts = self.counts();
        if counts.recent.len() == WINDOW {
            counts.recent.pop_front();
        }
        counts.recent.push_back(failed);
        counts.calls += 1;
        counts.failures += u64::from(failed);
        counts.peak_memory = peak_memory;
    }

    pub(crate) fn rate(&self) -> Rate {
        let counts = self.counts();
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let failures = counts.recent.iter().filter(|failed| **failed).count();
        Rate { failures: count(failures), calls: count(counts.recent.len()) }
    }

    pub(crate) fn totals(&self) -> Totals {
        let Counts { recent: _, calls, failures, peak_memory } = *self.counts();
        Totals { calls, failures, peak_memory }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rate {
    /// Whether a version that fails so has to go, where the one before failed as `before` says.
    pub(crate) fn is_worse_than(self, before: Self) -> bool {
        // Nothing known of before: it did not fail.
        let of = before.calls.max(1);
        let ours = self.failures.saturating_mul(of);
        let allowed = before.failures.saturating_mul(self.calls);
        self.failures >= LEAST_FAILURES
            && ours.saturating_sub(allowed).saturating_mul(MARGIN) > self.calls.saturating_mul(of)
    }
}

/// Counts what a version does on the way to the program's meter.
pub(crate) struct Tallied {
    pub(crate) tally: Arc<Tally>,
    pub(crate) meter: Arc<dyn Meter>,
    /// `limits.deadline`.
    pub(crate) limit: Duration,
}

impl Meter for Tallied {
    fn guest_call(&self, call: GuestCall<'_>) {
        let failed = match call.outcome {
            Outcome::Trapped | Outcome::Exhausted | Outcome::Malformed => Some(true),
            Outcome::Refused(code) => Some(code == Code::Internal),
            Outcome::Answered => Some(false),
            Outcome::TimedOut if call.duration >= PATIENCE.min(self.limit) => Some(true),
            // Nothing is known of the backend by these.
            Outcome::TimedOut | Outcome::Shed | Outcome::NotDurable => None,
        };
        if let Some(failed) = failed {
            self.tally.note(failed, call.peak_memory);
        }
        self.meter.guest_call(call);
    }

    fn breaker(&self, driver: &DriverName, open: bool) {
        self.meter.breaker(driver, open);
    }

    fn swap(&self, driver: &DriverName, outcome: SwapOutcome) {
        self.meter.swap(driver, outcome);
    }

    fn log_lines_dropped(&self, driver: &DriverName, lines: u64) {
        self.meter.log_lines_dropped(driver, lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(failures: u64, calls: u64) -> Rate {
        Rate { failures, calls }
    }

    #[test]
    fn a_version_goes_when_it_fails_clearly_more_than_the_one_before() {
        for (new, before, goes) in [
            (rate(2, 2), rate(0, 100), false), // Too little is known.
            (rate(3, 3), rate(0, 0), true),
            (rate(3, 3), rate(0, 100), true),
            (rate(5, 100), rate(0, 100), false), // Not by more than one in twenty.
            (rate(6, 100), rate(0, 100), true),
            (rate(50, 100), rate(50, 100), false), // The array is ill, not the version.
            (rate(50, 100), rate(46, 100), false),
            (rate(100, 100), rate(90, 100), true),
            (rate(3, 3), rate(100, 100), false),
        ] {
            assert_eq!(new.is_worse_than(before), goes, "{new:?} after {before:?}");
        }
    }

    #[test]
    fn only_the_last_calls_count() {
        let tally = Tally::default();
        for _ in 0..WINDOW {
            tally.note(true, 1);
        }
        assert_eq!(tally.rate(), rate(100, 100));
        for _ in 0..WINDOW {
            tally.note(false, 2);
        }
        assert_eq!(tally.rate(), rate(0, 100));
        assert_eq!(tally.totals(), Totals { calls: 200, failures: 100, peak_memory: 2 });
    }

    #[test]
    fn what_is_not_the_backends_fault_is_no_failure() {
        let tally = Arc::new(Tally::default());
        let limit = Duration::from_secs(30);
        let meter = Tallied { tally: Arc::clone(&tally), meter: Arc::new(crate::Unmetered), limit };
        let driver = DriverName::new("a.example").unwrap();
        let ended = |outcome, seconds| {
            let duration = Duration::from_secs(seconds);
            let function = "volumes.create";
            meter.guest_call(GuestCall {
                driver: &driver,
                function,
                outcome,
                duration,
                peak_memory: 0,
            });
            tally.totals().failures
        };
        assert_eq!(ended(Outcome::Refused(Code::NotFound), 0), 0);
        assert_eq!(ended(Outcome::Shed, 0), 0);
        assert_eq!(ended(Outcome::TimedOut, 1), 0);
        assert_eq!(ended(Outcome::TimedOut, 10), 1);
        assert_eq!(ended(Outcome::Refused(Code::Internal), 0), 2);
        assert_eq!(ended(Outcome::Trapped, 0), 3);
    }
}
