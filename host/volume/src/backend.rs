//! What a backend can be asked: one small trait an interface of the vendor contract.
//!
//! The crate `backend` implements them over components; `csi` calls them for the Controller
//! services; the node calls [`Attachments`] and [`Nodes`] over the private socket. The rules for
//! each call (idempotence, codes) stand in `wit/`.

use std::future::Future;

use crate::ability::Abilities;
use crate::attachment::Attached;
use crate::blocks::ChangedBlocks;
use crate::capability::Capability;
use crate::capacity::CapacityRange;
use crate::error::Result;
use crate::health::Health;
use crate::id::{DriverName, NodeId, SnapshotId, VolumeId, VolumeName};
use crate::modification::Modification;
use crate::secret::Secrets;
use crate::snapshot::{GroupSnapshots, Snapshots};
use crate::topology::{Requirement, Topology};
use crate::{Call, StringMap};

/// A volume as its backend knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The backend's id.
    pub id: VolumeId,
    /// Bytes; 0 where unknown or without bound.
    pub capacity: u64,
    /// Handed back in later calls.
    pub context: StringMap,
    /// What it was made from.
    pub source: Option<ContentSource>,
    /// Where it is reachable; empty: everywhere.
    pub topology: Vec<Topology>,
}

/// What a new volume starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the cases say it")]
pub enum ContentSource {
    Snapshot(SnapshotId),
    Volume(VolumeId),
}

/// CreateVolume.
#[derive(Debug, Clone)]
pub struct CreateVolume {
    /// The key of idempotence.
    pub name: VolumeName,
    /// Bytes wanted.
    pub capacity: Option<CapacityRange>,
    /// At least one.
    pub capabilities: Vec<Capability>,
    /// The StorageClass's.
    pub parameters: StringMap,
    /// The VolumeAttributesClass's; they override `parameters`.
    pub mutable_parameters: StringMap,
    /// Of this call.
    pub secrets: Secrets,
    /// What the volume starts with.
    pub source: Option<ContentSource>,
    /// Where it must be reachable.
    pub accessibility: Option<Requirement>,
}

/// ValidateVolumeCapabilities.
#[derive(Debug, Clone)]
pub struct ValidateVolume {
    /// Which volume.
    pub id: VolumeId,
    /// As the volume was created with.
    pub context: StringMap,
    /// At least one.
    pub capabilities: Vec<Capability>,
    /// The StorageClass's.
    pub parameters: StringMap,
    /// The VolumeAttributesClass's.
    pub mutable_parameters: StringMap,
    /// Of this call.
    pub secrets: Secrets,
}

/// The answer to [`ValidateVolume`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All of it can be satisfied.
    Confirmed,
    /// At least one cannot, and why.
    Refused(String),
}

/// AttachmentRequest: what a node tells about the stage that it is about to do.
#[derive(Debug, Clone)]
pub struct DescribeAttachment {
    /// Which volume.
    pub volume_id: VolumeId,
    /// As the volume was created with.
    pub volume_context: StringMap,
    /// As ControllerPublishVolume answered.
    pub publish_context: StringMap,
    /// How it will be used.
    pub capability: Capability,
    /// No writes.
    pub readonly: bool,
    /// The node that asks.
    pub node_id: NodeId,
    /// Of this call.
    pub secrets: Secrets,
}

/// A page of a listing that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// 0: as many as the backend likes.
    pub max_entries: u32,
    /// Where the last page ended.
    pub token: Option<String>,
}

/// A page of a listing, answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paged<T> {
    /// At most as many as were asked for.
    pub entries: Vec<T>,
    /// Where the next page starts; none on the last.
    pub next: Option<String>,
}

/// A volume in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVolume {
    /// The volume.
    pub volume: Volume,
    /// Nodes it is published to; none where the backend does not know.
    pub published_nodes: Option<Vec<NodeId>>,
}

/// GetCapacity.
#[derive(Debug, Clone, Default)]
pub struct GetCapacity {
    /// Empty: any.
    pub capabilities: Vec<Capability>,
    /// The StorageClass's.
    pub parameters: StringMap,
    /// Where.
    pub topology: Option<Topology>,
}

/// Room for new volumes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// In all.
    pub available: u64,
    /// The largest single volume.
    pub maximum_volume: Option<u64>,
    /// The smallest single volume.
    pub minimum_volume: Option<u64>,
}

/// ControllerExpandVolume.
#[derive(Debug, Clone)]
pub struct ExpandVolume {
    /// Which volume.
    pub volume_id: VolumeId,
    /// Bytes wanted.
    pub capacity: CapacityRange,
    /// How it is used, where the orchestrator said so.
    pub capability: Option<Capability>,
    /// Of this call.
    pub secrets: Secrets,
}

/// The answer to [`ExpandVolume`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expanded {
    /// Bytes now.
    pub capacity: u64,
    /// Whether the node has to look again.
    pub node_expansion_required: bool,
}

/// ControllerPublishVolume.
#[derive(Debug, Clone)]
pub struct PublishVolume {
    /// Which volume.
    pub volume_id: VolumeId,
    /// To which node.
    pub node_id: NodeId,
    /// How it will be used.
    pub capability: Capability,
    /// No writes.
    pub readonly: bool,
    /// As the volume was created with.
    pub volume_context: StringMap,
    /// Of this call.
    pub secrets: Secrets,
}

/// What the host found out about a machine (`wit/nodes.wit`, `facts`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "documented in wit/nodes.wit")]
pub struct NodeFacts {
    pub id: String,
    pub hostname: String,
    pub system_uuid: Option<String>,
    pub system_serial: Option<String>,
    pub board_asset_tag: Option<String>,
    pub product_name: Option<String>,
    pub asset_tag: Option<String>,
    pub iscsi_initiator: Option<String>,
    pub nvme_host_nqn: Option<String>,
    pub fc_port_names: Vec<String>,
    pub addresses: Vec<String>,
    pub labels: StringMap,
}

/// How the vendor describes a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeDescription {
    /// CSI `node_id`.
    pub id: NodeId,
    /// Where it is.
    pub topology: Option<Topology>,
    /// How many volumes it can hold; none: no bound.
    pub max_volumes: Option<u64>,
}

/// Who the backend is, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The backend's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Further facts.
    pub manifest: StringMap,
}

/// `identity`. Required.
pub trait Identity: Send + Sync + 'static {
    /// The name that the operator gave to the driver.
    fn driver(&self) -> &DriverName;
    /// What the component says of itself.
    fn description(&self) -> Description;
    /// What it can do.
    fn abilities(&self) -> Abilities;
    /// Whether it can serve now; false: still starting.
    fn probe(&self, call: &Call) -> impl Future<Output = Result<bool>> + Send;
}

/// `volumes`. Required.
pub trait Volumes: Send + Sync + 'static {
    /// Creates, idempotent by name.
    fn create(
        &self,
        call: &Call,
        request: CreateVolume,
    ) -> impl Future<Output = Result<Volume>> + Send;
    /// Deletes; an unknown id is OK.
    fn delete(
        &self,
        call: &Call,
        id: VolumeId,
        secrets: Secrets,
    ) -> impl Future<Output = Result<()>> + Send;
    /// Whether all that is asked can be satisfied.
    fn validate(
        &self,
        call: &Call,
        request: ValidateVolume,
    ) -> impl Future<Output = Result<Verdict>> + Send;
}

/// `attachments`. Required. The node reaches it over the private socket.
pub trait Attachments: Send + Sync + 'static {
    /// Where a volume is, for a node.
    fn describe_attachment(
        &self,
        call: &Call,
        request: DescribeAttachment,
    ) -> impl Future<Output = Result<Attached>> + Send;
}

/// `nodes`, or the operator's `node.id` alone where the backend has none. The node reaches it
/// over the private socket.
pub trait Nodes: Send + Sync + 'static {
    /// How the vendor describes a machine.
    fn describe_node(
        &self,
        call: &Call,
        facts: NodeFacts,
    ) -> impl Future<Output = Result<NodeDescription>> + Send;
}

/// `listing`.
pub trait Listing: Send + Sync + 'static {
    /// A page of volumes.
    fn list(
        &self,
        call: &Call,
        page: Page,
    ) -> impl Future<Output = Result<Paged<ListedVolume>>> + Send;
    /// One volume.
    fn get(&self, call: &Call, id: VolumeId) -> impl Future<Output = Result<ListedVolume>> + Send;
}

/// `capacity`.
pub trait Space: Send + Sync + 'static {
    /// Room for new volumes.
    fn capacity(
        &self,
        call: &Call,
        request: GetCapacity,
    ) -> impl Future<Output = Result<Capacity>> + Send;
}

/// `expansion`.
pub trait Expansion: Send + Sync + 'static {
    /// Grows; never shrinks.
    fn expand(
        &self,
        call: &Call,
        request: ExpandVolume,
    ) -> impl Future<Output = Result<Expanded>> + Send;
}

/// `publishing`.
pub trait Publishing: Send + Sync + 'static {
    /// Makes a volume reachable from a node; answers the publish context.
    fn publish(
        &self,
        call: &Call,
        request: PublishVolume,
    ) -> impl Future<Output = Result<StringMap>> + Send;
    /// Takes it back; from all nodes where none is named.
    fn unpublish(
        &self,
        call: &Call,
        id: VolumeId,
        node: Option<NodeId>,
        secrets: Secrets,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// All that a driver may be asked. An interface that the component does not export answers
/// `Unimplemented`; [`Identity::abilities`] tells beforehand.
pub trait Backend:
    Identity
    + Volumes
    + Attachments
    + Nodes
    + Listing
    + Space
    + Expansion
    + Publishing
    + Snapshots
    + GroupSnapshots
    + ChangedBlocks
    + Health
    + Modification
{
}

impl<T> Backend for T where
    T: Identity
        + Volumes
        + Attachments
        + Nodes
        + Listing
        + Space
        + Expansion
        + Publishing
        + Snapshots
        + GroupSnapshots
        + ChangedBlocks
        + Health
        + Modification
{
}
