//! What guests log: stamped with driver and call, escaped, cut, and held to a rate.
//!
//! A guest's line can never look like the host's own: it is one field of an event of the target
//! `guest`, without control characters. The secrets of the call are
//! blotted out of it.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mooring_volume::{CallId, DriverName, Secrets};

use crate::meter::{HttpOutcome, Meter};

/// Bytes of a line that are kept.
pub(crate) const MAX_LINE: usize = 4 << 10;
/// Lines that a driver may log at once, after having been quiet.
const BURST: u32 = 500;
/// Lines a second that a driver may log for long. Each wakes whoever reads the log.
const RATE: u32 = 20;

/// Between two lines that say how many were dropped.
const TELL: Duration = Duration::from_secs(1);

/// How much a line matters, as the guest says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// The log of one driver: all of its calls share the rate.
pub(crate) struct DriverLog {
    driver: DriverName,
    meter: Arc<dyn Meter>,
    bucket: Mutex<Bucket>,
}

/// The log of one call.
#[derive(Clone)]
pub(crate) struct CallLog {
    driver: Arc<DriverLog>,
    call: CallId,
    secrets: Option<Arc<Secrets>>,
    /// Lines that were dropped, for whoever makes the driver pay for them.
    dropped: Arc<AtomicU64>,
}

impl DriverLog {
    pub(crate) fn new(driver: DriverName, meter: Arc<dyn Meter>) -> Arc<Self> {
        let bucket = Mutex::new(Bucket::new(Instant::now()));
        Arc::new(Self { driver, meter, bucket })
    }

    /// The log of a call that was given these secrets.
    pub(crate) fn of_call(
        self: &Arc<Self>,
        call: CallId,
        secrets: Option<Arc<Secrets>>,
    ) -> CallLog {
        CallLog { driver: Arc::clone(self), call, secrets, dropped: Arc::default() }
    }
}

impl CallLog {
    /// The call's secrets, those included that its guest does not get.
    pub(crate) fn secrets(&self) -> Option<&Secrets> {
        self.secrets.as_deref()
    }

    /// How many lines of the call were dropped since somebody last took the number.
    pub(crate) fn dropped(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.dropped)
    }

    /// Counts a request that the guest sent.
    pub(crate) fn http_request(&self, outcome: HttpOutcome, duration: Duration) {
        self.driver.meter.http_request(&self.driver.driver, outcome, duration);
    }

    /// Logs one line, or counts it where the driver logs too much.
    pub(crate) fn line(&self, level: Level, line: &str) {
        let verdict = {
            let mut bucket = self.driver.bucket.lock().unwrap_or_else(PoisonError::into_inner);
            bucket.take(Instant::now())
        };
        let Some(dropped) = verdict else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if dropped > 0 {
            self.driver.meter.log_lines_dropped(&self.driver.driver, dropped);
            let driver = &self.driver.driver;
            tracing::warn!(target: "guest", %driver, dropped, "the backend logs too much; lines were dropped");
        }
        self.emit(level, &clean(&self.conceal(line), MAX_LINE));
    }

    fn conceal<'a>(&self, line: &'a str) -> Cow<'a, str> {
        self.secrets.as_ref().map_or(Cow::Borrowed(line), |secrets| secrets.blot(line))
    }

    fn emit(&self, level: Level, line: &str) {
        let (driver, call) = (&self.driver.driver, self.call);
        match level {
            Level::Trace => tracing::trace!(target: "guest", %driver, %call, "{line}"),
            Level::Debug => tracing::debug!(target: "guest", %driver, %call, "{line}"),
            Level::Info => tracing::info!(target: "guest", %driver, %call, "{line}"),
            Level::Warn => tracing::warn!(target: "guest", %driver, %call, "{line}"),
            Level::Error => tracing::error!(target: "guest", %driver, %call, "{line}"),
        }
    }
}

/// A token bucket that remembers what it refused.
struct Bucket {
    tokens: u32,
    refilled: Instant,
    dropped: u64,
    /// When it was last told how many were dropped.
    told: Option<Instant>,
}

impl Bucket {
    fn new(now: Instant) -> Self {
        Self { tokens: BURST, refilled: now, dropped: 0, told: None }
    }

    /// Whether a line may pass; then how many were dropped before it, which is told once in a while:
    /// with each line that passes it would make a flood twice as long.
    fn take(&mut self, now: Instant) -> Option<u64> {
        let interval = Duration::from_secs(1) / RATE;
        let elapsed = now.saturating_duration_since(self.refilled);
        let due = u32::try_from(elapsed.as_nanos() / interval.as_nanos()).unwrap_or(u32::MAX);
        if due > 0 {
            self.tokens = self.tokens.saturating_add(due).min(BURST);
            self.refilled = if due >= BURST { now } else { self.refilled + interval * due };
        }
        if self.tokens == 0 {
            self.dropped += 1;
            return None;
        }
        self.tokens -= 1;
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < TELL) {
            return Some(0);
        }
        if self.dropped > 0 {
            self.told = Some(now);
        }
        Some(std::mem::take(&mut self.dropped))
    }
}

/// Text of a guest made fit for a log or an error: escaped, and cut after `most` bytes.
pub(crate) fn clean(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most));
    for c in text.chars() {
        let before = out.len();
        if c.is_control() || reorders(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
        if out.len() > most {
            out.truncate(before);
            out.push_str(" […]");
            break;
        }
    }
    out
}

/// Characters that make a terminal or a log viewer show other text than there is: line and
/// paragraph separators, and what turns the direction of writing.
fn reorders(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(clean("a\nINFO forged\r\u{1b}[31m", 99), "a\\u{a}INFO forged\\u{d}\\u{1b}[31m");
        assert_eq!(clean("x\u{202e}y\u{2028}z", 99), "x\\u{202e}y\\u{2028}z");
        assert_eq!(clean("grün", 5), "grün");
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        assert_eq!(clean("üüü", 5), "üü […]");
        assert_eq!(clean("abc", 3), "abc");
        assert_eq!(clean("\n\n\n", 10), "\\u{a}\\u{a} […]");
    }

    #[test]
    fn a_flood_is_held_to_the_rate_and_counted() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        let passed = (0..10_000).filter(|_| bucket.take(start).is_some()).count();
        assert_eq!(passed, BURST as usize);
        let later = start + Duration::from_secs(1);
        assert_eq!(bucket.take(later), Some(10_000 - u64::from(BURST)));
        let passed = (0..10_000).filter(|_| bucket.take(later).is_some()).count();
        assert_eq!(passed, RATE as usize - 1);
        let soon = later + Duration::from_millis(500);
        assert_eq!(bucket.take(soon), Some(0), "it was told half a second ago");
        let then = later + TELL;
        assert_eq!(bucket.take(then), Some(10_000 - (u64::from(RATE) - 1)));
    }
}
