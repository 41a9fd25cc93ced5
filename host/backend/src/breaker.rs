//! A component that traps again and again is left alone for a while.
//!
//! ```text
//! Closed --FAILURES in a row--> Open --PAUSE--> HalfOpen (one call) --answered--> Closed
//!                                 ^------------------ failed ------'
//! ```
//! A call that is under way ends with what it did itself: only calls that come while the breaker
//! is open are turned away, with the reason.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row that open it.
const FAILURES: u32 = 5;
/// How long it stays open.
const PAUSE: Duration = Duration::from_secs(5);

/// The breaker of one driver.
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug)]
enum State {
    Closed {
        failures: u32,
    },
    /// Turned away until then.
    Open {
        until: Instant,
        reason: String,
    },
    /// One call is trying.
    HalfOpen {
        reason: String,
    },
}

/// A call is turned away.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Turned {
    pub(crate) reason: String,
    pub(crate) retry_after: Duration,
}

/// A call may go on; it says how it ended. One that never says (the caller went away, no place
/// became free) leaves the question to the next.
pub(crate) struct Pass<'a> {
    breaker: &'a Breaker,
    /// It is the one call of a half-open breaker.
    trying: bool,
}

/// What a call's end changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    None,
    Opened,
    Closed,
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State::Closed { failures: 0 }))
    }

    /// Whether a call may go on.
    pub(crate) fn admit(&self, now: Instant) -> Result<Pass<'_>, Turned> {
        let mut state = self.state();
        let (reason, retry_after) = match &*state {
            State::Closed { .. } => return Ok(Pass { breaker: self, trying: false }),
            State::Open { until, reason } => (reason.clone(), until.saturating_duration_since(now)),
            State::HalfOpen { reason } => (reason.clone(), Duration::from_secs(1)),
        };
        if retry_after.is_zero() {
            *state = State::HalfOpen { reason };
            Ok(Pass { breaker: self, trying: true })
        } else {
            Err(Turned { reason, retry_after })
        }
    }

    /// Whether calls are turned away, but for one that tries.
    pub(crate) fn is_open(&self) -> bool {
        match &*self.state() {
            State::Closed { .. } => false,
            State::Open { .. } | State::HalfOpen { .. } => true,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The call got an answer, whichever.
    pub(crate) fn answered(mut self) -> Change {
        let trying = std::mem::take(&mut self.trying);
        let mut state = self.breaker.state();
        match &mut *state {
            State::Closed { failures } => *failures = 0,
            State::HalfOpen { .. } if trying => {
                *state = State::Closed { failures: 0 };
                return Change::Closed;
            }
            // A call that began before it opened says nothing of now.
            State::HalfOpen { .. } | State::Open { .. } => {}
        }
        Change::None
    }

    /// The call trapped, or used up a limit of the driver.
    pub(crate) fn failed(mut self, now: Instant, reason: &str) -> Change {
        let trying = std::mem::take(&mut self.trying);
        let mut state = self.breaker.state();
        match &mut *state {
            State::Closed { failures } => {
                *failures += 1;
                if *failures < FAILURES {
                    return Change::None;
                }
            }
            State::HalfOpen { .. } if trying => {}
            State::HalfOpen { .. } | State::Open { .. } => return Change::None,
        }
        *state = State::Open { until: now + PAUSE, reason: reason.to_owned() };
        Change::Opened
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !self.trying {
            return;
        }
        let mut state = self.breaker.state();
        if let State::HalfOpen { reason } = &*state {
            let reason = reason.clone();
            *state = State::Open { until: Instant::now(), reason };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> Breaker {
        let breaker = Breaker::new();
        for _ in 1..FAILURES {
            assert_eq!(breaker.admit(now).ok().unwrap().failed(now, "it panicked"), Change::None);
        }
        assert_eq!(breaker.admit(now).ok().unwrap().failed(now, "it panicked"), Change::Opened);
        breaker
    }

    #[test]
    fn opens_after_failures_in_a_row_and_says_why() {
        let now = Instant::now();
        let turned = opened(now).admit(now).err().unwrap();
        assert_eq!(turned, Turned { reason: "it panicked".into(), retry_after: PAUSE });
    }

    #[test]
    fn an_answer_between_failures_starts_anew() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        for _ in 0..10 {
            for _ in 1..FAILURES {
                assert_eq!(breaker.admit(now).ok().unwrap().failed(now, "x"), Change::None);
            }
            assert_eq!(breaker.admit(now).ok().unwrap().answered(), Change::None);
        }
        assert!(breaker.admit(now).is_ok());
    }

    #[test]
    fn half_open_lets_one_call_through() {
        let start = Instant::now();
        let breaker = opened(start);
        let later = start + PAUSE;
        let trying = breaker.admit(later).ok().unwrap();
        assert!(breaker.admit(later).is_err());
        assert_eq!(trying.failed(later, "again"), Change::Opened);
        assert!(breaker.admit(later).is_err());
        let trying = breaker.admit(later + PAUSE).ok().unwrap();
        assert_eq!(trying.answered(), Change::Closed);
        assert!(breaker.admit(later).is_ok() && breaker.admit(later).is_ok());
    }

    #[test]
    fn a_try_that_is_given_up_leaves_it_to_the_next() {
        let start = Instant::now().checked_sub(PAUSE).unwrap();
        let breaker = opened(start);
        drop(breaker.admit(start + PAUSE).ok().unwrap());
        let next = breaker.admit(Instant::now());
        assert!(next.is_ok());
    }

    #[test]
    fn calls_from_before_it_opened_change_nothing() {
        let now = Instant::now();
        let breaker = Breaker::new();
        let early: Vec<_> = (0..3).map(|_| breaker.admit(now).ok().unwrap()).collect();
        for _ in 0..FAILURES {
            breaker.admit(now).ok().unwrap().failed(now, "x");
        }
        for pass in early {
            assert_eq!(pass.answered(), Change::None);
        }
        assert!(breaker.admit(now).is_err());
    }
}
