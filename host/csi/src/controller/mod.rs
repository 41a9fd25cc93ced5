//! CSI's Controller service: one small file a group of RPCs, and this table of them.

pub(crate) mod capabilities;
mod capacity;
mod expansion;
mod listing;
mod publishing;
mod volumes;

use std::sync::Arc;

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::controller_server::Controller;
use mooring_volume::backend::Backend;
use mooring_volume::{Ability, Error, Result};
use tonic::{Request, async_trait};

use crate::busy::Busy;
use crate::unary::{Reply, absent, close, open};

/// Serves it for one driver.
#[derive(Debug)]
pub(crate) struct ControllerService<B> {
    pub(crate) backend: Arc<B>,
    pub(crate) busy: Busy,
}

impl<B: Backend> ControllerService<B> {
    /// Refuses an RPC that the backend has no interface for, before anything of it is looked at.
    fn needs(&self, ability: Ability, what: &str) -> Result<()> {
        if self.backend.abilities().contains(&ability) {
            return Ok(());
        }
        Err(Error::unimplemented(format!(
            "this driver's backend cannot {what}; ask for the capabilities, which say what it serves"
        )))
    }
}

#[async_trait]
impl<B: Backend> Controller for ControllerService<B> {
    async fn create_volume(
        &self,
        request: Request<pb::CreateVolumeRequest>,
    ) -> Reply<pb::CreateVolumeResponse> {
        let (call, message) = open(request)?;
        close(volumes::create(self, &call, message).await)
    }

    async fn delete_volume(
        &self,
        request: Request<pb::DeleteVolumeRequest>,
    ) -> Reply<pb::DeleteVolumeResponse> {
        let (call, message) = open(request)?;
        close(volumes::delete(self, &call, message).await)
    }

    async fn validate_volume_capabilities(
        &self,
        request: Request<pb::ValidateVolumeCapabilitiesRequest>,
    ) -> Reply<pb::ValidateVolumeCapabilitiesResponse> {
        let (call, message) = open(request)?;
        close(volumes::validate(self, &call, message).await)
    }

    async fn controller_publish_volume(
        &self,
        request: Request<pb::ControllerPublishVolumeRequest>,
    ) -> Reply<pb::ControllerPublishVolumeResponse> {
        let (call, message) = open(request)?;
        close(publishing::publish(self, &call, message).await)
    }

    async fn controller_unpublish_volume(
        &self,
        request: Request<pb::ControllerUnpublishVolumeRequest>,
    ) -> Reply<pb::ControllerUnpublishVolumeResponse> {
        let (call, message) = open(request)?;
        close(publishing::unpublish(self, &call, message).await)
    }

    async fn list_volumes(
        &self,
        request: Request<pb::ListVolumesRequest>,
    ) -> Reply<pb::ListVolumesResponse> {
        let (call, message) = open(request)?;
        close(listing::list(self, &call, message).await)
    }

    async fn controller_get_volume(
        &self,
        request: Request<pb::ControllerGetVolumeRequest>,
    ) -> Reply<pb::ControllerGetVolumeResponse> {
        let (call, message) = open(request)?;
        close(listing::get(self, &call, message).await)
    }

    async fn get_capacity(
        &self,
        request: Request<pb::GetCapacityRequest>,
    ) -> Reply<pb::GetCapacityResponse> {
        let (call, message) = open(request)?;
        close(capacity::get(self, &call, message).await)
    }

    async fn controller_expand_volume(
        &self,
        request: Request<pb::ControllerExpandVolumeRequest>,
    ) -> Reply<pb::ControllerExpandVolumeResponse> {
        let (call, message) = open(request)?;
        close(expansion::expand(self, &call, message).await)
    }

    async fn controller_get_capabilities(
        &self,
        request: Request<pb::ControllerGetCapabilitiesRequest>,
    ) -> Reply<pb::ControllerGetCapabilitiesResponse> {
        let (_, pb::ControllerGetCapabilitiesRequest {}) = open(request)?;
        let capabilities = capabilities::of_controller(&self.backend.abilities());
        close(Ok(pb::ControllerGetCapabilitiesResponse { capabilities }))
    }

    async fn controller_modify_volume(
        &self,
        _: Request<pb::ControllerModifyVolumeRequest>,
    ) -> Reply<pb::ControllerModifyVolumeResponse> {
        absent("this version of Mooring does not modify volumes")
    }

    async fn create_snapshot(
        &self,
        _: Request<pb::CreateSnapshotRequest>,
    ) -> Reply<pb::CreateSnapshotResponse> {
        absent(NO_SNAPSHOTS)
    }

    async fn delete_snapshot(
        &self,
        _: Request<pb::DeleteSnapshotRequest>,
    ) -> Reply<pb::DeleteSnapshotResponse> {
        absent(NO_SNAPSHOTS)
    }

    async fn list_snapshots(
        &self,
        _: Request<pb::ListSnapshotsRequest>,
    ) -> Reply<pb::ListSnapshotsResponse> {
        absent(NO_SNAPSHOTS)
    }

    async fn get_snapshot(
        &self,
        _: Request<pb::GetSnapshotRequest>,
    ) -> Reply<pb::GetSnapshotResponse> {
        absent(NO_SNAPSHOTS)
    }

    async fn controller_list_volume_health(
        &self,
        _: Request<pb::ControllerListVolumeHealthRequest>,
    ) -> Reply<pb::ControllerListVolumeHealthResponse> {
        absent(NO_HEALTH)
    }

    async fn controller_get_volume_health(
        &self,
        _: Request<pb::ControllerGetVolumeHealthRequest>,
    ) -> Reply<pb::ControllerGetVolumeHealthResponse> {
        absent(NO_HEALTH)
    }
}

const NO_SNAPSHOTS: &str = "this version of Mooring takes no snapshots";
const NO_HEALTH: &str = "this version of Mooring does not watch the health of volumes";
