//! A call into a component as a span of a trace: which function, how it ended, what memory it took; nothing
//! of what was handed over.

use mooring_volume::{DriverName, SPANS};
use tracing::{Span, field};

use crate::meter::Outcome;

/// Disabled, and free of cost, while no traces are exported.
pub(super) fn span(driver: &DriverName, function: &'static str) -> Span {
    tracing::debug_span!(
        target: SPANS,
        "guest",
        otel.name = function,
        otel.status_code = field::Empty,
        mooring.driver = %driver,
        mooring.function = function,
        mooring.outcome = field::Empty,
        mooring.memory.peak = field::Empty,
    )
}

/// The call has ended. A component's own error is an answer.
pub(super) fn ended(span: &Span, outcome: Outcome, peak_memory: u64) {
    span.record("mooring.outcome", outcome.word());
    span.record("mooring.memory.peak", peak_memory);
    if !outcome.answered() {
        span.record("otel.status_code", "error");
    }
}
