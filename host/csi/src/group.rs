//! CSI's GroupController service: snapshots of several volumes at one point in time.

use std::iter;
use std::sync::Arc;

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::group_controller_server::GroupController;
use mooring_volume::backend::Backend;
use mooring_volume::{Ability, Call, Result};
use tonic::{Request, async_trait};

use crate::busy::{Busy, Key, Mode};
use crate::conceal::conceal;
use crate::controller::capabilities;
use crate::convert::group as convert;
use crate::unary::{Reply, close, needs, open};

/// Serves it for one driver, with the guards of its Controller service.
#[derive(Debug)]
pub(crate) struct GroupService<B> {
    pub(crate) backend: Arc<B>,
    pub(crate) busy: Busy,
}

impl<B: Backend> GroupService<B> {
    fn able(&self) -> Result<()> {
        needs(&*self.backend, Ability::GroupSnapshots, "take snapshots of groups")
    }

    async fn create(
        &self,
        call: &Call,
        message: pb::CreateVolumeGroupSnapshotRequest,
    ) -> Result<pb::CreateVolumeGroupSnapshotResponse> {
        self.able()?;
        let request = convert::create(message)?;
        let sources = request.sources.iter().map(|id| (Key::Volume(id.clone()), Mode::Shared));
        let name = (Key::GroupName(request.name.clone()), Mode::Alone);
        let _held = self.busy.hold(iter::once(name).chain(sources))?;
        let (secrets, sources) = (request.secrets.clone(), request.sources.clone());
        let group = self.backend.create_group(call, request).await;
        let group = group.map_err(|error| conceal(error, &secrets))?;
        convert::of_sources(&group, &sources)?;
        Ok(pb::CreateVolumeGroupSnapshotResponse { group_snapshot: Some(convert::wire(group)?) })
    }

    async fn delete(
        &self,
        call: &Call,
        message: pb::DeleteVolumeGroupSnapshotRequest,
    ) -> Result<pb::DeleteVolumeGroupSnapshotResponse> {
        self.able()?;
        let request = convert::delete(message)?;
        // The members go with it, so that no volume may be made of one meanwhile.
        let members = request.members.iter().map(|id| (Key::Snapshot(id.clone()), Mode::Alone));
        let group = (Key::Group(request.id.clone()), Mode::Alone);
        let _held = self.busy.hold(iter::once(group).chain(members))?;
        let secrets = request.secrets.clone();
        let deleted = self.backend.delete_group(call, request).await;
        deleted.map_err(|error| conceal(error, &secrets))?;
        Ok(pb::DeleteVolumeGroupSnapshotResponse {})
    }

    /// Changes nothing, so that no guard is needed.
    async fn get(
        &self,
        call: &Call,
        message: pb::GetVolumeGroupSnapshotRequest,
    ) -> Result<pb::GetVolumeGroupSnapshotResponse> {
        self.able()?;
        let request = convert::get(message)?;
        let (secrets, id) = (request.secrets.clone(), request.id.clone());
        let group = self.backend.get_group(call, request).await;
        let group = group.map_err(|error| conceal(error, &secrets))?;
        convert::is(&group, &id)?;
        Ok(pb::GetVolumeGroupSnapshotResponse { group_snapshot: Some(convert::wire(group)?) })
    }
}

#[async_trait]
impl<B: Backend> GroupController for GroupService<B> {
    async fn group_controller_get_capabilities(
        &self,
        request: Request<pb::GroupControllerGetCapabilitiesRequest>,
    ) -> Reply<pb::GroupControllerGetCapabilitiesResponse> {
        let (_, pb::GroupControllerGetCapabilitiesRequest {}) = open(request)?;
        let capabilities = capabilities::of_group(&self.backend.abilities());
        let answer = pb::GroupControllerGetCapabilitiesResponse { capabilities };
        close(self.able().map(|()| answer))
    }

    async fn create_volume_group_snapshot(
        &self,
        request: Request<pb::CreateVolumeGroupSnapshotRequest>,
    ) -> Reply<pb::CreateVolumeGroupSnapshotResponse> {
        let (call, message) = open(request)?;
        close(self.create(&call, message).await)
    }

    async fn delete_volume_group_snapshot(
        &self,
        request: Request<pb::DeleteVolumeGroupSnapshotRequest>,
    ) -> Reply<pb::DeleteVolumeGroupSnapshotResponse> {
        let (call, message) = open(request)?;
        close(self.delete(&call, message).await)
    }

    async fn get_volume_group_snapshot(
        &self,
        request: Request<pb::GetVolumeGroupSnapshotRequest>,
    ) -> Reply<pb::GetVolumeGroupSnapshotResponse> {
        let (call, message) = open(request)?;
        close(self.get(&call, message).await)
    }
}
