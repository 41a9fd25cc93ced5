//! How much a driver may compute in the slow lane: at once, and for long. Even a thread that always
//! gives way costs the others something (measured: a quarter of their p99 where one of two
//! processors is never idle), so a component that never ends may not have it all the time.

use std::time::{Duration, Instant};

/// What may be computed at once, after a rest.
const BURST: Duration = Duration::from_secs(1);
/// For long, one part of so many of a processor.
const PART: u32 = 10;

/// What a driver has computed and not made good by resting.
pub(super) struct Allowance {
    debt: Duration,
    at: Instant,
}

impl Allowance {
    pub(super) fn new(now: Instant) -> Self {
        Self { debt: Duration::ZERO, at: now }
    }

    /// Adds what was computed until now; answers how long to rest for it.
    pub(super) fn charge(&mut self, now: Instant, computed: Duration) -> Duration {
        let rested = now.saturating_duration_since(self.at) / PART;
        self.debt = self.debt.saturating_sub(rested).saturating_add(computed);
        self.at = now;
        self.debt.saturating_sub(BURST).saturating_mul(PART)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_what_comes_after_takes_its_part() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        let tick = Duration::from_millis(2);
        let (mut now, mut computed) = (start, Duration::ZERO);
        while now < start + Duration::from_secs(101) {
            let rest = allowance.charge(now, tick);
            computed += tick;
            now += tick + rest;
        }
        // One second at once, then a tenth of a hundred.
        assert!((10_900..11_200).contains(&computed.as_millis()), "{computed:?}");
    }

    #[test]
    fn rest_makes_good() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        assert_eq!(allowance.charge(start, BURST), Duration::ZERO);
        assert_eq!(allowance.charge(start, BURST), BURST * PART);
        let later = start + BURST * PART;
        assert_eq!(allowance.charge(later, Duration::ZERO), Duration::ZERO);
        let much_later = later + BURST * PART;
        assert_eq!(allowance.charge(much_later, BURST), Duration::ZERO);
    }
}
