//! The node process: one socket a driver, the Node service here, the rest passed on.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use mooring_csi::{
    Link, Listener, Peers, RemoteBackend, Settings, Telemetry, node_app, take_orders,
};
use mooring_node::os::Host as _;
use mooring_node::os::linux::{Linux, release_startup_code};
use mooring_node::{KataPaths, Node, NodeConfig};
use mooring_volume::NodeId;
use tokio::task::JoinSet;

use super::DRAIN;
use super::meters::Measured;
use super::stop::Stop;
use crate::config::{Config, Driver};
use crate::telemetry::Seen;
use crate::telemetry::http;
use crate::telemetry::machine::{Machine, Standing};
use crate::telemetry::traces::Traces;

/// How long to wait for what was frozen to be thawed.
const RECOVERY: Duration = Duration::from_secs(10);

/// Serves every driver until told to stop. Mounts stay as they are.
pub(crate) async fn run(config: &Config, stop: Stop, seen: &Seen<Traces>) -> anyhow::Result<()> {
    let metrics = Arc::clone(&seen.metrics);
    let measured = Arc::new(Measured(Arc::clone(&metrics)));
    let telemetry = Telemetry::new(Arc::clone(&measured) as Arc<dyn mooring_csi::Meter>)
        .with_traces(seen.joining());
    let machine = Arc::new(Linux::new());

    let mut nodes = Vec::new();
    let (mut serving, mut ordered) = (JoinSet::new(), JoinSet::new());
    // What ends with this process is taken up by the next one.
    let mut clearing = JoinSet::new();
    for driver in &config.drivers {
        let socket = config.private_socket(&driver.name);
        let link = Link::traced(driver.name.clone(), socket, seen.joining());
        let node = Arc::new(Node::new(
            node_config(config, driver, &machine)?,
            Arc::clone(&machine),
            RemoteBackend::new(link.clone()),
        ));
        let settings = Settings { version: driver.csi, ..Settings::node() };
        let app = node_app(driver.name.clone(), Arc::clone(&node), &link, &telemetry, &settings);
        let socket = config.socket(&driver.name);
        let listener = Listener::bind(&socket, &Peers::default())?;
        // Behind the socket, which one process has at a time: what another one froze is its own.
        recover(driver, &node).await;
        nodes.push(Arc::clone(&node));
        let (cleared, meter) = (Arc::clone(&node), Arc::clone(&measured));
        clearing.spawn(async move { cleared.clear_leftovers(&*meter).await });
        ordered.spawn(take_orders(link, node, stop.clone().wait()));
        tracing::info!(driver = %driver.name, socket = %socket.display(), "serving");
        serving.spawn(mooring_csi::serve(listener, app, stop.clone().wait(), DRAIN));
    }
    metrics.watch(Machine(move || Standing {
        drivers: nodes.iter().map(|node| node.counted()).collect(),
        programs: machine.programs_run(),
        loops: machine.own_loops(),
    }));
    let pages = http::Telemetry {
        metrics,
        drivers: config.probed(Config::socket),
        upstream: Some(config.controller_socket_dir().join("telemetry.sock")),
    };
    pages.serve(&config.socket_dir.join("telemetry.sock"), config.telemetry.listen).await?;
    if let Err(error) = release_startup_code() {
        tracing::debug!(%error, "the code of the start stays in memory");
    }
    while serving.join_next().await.is_some() {}
    // Each thaws before it ends.
    while ordered.join_next().await.is_some() {}
    Ok(())
}

/// Thaws what a killed process left frozen. Storage that does not answer keeps nobody from serving.
async fn recover(driver: &Driver, node: &Node<Linux, RemoteBackend>) {
    let outcome = tokio::time::timeout(RECOVERY, node.recover()).await;
    let error = match outcome {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("it takes longer than {RECOVERY:?}"),
    };
    tracing::error!(driver = %driver.name, error, "what was frozen before is perhaps not thawed");
}

fn node_config(config: &Config, driver: &Driver, machine: &Linux) -> anyhow::Result<NodeConfig> {
    let node_id = config.node.id.clone().unwrap_or_else(|| machine.facts().hostname);
    Ok(NodeConfig {
        driver: driver.name.clone(),
        grants: driver.grants.clone(),
        filesystem: driver.filesystem,
        target_roots: config.node.target_roots.clone(),
        state_dir: config.state_dir.clone(),
        node_id: NodeId::new(node_id).context("node.id")?,
        labels: config.node.labels.clone(),
        kata: KataPaths {
            direct_volumes: config.node.kata.direct_volumes.clone(),
            sandboxes: config.node.kata.sandboxes.clone(),
        },
    })
}
