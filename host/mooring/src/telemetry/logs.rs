//! Logs: text for a terminal, JSON elsewhere.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The environment variable that sets what is logged, in `tracing`'s directives.
pub(crate) const FILTER: &str = "MOORING_LOG";

/// Starts logging to standard error. `MOORING_LOG` filters (default `info`); where it cannot be
/// read, the default holds and a warning says so.
pub(crate) fn start() -> anyhow::Result<()> {
    let wanted = std::env::var(FILTER).unwrap_or_default();
    let parsed = EnvFilter::try_new(if wanted.is_empty() { "info" } else { &wanted });
    let unreadable = parsed.is_err();
    let filter = parsed.unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    if std::io::stderr().is_terminal() {
        let text = tracing_subscriber::fmt::layer().with_target(false).with_writer(std::io::stderr);
        registry.with(text).try_init()?;
    } else {
        let json = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_writer(std::io::stderr);
        registry.with(json).try_init()?;
    }
    if unreadable {
        tracing::warn!(variable = FILTER, value = wanted, "not a filter; using info");
    }
    Ok(())
}
