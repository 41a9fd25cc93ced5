//! Logs: text for a terminal, JSON elsewhere.

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::traces::Traces;

/// The environment variable that sets what is logged, in `tracing`'s directives.
pub(crate) const FILTER: &str = "MOORING_LOG";

/// Starts logging to standard error, and tracing where `traces` is there. `MOORING_LOG` filters (default
/// `info`); where it cannot be read, the default holds and a warning says so.
pub(crate) fn start(traces: Option<&Traces>) -> anyhow::Result<()> {
    let wanted = std::env::var(FILTER).unwrap_or_default();
    let parsed = EnvFilter::try_new(if wanted.is_empty() { "info" } else { &wanted });
    let unreadable = parsed.is_err();
    let filter = parsed.unwrap_or_else(|_| EnvFilter::new("info"));
    // Spans that are for traces alone: disabled where there are none.
    let filter = filter.add_directive(format!("{}=off", mooring_volume::SPANS).parse()?);
    let registry = tracing_subscriber::registry();
    match traces {
        // The filter over all: what it leaves out costs nothing.
        None => registry.with(lines()).with(filter).try_init()?,
        Some(traces) => {
            registry.with(traces.layer()).with(lines().with_filter(filter)).try_init()?
        }
    }
    if unreadable {
        tracing::warn!(variable = FILTER, value = wanted, "not a filter; using info");
    }
    Ok(())
}

/// The lines themselves.
fn lines<S>() -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    if std::io::stderr().is_terminal() {
        let text = tracing_subscriber::fmt::layer().with_target(false).with_writer(std::io::stderr);
        return text.boxed();
    }
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(std::io::stderr)
        .boxed()
}
