//! W3C Trace Context in the headers of calls: which trace a call goes on with, and what is told to whom it
//! calls. <https://www.w3.org/TR/trace-context/>

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{Status, TraceContextExt as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tonic::Code;
use tracing::{Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Joins the spans of calls.
#[derive(Debug, Default)]
pub(super) struct Joining(TraceContextPropagator);

impl mooring_csi::Traces for Joining {
    fn begin(&self, span: &Span, headers: &HeaderMap) {
        if headers.contains_key("traceparent") {
            let caller = self.0.extract(&Headers(headers));
            // Refused where the span is not traced; then there is nothing to join.
            let _ = span.set_parent(caller);
        }
        let own = span.context();
        let own = own.span().span_context().clone();
        if own.is_valid() {
            span.record("trace", field::display(own.trace_id()));
        }
    }

    fn end(&self, span: &Span, code: Code) {
        span.set_attribute("rpc.grpc.status_code", i64::from(i32::from(code)));
        if is_servers(code) {
            span.set_status(Status::error(code.description()));
        }
    }

    fn hand_on(&self, span: &Span, headers: &mut HeaderMap) {
        self.0.inject_context(&span.context(), &mut HeadersMut(headers));
    }
}

/// Whether a code is the server's failure, not the caller's. Source: OpenTelemetry's conventions for gRPC,
/// server spans.
fn is_servers(code: Code) -> bool {
    match code {
        Code::Unknown
        | Code::DeadlineExceeded
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => true,
        Code::Ok
        | Code::Cancelled
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unauthenticated => false,
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}
