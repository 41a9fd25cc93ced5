//! `mooring volume stats`: how full a volume is.

use std::path::PathBuf;

use clap::Args;
use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::volume_usage::Unit;
use serde::Serialize;

use super::arguments::absolute;
use super::failure::Failure;
use super::output::{Answer, columns, human, shown};
use super::session::Session;
use super::view::ConditionView;

/// Show how full a volume is.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mooring volume stats ID --volume-path /var/lib/kubelet/data/target\n  \
    mooring volume stats ID --volume-path /var/lib/kubelet/data/target -o json | jq .bytes.available")]
pub(super) struct StatsArgs {
    /// The volume.
    id: String,
    /// Where it is published or staged.
    #[arg(long, value_name = "PATH")]
    volume_path: PathBuf,
    /// Where it is staged, for drivers that want to know.
    #[arg(long, value_name = "DIR")]
    staging_path: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stats {
    volume_id: String,
    bytes: Option<Usage>,
    /// Null for raw devices.
    inodes: Option<Usage>,
    condition: Option<ConditionView>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Usage {
    total: i64,
    used: i64,
    available: i64,
}

impl StatsArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Stats, Failure> {
        let staging = self.staging_path.as_deref().map(absolute).transpose()?;
        let request = csi::NodeGetVolumeStatsRequest {
            volume_id: self.id.clone(),
            volume_path: absolute(&self.volume_path)?,
            staging_target_path: staging.unwrap_or_default(),
        };
        let answer = session.node().await?.node_get_volume_stats(session.request(request)).await?;
        let csi::NodeGetVolumeStatsResponse { usage, volume_condition } = answer.into_inner();
        let of = |unit: Unit| {
            usage.iter().find(|usage| usage.unit() == unit).map(|usage| Usage {
                total: usage.total,
                used: usage.used,
                available: usage.available,
            })
        };
        Ok(Stats {
            volume_id: self.id,
            bytes: of(Unit::Bytes),
            inodes: of(Unit::Inodes),
            condition: volume_condition.map(ConditionView::from),
        })
    }
}

impl Usage {
    fn row(self, name: &str, write: impl Fn(i64) -> String) -> [String; 5] {
        // A raw device has a total alone: the driver can't see what is used.
        let share = match (self.total, self.used, self.available) {
            (0, _, _) | (_, 0, 0) => "-".to_owned(),
            (total, used, _) => format!("{}%", i128::from(used) * 100 / i128::from(total)),
        };
        [name.to_owned(), write(self.total), write(self.used), write(self.available), share]
    }
}

impl Answer for Stats {
    fn table(&self) -> String {
        let rows = [
            self.bytes.map(|usage| usage.row("bytes", human)),
            self.inodes.map(|usage| usage.row("inodes", |count| count.to_string())),
        ];
        let heads = ["OF", "TOTAL", "USED", "AVAILABLE", "USE"];
        let mut text = columns(heads, rows.into_iter().flatten().collect());
        if let Some(condition) = &self.condition {
            text.push_str(&format!("Condition: {}\n", shown(&condition.to_string())));
        }
        text
    }
}
