//! Waiting by looks, not by the clock: on a machine that stops all its processes for minutes, a time
//! that has passed is no finding.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use anyhow::bail;

/// Between two looks at something that nothing announces.
pub(crate) const LOOK: Duration = Duration::from_millis(5);

/// One after the other, these make the longest wait: half a minute of a machine that runs.
const TICK: Duration = Duration::from_millis(50);
const TICKS: u32 = 600;

/// The outcome of what has to come.
///
/// # Errors
/// When it does not, with `what` that was.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> anyhow::Result<T> {
    let mut future = pin!(future);
    for _ in 0..TICKS {
        tokio::select! {
            biased;
            outcome = &mut future => return Ok(outcome),
            () = tokio::time::sleep(TICK) => {}
        }
    }
    bail!("{what} does not come to an end")
}

/// Looks until `look` has nothing to object to any more.
///
/// # Errors
/// With its last objection.
pub(crate) async fn settled(mut look: impl FnMut() -> Vec<String>) -> anyhow::Result<()> {
    for looked in 0..2 * TICKS {
        if look().is_empty() {
            return Ok(());
        }
        tokio::time::sleep(if looked < 100 { LOOK } else { TICK }).await;
    }
    bail!("left: {:#?}", look())
}

/// As [`within`], for a thread that may block: looks until there is a value.
pub(crate) fn eventually<T>(mut look: impl FnMut(Duration) -> Option<T>) -> Option<T> {
    (0..TICKS).find_map(|_| look(TICK))
}
