//! A behaviour model of a CSI driver: volumes in memory, published ones as links to plain
//! directories. It keeps the specification's rules that the command line can run into, and fails
//! where a test tells it to.

mod controller;
mod node;
mod snapshots;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::controller_server::ControllerServer;
use mooring_proto::csi::v1::controller_service_capability as ability;
use mooring_proto::csi::v1::group_controller_server::GroupControllerServer;
use mooring_proto::csi::v1::identity_server::{Identity, IdentityServer};
use mooring_proto::csi::v1::node_server::NodeServer;
use mooring_proto::csi::v1::snapshot_metadata_server::SnapshotMetadataServer;
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::{Request, Response, Status};

use snapshots::Snapshot;

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
    /// Of ControllerModifyVolume.
    mutable: BTreeMap<String, String>,
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
    snapshots: BTreeMap<String, Snapshot>,
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
            .add_service(GroupControllerServer::new(service.clone()))
            .add_service(SnapshotMetadataServer::new(service.clone()))
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

    /// What a volume's mutable parameters are.
    pub(crate) fn mutable(&self, id: &str) -> BTreeMap<String, String> {
        self.state.lock().unwrap().volumes[id].mutable.clone()
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
