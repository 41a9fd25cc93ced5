//! The driver under test: its connections, every RPC as a method, and repetition of calls.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use mooring_proto::csi::v1::controller_client::ControllerClient;
use mooring_proto::csi::v1::group_controller_client::GroupControllerClient;
use mooring_proto::csi::v1::identity_client::IdentityClient;
use mooring_proto::csi::v1::node_client::NodeClient;
use mooring_proto::csi::v1::snapshot_metadata_client::SnapshotMetadataClient;
use mooring_proto::csi::v1::{self as csi};
use tokio::time::{Instant, sleep};
use tonic::transport::{Channel, Endpoint};
use tonic::{Response, Streaming};

use crate::ability::Abilities;
use crate::finding::Refusal;

/// How long one call may take.
const CALL: Duration = Duration::from_secs(60);

/// How long a call is repeated whose answer says that it may succeed later.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two repetitions: nothing announces when a driver has got on.
const PAUSE: Duration = Duration::from_millis(50);

/// One driver.
#[derive(Debug, Clone)]
pub(crate) struct Driver {
    identity: IdentityClient<Channel>,
    controller: ControllerClient<Channel>,
    groups: GroupControllerClient<Channel>,
    metadata: SnapshotMetadataClient<Channel>,
    node: NodeClient<Channel>,
    /// What it advertises.
    pub(crate) abilities: Abilities,
    /// The node that it serves.
    pub(crate) info: csi::NodeGetInfoResponse,
    /// Its name and version.
    pub(crate) plugin: csi::GetPluginInfoResponse,
}

impl Driver {
    /// Connects, and asks who it is and what it can do.
    ///
    /// # Errors
    /// When nothing listens, or when it does not answer that.
    pub(crate) async fn connect(socket: &Path, controller: &Path) -> anyhow::Result<Self> {
        let (node, controller) = (channel(socket).await?, channel(controller).await?);
        let mut driver = Self {
            // The controller's socket answers which services the plugin has.
            identity: IdentityClient::new(controller.clone()),
            groups: GroupControllerClient::new(controller.clone()),
            metadata: SnapshotMetadataClient::new(controller.clone()),
            controller: ControllerClient::new(controller),
            node: NodeClient::new(node),
            abilities: Abilities::default(),
            info: csi::NodeGetInfoResponse::default(),
            plugin: csi::GetPluginInfoResponse::default(),
        };
        let refused = |refusal: Refusal| anyhow::anyhow!("{refusal}");
        driver.plugin =
            driver.get_plugin_info(csi::GetPluginInfoRequest {}).await.map_err(refused)?;
        driver.abilities = Abilities::ask(&driver).await.map_err(refused)?;
        driver.info = driver.node_get_info(csi::NodeGetInfoRequest {}).await.map_err(refused)?;
        Ok(driver)
    }
}

async fn channel(socket: &Path) -> anyhow::Result<Channel> {
    let endpoint = Endpoint::from_shared(format!("unix://{}", socket.display()))?;
    endpoint.timeout(CALL).connect().await.map_err(|error| {
        anyhow::Error::new(error).context(format!("nothing answers on {}", socket.display()))
    })
}

/// Repeats a call until its answer is not of the kind that passes.
///
/// # Errors
/// The last answer.
pub(crate) async fn insist<T, F>(call: impl Fn() -> F) -> Result<T, Refusal>
where
    F: Future<Output = Result<T, Refusal>>,
{
    let until = Instant::now() + PATIENCE;
    loop {
        match call().await {
            Err(refusal) if refusal.is_passing() && Instant::now() < until => sleep(PAUSE).await,
            answer => return answer,
        }
    }
}

/// Repeats a call until its answer is ready.
///
/// # Errors
/// The first error that does not pass, or the answer when it took too long.
pub(crate) async fn until_ready<T, F>(
    call: impl Fn() -> F,
    ready: impl Fn(&T) -> bool,
) -> Result<T, Refusal>
where
    F: Future<Output = Result<T, Refusal>>,
{
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = insist(&call).await?;
        if ready(&answer) || Instant::now() >= until {
            return Ok(answer);
        }
        sleep(PAUSE).await;
    }
}

/// Every RPC as a method: the message in, the message or the refusal out.
macro_rules! calls {
    ($($client:ident {$(
        $method:ident($request:ident) -> $answer:ty, $name:literal;
    )+})+) => {
        impl Driver {$($(
            #[doc = concat!($name, ".\n\n# Errors\nThe driver's answer.")]
            pub(crate) async fn $method(&self, request: csi::$request) -> Result<$answer, Refusal> {
                let answer = self.$client.clone().$method(request).await;
                answer.map(Response::into_inner).map_err(|status| Refusal { rpc: $name, status })
            }
        )+)+}
    };
}

calls! {
    identity {
        get_plugin_info(GetPluginInfoRequest) -> csi::GetPluginInfoResponse, "GetPluginInfo";
        get_plugin_capabilities(GetPluginCapabilitiesRequest)
            -> csi::GetPluginCapabilitiesResponse, "GetPluginCapabilities";
    }
    controller {
        create_volume(CreateVolumeRequest) -> csi::CreateVolumeResponse, "CreateVolume";
        delete_volume(DeleteVolumeRequest) -> csi::DeleteVolumeResponse, "DeleteVolume";
        controller_publish_volume(ControllerPublishVolumeRequest)
            -> csi::ControllerPublishVolumeResponse, "ControllerPublishVolume";
        controller_unpublish_volume(ControllerUnpublishVolumeRequest)
            -> csi::ControllerUnpublishVolumeResponse, "ControllerUnpublishVolume";
        list_volumes(ListVolumesRequest) -> csi::ListVolumesResponse, "ListVolumes";
        controller_list_volume_health(ControllerListVolumeHealthRequest)
            -> csi::ControllerListVolumeHealthResponse, "ControllerListVolumeHealth";
        controller_get_volume_health(ControllerGetVolumeHealthRequest)
            -> csi::ControllerGetVolumeHealthResponse, "ControllerGetVolumeHealth";
        get_capacity(GetCapacityRequest) -> csi::GetCapacityResponse, "GetCapacity";
        controller_get_capabilities(ControllerGetCapabilitiesRequest)
            -> csi::ControllerGetCapabilitiesResponse, "ControllerGetCapabilities";
        create_snapshot(CreateSnapshotRequest) -> csi::CreateSnapshotResponse, "CreateSnapshot";
        delete_snapshot(DeleteSnapshotRequest) -> csi::DeleteSnapshotResponse, "DeleteSnapshot";
        list_snapshots(ListSnapshotsRequest) -> csi::ListSnapshotsResponse, "ListSnapshots";
        get_snapshot(GetSnapshotRequest) -> csi::GetSnapshotResponse, "GetSnapshot";
        controller_expand_volume(ControllerExpandVolumeRequest)
            -> csi::ControllerExpandVolumeResponse, "ControllerExpandVolume";
        controller_get_volume(ControllerGetVolumeRequest)
            -> csi::ControllerGetVolumeResponse, "ControllerGetVolume";
        controller_modify_volume(ControllerModifyVolumeRequest)
            -> csi::ControllerModifyVolumeResponse, "ControllerModifyVolume";
    }
    groups {
        group_controller_get_capabilities(GroupControllerGetCapabilitiesRequest)
            -> csi::GroupControllerGetCapabilitiesResponse, "GroupControllerGetCapabilities";
        create_volume_group_snapshot(CreateVolumeGroupSnapshotRequest)
            -> csi::CreateVolumeGroupSnapshotResponse, "CreateVolumeGroupSnapshot";
        delete_volume_group_snapshot(DeleteVolumeGroupSnapshotRequest)
            -> csi::DeleteVolumeGroupSnapshotResponse, "DeleteVolumeGroupSnapshot";
        get_volume_group_snapshot(GetVolumeGroupSnapshotRequest)
            -> csi::GetVolumeGroupSnapshotResponse, "GetVolumeGroupSnapshot";
    }
    metadata {
        get_metadata_allocated(GetMetadataAllocatedRequest)
            -> Streaming<csi::GetMetadataAllocatedResponse>, "GetMetadataAllocated";
        get_metadata_delta(GetMetadataDeltaRequest)
            -> Streaming<csi::GetMetadataDeltaResponse>, "GetMetadataDelta";
    }
    node {
        node_stage_volume(NodeStageVolumeRequest) -> csi::NodeStageVolumeResponse, "NodeStageVolume";
        node_unstage_volume(NodeUnstageVolumeRequest)
            -> csi::NodeUnstageVolumeResponse, "NodeUnstageVolume";
        node_publish_volume(NodePublishVolumeRequest)
            -> csi::NodePublishVolumeResponse, "NodePublishVolume";
        node_unpublish_volume(NodeUnpublishVolumeRequest)
            -> csi::NodeUnpublishVolumeResponse, "NodeUnpublishVolume";
        node_get_volume_stats(NodeGetVolumeStatsRequest)
            -> csi::NodeGetVolumeStatsResponse, "NodeGetVolumeStats";
        node_get_volume_health(NodeGetVolumeHealthRequest)
            -> csi::NodeGetVolumeHealthResponse, "NodeGetVolumeHealth";
        node_get_storage_health(NodeGetStorageHealthRequest)
            -> csi::NodeGetStorageHealthResponse, "NodeGetStorageHealth";
        node_expand_volume(NodeExpandVolumeRequest)
            -> csi::NodeExpandVolumeResponse, "NodeExpandVolume";
        node_get_capabilities(NodeGetCapabilitiesRequest)
            -> csi::NodeGetCapabilitiesResponse, "NodeGetCapabilities";
        node_get_info(NodeGetInfoRequest) -> csi::NodeGetInfoResponse, "NodeGetInfo";
    }
}
