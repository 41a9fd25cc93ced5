//! How far the copies in the background are, asked for when somebody scrapes.

use std::fmt;

use mooring_store::CopyProgress;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Two gauges for each copy that it answers when asked; a copy that ended has none.
pub(crate) struct Copies<F>(pub(crate) F);

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CopyLabels {
    driver: String,
    pool: String,
    /// The image that is made.
    copy: String,
    /// The image that is read.
    source: String,
}

impl<F> fmt::Debug for Copies<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Copies")
    }
}

impl<F: Fn() -> Vec<CopyProgress> + Send + Sync + 'static> Collector for Copies<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let copies = (self.0)();
        let done = "Of copies in the background, what is copied";
        gauges(&mut encoder, ("mooring_copy_done", done), &copies, |copy| copy.done)?;
        let size =
            "Of copies in the background, what is to be copied in all; 0 where not known yet";
        gauges(&mut encoder, ("mooring_copy_size", size), &copies, |copy| copy.total)
    }
}

fn gauges(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    copies: &[CopyProgress],
    bytes: impl Fn(&CopyProgress) -> u64,
) -> fmt::Result {
    let mut family =
        encoder.encode_descriptor(name, help, Some(&Unit::Bytes), MetricType::Gauge)?;
    for copy in copies {
        let labels = CopyLabels {
            driver: copy.driver.to_string(),
            pool: copy.pool.clone(),
            copy: copy.name.clone(),
            source: copy.source.clone(),
        };
        let gauge = ConstGauge::new(i64::try_from(bytes(copy)).unwrap_or(i64::MAX));
        gauge.encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use mooring_volume::DriverName;

    use super::*;
    use crate::telemetry::metrics::Metrics;

    #[test]
    fn a_copy_is_seen_while_it_is_under_way() {
        let copy = CopyProgress {
            driver: DriverName::new("image.mooring.dev").unwrap(),
            pool: "default".to_owned(),
            name: "snapshot-1".to_owned(),
            source: "pvc-1".to_owned(),
            done: 4096,
            total: 8192,
        };
        let under_way = Arc::new(Mutex::new(vec![copy]));
        let metrics = Metrics::new("controller");
        let asked = Arc::clone(&under_way);
        metrics.watch(Copies(move || asked.lock().unwrap().clone()));
        let labels = "{process=\"controller\",driver=\"image.mooring.dev\",pool=\"default\",\
                      copy=\"snapshot-1\",source=\"pvc-1\"}";
        let text = metrics.text();
        assert!(text.contains(&format!("mooring_copy_done_bytes{labels} 4096\n")), "{text}");
        assert!(text.contains(&format!("mooring_copy_size_bytes{labels} 8192\n")), "{text}");

        under_way.lock().unwrap().clear();
        assert!(!metrics.text().contains("snapshot-1"));
    }
}
