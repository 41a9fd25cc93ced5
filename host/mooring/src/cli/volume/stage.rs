//! `mooring volume stage` and `unstage`: a volume comes to this node, and leaves it.
//!
//! As an orchestrator does, stage asks the controller first to attach the volume, where the driver
//! says that it has to, and unstage asks last to detach it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::controller_service_capability::rpc::Type as Ability;
use serde::Serialize;

use super::arguments::{Pair, SecretArgs, absolute, make_directory, map};
use super::capability::CapabilityArgs;
use super::create::Done;
use super::failure::Failure;
use super::list;
use super::output::{Answer, pairs, properties};
use super::session::Session;

/// What publishing and staging both hand to the driver. The driver is asked for what is missing.
#[derive(Debug, Args)]
pub(super) struct ContextArgs {
    /// A fact of the volume's context; without any, the driver is asked (GET_VOLUME). May be
    /// repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    context: Vec<Pair>,
    /// A fact of the publish context; without any, the driver is asked to attach the volume to this
    /// node (PUBLISH_UNPUBLISH_VOLUME). May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    publish_context: Vec<Pair>,
}

/// What the driver wants to be told again about a volume.
pub(super) struct Contexts {
    pub(super) volume: BTreeMap<String, String>,
    pub(super) publish: BTreeMap<String, String>,
}

/// The volume that a command is about.
pub(super) struct Subject<'a> {
    pub(super) id: &'a str,
    pub(super) capability: &'a csi::VolumeCapability,
    pub(super) secrets: &'a BTreeMap<String, String>,
}

impl ContextArgs {
    /// Takes what was given, and asks for the rest. Attaching is repeatable, and gives the same
    /// answer each time.
    pub(super) async fn complete(
        self,
        session: &Session,
        subject: Subject<'_>,
    ) -> Result<Contexts, Failure> {
        let mut volume = map("--context", self.context)?;
        if volume.is_empty() && session.advertises(Ability::GetVolume).await? {
            volume = list::get(session, subject.id.to_owned()).await?.context;
        }
        let mut publish = map("--publish-context", self.publish_context)?;
        if publish.is_empty() && session.advertises(Ability::PublishUnpublishVolume).await? {
            publish = attach(session, subject, volume.clone()).await?;
        }
        Ok(Contexts { volume, publish })
    }
}

async fn attach(
    session: &Session,
    subject: Subject<'_>,
    volume_context: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Failure> {
    let request = csi::ControllerPublishVolumeRequest {
        volume_id: subject.id.to_owned(),
        node_id: session.node_id().await?,
        volume_capability: Some(subject.capability.clone()),
        readonly: false,
        secrets: subject.secrets.clone(),
        volume_context,
    };
    let mut controller = session.controller().await?;
    let answer = controller.controller_publish_volume(session.request(request)).await?;
    Ok(answer.into_inner().publish_context)
}

/// Bring a volume to this node: attach it, format it if it is new, mount it at a staging path.
#[derive(Debug, Args)]
#[command(
    after_help = "The staging directory is made where it is missing, as an orchestrator does.\n\n\
    Examples:\n  mooring volume stage ID --staging-path /var/lib/kubelet/data/staging --fs-type xfs\n  \
    mooring volume stage ID --staging-path /var/lib/kubelet/data/staging --mount-flag noatime\n  \
    mooring volume stage ID --staging-path /var/lib/kubelet/disk/staging --block"
)]
pub(super) struct StageArgs {
    /// The volume.
    id: String,
    /// A directory for this volume alone, below one of the node's target roots.
    #[arg(long, value_name = "DIR")]
    staging_path: PathBuf,
    #[command(flatten)]
    capability: CapabilityArgs,
    #[command(flatten)]
    contexts: ContextArgs,
    #[command(flatten)]
    secrets: SecretArgs,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Staged {
    volume_id: String,
    state: &'static str,
    staging_path: String,
    publish_context: BTreeMap<String, String>,
}

impl StageArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Staged, Failure> {
        let staging_path = absolute(&self.staging_path)?;
        let capability = self.capability.to_csi();
        let secrets = self.secrets.read()?;
        let subject = Subject { id: &self.id, capability: &capability, secrets: &secrets };
        let contexts = self.contexts.complete(session, subject).await?;
        let mut node = session.node().await?;
        let new = make_directory(&staging_path)?;
        let request = csi::NodeStageVolumeRequest {
            volume_id: self.id.clone(),
            publish_context: contexts.publish.clone(),
            staging_target_path: staging_path.clone(),
            volume_capability: Some(capability),
            secrets,
            volume_context: contexts.volume,
        };
        let staged = node.node_stage_volume(session.request(request)).await;
        if let Err(failure) = staged.map_err(Failure::from) {
            if new && !failure.leaves_doubt() {
                remove_empty(&staging_path);
            }
            return Err(failure);
        }
        Ok(Staged {
            volume_id: self.id,
            state: "staged",
            staging_path,
            publish_context: contexts.publish,
        })
    }
}

/// Removes a directory that holds nothing and is no mount. Its staying is no failure of a command
/// that did what it should.
fn remove_empty(path: &str) {
    let _ = std::fs::remove_dir(path);
}

impl Answer for Staged {
    fn table(&self) -> String {
        properties([
            ("ID", self.volume_id.clone()),
            ("STATE", self.state.to_owned()),
            ("STAGING PATH", self.staging_path.clone()),
            ("PUBLISH CONTEXT", pairs(&self.publish_context)),
        ])
    }
}

/// Take a volume off this node: unmount it and detach it. Done before is a success.
#[derive(Debug, Args)]
#[command(
    after_help = "The staging directory is removed if it is empty, as an orchestrator does.\n\n\
    Example:\n  mooring volume unstage ID --staging-path /var/lib/kubelet/data/staging"
)]
pub(super) struct UnstageArgs {
    /// The volume.
    id: String,
    /// Where it is staged.
    #[arg(long, value_name = "DIR")]
    staging_path: PathBuf,
    /// Leave it attached to this node (no ControllerUnpublishVolume).
    #[arg(long)]
    keep_attached: bool,
    #[command(flatten)]
    secrets: SecretArgs,
}

impl UnstageArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Done, Failure> {
        let path = absolute(&self.staging_path)?;
        let secrets = self.secrets.read()?;
        let request = csi::NodeUnstageVolumeRequest {
            volume_id: self.id.clone(),
            staging_target_path: path.clone(),
        };
        session.node().await?.node_unstage_volume(session.request(request)).await?;
        remove_empty(&path);
        if !self.keep_attached && session.advertises(Ability::PublishUnpublishVolume).await? {
            let request = csi::ControllerUnpublishVolumeRequest {
                volume_id: self.id.clone(),
                node_id: session.node_id().await?,
                secrets,
            };
            let mut controller = session.controller().await?;
            controller.controller_unpublish_volume(session.request(request)).await?;
        }
        Ok(Done { volume_id: self.id, state: "unstaged from", path: Some(path) })
    }
}
