//! Spans of a trace: a call into a component, and an HTTP request that it sends. They tell what was called,
//! how it ended and what memory it took; nothing of what was handed over, nor a path, which can name volumes.
//!
//! Disabled, and free of cost, while no traces are exported.

use mooring_egress::EgressError;
use mooring_volume::{DriverName, SPANS};
use tracing::{Span, field};

use crate::meter::Outcome;

/// A call into a component: which function.
pub(crate) fn guest(driver: &DriverName, function: &'static str) -> Span {
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
pub(crate) fn guest_ended(span: &Span, outcome: Outcome, peak_memory: u64) {
    span.record("mooring.outcome", outcome.word());
    span.record("mooring.memory.peak", peak_memory);
    if !outcome.answered() {
        span.record("otel.status_code", "error");
    }
}

/// An HTTP request of the component whose call is current.
///
/// Source of the names: OpenTelemetry, "Semantic conventions for HTTP spans", HTTP client.
pub(crate) fn http<B>(request: &http::Request<B>) -> Span {
    let (method, uri) = (request.method().as_str(), request.uri());
    let span = tracing::debug_span!(
        target: SPANS,
        "http",
        otel.name = method,
        otel.kind = "client",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.response.status_code = field::Empty,
        server.address = uri.host(),
        server.port = field::Empty,
        error.type = field::Empty,
    );
    if let Some(port) = uri.port_u16() {
        span.record("server.port", port);
    }
    span
}

/// The head of the answer is there, or there will be none.
pub(crate) fn http_ended<B>(span: &Span, answer: &Result<http::Response<B>, EgressError>) {
    match answer {
        Ok(answer) => {
            let status = answer.status();
            span.record("http.response.status_code", status.as_u16());
            if status.is_client_error() || status.is_server_error() {
                span.record("otel.status_code", "error");
            }
        }
        Err(error) => {
            let kind = if error.is_refusal() { "refused" } else { "failed" };
            span.record("error.type", kind);
            span.record("otel.status_code", "error");
        }
    }
}
