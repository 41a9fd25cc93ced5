//! What an operator sees of the processes: logs, metrics, health.

pub(crate) mod copies;
pub(crate) mod http;
pub(crate) mod logs;
pub(crate) mod machine;
pub(crate) mod metrics;
pub(crate) mod traces;

use std::sync::Arc;

use metrics::Metrics;
use traces::{Traces, Wanted};

use crate::config::Config;

/// How one process is seen: its log, its metrics, its traces. In two steps, since the headers' file is read
/// with the privileges that a process starts with, and exporting needs the runtime that comes after them.
pub(crate) struct Seen<T> {
    process: &'static str,
    pub(crate) metrics: Arc<Metrics>,
    traces: Option<T>,
}

impl Seen<Wanted> {
    /// As the configuration wants it.
    pub(crate) fn of(config: &Config, process: &'static str) -> anyhow::Result<Self> {
        let traces = Wanted::of(config.telemetry.otlp.as_ref())?;
        Ok(Self { process, metrics: Arc::new(Metrics::new(process)), traces })
    }

    /// Starts logging and exporting. To be called within a runtime.
    pub(crate) fn start(self) -> anyhow::Result<Seen<Traces>> {
        let Self { process, metrics, traces } = self;
        let traces = traces.map(|wanted| wanted.start(process, &metrics)).transpose()?;
        logs::start(traces.as_ref())?;
        Ok(Seen { process, metrics, traces })
    }
}

impl Seen<Traces> {
    /// What joins calls of several processes to traces.
    pub(crate) fn joining(&self) -> Arc<dyn mooring_csi::Traces> {
        if self.traces.is_some() { Traces::joining() } else { Arc::new(()) }
    }

    /// Exports what is left.
    pub(crate) async fn finish(self) {
        if let Some(traces) = self.traces {
            traces.finish().await;
        }
    }
}
