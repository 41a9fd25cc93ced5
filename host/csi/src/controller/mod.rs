//! CSI's Controller service: one small file a group of RPCs, and this table of them.

pub(crate) mod capabilities;
mod capacity;
mod conditions;
mod expansion;
mod health;
mod listing;
mod modification;
mod publishing;
mod snapshots;
mod volumes;

use std::sync::Arc;

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::controller_server::Controller;
use mooring_volume::backend::Backend;
use mooring_volume::{Ability, CsiVersion, Result};
use tonic::{Request, async_trait};

pub(crate) use conditions::{Conditions, Ill};

use crate::busy::Busy;
use crate::internal::Hub;
use crate::unary::{Reply, close, needs, open};

/// Serves it for one driver.
#[derive(Debug)]
pub(crate) struct ControllerService<B> {
    pub(crate) backend: Arc<B>,
    pub(crate) busy: Busy,
    /// Nodes, which may have to enforce what is changed.
    pub(crate) hub: Hub,
    /// What is advertised.
    pub(crate) version: CsiVersion,
    /// For ListVolumes.
    pub(crate) conditions: Conditions,
}

impl<B: Backend> ControllerService<B> {
    fn needs(&self, ability: Ability, what: &str) -> Result<()> {
        needs(&*self.backend, ability, what)
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
        let capabilities = capabilities::of_controller(&self.backend.abilities(), self.version);
        close(Ok(pb::ControllerGetCapabilitiesResponse { capabilities }))
    }

    async fn controller_modify_volume(
        &self,
        request: Request<pb::ControllerModifyVolumeRequest>,
    ) -> Reply<pb::ControllerModifyVolumeResponse> {
        let (call, message) = open(request)?;
        close(modification::modify(self, &call, message).await)
    }

    async fn create_snapshot(
        &self,
        request: Request<pb::CreateSnapshotRequest>,
    ) -> Reply<pb::CreateSnapshotResponse> {
        let (call, message) = open(request)?;
        close(snapshots::create(self, &call, message).await)
    }

    async fn delete_snapshot(
        &self,
        request: Request<pb::DeleteSnapshotRequest>,
    ) -> Reply<pb::DeleteSnapshotResponse> {
        let (call, message) = open(request)?;
        close(snapshots::delete(self, &call, message).await)
    }

    async fn list_snapshots(
        &self,
        request: Request<pb::ListSnapshotsRequest>,
    ) -> Reply<pb::ListSnapshotsResponse> {
        let (call, message) = open(request)?;
        close(snapshots::list(self, &call, message).await)
    }

    async fn get_snapshot(
        &self,
        request: Request<pb::GetSnapshotRequest>,
    ) -> Reply<pb::GetSnapshotResponse> {
        let (call, message) = open(request)?;
        close(snapshots::get(self, &call, message).await)
    }

    async fn controller_list_volume_health(
        &self,
        request: Request<pb::ControllerListVolumeHealthRequest>,
    ) -> Reply<pb::ControllerListVolumeHealthResponse> {
        let (call, message) = open(request)?;
        close(health::list(self, &call, message).await)
    }

    async fn controller_get_volume_health(
        &self,
        request: Request<pb::ControllerGetVolumeHealthRequest>,
    ) -> Reply<pb::ControllerGetVolumeHealthResponse> {
        let (call, message) = open(request)?;
        close(health::get(self, &call, message).await)
    }
}
