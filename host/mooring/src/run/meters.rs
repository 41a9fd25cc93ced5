//! What the crates measure, put into the process's metrics.

use std::sync::Arc;
use std::time::Duration;

use mooring_backend::{GuestCall, HttpOutcome, SwapOutcome};
use mooring_volume::DriverName;

use crate::telemetry::metrics::Metrics;

/// The process's metrics, as the edge and the components know them.
pub(crate) struct Measured(pub(crate) Arc<Metrics>);

impl Measured {
    /// Counts what kubelet said of a driver: `registered` or `refused`.
    pub(super) fn registration(&self, driver: &DriverName, outcome: &'static str) {
        self.0.count_registration(driver.as_str(), outcome);
    }
}

impl mooring_csi::Meter for Measured {
    fn begun(&self, driver: &str) {
        self.0.begin_rpc(driver);
    }

    fn rpc(&self, rpc: mooring_csi::Rpc<'_>) {
        self.0.count_rpc(rpc.driver, rpc.method, rpc.code, rpc.duration);
    }
}

impl mooring_node::Meter for Measured {
    fn inline_deletions(&self, driver: &DriverName, waiting: usize) {
        self.0.set_inline_deletions(driver.as_str(), waiting);
    }
}

impl mooring_backend::Meter for Measured {
    fn guest_call(&self, call: GuestCall<'_>) {
        let outcome = call.outcome.word();
        let driver = call.driver.as_str();
        self.0.count_guest_call(driver, call.function, outcome, call.duration, call.peak_memory);
    }

    fn breaker(&self, driver: &DriverName, open: bool) {
        self.0.set_breaker(driver.as_str(), open);
    }

    fn http_request(&self, driver: &DriverName, outcome: HttpOutcome, duration: Duration) {
        self.0.count_http_request(driver.as_str(), http_word(outcome), duration);
    }

    fn swap(&self, driver: &DriverName, outcome: SwapOutcome) {
        self.0.count_swap(driver.as_str(), super::drivers::word(outcome));
    }

    fn log_lines_dropped(&self, driver: &DriverName, lines: u64) {
        self.0.count_dropped_lines(driver.as_str(), lines);
    }
}

/// One word for each class of statuses: as many series as there are statuses would be too many.
fn http_word(outcome: HttpOutcome) -> &'static str {
    match outcome {
        HttpOutcome::Answered(..300) => "2xx",
        HttpOutcome::Answered(300..400) => "3xx",
        HttpOutcome::Answered(400..500) => "4xx",
        HttpOutcome::Answered(500..) => "5xx",
        HttpOutcome::Refused => "refused",
        HttpOutcome::Failed => "failed",
    }
}
