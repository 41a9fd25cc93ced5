//! The model's Node service.

use std::path::{Path, PathBuf};

use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::node_server::Node;
use mooring_proto::csi::v1::volume_usage::Unit;
use tonic::{Request, Response, Status};

use super::{ATTACHES, Answer, Service};

#[tonic::async_trait]
impl Node for Service {
    async fn node_stage_volume(
        &self,
        request: Request<csi::NodeStageVolumeRequest>,
    ) -> Answer<csi::NodeStageVolumeResponse> {
        let request = self.begin("NodeStageVolume", request).await?;
        let path = PathBuf::from(request.staging_target_path);
        if !path.is_dir() {
            return Err(Status::failed_precondition("the staging directory is missing"));
        }
        let attaches = self.state.lock().unwrap().abilities == ATTACHES;
        if attaches && request.publish_context.is_empty() {
            return Err(Status::invalid_argument("publish_context is missing"));
        }
        let data = self.data.join(&request.volume_id);
        self.with(&request.volume_id, |volume| {
            std::fs::create_dir_all(data)?;
            volume.staged = Some(path);
            Ok(())
        })?;
        Ok(Response::new(Default::default()))
    }
    async fn node_unstage_volume(
        &self,
        request: Request<csi::NodeUnstageVolumeRequest>,
    ) -> Answer<csi::NodeUnstageVolumeResponse> {
        let request = self.begin("NodeUnstageVolume", request).await?;
        if let Some(volume) = self.state.lock().unwrap().volumes.get_mut(&request.volume_id) {
            volume.staged = None;
        }
        Ok(Response::new(Default::default()))
    }
    async fn node_publish_volume(
        &self,
        request: Request<csi::NodePublishVolumeRequest>,
    ) -> Answer<csi::NodePublishVolumeResponse> {
        let request = self.begin("NodePublishVolume", request).await?;
        let target = PathBuf::from(request.target_path);
        let data = self.data.join(&request.volume_id);
        self.with(&request.volume_id, |volume| {
            if volume.staged.as_deref() != Some(Path::new(&request.staging_target_path)) {
                return Err(Status::failed_precondition("the volume is not staged there"));
            }
            if volume.targets.insert(target.clone()) {
                std::os::unix::fs::symlink(data, target)?;
            }
            Ok(())
        })?;
        Ok(Response::new(Default::default()))
    }
    async fn node_unpublish_volume(
        &self,
        request: Request<csi::NodeUnpublishVolumeRequest>,
    ) -> Answer<csi::NodeUnpublishVolumeResponse> {
        let request = self.begin("NodeUnpublishVolume", request).await?;
        let target = PathBuf::from(request.target_path);
        if let Some(volume) = self.state.lock().unwrap().volumes.get_mut(&request.volume_id)
            && volume.targets.remove(&target)
        {
            std::fs::remove_file(target)?;
        }
        Ok(Response::new(Default::default()))
    }
    async fn node_get_volume_stats(
        &self,
        request: Request<csi::NodeGetVolumeStatsRequest>,
    ) -> Answer<csi::NodeGetVolumeStatsResponse> {
        let request = self.begin("NodeGetVolumeStats", request).await?;
        let used = self.with(&request.volume_id, |volume| Ok(volume.used))?;
        let usage = vec![
            csi::VolumeUsage {
                available: used - used / 4,
                total: used,
                used: used / 4,
                unit: Unit::Bytes.into(),
            },
            csi::VolumeUsage { available: 997, total: 1000, used: 3, unit: Unit::Inodes.into() },
        ];
        Ok(Response::new(csi::NodeGetVolumeStatsResponse { usage, volume_condition: None }))
    }
    async fn node_expand_volume(
        &self,
        request: Request<csi::NodeExpandVolumeRequest>,
    ) -> Answer<csi::NodeExpandVolumeResponse> {
        let request = self.begin("NodeExpandVolume", request).await?;
        let capacity_bytes = self.with(&request.volume_id, |volume| {
            volume.used = volume.capacity;
            Ok(volume.used)
        })?;
        Ok(Response::new(csi::NodeExpandVolumeResponse { capacity_bytes }))
    }
    async fn node_get_capabilities(
        &self,
        request: Request<csi::NodeGetCapabilitiesRequest>,
    ) -> Answer<csi::NodeGetCapabilitiesResponse> {
        self.begin("NodeGetCapabilities", request).await?;
        Ok(Response::new(Default::default()))
    }
    async fn node_get_info(
        &self,
        request: Request<csi::NodeGetInfoRequest>,
    ) -> Answer<csi::NodeGetInfoResponse> {
        self.begin("NodeGetInfo", request).await?;
        let node_id = "worker-1".to_owned();
        Ok(Response::new(csi::NodeGetInfoResponse { node_id, ..Default::default() }))
    }
    async fn node_get_volume_health(
        &self,
        _: Request<csi::NodeGetVolumeHealthRequest>,
    ) -> Answer<csi::NodeGetVolumeHealthResponse> {
        Err(Status::unimplemented("the model lacks it"))
    }
    async fn node_get_storage_health(
        &self,
        _: Request<csi::NodeGetStorageHealthRequest>,
    ) -> Answer<csi::NodeGetStorageHealthResponse> {
        Err(Status::unimplemented("the model lacks it"))
    }
}
