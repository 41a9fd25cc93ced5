//! The RPCs' spans under OpenTelemetry's names. They are the log's spans, with the log's words; the
//! renaming happens when they leave, so that a call pays nothing for it.

use opentelemetry::trace::SpanKind;
use opentelemetry::{Key, KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;

/// The log's span of an RPC.
const RPC: &str = "rpc";

/// Whether a span of this name is an RPC's.
pub(super) fn is_rpc(name: &str) -> bool {
    name == RPC
}

/// The span as OpenTelemetry's conventions for gRPC name it; others stay as they are.
pub(super) fn conventional(mut span: SpanData) -> SpanData {
    if !is_rpc(&span.name) {
        return span;
    }
    let part = |wanted: &str| {
        let found = span.attributes.iter().find(|it| it.key.as_str() == wanted);
        found.map_or_else(String::new, |it| it.value.as_str().into_owned())
    };
    span.name = format!("{}/{}", part("service"), part("method")).into();
    span.span_kind = SpanKind::Server;
    let attributes = std::mem::take(&mut span.attributes).into_iter().filter_map(renamed);
    let system = KeyValue::new("rpc.system", Value::from("grpc"));
    span.attributes = attributes.chain([system]).collect();
    span
}

fn renamed(mut attribute: KeyValue) -> Option<KeyValue> {
    let key = match attribute.key.as_str() {
        "service" => "rpc.service",
        "method" => "rpc.method",
        "driver" => "mooring.driver",
        "call" => "mooring.call",
        "volume" => "mooring.volume",
        // Every span has it anyway.
        "trace" => return None,
        _ => return Some(attribute),
    };
    attribute.key = Key::from_static_str(key);
    Some(attribute)
}
