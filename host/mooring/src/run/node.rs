//! The node process: one socket a driver, the Node service here, the rest passed on.

use std::sync::Arc;

use anyhow::Context as _;
use mooring_csi::{Link, Listener, Peers, RemoteBackend, Settings, Telemetry, node_app};
use mooring_node::os::Host as _;
use mooring_node::os::linux::Linux;
use mooring_node::{KataPaths, Node, NodeConfig};
use mooring_volume::NodeId;
use tokio::task::JoinSet;

use super::DRAIN;
use super::meters::Measured;
use super::stop::Stop;
use crate::config::{Config, Driver};
use crate::telemetry::http;
use crate::telemetry::metrics::Metrics;

/// Serves every driver until told to stop. Mounts stay as they are.
pub(crate) async fn run(config: &Config, stop: Stop) -> anyhow::Result<()> {
    let metrics = Arc::new(Metrics::new("node"));
    let measured = Arc::new(Measured(Arc::clone(&metrics)));
    let telemetry = Telemetry::new(Arc::clone(&measured) as Arc<dyn mooring_csi::Meter>);
    let machine = Arc::new(Linux::new());

    let mut serving = JoinSet::new();
    // What ends with this process is taken up by the next one.
    let mut clearing = JoinSet::new();
    for driver in &config.drivers {
        let link = Link::new(driver.name.clone(), config.private_socket(&driver.name));
        let node = Arc::new(Node::new(
            node_config(config, driver, &machine)?,
            Arc::clone(&machine),
            RemoteBackend::new(link.clone()),
        ));
        let (cleared, meter) = (Arc::clone(&node), Arc::clone(&measured));
        clearing.spawn(async move { cleared.clear_leftovers(&*meter).await });
        let app = node_app(driver.name.clone(), node, &link, &telemetry, &Settings::node());
        let socket = config.socket(&driver.name);
        let listener = Listener::bind(&socket, &Peers::default())?;
        tracing::info!(driver = %driver.name, socket = %socket.display(), "serving");
        serving.spawn(mooring_csi::serve(listener, app, stop.clone().wait(), DRAIN));
    }
    let pages = http::Telemetry {
        metrics,
        drivers: config.probed(Config::socket),
        upstream: Some(config.controller_socket_dir().join("telemetry.sock")),
    };
    pages.serve(&config.socket_dir.join("telemetry.sock"), config.telemetry.listen).await?;
    while serving.join_next().await.is_some() {}
    Ok(())
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
