//! What is counted of each call into a component. The program decides where it goes.

use std::time::Duration;

use mooring_volume::{Code, DriverName};

/// How a call into a component ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It answered.
    Answered,
    /// It answered with an error of its own.
    Refused(Code),
    /// It trapped: a panic, a stack overflow, an unreachable instruction.
    Trapped,
    /// Its budget of time ended first.
    TimedOut,
    /// It hit a limit: memory, tables, handles, bytes handed to the host.
    Exhausted,
    /// It answered with a value that cannot be.
    Malformed,
    /// It was not called: too many calls were waiting, or the breaker was open.
    Shed,
    /// What it wrote could not be made durable.
    NotDurable,
}

impl Outcome {
    /// For metrics and traces.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused(_) => "refused",
            Self::Trapped => "trapped",
            Self::TimedOut => "timed-out",
            Self::Exhausted => "exhausted",
            Self::Malformed => "malformed",
            Self::Shed => "shed",
            Self::NotDurable => "not-durable",
        }
    }

    /// Whether the component itself answered, so that what it read or wrote must be durable.
    pub(crate) fn answered(self) -> bool {
        match self {
            Self::Answered | Self::Refused(_) | Self::Malformed => true,
            Self::Trapped | Self::TimedOut | Self::Exhausted | Self::Shed | Self::NotDurable => {
                false
            }
        }
    }
}

/// How an HTTP request of a component ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HttpOutcome {
    /// The origin answered with this status.
    Answered(u16),
    /// A rule of the host refused it: nothing was sent.
    Refused,
    /// There was no answer.
    Failed,
}

/// One call into a component, ended.
#[derive(Debug, Clone, Copy)]
pub struct GuestCall<'a> {
    /// Of this driver.
    pub driver: &'a DriverName,
    /// Interface and function, such as `volumes.create`.
    pub function: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// From asking for a slot to the end.
    pub duration: Duration,
    /// Bytes of linear memory at the highest, all memories summed.
    pub peak_memory: u64,
}

/// How a swap of a driver's version ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SwapOutcome {
    /// The new version serves.
    Switched,
    /// It does not; the one before serves on.
    Refused,
    /// It did, failed too often, and the one before serves again.
    RolledBack,
}

/// Where counts go; the program puts its metrics here.
pub trait Meter: Send + Sync + 'static {
    /// A call has ended.
    fn guest_call(&self, call: GuestCall<'_>);
    /// A driver's breaker opened (`true`) or closed again.
    fn breaker(&self, driver: &DriverName, open: bool);
    /// A component's HTTP request has got its answer's headers, or none. By default not counted.
    fn http_request(&self, driver: &DriverName, outcome: HttpOutcome, duration: Duration) {
        let _ = (driver, outcome, duration);
    }

    /// A version of a driver took over, was refused, or was taken back.
    fn swap(&self, _: &DriverName, _: SwapOutcome) {}
    /// Log lines of a driver that were dropped, since the last time.
    fn log_lines_dropped(&self, driver: &DriverName, lines: u64);
}

/// Counts nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unmetered;

impl Meter for Unmetered {
    fn guest_call(&self, _: GuestCall<'_>) {}
    fn breaker(&self, _: &DriverName, _: bool) {}
    fn log_lines_dropped(&self, _: &DriverName, _: u64) {}
}
