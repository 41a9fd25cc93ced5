//! The time of day, which a snapshot is stamped with, and the time that passes, by which a call
//! waits. On the host they are WASI's clocks; [`crate::testing::Machine`] is the first one's twin
//! for tests.

use core::time::Duration;

use crate::bindings::http::monotonic_clock as passing;
use crate::bindings::wall_clock as host;
use crate::host::Host;

/// The time of day.
pub trait Clock {
    /// Milliseconds since 1970-01-01T00:00:00Z, as a snapshot's `created` counts them.
    fn now(&self) -> u64;
}

impl Clock for Host {
    fn now(&self) -> u64 {
        let host::Datetime { seconds, nanoseconds } = host::now();
        seconds.saturating_mul(1000).saturating_add(u64::from(nanoseconds / 1_000_000))
    }
}

/// The time that passes.
pub trait Timer {
    /// How long it is since some moment before this call began. It never goes back.
    fn elapsed(&self) -> Duration;

    /// Waits. The host may end the call meanwhile.
    fn pause(&self, wait: Duration);
}

impl Timer for Host {
    fn elapsed(&self) -> Duration {
        Duration::from_nanos(passing::now())
    }

    fn pause(&self, wait: Duration) {
        let wait = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        passing::subscribe_duration(wait).block();
    }
}
