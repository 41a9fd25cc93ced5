//! How spans leave: into a bounded queue, which never makes a call wait, and from there in batches, by a
//! task of its own. What does not fit, and what the receiver does not take, is counted and forgotten.
//!
//! The library's own batching says nowhere how many spans it dropped, and takes a thread.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::names;
use crate::telemetry::metrics::{Metrics, SpanFate};

/// Spans that wait, at most: a few hundred bytes each.
const QUEUE: usize = 2048;
/// Spans that leave together, at most.
const BATCH: usize = 512;
/// How long a span waits for others. The library's default is 5 s; who looks for a trace waits for it.
const DELAY: Duration = Duration::from_secs(1);
/// For the last ones, when the process ends.
const LAST: Duration = Duration::from_secs(2);

/// The way in.
#[derive(Debug)]
pub(super) struct Queue {
    spans: mpsc::Sender<SpanData>,
    metrics: Arc<Metrics>,
}

/// The task.
pub(super) struct Exporting {
    finish: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Starts the task.
pub(super) fn start<E: SpanExporter + 'static>(
    exporter: E,
    metrics: Arc<Metrics>,
) -> (Queue, Exporting) {
    let (spans, waiting) = mpsc::channel(QUEUE);
    let (finish, finishing) = oneshot::channel();
    let exit = Exit { exporter, waiting, metrics: Arc::clone(&metrics), failing: false };
    let task = tokio::spawn(exit.run(finishing));
    (Queue { spans, metrics }, Exporting { finish, task })
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.spans.try_send(span).is_err() {
            self.metrics.count_spans(SpanFate::Dropped, 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl Exporting {
    /// Exports what waits, and ends.
    pub(super) async fn finish(self) {
        // Either the task takes it, or it is gone already.
        let _ = self.finish.send(());
        let _ = tokio::time::timeout(LAST, self.task).await;
    }
}

/// The way out.
struct Exit<E> {
    exporter: E,
    waiting: mpsc::Receiver<SpanData>,
    metrics: Arc<Metrics>,
    /// Whether the last batch was not taken: the log tells the first failure alone.
    failing: bool,
}

impl<E: SpanExporter> Exit<E> {
    async fn run(mut self, mut finishing: oneshot::Receiver<()>) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let full = async {
                let first = self.waiting.recv_many(&mut batch, BATCH).await;
                let _ = tokio::time::timeout(DELAY, async {
                    while batch.len() < BATCH {
                        let room = BATCH - batch.len();
                        if self.waiting.recv_many(&mut batch, room).await == 0 {
                            break;
                        }
                    }
                })
                .await;
                first > 0
            };
            let more = tokio::select! {
                more = full => more,
                _ = &mut finishing => false,
            };
            if !more {
                break;
            }
            self.send(&mut batch).await;
        }
        while let Ok(span) = self.waiting.try_recv() {
            batch.push(span);
        }
        self.send(&mut batch).await;
    }

    async fn send(&mut self, batch: &mut Vec<SpanData>) {
        if batch.is_empty() {
            return;
        }
        let spans: Vec<_> = batch.drain(..).map(names::conventional).collect();
        let count = u64::try_from(spans.len()).unwrap_or(u64::MAX);
        match self.exporter.export(spans).await {
            Ok(()) => {
                self.metrics.count_spans(SpanFate::Exported, count);
                self.failing = false;
            }
            Err(error) => {
                self.metrics.count_spans(SpanFate::Refused, count);
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(%error, "traces are not taken; calls go on without them");
                }
            }
        }
    }
}
