//! How a call's span becomes part of a trace that other processes share. The program implements it over its
//! tracing library, which is not known here.

use http::HeaderMap;
use tonic::Code;
use tracing::Span;

/// Joins spans to traces. Called on the serving threads: it must not block.
pub trait Traces: Send + Sync + 'static {
    /// A call begins: its span goes on with the trace that the caller's headers name, if they do. Called
    /// once a span, before it is entered.
    fn begin(&self, span: &Span, headers: &HeaderMap);
    /// The call of this span has ended with this code.
    fn end(&self, span: &Span, code: Code);
    /// Writes into headers of a request that leaves which trace, and which span of it, sends it.
    fn hand_on(&self, span: &Span, headers: &mut HeaderMap);
}

/// Joins nothing.
impl Traces for () {
    fn begin(&self, _: &Span, _: &HeaderMap) {}
    fn end(&self, _: &Span, _: Code) {}
    fn hand_on(&self, _: &Span, _: &mut HeaderMap) {}
}
