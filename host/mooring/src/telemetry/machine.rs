//! What the node has and did, asked for when somebody scrapes.

use std::collections::BTreeMap;
use std::fmt;

use mooring_node::Counted;
use mooring_volume::DriverName;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// The machine as it is now.
pub(crate) struct Standing {
    /// Each driver's.
    pub(crate) drivers: Vec<Counted>,
    /// Programs that were run, and how they ended.
    pub(crate) programs: BTreeMap<(&'static str, &'static str), u64>,
    /// Loop devices; none where they can't be listed.
    pub(crate) loops: Option<usize>,
    /// Drivers that kubelet is to know, and whether it does.
    pub(crate) registered: Vec<(DriverName, bool)>,
}

/// Metrics of what it answers when asked.
pub(crate) struct Machine<F>(pub(crate) F);

impl<F> fmt::Debug for Machine<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Machine")
    }
}

impl<F: Fn() -> Standing + Send + Sync + 'static> Collector for Machine<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Standing { drivers, programs, loops, registered } = (self.0)();
        let help = "Volumes that the node has records of";
        let mut volumes =
            encoder.encode_descriptor("mooring_node_volumes", help, None, MetricType::Gauge)?;
        for Counted { driver, volumes: count, .. } in &drivers {
            let labels = [("driver", driver.as_str())];
            if let Some(count) = count {
                gauge(*count).encode(volumes.encode_family(&labels)?)?;
            }
        }
        let help = "Loop devices of Mooring's volumes on this machine";
        let mut devices = encoder.encode_descriptor(
            "mooring_node_loop_devices",
            help,
            None,
            MetricType::Gauge,
        )?;
        if let Some(count) = loops {
            let none: [(&str, &str); 0] = [];
            gauge(count).encode(devices.encode_family(&none)?)?;
        }
        let help = "1 while kubelet knows the driver, by its own word";
        let name = "mooring_kubelet_registered";
        let mut known = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (driver, registered) in &registered {
            let labels = [("driver", driver.as_str())];
            gauge(usize::from(*registered)).encode(known.encode_family(&labels)?)?;
        }
        let help = "Steps of the node that failed";
        let name = "mooring_node_steps_failed";
        let mut failed = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for Counted { driver, failed_steps, .. } in &drivers {
            for (step, count) in failed_steps {
                let labels = [("driver", driver.as_str()), ("step", *step)];
                ConstCounter::new(*count).encode(failed.encode_family(&labels)?)?;
            }
        }
        let help = "Programs that the node ran, by how they ended";
        let mut ran =
            encoder.encode_descriptor("mooring_node_programs", help, None, MetricType::Counter)?;
        for ((program, outcome), count) in programs {
            let labels = [("program", program), ("outcome", outcome)];
            ConstCounter::new(count).encode(ran.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

fn gauge(count: usize) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX))
}
