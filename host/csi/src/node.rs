//! CSI's Node service, over the domain's node. Which devices, mounts and files that means is not known here.

use std::sync::Arc;

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::node_server::Node as NodeRpcs;
use mooring_proto::csi::v1::node_service_capability::{Rpc, Type, rpc};
use mooring_volume::node::{GetVolumeHealth, Node};
use mooring_volume::{Call, Code, CsiVersion, Result};
use tonic::{Request, async_trait};

use crate::busy::{Busy, Key, Mode};
use crate::conceal::conceal;
use crate::convert::node::Publication;
use crate::convert::{health, map, node as convert, size};
use crate::unary::{Reply, about, close, open};

/// What the host does itself, whatever the driver is.
const CAPABILITIES: [rpc::Type; 8] = [
    rpc::Type::StageUnstageVolume,
    rpc::Type::GetVolumeStats,
    rpc::Type::ExpandVolume,
    rpc::Type::SingleNodeMultiWriter,
    rpc::Type::VolumeMountGroup,
    // Of CSI up to 1.12: stats carry what the health says.
    rpc::Type::VolumeCondition,
    rpc::Type::GetVolumeHealth,
    rpc::Type::GetStorageHealth,
];

/// What CSI 1.12 does not know.
const OF_1_13: [rpc::Type; 2] = [rpc::Type::GetVolumeHealth, rpc::Type::GetStorageHealth];

/// Serves it for one driver.
#[derive(Debug)]
pub(crate) struct NodeService<N> {
    pub(crate) node: Arc<N>,
    pub(crate) busy: Busy,
    /// What is advertised.
    pub(crate) version: CsiVersion,
}

fn known(version: CsiVersion, kind: rpc::Type) -> bool {
    match version {
        CsiVersion::V1_12 => !OF_1_13.contains(&kind),
        CsiVersion::V1_13 => true,
    }
}

impl<N: Node> NodeService<N> {
    async fn stage(&self, call: &Call, message: pb::NodeStageVolumeRequest) -> Result<()> {
        let request = convert::stage(message)?;
        about(&request.volume_id);
        let _held = self.busy.hold([
            (Key::Volume(request.volume_id.clone()), Mode::Alone),
            (Key::Path(request.staging_path.clone()), Mode::Alone),
        ])?;
        let secrets = request.secrets.clone();
        self.node.stage(call, request).await.map_err(|error| conceal(error, &secrets))
    }

    async fn unstage(&self, call: &Call, message: pb::NodeUnstageVolumeRequest) -> Result<()> {
        let (volume, path) = convert::unstage(message)?;
        about(&volume);
        let _held = self.busy.hold([
            (Key::Volume(volume.clone()), Mode::Alone),
            (Key::Path(path.clone()), Mode::Alone),
        ])?;
        self.node.unstage(call, volume, path).await
    }

    async fn publish(&self, call: &Call, message: pb::NodePublishVolumeRequest) -> Result<()> {
        let request = convert::publish(message)?;
        let (volume, target, secrets) = match &request {
            Publication::Staged(it) => (&it.volume_id, &it.target_path, it.secrets.clone()),
            Publication::Inline(it) => (&it.volume_id, &it.target_path, it.secrets.clone()),
        };
        about(volume);
        let _held = self.busy.hold([
            (Key::Volume(volume.clone()), Mode::Alone),
            (Key::Path(target.clone()), Mode::Alone),
        ])?;
        let published = match request {
            Publication::Staged(request) => self.node.publish(call, request).await,
            Publication::Inline(request) => self.node.publish_inline(call, request).await,
        };
        published.map_err(|error| conceal(error, &secrets))
    }

    async fn unpublish(&self, call: &Call, message: pb::NodeUnpublishVolumeRequest) -> Result<()> {
        let (volume, path) = convert::unpublish(message)?;
        about(&volume);
        let _held = self.busy.hold([
            (Key::Volume(volume.clone()), Mode::Alone),
            (Key::Path(path.clone()), Mode::Alone),
        ])?;
        self.node.unpublish(call, volume, path).await
    }

    /// Reads, and takes no guard: a hung volume's stats must not keep it from being torn down.
    ///
    /// Where the volume's storage fails to tell how full it is, and the health says why, that is the
    /// answer, without usage. Source: CSI 1.12: the condition is required, the usage is not.
    async fn stats(
        &self,
        call: &Call,
        message: pb::NodeGetVolumeStatsRequest,
    ) -> Result<pb::NodeGetVolumeStatsResponse> {
        let request = convert::stats(message)?;
        about(&request.volume_id);
        let asked = GetVolumeHealth {
            volume_id: request.volume_id.clone(),
            publish_path: None,
            staging_path: None,
        };
        match self.node.stats(call, request).await {
            Ok(stats) => {
                let findings = self.node.volume_health(call, asked).await?;
                Ok(convert::wire_stats(Some(stats), &findings))
            }
            Err(error) if error.code == Code::Unavailable => {
                match self.node.volume_health(call, asked).await {
                    Ok(findings) if !findings.is_empty() => {
                        Ok(convert::wire_stats(None, &findings))
                    }
                    Ok(_) | Err(_) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Reads, and takes no guard, as stats.
    async fn volume_health(
        &self,
        call: &Call,
        message: pb::NodeGetVolumeHealthRequest,
    ) -> Result<pb::NodeGetVolumeHealthResponse> {
        let request = convert::volume_health(message)?;
        let volume = request.volume_id.clone();
        about(&volume);
        let findings = self.node.volume_health(call, request).await?;
        let volume_health = Some(health::wire(volume, findings)?);
        Ok(pb::NodeGetVolumeHealthResponse { volume_health })
    }

    async fn storage_health(
        &self,
        call: &Call,
        message: pb::NodeGetStorageHealthRequest,
    ) -> Result<pb::NodeGetStorageHealthResponse> {
        let pb::NodeGetStorageHealthRequest { secrets } = message;
        let secrets = map::secrets(secrets)?;
        let findings = self.node.storage_health(call, secrets.clone()).await;
        health::wire_storage(findings.map_err(|error| conceal(error, &secrets))?)
    }

    async fn expand(
        &self,
        call: &Call,
        message: pb::NodeExpandVolumeRequest,
    ) -> Result<pb::NodeExpandVolumeResponse> {
        let request = convert::expand(message)?;
        about(&request.volume_id);
        let _held = self.busy.hold([(Key::Volume(request.volume_id.clone()), Mode::Alone)])?;
        let secrets = request.secrets.clone();
        let bytes = self.node.expand(call, request).await;
        let capacity_bytes = size::wire(bytes.map_err(|error| conceal(error, &secrets))?);
        Ok(pb::NodeExpandVolumeResponse { capacity_bytes })
    }
}

#[async_trait]
impl<N: Node> NodeRpcs for NodeService<N> {
    async fn node_stage_volume(
        &self,
        request: Request<pb::NodeStageVolumeRequest>,
    ) -> Reply<pb::NodeStageVolumeResponse> {
        let (call, message) = open(request)?;
        close(self.stage(&call, message).await.map(|()| pb::NodeStageVolumeResponse {}))
    }

    async fn node_unstage_volume(
        &self,
        request: Request<pb::NodeUnstageVolumeRequest>,
    ) -> Reply<pb::NodeUnstageVolumeResponse> {
        let (call, message) = open(request)?;
        close(self.unstage(&call, message).await.map(|()| pb::NodeUnstageVolumeResponse {}))
    }

    async fn node_publish_volume(
        &self,
        request: Request<pb::NodePublishVolumeRequest>,
    ) -> Reply<pb::NodePublishVolumeResponse> {
        let (call, message) = open(request)?;
        close(self.publish(&call, message).await.map(|()| pb::NodePublishVolumeResponse {}))
    }

    async fn node_unpublish_volume(
        &self,
        request: Request<pb::NodeUnpublishVolumeRequest>,
    ) -> Reply<pb::NodeUnpublishVolumeResponse> {
        let (call, message) = open(request)?;
        close(self.unpublish(&call, message).await.map(|()| pb::NodeUnpublishVolumeResponse {}))
    }

    async fn node_get_volume_stats(
        &self,
        request: Request<pb::NodeGetVolumeStatsRequest>,
    ) -> Reply<pb::NodeGetVolumeStatsResponse> {
        let (call, message) = open(request)?;
        close(self.stats(&call, message).await)
    }

    async fn node_expand_volume(
        &self,
        request: Request<pb::NodeExpandVolumeRequest>,
    ) -> Reply<pb::NodeExpandVolumeResponse> {
        let (call, message) = open(request)?;
        close(self.expand(&call, message).await)
    }

    async fn node_get_capabilities(
        &self,
        request: Request<pb::NodeGetCapabilitiesRequest>,
    ) -> Reply<pb::NodeGetCapabilitiesResponse> {
        let (_, pb::NodeGetCapabilitiesRequest {}) = open(request)?;
        let wrap = |kind: rpc::Type| pb::NodeServiceCapability {
            r#type: Some(Type::Rpc(Rpc { r#type: kind.into() })),
        };
        let capabilities =
            CAPABILITIES.into_iter().filter(|kind| known(self.version, *kind)).map(wrap).collect();
        close(Ok(pb::NodeGetCapabilitiesResponse { capabilities }))
    }

    async fn node_get_info(
        &self,
        request: Request<pb::NodeGetInfoRequest>,
    ) -> Reply<pb::NodeGetInfoResponse> {
        let (call, pb::NodeGetInfoRequest {}) = open(request)?;
        close(self.node.info(&call).await.and_then(convert::wire_info))
    }

    async fn node_get_volume_health(
        &self,
        request: Request<pb::NodeGetVolumeHealthRequest>,
    ) -> Reply<pb::NodeGetVolumeHealthResponse> {
        let (call, message) = open(request)?;
        close(self.volume_health(&call, message).await)
    }

    async fn node_get_storage_health(
        &self,
        request: Request<pb::NodeGetStorageHealthRequest>,
    ) -> Reply<pb::NodeGetStorageHealthResponse> {
        let (call, message) = open(request)?;
        close(self.storage_health(&call, message).await)
    }
}
