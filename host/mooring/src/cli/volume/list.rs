//! `mooring volume list` and `get`: the volumes that a driver knows.

use clap::Args;
use mooring_proto::csi::v1 as csi;
use serde::Serialize;

use super::failure::Failure;
use super::output::{Answer, columns, human, shown};
use super::session::{Session, following};
use super::view::VolumeView;

/// List all volumes, page by page.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mooring volume list\n  mooring volume list --quiet\n  \
    mooring volume list -o json | jq '.volumes[].volumeId'")]
pub(super) struct ListArgs {
    /// Ask for so many at a time; the list is complete all the same.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i32).range(0..))]
    max_entries: i32,
    /// Print ids alone.
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Listed {
    volumes: Vec<VolumeView>,
    #[serde(skip)]
    quiet: bool,
}

impl ListArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Listed, Failure> {
        let mut controller = session.controller().await?;
        let mut volumes = Vec::new();
        let mut starting_token = String::new();
        loop {
            let request = csi::ListVolumesRequest {
                max_entries: self.max_entries,
                starting_token: starting_token.clone(),
            };
            let page = controller.list_volumes(session.request(request)).await?.into_inner();
            for entry in page.entries {
                volumes.push(view(entry)?);
            }
            match following(&starting_token, page.next_token)? {
                Some(next) => starting_token = next,
                None => return Ok(Listed { volumes, quiet: self.quiet }),
            }
        }
    }
}

fn view(entry: csi::list_volumes_response::Entry) -> Result<VolumeView, Failure> {
    let csi::list_volumes_response::Entry { volume, status } = entry;
    let view = VolumeView::required(volume)?;
    Ok(match status {
        Some(status) => view.with_status(status.published_node_ids, status.volume_condition),
        None => view,
    })
}

impl Answer for Listed {
    fn table(&self) -> String {
        if self.volumes.is_empty() {
            return "No volumes.\n".to_owned();
        }
        let row = |volume: &VolumeView| {
            [
                volume.volume_id.clone(),
                human(volume.capacity_bytes),
                volume.published_nodes.clone().unwrap_or_default().join(", "),
                volume.condition.as_ref().map(ToString::to_string).unwrap_or_default(),
            ]
        };
        let heads = ["ID", "CAPACITY", "PUBLISHED TO", "CONDITION"];
        columns(heads, self.volumes.iter().map(row).collect())
    }

    fn quiet(&self) -> Option<String> {
        let line = |volume: &VolumeView| format!("{}\n", shown(&volume.volume_id));
        self.quiet.then(|| self.volumes.iter().map(line).collect())
    }
}

/// Show one volume.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mooring volume get ID\n  mooring volume get ID -o json | jq .capacityBytes"
)]
pub(super) struct GetArgs {
    /// The volume.
    id: String,
}

impl GetArgs {
    pub(super) async fn run(self, session: &Session) -> Result<VolumeView, Failure> {
        get(session, self.id).await
    }
}

/// One volume, as the driver knows it.
pub(super) async fn get(session: &Session, volume_id: String) -> Result<VolumeView, Failure> {
    let request = session.request(csi::ControllerGetVolumeRequest { volume_id });
    let answer = session.controller().await?.controller_get_volume(request).await?.into_inner();
    let view = VolumeView::required(answer.volume)?;
    Ok(match answer.status {
        Some(status) => view.with_status(status.published_node_ids, status.volume_condition),
        None => view,
    })
}

impl Answer for VolumeView {
    fn table(&self) -> String {
        Self::table(self)
    }
}
