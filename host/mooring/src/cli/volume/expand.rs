//! `mooring volume expand`: more room, in the storage and then in the node's file system.

use std::path::PathBuf;

use clap::Args;
use mooring_proto::csi::v1 as csi;
use serde::Serialize;

use super::arguments::{SecretArgs, absolute};
use super::failure::Failure;
use super::output::{Answer, human, properties};
use super::session::Session;
use super::size::{Size, range};

/// Grow a volume: in the storage, then on this node where that is needed.
#[derive(Debug, Args)]
#[command(
    after_help = "Without --volume-path the node's part is left for later, and the answer says so.\n\n\
    Examples:\n  mooring volume expand ID --size 20GiB --volume-path /var/lib/kubelet/data/target\n  \
    mooring volume expand ID --size 20GiB --controller-only\n  \
    mooring volume expand ID --node-only --volume-path /var/lib/kubelet/data/target"
)]
pub(super) struct ExpandArgs {
    /// The volume.
    id: String,
    /// At least this large.
    #[arg(long, required_unless_present = "node_only")]
    size: Option<Size>,
    /// At most this large.
    #[arg(long, value_name = "SIZE")]
    limit: Option<Size>,
    /// Where the volume is published or staged on this node.
    #[arg(long, value_name = "PATH", required_if_eq("node_only", "true"))]
    volume_path: Option<PathBuf>,
    /// Where it is staged, for drivers that want to know.
    #[arg(long, value_name = "DIR")]
    staging_path: Option<PathBuf>,
    /// Grow it in the storage alone.
    #[arg(long, conflicts_with_all = ["node_only", "volume_path"])]
    controller_only: bool,
    /// Take a volume that has grown in the storage into use on this node.
    #[arg(long)]
    node_only: bool,
    #[command(flatten)]
    secrets: SecretArgs,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Expanded {
    volume_id: String,
    /// 0: the driver did not say.
    capacity_bytes: i64,
    /// Whether the node has grown what lies on the volume.
    node_expanded: bool,
    /// Whether it still has to.
    node_expansion_required: bool,
}

impl ExpandArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Expanded, Failure> {
        let range = range(self.size, self.limit);
        let secrets = self.secrets.read()?;
        let mut expanded = Expanded {
            volume_id: self.id.clone(),
            capacity_bytes: 0,
            node_expanded: false,
            node_expansion_required: self.node_only,
        };
        if !self.node_only {
            let request = csi::ControllerExpandVolumeRequest {
                volume_id: self.id.clone(),
                capacity_range: range,
                secrets: secrets.clone(),
                volume_capability: None,
            };
            let mut controller = session.controller().await?;
            let answer = controller.controller_expand_volume(session.request(request)).await?;
            let csi::ControllerExpandVolumeResponse { capacity_bytes, node_expansion_required } =
                answer.into_inner();
            expanded.capacity_bytes = capacity_bytes;
            expanded.node_expansion_required = node_expansion_required;
        }
        let Some(path) = self.volume_path.filter(|_| expanded.node_expansion_required) else {
            return Ok(expanded);
        };
        let request = csi::NodeExpandVolumeRequest {
            volume_id: self.id,
            volume_path: absolute(&path)?,
            capacity_range: range,
            staging_target_path: self
                .staging_path
                .as_deref()
                .map(absolute)
                .transpose()?
                .unwrap_or_default(),
            volume_capability: None,
            secrets,
        };
        let answer = session.node().await?.node_expand_volume(session.request(request)).await?;
        let capacity_bytes = answer.into_inner().capacity_bytes;
        if capacity_bytes > 0 {
            expanded.capacity_bytes = capacity_bytes;
        }
        Ok(Expanded { node_expanded: true, node_expansion_required: false, ..expanded })
    }
}

impl Answer for Expanded {
    fn table(&self) -> String {
        let node = if self.node_expansion_required {
            let id = &self.volume_id;
            format!("still to do: mooring volume expand {id} --node-only --volume-path PATH")
        } else if self.node_expanded {
            "expanded".to_owned()
        } else {
            "nothing to do".to_owned()
        };
        properties([
            ("ID", self.volume_id.clone()),
            ("CAPACITY", human(self.capacity_bytes)),
            ("NODE", node),
        ])
    }
}
