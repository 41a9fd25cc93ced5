//! One volume: what an orchestrator does with it, each step recorded so that it is undone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::volume_capability::AccessType;
use tonic::Code;

use crate::ability::{Controller, Node};
use crate::driver::insist;
use crate::finding::{Refusal, Verdict, ensure, finding, skipped};
use crate::ledger::Made;
use crate::scene::Scene;
use crate::{kernel, payload};

/// A volume.
#[derive(Debug, Clone)]
pub(crate) struct Volume {
    scene: Scene,
    /// What it was asked for with.
    pub(crate) request: csi::CreateVolumeRequest,
    /// What the driver answered.
    pub(crate) made: csi::Volume,
    /// How it is used.
    pub(crate) capability: csi::VolumeCapability,
    staging: PathBuf,
    publish_context: BTreeMap<String, String>,
}

impl Scene {
    /// An empty volume of the run's kind.
    pub(crate) async fn volume(&self, label: &str) -> Verdict<Volume> {
        self.create(self.request(label)).await
    }

    /// A volume to be used as a device, which a driver may not have.
    pub(crate) async fn block_volume(&self, request: csi::CreateVolumeRequest) -> Verdict<Volume> {
        match self.try_create(request).await? {
            Err(refusal) if refusal.code() == Code::InvalidArgument => {
                skipped(format!("the driver makes no block volumes: {refusal}"))
            }
            answer => Ok(answer?),
        }
    }

    /// The volume that a request asks for.
    pub(crate) async fn create(&self, request: csi::CreateVolumeRequest) -> Verdict<Volume> {
        Ok(self.try_create(request).await??)
    }

    /// The same; the driver may refuse it.
    pub(crate) async fn try_create(
        &self,
        request: csi::CreateVolumeRequest,
    ) -> Verdict<Result<Volume, Refusal>> {
        let asked = Made::VolumeAsked(Box::new(request.clone()));
        self.record(asked.clone());
        let answer = match insist(|| self.driver.create_volume(request.clone())).await {
            Ok(answer) => answer,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(made) = answer.volume else {
            return finding("CreateVolume answered OK without a volume");
        };
        self.record(Made::Volume(made.volume_id.clone()));
        self.gone(&asked);
        let least = request.capacity_range.map_or(0, |range| range.required_bytes);
        // 0 is "not known".
        ensure!(
            made.capacity_bytes == 0 || made.capacity_bytes >= least,
            "CreateVolume answered {} bytes, where {least} were required",
            made.capacity_bytes
        );
        let Some(capability) = request.volume_capabilities.first().cloned() else {
            return finding("the suite asked for a volume without a use");
        };
        Ok(Ok(Volume {
            scene: self.clone(),
            staging: PathBuf::new(),
            publish_context: BTreeMap::new(),
            request,
            made,
            capability,
        }))
    }
}

impl Volume {
    /// Its id.
    pub(crate) fn id(&self) -> String {
        self.made.volume_id.clone()
    }

    /// Whether it is used as a device.
    pub(crate) fn is_block(&self) -> bool {
        matches!(self.capability.access_type, Some(AccessType::Block(_)))
    }

    fn node_id(&self) -> String {
        self.scene.driver.info.node_id.clone()
    }

    fn is_attached_by_controller(&self) -> bool {
        self.scene.driver.abilities.controller(Controller::PublishUnpublishVolume)
    }

    fn is_staged(&self) -> bool {
        self.scene.driver.abilities.node(Node::StageUnstageVolume)
    }

    /// ControllerPublishVolume's request.
    pub(crate) fn attach_request(&self) -> csi::ControllerPublishVolumeRequest {
        csi::ControllerPublishVolumeRequest {
            volume_id: self.id(),
            node_id: self.node_id(),
            volume_capability: Some(self.capability.clone()),
            readonly: false,
            secrets: BTreeMap::new(),
            volume_context: self.made.volume_context.clone(),
        }
    }

    /// ControllerUnpublishVolume's request.
    pub(crate) fn detach_request(&self) -> csi::ControllerUnpublishVolumeRequest {
        csi::ControllerUnpublishVolumeRequest {
            volume_id: self.id(),
            node_id: self.node_id(),
            secrets: BTreeMap::new(),
        }
    }

    /// NodeStageVolume's request.
    pub(crate) fn stage_request(&self) -> csi::NodeStageVolumeRequest {
        csi::NodeStageVolumeRequest {
            volume_id: self.id(),
            publish_context: self.publish_context.clone(),
            staging_target_path: text(&self.staging),
            volume_capability: Some(self.capability.clone()),
            secrets: BTreeMap::new(),
            volume_context: self.made.volume_context.clone(),
        }
    }

    /// NodeUnstageVolume's request.
    pub(crate) fn unstage_request(&self) -> csi::NodeUnstageVolumeRequest {
        csi::NodeUnstageVolumeRequest {
            volume_id: self.id(),
            staging_target_path: text(&self.staging),
        }
    }

    /// NodePublishVolume's request.
    pub(crate) fn publish_request(&self, target: &Path) -> csi::NodePublishVolumeRequest {
        csi::NodePublishVolumeRequest {
            volume_id: self.id(),
            publish_context: self.publish_context.clone(),
            staging_target_path: self.staging_path(),
            target_path: text(target),
            volume_capability: Some(self.capability.clone()),
            readonly: false,
            secrets: BTreeMap::new(),
            volume_context: self.made.volume_context.clone(),
        }
    }

    /// NodeUnpublishVolume's request.
    pub(crate) fn unpublish_request(&self, target: &Path) -> csi::NodeUnpublishVolumeRequest {
        csi::NodeUnpublishVolumeRequest { volume_id: self.id(), target_path: text(target) }
    }

    /// Where it is staged; empty where the driver does not stage.
    pub(crate) fn staging_path(&self) -> String {
        if self.is_staged() { text(&self.staging) } else { String::new() }
    }

    /// A path at which it can be published: all but the last part is made.
    pub(crate) fn target(&self, label: &str) -> Verdict<PathBuf> {
        Ok(self.scene.folder(&format!("{}/{label}", self.request.name))?.join("mount"))
    }

    /// Makes it reachable from this node, and its staging path.
    pub(crate) async fn attach(&mut self) -> Verdict {
        self.staging = self.scene.folder(&format!("{}/globalmount", self.request.name))?;
        if self.is_attached_by_controller() {
            self.scene.record(Made::Attached(self.detach_request()));
            let call = || self.scene.driver.controller_publish_volume(self.attach_request());
            self.publish_context = insist(call).await?.publish_context;
        }
        Ok(())
    }

    /// Stages it, where the driver stages.
    pub(crate) async fn stage(&self) -> Verdict {
        if self.is_staged() {
            self.scene.record(Made::Staged(self.unstage_request()));
            insist(|| self.scene.driver.node_stage_volume(self.stage_request())).await?;
        }
        Ok(())
    }

    /// Publishes it as a request says.
    pub(crate) async fn publish(&self, request: csi::NodePublishVolumeRequest) -> Verdict<PathBuf> {
        Ok(self.try_publish(request).await?)
    }

    /// The same; the driver may refuse it.
    pub(crate) async fn try_publish(
        &self,
        request: csi::NodePublishVolumeRequest,
    ) -> Result<PathBuf, Refusal> {
        let target = PathBuf::from(&request.target_path);
        self.scene.record(Made::Published(self.unpublish_request(&target)));
        insist(|| self.scene.driver.node_publish_volume(request.clone())).await?;
        Ok(target)
    }

    /// All that it takes until a workload has it; answers where.
    pub(crate) async fn mount(&mut self) -> Verdict<PathBuf> {
        self.attach().await?;
        self.stage().await?;
        let target = self.target("pod")?;
        self.publish(self.publish_request(&target)).await
    }

    /// Takes it from a workload; the driver removes the target ("NodeUnpublishVolume").
    pub(crate) async fn unpublish(&self, target: &Path) -> Verdict {
        let request = self.unpublish_request(target);
        insist(|| self.scene.driver.node_unpublish_volume(request.clone())).await?;
        ensure!(
            std::fs::symlink_metadata(target).is_err(),
            "{} is still there after NodeUnpublishVolume",
            target.display()
        );
        self.scene.gone(&Made::Published(request));
        Ok(())
    }

    /// Unstages it, and takes it from this node.
    pub(crate) async fn detach(&self) -> Verdict {
        if self.is_staged() {
            let request = self.unstage_request();
            insist(|| self.scene.driver.node_unstage_volume(request.clone())).await?;
            self.scene.gone(&Made::Staged(request));
        }
        if self.is_attached_by_controller() {
            let request = self.detach_request();
            insist(|| self.scene.driver.controller_unpublish_volume(request.clone())).await?;
            self.scene.gone(&Made::Attached(request));
        }
        Ok(())
    }

    /// Takes it from its workload and from this node.
    pub(crate) async fn put_away(&self, target: &Path) -> Verdict {
        self.unpublish(target).await?;
        self.detach().await
    }

    /// DeleteVolume's request.
    pub(crate) fn delete_request(&self) -> csi::DeleteVolumeRequest {
        csi::DeleteVolumeRequest { volume_id: self.id(), secrets: BTreeMap::new() }
    }

    /// Deletes it; the driver may refuse.
    pub(crate) async fn try_delete(&self) -> Result<(), Refusal> {
        insist(|| self.scene.driver.delete_volume(self.delete_request())).await?;
        self.scene.gone(&Made::Volume(self.id()));
        Ok(())
    }

    /// Deletes it.
    pub(crate) async fn delete(&self) -> Verdict {
        Ok(self.try_delete().await?)
    }

    /// Where data is written while it is published: a file in it, or the device itself.
    pub(crate) fn data(&self, target: &Path) -> PathBuf {
        if self.is_block() { target.to_owned() } else { target.join("data") }
    }

    /// Writes to it.
    pub(crate) fn write(&self, target: &Path, seed: u64) -> Verdict<payload::Written> {
        payload::write(&self.data(target), seed, self.is_block())
    }

    /// Holds it to have what was written, to it or to what it is a copy of.
    pub(crate) fn holds(&self, target: &Path, written: payload::Written) -> Verdict {
        written.verify(&self.data(target))
    }

    /// Bytes that a workload sees.
    pub(crate) fn size(&self, target: &Path) -> Verdict<u64> {
        kernel::size(target, self.is_block())
    }
}

/// A path as requests carry it.
fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
