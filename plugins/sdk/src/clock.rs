//! The time of day, which a snapshot is stamped with. On the host it is WASI's wall clock;
//! [`crate::testing::Machine`] is the twin for tests.

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
