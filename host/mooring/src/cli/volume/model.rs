//! A behaviour model of a CSI driver: volumes in memory, published ones as links to plain
//! directories. It keeps the specification's rules that the command line can run into, and fails
//! where a test tells it to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::controller_server::{Controller, ControllerServer};
use mooring_proto::csi::v1::controller_service_capability as ability;
use mooring_proto::csi::v1::identity_server::{Identity, IdentityServer};
use mooring_proto::csi::v1::node_server::{Node, NodeServer};
use mooring_proto::csi::v1::volume_usage::Unit;
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::{Request, Response, Status};

type Answer<T> = Result<Response<T>, Status>;

/// What the model advertises besides the basics.
pub(crate) const ATTACHES: [ability::rpc::Type; 2] =
    [ability::rpc::Type::PublishUnpublishVolume, ability::rpc::Type::GetVolume];

#[derive(Debug, Default, Clone)]
struct Volume {
    name: String,
    capacity: i64,
    context: BTreeMap<String, String>,
    source: Option<csi::VolumeContentSource>,
    attached: BTreeSet<String>,
    staged: Option<PathBuf>,
    targets: BTreeSet<PathBuf>,
    /// What the node has taken into use.
    used: i64,
}

#[derive(Debug, Default)]
struct State {
    volumes: BTreeMap<String, Volume>,
    created: usize,
    /// RPC → what it answers instead of doing its work, and how often.
    faults: BTreeMap<&'static str, (Status, usize)>,
    /// The RPC that waits until the test goes on.
    stall: Option<&'static str>,
    /// RPCs in the order of their arrival.
    calls: Vec<&'static str>,
    /// The `grpc-timeout` of the last call.
    deadline: Option<String>,
    secrets: BTreeMap<String, String>,
    abilities: Vec<ability::rpc::Type>,
}

/// Where a stalled RPC and its test meet.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    pub(crate) arrived: Notify,
    pub(crate) resumed: Notify,
}

/// A model that serves on a socket until it is dropped.
pub(crate) struct Model {
    pub(crate) directory: TempDir,
    pub(crate) socket: PathBuf,
    pub(crate) pause: Arc<Pause>,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl Drop for Model {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[derive(Clone)]
struct Service {
    data: PathBuf,
    pause: Arc<Pause>,
    state: Arc<Mutex<State>>,
}

impl Model {
    pub(crate) fn start(abilities: &[ability::rpc::Type]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("csi.sock");
        let incoming = UnixListenerStream::new(UnixListener::bind(&socket).unwrap());
        let state = State { abilities: abilities.to_vec(), ..State::default() };
        let state = Arc::new(Mutex::new(state));
        let pause = Arc::new(Pause::default());
        let data = directory.path().join("data");
        let service = Service { data, pause: pause.clone(), state: state.clone() };
        let router = tonic::transport::Server::builder()
            .add_service(IdentityServer::new(service.clone()))
            .add_service(ControllerServer::new(service.clone()))
            .add_service(NodeServer::new(service));
        let server =
            tokio::spawn(async move { router.serve_with_incoming(incoming).await.unwrap() });
        Self { directory, socket, pause, state, server }
    }

    /// Makes an RPC fail from now on.
    pub(crate) fn fail(&self, rpc: &'static str, status: Status) {
        self.fail_times(rpc, status, usize::MAX);
    }

    /// Makes an RPC fail so many times.
    pub(crate) fn fail_times(&self, rpc: &'static str, status: Status, times: usize) {
        self.state.lock().unwrap().faults.insert(rpc, (status, times));
    }

    /// Makes an RPC wait on `pause`, or none.
    pub(crate) fn stall(&self, rpc: Option<&'static str>) {
        self.state.lock().unwrap().stall = rpc;
    }

    /// The RPCs since the last time, but for questions about abilities.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        let calls = std::mem::take(&mut self.state.lock().unwrap().calls);
        calls.into_iter().filter(|call| !call.ends_with("Capabilities")).collect()
    }

    pub(crate) fn deadline(&self) -> Option<String> {
        self.state.lock().unwrap().deadline.clone()
    }

    pub(crate) fn secrets(&self) -> BTreeMap<String, String> {
        self.state.lock().unwrap().secrets.clone()
    }

    pub(crate) fn volumes(&self) -> usize {
        self.state.lock().unwrap().volumes.len()
    }

    /// Whether a volume is staged or published at a path.
    pub(crate) fn mounted(&self, path: &Path) -> bool {
        let state = self.state.lock().unwrap();
        state
            .volumes
            .values()
            .any(|volume| volume.staged.as_deref() == Some(path) || volume.targets.contains(path))
    }
}

impl Service {
    /// Notes a call, and takes its message unless it shall fail.
    async fn begin<T>(&self, rpc: &'static str, request: Request<T>) -> Result<T, Status> {
        let stall = self.state.lock().unwrap().stall == Some(rpc);
        if stall {
            self.pause.arrived.notify_one();
            self.pause.resumed.notified().await;
        }
        let mut state = self.state.lock().unwrap();
        state.calls.push(rpc);
        let deadline = request.metadata().get("grpc-timeout");
        state.deadline = deadline.map(|value| value.to_str().unwrap().to_owned());
        match state.faults.get_mut(rpc) {
            Some((fault, times)) if *times > 0 => {
                *times -= 1;
                Err(fault.clone())
            }
            Some(_) | None => Ok(request.into_inner()),
        }
    }

    fn with<T>(
        &self,
        id: &str,
        work: impl FnOnce(&mut Volume) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let mut state = self.state.lock().unwrap();
        let volume = state.volumes.get_mut(id);
        work(volume.ok_or_else(|| Status::not_found(format!("no volume {id:?}")))?)
    }
}

fn wire(id: &str, volume: &Volume) -> csi::Volume {
    csi::Volume {
        capacity_bytes: volume.capacity,
        volume_id: id.to_owned(),
        volume_context: volume.context.clone(),
        content_source: volume.source.clone(),
        accessible_topology: Vec::new(),
    }
}

#[tonic::async_trait]
impl Identity for Service {
    async fn get_plugin_info(
        &self,
        request: Request<csi::GetPluginInfoRequest>,
    ) -> Answer<csi::GetPluginInfoResponse> {
        self.begin("GetPluginInfo", request).await?;
        let name = "model.mooring.dev".to_owned();
        Ok(Response::new(csi::GetPluginInfoResponse { name, ..Default::default() }))
    }
    async fn get_plugin_capabilities(
        &self,
        request: Request<csi::GetPluginCapabilitiesRequest>,
    ) -> Answer<csi::GetPluginCapabilitiesResponse> {
        self.begin("GetPluginCapabilities", request).await?;
        Ok(Response::new(Default::default()))
    }
    async fn probe(&self, request: Request<csi::ProbeRequest>) -> Answer<csi::ProbeResponse> {
        self.begin("Probe", request).await?;
        Ok(Response::new(csi::ProbeResponse { ready: Some(true) }))
    }
}

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
        _: Request<csi::ControllerModifyVolumeRequest>,
    ) -> Answer<csi::ControllerModifyVolumeResponse> {
        Err(Status::unimplemented("the model lacks it"))
    }
    async fn create_snapshot(
        &self,
        _: Request<csi::CreateSnapshotRequest>,
    ) -> Answer<csi::CreateSnapshotResponse> {
        Err(Status::unimplemented("the model lacks it"))
    }
    async fn delete_snapshot(
        &self,
        _: Request<csi::DeleteSnapshotRequest>,
    ) -> Answer<csi::DeleteSnapshotResponse> {
        Err(Status::unimplemented("the model lacks it"))
    }
    async fn list_snapshots(
        &self,
        _: Request<csi::ListSnapshotsRequest>,
    ) -> Answer<csi::ListSnapshotsResponse> {
        Err(Status::unimplemented("the model lacks it"))
    }
    async fn get_snapshot(
        &self,
        _: Request<csi::GetSnapshotRequest>,
    ) -> Answer<csi::GetSnapshotResponse> {
        Err(Status::unimplemented("the model lacks it"))
    }
    async fn controller_list_volume_health(
        &self,
        _: Request<csi::ControllerListVolumeHealthRequest>,
    ) -> Answer<csi::ControllerListVolumeHealthResponse> {
        Err(Status::unimplemented("the model lacks it"))
    }
    async fn controller_get_volume_health(
        &self,
        _: Request<csi::ControllerGetVolumeHealthRequest>,
    ) -> Answer<csi::ControllerGetVolumeHealthResponse> {
        Err(Status::unimplemented("the model lacks it"))
    }
}

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
