//! What the controller orders its nodes, over a real socket.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mooring_csi::take_orders;
use mooring_proto::csi::v1 as pb;
use mooring_volume::attachment::PoolItem;
use mooring_volume::limits::NodeLimits;
use mooring_volume::orders::{FreezeId, Frozen, Orders};
use mooring_volume::{Code, Error, Result, VolumeId};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::model::Gate;
use crate::setup::Edge;

const HOLD: Duration = Duration::from_secs(7);

/// A node that does as it is told, or not.
struct Told {
    /// What is attached here.
    attached: Vec<PoolItem>,
    did: Mutex<Vec<String>>,
    frozen: Mutex<Vec<FreezeId>>,
    refuses: Mutex<Option<Error>>,
    gate: Gate,
}

impl Told {
    fn did(&self, what: impl Into<String>) {
        self.did.lock().unwrap().push(what.into());
    }

    fn has_done(&self, what: &str) -> bool {
        self.did.lock().unwrap().iter().any(|done| done == what)
    }

    async fn begin(&self) -> Result<()> {
        self.gate.pass().await;
        self.refuses.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

impl Orders for Told {
    async fn freeze(&self, images: Vec<PoolItem>, hold: Duration) -> Result<Frozen> {
        self.begin().await?;
        let mut frozen = self.frozen.lock().unwrap();
        let id = FreezeId(40 + frozen.len() as u64);
        frozen.push(id);
        self.did(format!("freeze {} for {hold:?}", images.len()));
        let here = |item: &PoolItem| self.attached.contains(item);
        Ok(Frozen { id, images: images.into_iter().filter(here).collect() })
    }

    async fn thaw(&self, id: FreezeId) -> Result<bool> {
        self.did("thaw");
        let mut frozen = self.frozen.lock().unwrap();
        let before = frozen.len();
        frozen.retain(|other| *other != id);
        Ok(frozen.len() < before)
    }

    async fn apply_limits(&self, volume: VolumeId, limits: Option<NodeLimits>) -> Result<bool> {
        self.begin().await?;
        self.did(format!("limit {volume} {limits:?}"));
        Ok(true)
    }

    async fn release(&self) {
        self.frozen.lock().unwrap().clear();
        self.did("release");
    }
}

/// A node that is connected until it is told to stop.
struct Connected {
    node: Arc<Told>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

fn item(name: &str) -> PoolItem {
    PoolItem { pool: "default".into(), name: name.into() }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

async fn gated(edge: &Edge, attached: &[&str], gate: Gate) -> Connected {
    let node = Arc::new(Told {
        attached: attached.iter().map(|name| item(name)).collect(),
        did: Mutex::default(),
        frozen: Mutex::default(),
        refuses: Mutex::default(),
        gate,
    });
    let before = edge.hub.connected();
    let (stop, stopped) = oneshot::channel();
    let stopped = async { stopped.await.unwrap_or_default() };
    let ended = tokio::spawn(take_orders(edge.link.clone(), Arc::clone(&node), stopped));
    until(|| edge.hub.connected() > before).await;
    Connected { node, stop, ended }
}

async fn connected(edge: &Edge, attached: &[&str]) -> Connected {
    gated(edge, attached, Gate::open()).await
}

#[tokio::test]
async fn nodes_freeze_and_thaw() {
    let edge = Edge::start().await;
    let (one, other) = (connected(&edge, &["a"]).await, connected(&edge, &["b"]).await);
    let held = edge.hub.freeze(&[item("a"), item("b"), item("c")], HOLD, soon()).await.unwrap();
    let mut images = held.images().to_vec();
    images.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(images, [item("a"), item("b")], "nobody has c");
    assert!(one.node.has_done("freeze 3 for 7s") && other.node.has_done("freeze 3 for 7s"));
    assert!(held.thaw(soon()).await.unwrap());
    assert!(one.node.has_done("thaw") && other.node.has_done("thaw"));
    assert!(one.node.frozen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn without_a_node_nothing_is_held() {
    let edge = Edge::start().await;
    let held = edge.hub.freeze(&[item("a")], HOLD, soon()).await.unwrap();
    assert_eq!(held.images(), []);
    assert!(held.thaw(soon()).await.unwrap());
    let volume = VolumeId::new("v").unwrap();
    edge.hub.apply_limits(&volume, None, soon()).await.unwrap();
}

#[tokio::test]
async fn what_one_node_refuses_the_others_thaw() {
    let edge = Edge::start().await;
    let (one, other) = (connected(&edge, &["a"]).await, connected(&edge, &["b"]).await);
    let why = Error::precondition("b is attached as a raw block device");
    *other.node.refuses.lock().unwrap() = Some(why.clone());
    let refused = edge.hub.freeze(&[item("a"), item("b")], HOLD, soon()).await.unwrap_err();
    assert_eq!(refused, why, "code and message pass");
    until(|| one.node.has_done("thaw")).await;
    assert!(one.node.frozen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_dropped_is_thawed() {
    let edge = Edge::start().await;
    let one = connected(&edge, &["a"]).await;
    drop(edge.hub.freeze(&[item("a")], HOLD, soon()).await.unwrap());
    until(|| one.node.has_done("thaw")).await;
    assert!(one.node.frozen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_node_that_hangs_costs_the_time_that_was_given_and_thaws_behind_its_freeze() {
    let edge = Edge::start().await;
    let one = gated(&edge, &["a"], Gate::shut()).await;
    let short = Instant::now() + Duration::from_millis(50);
    let late = edge.hub.freeze(&[item("a")], HOLD, short).await.unwrap_err();
    assert_eq!(late.code, Code::DeadlineExceeded);
    assert!(!one.node.has_done("thaw"));
    one.node.gate.release();
    until(|| one.node.has_done("thaw")).await;
    let did = one.node.did.lock().unwrap().clone();
    assert_eq!(did, ["freeze 1 for 7s", "thaw"]);
}

#[tokio::test]
async fn a_freeze_that_was_broken_did_not_hold() {
    let edge = Edge::start().await;
    let one = connected(&edge, &["a"]).await;
    let held = edge.hub.freeze(&[item("a")], HOLD, soon()).await.unwrap();
    one.node.frozen.lock().unwrap().clear();
    assert!(!held.thaw(soon()).await.unwrap());
}

#[tokio::test]
async fn a_controller_that_ends_does_not_wait_for_its_nodes_and_the_next_is_found() {
    let mut edge = Edge::start().await;
    let one = connected(&edge, &["a"]).await;
    let held = edge.hub.freeze(&[item("a")], HOLD, soon()).await.unwrap();
    let stopping = edge.controller_server.take().unwrap().stop();
    tokio::time::timeout(Duration::from_secs(15), stopping).await.unwrap();
    until(|| one.node.has_done("release")).await;
    let gone = held.thaw(soon()).await.unwrap_err();
    assert_eq!(gone.code, Code::Unavailable);
    edge.start_controller(Duration::from_secs(20));
    until(|| edge.hub.connected() == 1).await;
    let held = edge.hub.freeze(&[item("a")], HOLD, soon()).await.unwrap();
    assert!(held.thaw(soon()).await.unwrap());
}

#[tokio::test]
async fn a_node_that_stops_thaws_and_leaves() {
    let edge = Edge::start().await;
    let one = connected(&edge, &["a"]).await;
    let held = edge.hub.freeze(&[item("a")], HOLD, soon()).await.unwrap();
    one.stop.send(()).unwrap();
    one.ended.await.unwrap();
    assert!(one.node.has_done("release") && one.node.frozen.lock().unwrap().is_empty());
    until(|| edge.hub.connected() == 0).await;
    assert_eq!(held.thaw(soon()).await.unwrap_err().code, Code::Unavailable);
}

#[tokio::test]
async fn a_modified_volume_is_limited_before_the_answer() {
    let edge = Edge::start().await;
    let one = connected(&edge, &["a"]).await;
    let created = pb::CreateVolumeRequest {
        name: "n".into(),
        volume_capabilities: vec![crate::inputs::capability()],
        ..Default::default()
    };
    let created = edge.controller().await.create_volume(created).await.unwrap().into_inner();
    let volume_id = created.volume.unwrap().volume_id;
    let limits = NodeLimits {
        write_bandwidth: NonZeroU64::new(7),
        discard: Some(true),
        ..NodeLimits::default()
    };
    *edge.model.optional.limits.lock().unwrap() = Some(limits);
    let modify = || pb::ControllerModifyVolumeRequest {
        volume_id: volume_id.clone(),
        mutable_parameters: [("tier".to_owned(), "gold".to_owned())].into(),
        ..Default::default()
    };
    edge.controller().await.controller_modify_volume(modify()).await.unwrap();
    let wanted = format!("limit {volume_id} {:?}", Some(limits));
    assert!(one.node.has_done(&wanted), "{:?}", one.node.did.lock().unwrap());

    let why = Error::precondition("no cgroups here");
    *one.node.refuses.lock().unwrap() = Some(why);
    let refused = edge.controller().await.controller_modify_volume(modify()).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
    assert!(refused.message().contains("a node does not enforce that yet: no cgroups here"));
    // The same again ends well when the node can.
    *one.node.refuses.lock().unwrap() = None;
    edge.controller().await.controller_modify_volume(modify()).await.unwrap();
}
