//! A controller and a node process in miniature: two servers on two sockets in a directory of their own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use mooring_csi::{
    Audience, Controller, Drained, Hub, Link, Listener, Meter, Peers, Rpc, Settings, Telemetry,
    node_app, serve,
};
use mooring_proto::csi::v1::controller_client::ControllerClient;
use mooring_proto::csi::v1::group_controller_client::GroupControllerClient;
use mooring_proto::csi::v1::identity_client::IdentityClient;
use mooring_proto::csi::v1::node_client::NodeClient;
use mooring_proto::csi::v1::snapshot_metadata_client::SnapshotMetadataClient;
use mooring_volume::backend::Identity as _;
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

use crate::model::{Gate, Model, NodeModel};

/// Keeps what was measured: service, method, code.
#[derive(Default)]
pub(crate) struct Measured(Mutex<Vec<(&'static str, &'static str)>>);

impl Measured {
    pub(crate) fn rpcs(&self) -> Vec<(&'static str, &'static str)> {
        self.0.lock().unwrap().clone()
    }
}

impl Meter for Measured {
    fn rpc(&self, rpc: Rpc<'_>) {
        assert_eq!(rpc.driver, "model.mooring.dev");
        self.0.lock().unwrap().push((rpc.method, rpc.code));
    }
}

/// A server that runs until it is told to stop.
pub(crate) struct Running {
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Drained>,
}

impl Running {
    pub(crate) async fn stop(self) -> Drained {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap()
    }

    /// Tells it to stop, and answers what will tell how it ended.
    pub(crate) fn begin_stop(self) -> JoinHandle<Drained> {
        self.stop.send(()).unwrap();
        self.ended
    }
}

pub(crate) struct Edge {
    pub(crate) model: Arc<Model>,
    pub(crate) node: Arc<NodeModel>,
    pub(crate) measured: Arc<Measured>,
    pub(crate) settings: Settings,
    pub(crate) link: Link,
    /// Of the controller that was started last.
    pub(crate) hub: Hub,
    pub(crate) controller_server: Option<Running>,
    pub(crate) node_server: Option<Running>,
    directory: TempDir,
}

/// What is done with the processes' settings and gates before they start.
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    pub(crate) backend_gate: Gate,
    pub(crate) node_gate: Gate,
    pub(crate) drain: Duration,
}

/// A node's, but a call that hangs fails its test soon.
pub(crate) fn settings() -> Settings {
    Settings { default_deadline: Duration::from_secs(20), ..Settings::node() }
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            settings: settings(),
            backend_gate: Gate::open(),
            node_gate: Gate::open(),
            drain: Duration::from_secs(20),
        }
    }
}

impl Edge {
    pub(crate) async fn start() -> Self {
        Self::planned(Plan::default()).await
    }

    pub(crate) async fn planned(plan: Plan) -> Self {
        let Plan { settings, backend_gate, node_gate, drain } = plan;
        let directory = tempfile::tempdir().unwrap();
        let model = Arc::new(Model::new(backend_gate));
        let link = Link::new(model.driver().clone(), directory.path().join("controller.sock"));
        let mut edge = Self {
            node: Arc::new(NodeModel::new(node_gate)),
            measured: Arc::default(),
            settings,
            link,
            hub: Hub::default(),
            controller_server: None,
            node_server: None,
            directory,
            model,
        };
        edge.start_controller(drain);
        let telemetry = Telemetry::new(edge.measured.clone());
        let driver = edge.model.driver().clone();
        let app = node_app(driver, edge.node.clone(), &edge.link, &telemetry, &edge.settings);
        edge.node_server = Some(run(&edge.node_socket(), app, drain));
        edge
    }

    pub(crate) fn start_controller(&mut self, drain: Duration) {
        let controller = Controller::new(self.model.clone());
        self.hub = controller.hub().clone();
        let telemetry = Telemetry::new(Arc::new(()));
        let app = controller.app(Audience::NodeProcess, &telemetry, &self.settings);
        self.controller_server = Some(run(&self.controller_socket(), app, drain));
    }

    pub(crate) fn controller_socket(&self) -> PathBuf {
        self.directory.path().join("controller.sock")
    }

    pub(crate) fn node_socket(&self) -> PathBuf {
        self.directory.path().join("csi.sock")
    }

    /// As kubelet and the sidecars: through the node's socket.
    pub(crate) async fn controller(&self) -> ControllerClient<Channel> {
        ControllerClient::new(channel(&self.node_socket()).await)
    }

    pub(crate) async fn identity(&self) -> IdentityClient<Channel> {
        IdentityClient::new(channel(&self.node_socket()).await)
    }

    pub(crate) async fn groups(&self) -> GroupControllerClient<Channel> {
        GroupControllerClient::new(channel(&self.node_socket()).await)
    }

    pub(crate) async fn metadata(&self) -> SnapshotMetadataClient<Channel> {
        SnapshotMetadataClient::new(channel(&self.node_socket()).await)
    }

    pub(crate) async fn node(&self) -> NodeClient<Channel> {
        NodeClient::new(channel(&self.node_socket()).await)
    }

    /// To the node's socket by a client that keeps no deadline of its own, so that the server's answer is
    /// seen.
    pub(crate) fn patient(&self) -> Link {
        Link::new(self.model.driver().clone(), self.node_socket())
    }
}

pub(crate) fn run(path: &Path, app: mooring_csi::App, drain: Duration) -> Running {
    let listener = Listener::bind(path, &Peers::default()).unwrap();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async { stopped.await.unwrap_or_default() };
    Running { stop, ended: tokio::spawn(serve(listener, app, shutdown, drain)) }
}

pub(crate) async fn channel(path: &Path) -> Channel {
    let path = path.to_owned();
    let connector = tower::service_fn(move |_| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    Endpoint::from_static("http://localhost").connect_with_connector(connector).await.unwrap()
}
