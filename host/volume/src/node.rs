//! What a node can be asked: CSI's Node service in the domain's words.

use std::future::Future;
use std::path::PathBuf;

use crate::backend::NodeDescription;
use crate::capability::Capability;
use crate::capacity::CapacityRange;
use crate::error::Result;
use crate::health::{StorageFinding, VolumeFinding};
use crate::id::VolumeId;
use crate::secret::Secrets;
use crate::{Call, StringMap};

/// What ControllerPublishVolume adds to the publish context of a volume that it published for
/// reading only: `true` under this key. NodeStageVolume has no field that says so.
pub const READONLY: &str = "mooring.dev/readonly";

/// Whether a publish context says that nothing may be written.
fn is_readonly(publish_context: &StringMap) -> bool {
    publish_context.get(READONLY).is_some_and(|value| value == "true")
}

/// NodeStageVolume.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Which volume.
    pub volume_id: VolumeId,
    /// An absolute directory that the orchestrator made, one a volume.
    pub staging_path: PathBuf,
    /// How it will be used.
    pub capability: Capability,
    /// As the volume was created with.
    pub volume_context: StringMap,
    /// As ControllerPublishVolume answered.
    pub publish_context: StringMap,
    /// Of this call.
    pub secrets: Secrets,
}

impl Stage {
    /// Whether nobody may write, by the mode or since it was published so.
    #[must_use]
    pub fn is_readonly(&self) -> bool {
        self.capability.mode.is_reader_only() || is_readonly(&self.publish_context)
    }
}

/// NodePublishVolume.
#[derive(Debug, Clone)]
pub struct Publish {
    /// Which volume.
    pub volume_id: VolumeId,
    /// Where it is staged.
    pub staging_path: PathBuf,
    /// Where it shall appear; its parent exists.
    pub target_path: PathBuf,
    /// How it will be used.
    pub capability: Capability,
    /// No writes through this target.
    pub readonly: bool,
    /// As the volume was created with.
    pub volume_context: StringMap,
    /// As ControllerPublishVolume answered.
    pub publish_context: StringMap,
    /// Of this call.
    pub secrets: Secrets,
}

impl Publish {
    /// Whether nothing may be written through this target.
    #[must_use]
    pub fn is_readonly(&self) -> bool {
        self.readonly || self.capability.mode.is_reader_only() || is_readonly(&self.publish_context)
    }
}

/// NodePublishVolume of a volume that a pod describes itself: it is made, published, and deleted
/// when it is unpublished. There is no stage before it and no unstage after it.
///
/// Source: kubernetes-csi, "Pod Inline Volume Support"; Kubernetes KEP-596.
#[derive(Debug, Clone)]
pub struct PublishInline {
    /// The orchestrator's id of it; the backend chooses another, or not.
    pub volume_id: VolumeId,
    /// Where it shall appear; its parent exists.
    pub target_path: PathBuf,
    /// How it will be used.
    pub capability: Capability,
    /// No writes through this target.
    pub readonly: bool,
    /// The pod's attributes, and what the orchestrator says of the pod.
    pub attributes: StringMap,
    /// Of this call: for attaching alone, as no secret comes with the end of such a volume.
    pub secrets: Secrets,
}

/// NodeExpandVolume.
#[derive(Debug, Clone)]
pub struct ExpandNode {
    /// Which volume.
    pub volume_id: VolumeId,
    /// Where it is staged or published.
    pub volume_path: PathBuf,
    /// Where it is staged, if said.
    pub staging_path: Option<PathBuf>,
    /// Bytes wanted, if said.
    pub capacity: Option<CapacityRange>,
    /// How it is used, if said.
    pub capability: Option<Capability>,
    /// Of this call.
    pub secrets: Secrets,
}

/// NodeGetVolumeStats.
#[derive(Debug, Clone)]
pub struct GetStats {
    /// Which volume.
    pub volume_id: VolumeId,
    /// Where it is staged or published.
    pub volume_path: PathBuf,
    /// Where it is staged, if said.
    pub staging_path: Option<PathBuf>,
}

/// How full a volume is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Bytes. A raw device has a total alone.
    pub bytes: Usage,
    /// Inodes; none for raw devices.
    pub inodes: Option<Usage>,
}

/// One measure of fullness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Usage {
    pub total: u64,
    pub available: Option<u64>,
    pub used: Option<u64>,
}

/// NodeGetVolumeHealth.
#[derive(Debug, Clone)]
pub struct GetVolumeHealth {
    /// Which volume.
    pub volume_id: VolumeId,
    /// Where it is published, or was to be, if said.
    pub publish_path: Option<PathBuf>,
    /// Where it is staged, or was to be, if said.
    pub staging_path: Option<PathBuf>,
}

/// What a node finds wrong: NodeGetVolumeHealth, NodeGetStorageHealth, and the condition that
/// NodeGetVolumeStats of CSI up to 1.12 carries. Nothing found is an empty list. A finding stays
/// as long as its cause does, and its fault and reason together occur once.
///
/// Storage that does not answer is a finding, told before the call's deadline, and no error.
pub trait NodeHealth: Send + Sync + 'static {
    /// Of one volume, as this node sees it. `NotFound` where the node knows nothing of it: it may
    /// be asked for volumes whose staging failed, of which nothing is left.
    fn volume_health(
        &self,
        call: &Call,
        request: GetVolumeHealth,
    ) -> impl Future<Output = Result<Vec<VolumeFinding>>> + Send;
    /// Of the storage that the driver's volumes lie on, as this node reaches it.
    fn storage_health(
        &self,
        call: &Call,
        secrets: Secrets,
    ) -> impl Future<Output = Result<Vec<StorageFinding>>> + Send;
}

/// The Node service of one driver. Every call can be repeated, and converges after a crash at any
/// point of an earlier one.
pub trait Node: NodeHealth {
    /// Attaches, formats if that is proven safe, mounts at the staging path, grows.
    fn stage(&self, call: &Call, request: Stage) -> impl Future<Output = Result<()>> + Send;
    /// The reverse of stage, without any vendor code. What is not staged is OK.
    fn unstage(
        &self,
        call: &Call,
        volume: VolumeId,
        staging_path: PathBuf,
    ) -> impl Future<Output = Result<()>> + Send;
    /// Makes the staged volume appear at a target.
    fn publish(&self, call: &Call, request: Publish) -> impl Future<Output = Result<()>> + Send;
    /// Makes a volume that a pod describes itself, and makes it appear at a target.
    fn publish_inline(
        &self,
        call: &Call,
        request: PublishInline,
    ) -> impl Future<Output = Result<()>> + Send;
    /// The reverse of publish, without any vendor code. What is not published is OK. A volume of
    /// [`Self::publish_inline`] is given back to its backend, now or as soon as that can be done.
    fn unpublish(
        &self,
        call: &Call,
        volume: VolumeId,
        target_path: PathBuf,
    ) -> impl Future<Output = Result<()>> + Send;
    /// How full a volume is.
    fn stats(&self, call: &Call, request: GetStats) -> impl Future<Output = Result<Stats>> + Send;
    /// Takes a grown device into use; answers the size in bytes.
    fn expand(&self, call: &Call, request: ExpandNode) -> impl Future<Output = Result<u64>> + Send;
    /// How the vendor describes this node.
    fn info(&self, call: &Call) -> impl Future<Output = Result<NodeDescription>> + Send;
}
