//! Traces: spans of `tracing` become OpenTelemetry's, and leave over OTLP (gRPC). Off unless the configuration
//! or the environment names a receiver; then a call costs nothing for it.
//!
//! What a trace holds: each RPC of either process (the node's question to the controller is a child of the
//! call that asks), each call into a component, each step and each program of the node.

mod export;
mod names;
mod propagation;

use std::sync::Arc;

use anyhow::Context as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanExporter as _};
use tonic::metadata::{MetadataKey, MetadataMap, MetadataValue};
use tracing::Metadata;
use tracing_subscriber::filter::{FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::Registry;

use self::propagation::Joining;
use super::metrics::Metrics;
use crate::config::Otlp;

/// The variables by which OpenTelemetry's own library learns of a receiver.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const DISABLED: &str = "OTEL_SDK_DISABLED";

/// What is to be exported, and whereto. Made before privileges are dropped, as it reads the headers' file.
pub(crate) struct Wanted {
    endpoint: Option<String>,
    headers: MetadataMap,
    sample_ratio: Option<f64>,
}

impl Wanted {
    /// None: traces are off.
    pub(crate) fn of(otlp: Option<&Otlp>) -> anyhow::Result<Option<Self>> {
        let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if std::env::var(DISABLED).is_ok_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let Some(Otlp { endpoint, headers_file, sample_ratio }) = otlp else {
            let headers = MetadataMap::new();
            let by_environment = Self { endpoint: None, headers, sample_ratio: None };
            return Ok(ENDPOINTS.iter().any(set).then_some(by_environment));
        };
        let headers = match headers_file {
            Some(path) => std::fs::read_to_string(path)
                .map_err(anyhow::Error::from)
                .and_then(|text| headers(&text))
                .with_context(|| format!("telemetry.otlp.headersFile {}", path.display()))?,
            None => MetadataMap::new(),
        };
        Ok(Some(Self { endpoint: Some(endpoint.clone()), headers, sample_ratio: *sample_ratio }))
    }

    /// Starts exporting. To be called within a runtime.
    pub(crate) fn start(
        self,
        process: &'static str,
        metrics: &Arc<Metrics>,
    ) -> anyhow::Result<Traces> {
        let Self { endpoint, headers, sample_ratio } = self;
        let exporter = SpanExporter::builder().with_tonic().with_metadata(headers);
        let exporter = match endpoint {
            Some(endpoint) => exporter.with_endpoint(endpoint),
            None => exporter,
        };
        let mut exporter = exporter.build().context("traces cannot be exported")?;
        let resource = Resource::builder()
            .with_service_name(format!("mooring-{process}"))
            .with_attribute(opentelemetry::KeyValue::new(
                "service.version",
                env!("CARGO_PKG_VERSION"),
            ))
            .build();
        exporter.set_resource(&resource);
        let (queue, exporting) = export::start(exporter, Arc::clone(metrics));
        let provider =
            SdkTracerProvider::builder().with_resource(resource).with_span_processor(queue);
        let provider = match sample_ratio {
            Some(ratio) => {
                let root = Box::new(Sampler::TraceIdRatioBased(ratio));
                provider.with_sampler(Sampler::ParentBased(root))
            }
            None => provider,
        };
        Ok(Traces { provider: provider.build(), exporting })
    }
}

/// Lines of `name: value`; those that are empty or begin with `#` are left out. An error never holds a value.
fn headers(text: &str) -> anyhow::Result<MetadataMap> {
    let mut headers = MetadataMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = || format!("line {}: `name: value` is wanted", index + 1);
        let (name, value) = line.split_once(':').with_context(at)?;
        let name = MetadataKey::from_bytes(name.trim().to_ascii_lowercase().as_bytes());
        let mut value = MetadataValue::try_from(value.trim()).ok().with_context(at)?;
        value.set_sensitive(true);
        headers.insert(name.ok().with_context(at)?, value);
    }
    Ok(headers)
}

/// Traces that are being exported.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    exporting: export::Exporting,
}

impl Traces {
    /// What turns spans into OpenTelemetry's.
    pub(crate) fn layer(&self) -> Box<dyn Layer<Registry> + Send + Sync> {
        let tracer = self.provider.tracer("mooring");
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false);
        layer.with_filter(traced()).boxed()
    }

    /// What joins calls of several processes.
    pub(crate) fn joining() -> Arc<dyn mooring_csi::Traces> {
        Arc::new(Joining::default())
    }

    /// Exports what is left, within a short time.
    pub(crate) async fn finish(self) {
        self.exporting.finish().await;
    }
}

/// The calls, and the spans that are made for traces alone. No events: log lines stay in the log.
fn traced() -> FilterFn {
    let filter: fn(&Metadata<'_>) -> bool = |metadata| {
        metadata.is_span()
            && (metadata.target() == mooring_volume::SPANS || names::is_rpc(metadata.name()))
    };
    filter_fn(filter).with_max_level_hint(LevelFilter::DEBUG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_and_never_told() {
        let read = headers("# of the collector\n\nAuthorization: Bearer c4nary\nx-scope:  a:b \n");
        let read = read.unwrap();
        assert_eq!(read.get("authorization").unwrap(), "Bearer c4nary");
        assert_eq!(read.get("x-scope").unwrap(), "a:b");
        assert!(!format!("{read:?}").contains("c4nary"), "{read:?}");
        for bad in ["c4nary", "a b: c4nary", "x: c4n\u{1}ary"] {
            let error = format!("{:#}", headers(&format!("a: b\n{bad}")).unwrap_err());
            assert!(error.starts_with("line 2") && !error.contains("c4n"), "{error}");
        }
    }
}
