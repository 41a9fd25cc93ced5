//! The drivers of the node process: each with its socket, its link to the controller and the orders
//! that come over it; added, removed and renewed without the others noticing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use mooring_csi::{
    Claim, Link, Listener, Peers, RemoteBackend, Settings, Telemetry, Traces, node_app, take_orders,
};
use mooring_node::os::Host as _;
use mooring_node::os::linux::Linux;
use mooring_node::{Counted, KataPaths, Node, NodeConfig};
use mooring_volume::{DriverName, NodeId};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::DRAIN;
use super::meters::Measured;
use super::registration::{Offer, Standing};
use super::stop::Stop;
use crate::config::{Config, Driver};

/// How long to wait for what was frozen to be thawed.
const RECOVERY: Duration = Duration::from_secs(10);

/// What all drivers of the process stand on.
pub(crate) struct Ground {
    pub(crate) telemetry: Telemetry,
    /// What joins a node's questions to the calls that they are asked for.
    pub(crate) traces: Arc<dyn Traces>,
    pub(crate) measured: Arc<Measured>,
    pub(crate) machine: Arc<Linux>,
    pub(crate) stop: Stop,
}

/// The drivers that this node attends to.
pub(crate) struct Attendance {
    ground: Ground,
    drivers: Mutex<BTreeMap<DriverName, Attended>>,
    /// Those whose running calls end: their sockets are free when they have.
    closing: Mutex<BTreeMap<DriverName, JoinHandle<()>>>,
    /// Why drivers of the configuration are not attended to.
    unserved: Mutex<BTreeMap<DriverName, String>>,
}

struct Attended {
    /// As it was when the socket was opened.
    driver: Driver,
    node: Arc<Node<Linux, RemoteBackend>>,
    /// Set when it shall end.
    close: watch::Sender<bool>,
    work: JoinSet<()>,
    /// With kubelet, if it is to be registered.
    standing: Option<watch::Receiver<Standing>>,
    /// What ends with the driver is taken up by the next one.
    _clearing: JoinSet<()>,
}

impl Attendance {
    pub(crate) fn new(ground: Ground) -> Self {
        Self {
            ground,
            drivers: Mutex::default(),
            closing: Mutex::default(),
            unserved: Mutex::default(),
        }
    }

    /// The names of those that are attended to.
    pub(crate) fn names(&self) -> Vec<DriverName> {
        self.drivers().keys().cloned().collect()
    }

    /// What each of them has and did.
    pub(crate) fn counted(&self) -> Vec<Counted> {
        self.drivers().values().map(|attended| attended.node.counted()).collect()
    }

    /// How those that kubelet is to know stand with it.
    pub(crate) fn registrations(&self) -> Vec<(DriverName, Standing)> {
        let of = |(name, attended): (&DriverName, &Attended)| {
            Some((name.clone(), attended.standing.as_ref()?.borrow().clone()))
        };
        self.drivers().iter().filter_map(of).collect()
    }

    /// Why drivers of the configuration are not attended to.
    pub(crate) fn unserved(&self) -> BTreeMap<DriverName, String> {
        self.kept_back().clone()
    }

    /// Attends to a driver from now on.
    pub(crate) async fn add(&self, config: &Config, driver: &Driver) -> anyhow::Result<()> {
        // One that comes again waits for its own socket.
        let closing = self.closing().remove(&driver.name);
        if let Some(closing) = closing {
            closing.await?;
        }
        let attended = self.ground.attend(config, driver).await?;
        self.drivers().insert(driver.name.clone(), attended);
        Ok(())
    }

    /// Attends to the drivers of a configuration. Mounts of one that is gone stay as they are. What
    /// is wrong with one driver is told, and keeps none of the others from anything.
    pub(crate) async fn follow(&self, config: &Config) {
        let gone: Vec<_> = {
            let mut drivers = self.drivers();
            let stays =
                |it: &Attended| config.drivers.iter().any(|driver| alike(&it.driver, driver));
            let gone: Vec<_> =
                drivers.iter().filter(|(_, it)| !stays(it)).map(|(name, _)| name.clone()).collect();
            gone.iter().filter_map(|name| drivers.remove(name)).collect()
        };
        for gone in gone {
            let name = gone.driver.name.clone();
            tracing::info!(driver = %name, "its running calls end, then its socket");
            gone.close.send_replace(true);
            self.closing().insert(name, tokio::spawn(gone.ended()));
        }
        let known = self.names();
        let new = config.drivers.iter().filter(|driver| !known.contains(&driver.name));
        let not_yet = |driver: &Driver| (driver.name.clone(), "not served yet".to_owned());
        *self.kept_back() = new.clone().map(not_yet).collect();
        for driver in new {
            match self.add(config, driver).await {
                Ok(()) => _ = self.kept_back().remove(&driver.name),
                Err(error) => {
                    let reason = format!("{error:#}");
                    tracing::error!(driver = %driver.name, reason, "not served");
                    self.kept_back().insert(driver.name.clone(), reason);
                }
            }
        }
    }

    /// Waits until all have ended, after a stop.
    pub(crate) async fn ended(&self) {
        let all = std::mem::take(&mut *self.drivers());
        for attended in all.into_values() {
            attended.ended().await;
        }
        let closing = std::mem::take(&mut *self.closing());
        for closing in closing.into_values() {
            if let Err(error) = closing.await {
                tracing::error!(%error, "a driver did not end");
            }
        }
    }

    fn closing(&self) -> MutexGuard<'_, BTreeMap<DriverName, JoinHandle<()>>> {
        self.closing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_back(&self) -> MutexGuard<'_, BTreeMap<DriverName, String>> {
        self.unserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drivers(&self) -> MutexGuard<'_, BTreeMap<DriverName, Attended>> {
        self.drivers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a node has to do nothing for the one to become the other: the component, its
/// configuration and its limits are the controller's alone.
fn alike(one: &Driver, other: &Driver) -> bool {
    let Driver { name, backend: _, config: _, filesystem, csi, grants, limits: _, trust: _ } = one;
    *name == other.name
        && *filesystem == other.filesystem
        && *csi == other.csi
        && *grants == other.grants
}

impl Attended {
    async fn ended(mut self) {
        // Each thaws before it ends.
        while self.work.join_next().await.is_some() {}
    }
}

impl Ground {
    async fn attend(&self, config: &Config, driver: &Driver) -> anyhow::Result<Attended> {
        let socket = config.private_socket(&driver.name);
        let link = Link::traced(driver.name.clone(), socket, Arc::clone(&self.traces));
        let node = Arc::new(Node::new(
            self.node_config(config, driver)?,
            Arc::clone(&self.machine),
            RemoteBackend::new(link.clone()),
        ));
        let settings = Settings { version: driver.csi, ..Settings::node() };
        let name = driver.name.clone();
        let app = node_app(name, Arc::clone(&node), &link, &self.telemetry, &settings);
        let socket = config.socket(&driver.name);
        let listener = Listener::bind(&socket, &Peers::default())?;
        let claim = listener.claim();
        // Behind the socket, which one process has at a time: what another one froze is its own.
        recover(driver, &node).await;
        let (close, closing) = watch::channel(false);
        let end = || self.stop.clone().wait_or(closing.clone());
        let (mut work, mut clearing) = (JoinSet::new(), JoinSet::new());
        let (cleared, meter) = (Arc::clone(&node), Arc::clone(&self.measured));
        clearing.spawn(async move { cleared.clear_leftovers(&*meter).await });
        work.spawn(take_orders(link, Arc::clone(&node), end()));
        tracing::info!(driver = %driver.name, socket = %socket.display(), "serving");
        let serving = mooring_csi::serve(listener, app, end(), DRAIN);
        work.spawn(async move {
            let mooring_csi::Drained { unfinished } = serving.await;
            if unfinished > 0 {
                tracing::warn!(unfinished, "calls still ran when the time to end was over");
            }
        });
        let offer = self.offer(config, driver, (socket, claim));
        let standing = offer.as_ref().map(|offer| offer.standing.subscribe());
        if let Some(offer) = offer {
            work.spawn(offer.keep(end()));
        }
        Ok(Attended { driver: driver.clone(), node, close, work, standing, _clearing: clearing })
    }

    /// How kubelet comes to know the driver, if it shall.
    fn offer(
        &self,
        config: &Config,
        driver: &Driver,
        (csi, claim): (PathBuf, Claim),
    ) -> Option<Offer> {
        let waiting = Standing::Waiting("the driver has just begun to serve".to_owned());
        Some(Offer {
            registration: config.registration(&driver.name)?,
            driver: driver.name.clone(),
            csi,
            claim,
            telemetry: self.telemetry.clone(),
            measured: Arc::clone(&self.measured),
            standing: watch::Sender::new(waiting),
        })
    }

    fn node_config(&self, config: &Config, driver: &Driver) -> anyhow::Result<NodeConfig> {
        let node_id = config.node.id.clone().unwrap_or_else(|| self.machine.facts().hostname);
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
