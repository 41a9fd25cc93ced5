//! `mooring volume publish` and `unpublish`: a staged volume appears at a target, and goes.

use std::path::PathBuf;

use clap::Args;
use mooring_proto::csi::v1 as csi;
use serde::Serialize;

use super::arguments::{SecretArgs, absolute, make_directory};
use super::capability::CapabilityArgs;
use super::create::Done;
use super::failure::Failure;
use super::output::{Answer, properties};
use super::session::Session;
use super::stage::{ContextArgs, Subject};

/// Make a staged volume appear at a target path.
#[derive(Debug, Args)]
#[command(
    after_help = "The target's parent is made where it is missing; the target itself is the driver's.\n\n\
    Examples:\n  mooring volume publish ID --staging-path /var/lib/kubelet/data/staging \\\n      \
    --target-path /var/lib/kubelet/data/target --fs-type xfs\n  \
    mooring volume publish ID --staging-path /var/lib/kubelet/data/staging \\\n      \
    --target-path /var/lib/kubelet/data/read --fs-type xfs --readonly"
)]
pub(super) struct PublishArgs {
    /// The volume.
    id: String,
    /// Where it is staged; left out for drivers that do not stage.
    #[arg(long, value_name = "DIR")]
    staging_path: Option<PathBuf>,
    /// Where it shall appear, below one of the node's target roots.
    #[arg(long, value_name = "PATH")]
    target_path: PathBuf,
    /// No writes through this target.
    #[arg(long)]
    readonly: bool,
    #[command(flatten)]
    capability: CapabilityArgs,
    #[command(flatten)]
    contexts: ContextArgs,
    #[command(flatten)]
    secrets: SecretArgs,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Published {
    volume_id: String,
    state: &'static str,
    target_path: String,
    readonly: bool,
}

impl PublishArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Published, Failure> {
        let staging_path = self.staging_path.as_deref().map(absolute).transpose()?;
        let target = std::path::absolute(&self.target_path).unwrap_or(self.target_path);
        let target_path = absolute(&target)?;
        let capability = self.capability.to_csi();
        let secrets = self.secrets.read()?;
        let subject = Subject { id: &self.id, capability: &capability, secrets: &secrets };
        let contexts = self.contexts.complete(session, subject).await?;
        let mut node = session.node().await?;
        if let Some(parent) = target.parent() {
            make_directory(&absolute(parent)?)?;
        }
        let request = csi::NodePublishVolumeRequest {
            volume_id: self.id.clone(),
            publish_context: contexts.publish,
            staging_target_path: staging_path.unwrap_or_default(),
            target_path: target_path.clone(),
            volume_capability: Some(capability),
            readonly: self.readonly,
            secrets,
            volume_context: contexts.volume,
        };
        node.node_publish_volume(session.request(request)).await?;
        Ok(Published {
            volume_id: self.id,
            state: "published",
            target_path,
            readonly: self.readonly,
        })
    }
}

impl Answer for Published {
    fn table(&self) -> String {
        let access = if self.readonly { "read-only" } else { "read and write" };
        properties([
            ("ID", self.volume_id.clone()),
            ("STATE", self.state.to_owned()),
            ("TARGET PATH", self.target_path.clone()),
            ("ACCESS", access.to_owned()),
        ])
    }
}

/// Make a volume disappear from a target path. Done before is a success.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mooring volume unpublish ID --target-path /var/lib/kubelet/data/target"
)]
pub(super) struct UnpublishArgs {
    /// The volume.
    id: String,
    /// Where it is published.
    #[arg(long, value_name = "PATH")]
    target_path: PathBuf,
}

impl UnpublishArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Done, Failure> {
        let path = absolute(&self.target_path)?;
        let request = csi::NodeUnpublishVolumeRequest {
            volume_id: self.id.clone(),
            target_path: path.clone(),
        };
        session.node().await?.node_unpublish_volume(session.request(request)).await?;
        Ok(Done { volume_id: self.id, state: "unpublished from", path: Some(path) })
    }
}
