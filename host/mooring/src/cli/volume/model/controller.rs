//! The model's Controller service.

use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::controller_server::Controller;
use mooring_proto::csi::v1::controller_service_capability as ability;
use tonic::{Request, Response, Status};

use super::{Answer, Service, Volume, wire};

#[tonic::async_trait]
impl Controller for Service {
    async fn create_volume(
        &self,
        request: Request<csi::CreateVolumeRequest>,
    ) -> Answer<csi::CreateVolumeResponse> {
        let request = self.begin("CreateVolume", request).await?;
        let capacity = request.capacity_range.map_or(1 << 30, |range| range.required_bytes);
        let mut state = self.state.lock().unwrap();
        state.secrets = request.secrets;
        let known = state.volumes.iter().find(|(_, volume)| volume.name == request.name);
        if let Some((id, volume)) = known {
            if volume.capacity != capacity {
                return Err(Status::already_exists(format!("{:?} has another size", request.name)));
            }
            return Ok(Response::new(csi::CreateVolumeResponse { volume: Some(wire(id, volume)) }));
        }
        state.created += 1;
        let id = format!("vol-{}", state.created);
        let volume = Volume {
            name: request.name,
            capacity,
            context: request.parameters,
            source: request.volume_content_source,
            used: capacity,
            ..Volume::default()
        };
        let answer = csi::CreateVolumeResponse { volume: Some(wire(&id, &volume)) };
        state.volumes.insert(id, volume);
        Ok(Response::new(answer))
    }
    async fn delete_volume(
        &self,
        request: Request<csi::DeleteVolumeRequest>,
    ) -> Answer<csi::DeleteVolumeResponse> {
        let request = self.begin("DeleteVolume", request).await?;
        let mut state = self.state.lock().unwrap();
        if state.volumes.get(&request.volume_id).is_some_and(|volume| volume.staged.is_some()) {
            return Err(Status::failed_precondition("the volume is in use"));
        }
        state.volumes.remove(&request.volume_id);
        Ok(Response::new(Default::default()))
    }
    async fn controller_publish_volume(
        &self,
        request: Request<csi::ControllerPublishVolumeRequest>,
    ) -> Answer<csi::ControllerPublishVolumeResponse> {
        let request = self.begin("ControllerPublishVolume", request).await?;
        self.with(&request.volume_id, |volume| {
            volume.attached.insert(request.node_id);
            Ok(())
        })?;
        let publish_context = [("lun".to_owned(), "7".to_owned())].into();
        Ok(Response::new(csi::ControllerPublishVolumeResponse { publish_context }))
    }
    async fn controller_unpublish_volume(
        &self,
        request: Request<csi::ControllerUnpublishVolumeRequest>,
    ) -> Answer<csi::ControllerUnpublishVolumeResponse> {
        let request = self.begin("ControllerUnpublishVolume", request).await?;
        self.with(&request.volume_id, |volume| {
            volume.attached.remove(&request.node_id);
            Ok(())
        })?;
        Ok(Response::new(Default::default()))
    }
    async fn validate_volume_capabilities(
        &self,
        request: Request<csi::ValidateVolumeCapabilitiesRequest>,
    ) -> Answer<csi::ValidateVolumeCapabilitiesResponse> {
        let request = self.begin("ValidateVolumeCapabilities", request).await?;
        self.with(&request.volume_id, |_| Ok(()))?;
        let several = request.volume_capabilities.iter().any(|capability| {
            capability
                .access_mode
                .is_some_and(|mode| mode.mode().as_str_name().starts_with("MULTI"))
        });
        let confirmed = csi::validate_volume_capabilities_response::Confirmed {
            volume_capabilities: request.volume_capabilities,
            ..Default::default()
        };
        Ok(Response::new(csi::ValidateVolumeCapabilitiesResponse {
            confirmed: (!several).then_some(confirmed),
            message: if several { "one node at a time".to_owned() } else { String::new() },
        }))
    }
    async fn list_volumes(
        &self,
        request: Request<csi::ListVolumesRequest>,
    ) -> Answer<csi::ListVolumesResponse> {
        let request = self.begin("ListVolumes", request).await?;
        let state = self.state.lock().unwrap();
        let at: usize = if request.starting_token.is_empty() {
            0
        } else {
            request.starting_token.parse().map_err(|_| Status::aborted("no such token"))?
        };
        let limit = match usize::try_from(request.max_entries) {
            Ok(0) | Err(_) => usize::MAX,
            Ok(limit) => limit,
        };
        let entry = |(id, volume): (&String, &Volume)| csi::list_volumes_response::Entry {
            volume: Some(wire(id, volume)),
            status: Some(csi::list_volumes_response::VolumeStatus {
                published_node_ids: volume.attached.iter().cloned().collect(),
                volume_condition: None,
            }),
        };
        let entries: Vec<_> = state.volumes.iter().skip(at).take(limit).map(entry).collect();
        let next = at + entries.len();
        let next_token = if next < state.volumes.len() { next.to_string() } else { String::new() };
        Ok(Response::new(csi::ListVolumesResponse { entries, next_token }))
    }
    async fn controller_get_volume(
        &self,
        request: Request<csi::ControllerGetVolumeRequest>,
    ) -> Answer<csi::ControllerGetVolumeResponse> {
        let id = self.begin("ControllerGetVolume", request).await?.volume_id;
        let (volume, nodes) = self.with(&id, |volume| {
            Ok((wire(&id, volume), volume.attached.iter().cloned().collect()))
        })?;
        let status = csi::controller_get_volume_response::VolumeStatus {
            published_node_ids: nodes,
            volume_condition: None,
        };
        Ok(Response::new(csi::ControllerGetVolumeResponse {
            volume: Some(volume),
            status: Some(status),
        }))
    }
    async fn get_capacity(
        &self,
        request: Request<csi::GetCapacityRequest>,
    ) -> Answer<csi::GetCapacityResponse> {
        self.begin("GetCapacity", request).await?;
        Ok(Response::new(csi::GetCapacityResponse {
            available_capacity: 100 << 30,
            maximum_volume_size: Some(16 << 40),
            minimum_volume_size: None,
        }))
    }
    async fn controller_get_capabilities(
        &self,
        request: Request<csi::ControllerGetCapabilitiesRequest>,
    ) -> Answer<csi::ControllerGetCapabilitiesResponse> {
        self.begin("ControllerGetCapabilities", request).await?;
        let capability = |kind: &ability::rpc::Type| csi::ControllerServiceCapability {
            r#type: Some(ability::Type::Rpc(ability::Rpc { r#type: (*kind).into() })),
        };
        let capabilities = self.state.lock().unwrap().abilities.iter().map(capability).collect();
        Ok(Response::new(csi::ControllerGetCapabilitiesResponse { capabilities }))
    }
    async fn controller_expand_volume(
        &self,
        request: Request<csi::ControllerExpandVolumeRequest>,
    ) -> Answer<csi::ControllerExpandVolumeResponse> {
        let request = self.begin("ControllerExpandVolume", request).await?;
        let wanted = request.capacity_range.map_or(0, |range| range.required_bytes);
        let capacity_bytes = self.with(&request.volume_id, |volume| {
            volume.capacity = volume.capacity.max(wanted);
            Ok(volume.capacity)
        })?;
        let node_expansion_required = true;
        Ok(Response::new(csi::ControllerExpandVolumeResponse {
            capacity_bytes,
            node_expansion_required,
        }))
    }
    async fn controller_modify_volume(
        &self,
        request: Request<csi::ControllerModifyVolumeRequest>,
    ) -> Answer<csi::ControllerModifyVolumeResponse> {
        let request = self.begin("ControllerModifyVolume", request).await?;
        self.with(&request.volume_id, |volume| {
            volume.mutable.extend(request.mutable_parameters);
            Ok(())
        })?;
        Ok(Response::new(Default::default()))
    }
    async fn create_snapshot(
        &self,
        request: Request<csi::CreateSnapshotRequest>,
    ) -> Answer<csi::CreateSnapshotResponse> {
        let request = self.begin("CreateSnapshot", request).await?;
        let snapshot = Some(self.snapshot(&request.name, &request.source_volume_id, "")?);
        Ok(Response::new(csi::CreateSnapshotResponse { snapshot }))
    }
    async fn delete_snapshot(
        &self,
        request: Request<csi::DeleteSnapshotRequest>,
    ) -> Answer<csi::DeleteSnapshotResponse> {
        let request = self.begin("DeleteSnapshot", request).await?;
        self.state.lock().unwrap().snapshots.remove(&request.snapshot_id);
        Ok(Response::new(Default::default()))
    }
    async fn list_snapshots(
        &self,
        request: Request<csi::ListSnapshotsRequest>,
    ) -> Answer<csi::ListSnapshotsResponse> {
        let request = self.begin("ListSnapshots", request).await?;
        Ok(Response::new(self.snapshots(&request)))
    }
    async fn get_snapshot(
        &self,
        _: Request<csi::GetSnapshotRequest>,
    ) -> Answer<csi::GetSnapshotResponse> {
        Err(Status::unimplemented("the model lacks it"))
    }
    async fn controller_list_volume_health(
        &self,
        request: Request<csi::ControllerListVolumeHealthRequest>,
    ) -> Answer<csi::ControllerListVolumeHealthResponse> {
        self.begin("ControllerListVolumeHealth", request).await?;
        let state = self.state.lock().unwrap();
        let entries = state.volumes.keys().map(|id| unsound(id)).collect();
        Ok(Response::new(csi::ControllerListVolumeHealthResponse {
            entries,
            next_token: String::new(),
        }))
    }
    async fn controller_get_volume_health(
        &self,
        request: Request<csi::ControllerGetVolumeHealthRequest>,
    ) -> Answer<csi::ControllerGetVolumeHealthResponse> {
        let id = self.begin("ControllerGetVolumeHealth", request).await?.volume_id;
        self.with(&id, |_| Ok(()))?;
        let volume_health = Some(csi::VolumeHealth { volume_id: id, health_statuses: vec![] });
        Ok(Response::new(csi::ControllerGetVolumeHealthResponse { volume_health }))
    }
}

/// Every volume of the model is listed as ill, and sound when it is asked for by itself.
fn unsound(id: &str) -> csi::VolumeHealth {
    let entry = csi::volume_health::VolumeHealthEntry {
        status: csi::VolumeHealthErrorType::Degraded.into(),
        reason: "PoolNearlyFull".to_owned(),
        message: "3% are left".to_owned(),
    };
    csi::VolumeHealth { volume_id: id.to_owned(), health_statuses: vec![entry] }
}
