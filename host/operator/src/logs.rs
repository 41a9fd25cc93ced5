//! Logs: text for a terminal, JSON elsewhere, as the host's.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// The environment variable that sets what is logged, in `tracing`'s directives.
const FILTER: &str = "MOORING_LOG";

/// The library logs as errors what it tries again, and each time; what it answers is logged here, once.
const DEFAULT: &str = "info,kube_client=off,kube_runtime=off";

/// Starts logging to standard error. `MOORING_LOG` filters (default: information, and nothing of the
/// library).
///
/// # Errors
/// When logging was started before.
pub fn start() -> anyhow::Result<()> {
    let wanted = std::env::var(FILTER).unwrap_or_default();
    let parsed = EnvFilter::try_new(if wanted.is_empty() { DEFAULT } else { &wanted });
    let unreadable = parsed.is_err();
    let filter = parsed.unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if std::io::stderr().is_terminal() {
        lines.with_target(false).boxed()
    } else {
        lines.json().flatten_event(true).with_span_list(false).boxed()
    };
    tracing_subscriber::registry().with(lines).with(filter).try_init()?;
    if unreadable {
        tracing::warn!(variable = FILTER, value = wanted, "not a filter; using the default");
    }
    Ok(())
}
