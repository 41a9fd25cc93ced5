//! `mooring volume health`: what is wrong with volumes, or between this node and its storage.

use std::path::PathBuf;

use clap::Args;
use mooring_proto::csi::v1 as csi;
use serde::Serialize;

use super::arguments::{SecretArgs, absolute};
use super::failure::{Exit, Failure};
use super::output::{Answer, columns};
use super::session::{Session, following};

/// Show what is wrong: with one volume, with any volume, or with this node's storage.
#[derive(Debug, Args)]
#[command(after_help = "Exits with 6 where something is wrong.\n\n\
    Examples:\n  mooring volume health\n  mooring volume health ID\n  \
    mooring volume health ID --volume-path /var/lib/kubelet/data/target\n  \
    mooring volume health --node\n  mooring volume health -o json | jq '.findings[].reason'")]
pub(super) struct HealthArgs {
    /// The volume; without it, all that something is wrong with.
    id: Option<String>,
    /// Ask this node: with a volume, how it sees that one; without, how it sees its storage.
    #[arg(long)]
    node: bool,
    /// Where the volume is published on this node.
    #[arg(long, value_name = "PATH", requires = "id")]
    volume_path: Option<PathBuf>,
    /// Where the volume is staged on this node.
    #[arg(long, value_name = "DIR", requires = "id")]
    staging_path: Option<PathBuf>,
    #[command(flatten)]
    secrets: SecretArgs,
}

#[derive(Debug, Serialize)]
pub(super) struct Health {
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    /// None: it is about the storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    volume_id: Option<String>,
    /// CSI's word.
    status: &'static str,
    reason: String,
    message: String,
}

impl HealthArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Health, Failure> {
        let here = self.node || self.volume_path.is_some() || self.staging_path.is_some();
        let findings = match (self.id.clone(), here) {
            (None, false) => self.all(session).await?,
            (Some(id), false) => self.one(session, id).await?,
            (None, true) => self.storage(session).await?,
            (Some(id), true) => self.on_node(session, id).await?,
        };
        Ok(Health { findings })
    }

    async fn all(self, session: &Session) -> Result<Vec<Finding>, Failure> {
        let mut controller = session.controller().await?;
        let secrets = self.secrets.read()?;
        let mut findings = Vec::new();
        let mut starting_token = String::new();
        loop {
            let request = csi::ControllerListVolumeHealthRequest {
                max_entries: 0,
                starting_token: starting_token.clone(),
                secrets: secrets.clone(),
            };
            let page = controller.controller_list_volume_health(session.request(request)).await?;
            let page = page.into_inner();
            findings.extend(page.entries.into_iter().flat_map(of_volume));
            match following(&starting_token, page.next_token)? {
                Some(next) => starting_token = next,
                None => return Ok(findings),
            }
        }
    }

    async fn one(self, session: &Session, volume_id: String) -> Result<Vec<Finding>, Failure> {
        let request =
            csi::ControllerGetVolumeHealthRequest { volume_id, secrets: self.secrets.read()? };
        let mut controller = session.controller().await?;
        let answer = controller.controller_get_volume_health(session.request(request)).await?;
        Ok(answer.into_inner().volume_health.into_iter().flat_map(of_volume).collect())
    }

    async fn on_node(self, session: &Session, volume_id: String) -> Result<Vec<Finding>, Failure> {
        let path = |path: Option<PathBuf>| {
            path.as_deref().map(absolute).transpose().map(Option::unwrap_or_default)
        };
        let request = csi::NodeGetVolumeHealthRequest {
            volume_id,
            volume_publish_path: path(self.volume_path)?,
            staging_target_path: path(self.staging_path)?,
        };
        let mut node = session.node().await?;
        let answer = node.node_get_volume_health(session.request(request)).await?;
        Ok(answer.into_inner().volume_health.into_iter().flat_map(of_volume).collect())
    }

    async fn storage(self, session: &Session) -> Result<Vec<Finding>, Failure> {
        let request = csi::NodeGetStorageHealthRequest { secrets: self.secrets.read()? };
        let mut node = session.node().await?;
        let answer = node.node_get_storage_health(session.request(request)).await?;
        let finding = |found: csi::node_get_storage_health_response::StorageBackendHealth| {
            let status = found.status().as_str_name();
            Finding { volume_id: None, status, reason: found.reason, message: found.message }
        };
        Ok(answer.into_inner().backend_health.into_iter().map(finding).collect())
    }
}

fn of_volume(health: csi::VolumeHealth) -> Vec<Finding> {
    let csi::VolumeHealth { volume_id, health_statuses } = health;
    let finding = |found: csi::volume_health::VolumeHealthEntry| {
        let status = found.status().as_str_name();
        let volume_id = Some(volume_id.clone());
        Finding { volume_id, status, reason: found.reason, message: found.message }
    };
    health_statuses.into_iter().map(finding).collect()
}

impl Answer for Health {
    fn table(&self) -> String {
        if self.findings.is_empty() {
            return "Nothing wrong is known.\n".to_owned();
        }
        let row = |found: &Finding| {
            [
                found.volume_id.clone().unwrap_or_else(|| "(storage)".to_owned()),
                found.status.to_owned(),
                found.reason.clone(),
                found.message.clone(),
            ]
        };
        let heads = ["VOLUME", "STATUS", "REASON", "MESSAGE"];
        columns(heads, self.findings.iter().map(row).collect())
    }

    /// For scripts that only want to know whether.
    fn exit(&self) -> Exit {
        if self.findings.is_empty() { Exit::Done } else { Exit::Refused }
    }
}
