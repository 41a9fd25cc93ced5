//! Metrics in Prometheus's text form: RPCs by driver, method and code; guest calls by driver,
//! function and outcome.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RpcLabels {
    driver: String,
    method: String,
    code: String,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct MethodLabels {
    driver: String,
    method: String,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct GuestLabels {
    driver: String,
    function: String,
    outcome: String,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct HttpLabels {
    driver: String,
    outcome: String,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct DriverLabels {
    driver: String,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SwapLabels {
    driver: String,
    outcome: String,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RegistrationLabels {
    driver: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SpanLabels {
    outcome: &'static str,
}

/// What became of a span of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpanFate {
    /// The receiver has it.
    Exported,
    /// There was no room to let it wait.
    Dropped,
    /// The receiver did not take it.
    Refused,
}

impl SpanFate {
    fn word(self) -> &'static str {
        match self {
            Self::Exported => "exported",
            Self::Dropped => "dropped",
            Self::Refused => "refused",
        }
    }
}

/// All that one process measures.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    rpcs: Family<RpcLabels, Counter>,
    in_flight: Family<DriverLabels, Gauge>,
    rpc_seconds: Family<MethodLabels, Histogram, fn() -> Histogram>,
    guest_calls: Family<GuestLabels, Counter>,
    guest_seconds: Family<DriverLabels, Histogram, fn() -> Histogram>,
    guest_memory: Family<DriverLabels, Gauge>,
    http_requests: Family<HttpLabels, Counter>,
    http_seconds: Family<DriverLabels, Histogram, fn() -> Histogram>,
    breaker: Family<DriverLabels, Gauge>,
    swaps: Family<SwapLabels, Counter>,
    dropped_lines: Family<DriverLabels, Counter>,
    inline_deletions: Family<DriverLabels, Gauge>,
    registrations: Family<RegistrationLabels, Counter>,
    spans: Family<SpanLabels, Counter>,
}

/// 100 µs to 100 s, a factor of about 3 apart.
fn latency() -> Histogram {
    Histogram::new(exponential_buckets(1e-4, 3.162, 13))
}

/// 10 µs to 1 s.
fn short_latency() -> Histogram {
    Histogram::new(exponential_buckets(1e-5, 3.162, 11))
}

impl Metrics {
    pub(crate) fn new(process: &'static str) -> Self {
        let rpcs = Family::<RpcLabels, Counter>::default();
        let in_flight = Family::<DriverLabels, Gauge>::default();
        let rpc_seconds = Family::new_with_constructor(latency as fn() -> Histogram);
        let guest_calls = Family::<GuestLabels, Counter>::default();
        let guest_seconds = Family::new_with_constructor(short_latency as fn() -> Histogram);
        let guest_memory = Family::<DriverLabels, Gauge>::default();
        let http_requests = Family::<HttpLabels, Counter>::default();
        let http_seconds = Family::new_with_constructor(latency as fn() -> Histogram);
        let breaker = Family::<DriverLabels, Gauge>::default();
        let swaps = Family::<SwapLabels, Counter>::default();
        let dropped_lines = Family::<DriverLabels, Counter>::default();
        let inline_deletions = Family::<DriverLabels, Gauge>::default();
        let registrations = Family::<RegistrationLabels, Counter>::default();
        let spans = Family::<SpanLabels, Counter>::default();

        let labels = [("process".into(), process.into())].into_iter();
        let mut all = Registry::with_labels(labels);
        let registry = all.sub_registry_with_prefix("mooring");
        registry.register("rpcs", "CSI calls answered", rpcs.clone());
        registry.register("rpcs_in_flight", "CSI calls under way", in_flight.clone());
        registry.register_with_unit(
            "rpc_duration",
            "Time to answer a CSI call",
            Unit::Seconds,
            rpc_seconds.clone(),
        );
        registry.register("guest_calls", "Calls into components", guest_calls.clone());
        registry.register_with_unit(
            "guest_call_duration",
            "Time of a call into a component, its instantiation included",
            Unit::Seconds,
            guest_seconds.clone(),
        );
        registry.register_with_unit(
            "guest_memory_peak",
            "Linear memory at the end of the last call",
            Unit::Bytes,
            guest_memory.clone(),
        );
        registry.register("http_requests", "HTTP requests of components", http_requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from a component's HTTP request to its answer's headers",
            Unit::Seconds,
            http_seconds.clone(),
        );
        registry.register("breaker_open", "1 while a driver's breaker is open", breaker.clone());
        registry.register(
            "swaps",
            "Versions of a driver that took over, were refused or were rolled back",
            swaps.clone(),
        );
        registry.register(
            "guest_log_lines_dropped",
            "Log lines of a component past its rate",
            dropped_lines.clone(),
        );
        registry.register(
            "inline_deletions_waiting",
            "Volumes of pods that are gone, which their backend could not delete yet",
            inline_deletions.clone(),
        );
        registry.register(
            "kubelet_registrations",
            "What kubelet said of drivers",
            registrations.clone(),
        );
        registry.register("trace_spans", "Spans of traces, by what became of them", spans.clone());
        Self {
            registry: Mutex::new(all),
            rpcs,
            in_flight,
            rpc_seconds,
            guest_calls,
            guest_seconds,
            guest_memory,
            http_requests,
            http_seconds,
            breaker,
            swaps,
            dropped_lines,
            inline_deletions,
            registrations,
            spans,
        }
    }

    /// Adds what is asked for at each scrape, under its full name.
    pub(crate) fn watch(&self, collector: impl Collector) {
        self.registry().register_collector(Box::new(collector));
    }

    /// The text that Prometheus scrapes.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry());
        text
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin_rpc(&self, driver: &str) {
        self.in_flight.get_or_create(&DriverLabels { driver: driver.to_owned() }).inc();
    }

    pub(crate) fn count_rpc(&self, driver: &str, method: &str, code: &str, took: Duration) {
        let (driver, method) = (driver.to_owned(), method.to_owned());
        self.in_flight.get_or_create(&DriverLabels { driver: driver.clone() }).dec();
        self.rpcs
            .get_or_create(&RpcLabels {
                driver: driver.clone(),
                method: method.clone(),
                code: code.to_owned(),
            })
            .inc();
        self.rpc_seconds
            .get_or_create(&MethodLabels { driver, method })
            .observe(took.as_secs_f64());
    }

    pub(crate) fn count_spans(&self, fate: SpanFate, spans: u64) {
        self.spans.get_or_create(&SpanLabels { outcome: fate.word() }).inc_by(spans);
    }

    pub(crate) fn count_registration(&self, driver: &str, outcome: &'static str) {
        let driver = driver.to_owned();
        self.registrations.get_or_create(&RegistrationLabels { driver, outcome }).inc();
    }

    pub(crate) fn set_breaker(&self, driver: &str, open: bool) {
        self.breaker.get_or_create(&DriverLabels { driver: driver.to_owned() }).set(open.into());
    }

    pub(crate) fn count_swap(&self, driver: &str, outcome: &str) {
        let (driver, outcome) = (driver.to_owned(), outcome.to_owned());
        self.swaps.get_or_create(&SwapLabels { driver, outcome }).inc();
    }

    pub(crate) fn set_inline_deletions(&self, driver: &str, waiting: usize) {
        let waiting = i64::try_from(waiting).unwrap_or(i64::MAX);
        self.inline_deletions
            .get_or_create(&DriverLabels { driver: driver.to_owned() })
            .set(waiting);
    }

    pub(crate) fn count_dropped_lines(&self, driver: &str, lines: u64) {
        self.dropped_lines.get_or_create(&DriverLabels { driver: driver.to_owned() }).inc_by(lines);
    }

    pub(crate) fn count_http_request(&self, driver: &str, outcome: &str, took: Duration) {
        let (driver, outcome) = (driver.to_owned(), outcome.to_owned());
        self.http_seconds
            .get_or_create(&DriverLabels { driver: driver.clone() })
            .observe(took.as_secs_f64());
        self.http_requests.get_or_create(&HttpLabels { driver, outcome }).inc();
    }

    pub(crate) fn count_guest_call(
        &self,
        driver: &str,
        function: &str,
        outcome: &str,
        took: Duration,
        memory: u64,
    ) {
        let of_driver = DriverLabels { driver: driver.to_owned() };
        self.guest_calls
            .get_or_create(&GuestLabels {
                driver: driver.to_owned(),
                function: function.to_owned(),
                outcome: outcome.to_owned(),
            })
            .inc();
        self.guest_seconds.get_or_create(&of_driver).observe(took.as_secs_f64());
        self.guest_memory.get_or_create(&of_driver).set(i64::try_from(memory).unwrap_or(i64::MAX));
    }
}
