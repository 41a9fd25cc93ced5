//! The time of day, which a snapshot is stamped with. On the host it is WASI's wall clock;
//! [`crate::testing::Machine`] is the twin for tests.

use crate::bindings::wall_clock as host;

/// The time of day.
pub trait Clock {
    /// Milliseconds since 1970-01-01T00:00:00Z, as a snapshot's `created` counts them.
    fn now(&self) -> u64;
}

/// The host's clock (`wasi:clocks/wall-clock`). A component that does not ask it does not import
/// it.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostClock;

impl Clock for HostClock {
    fn now(&self) -> u64 {
        let host::Datetime { seconds, nanoseconds } = host::now();
        seconds.saturating_mul(1000).saturating_add(u64::from(nanoseconds / 1_000_000))
    }
}
