//! One driver of the controller process: the version that serves it, and its two sockets, which stay
//! open whatever version does.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use mooring_backend::{Candidate, Serving};
use mooring_csi::{Audience, Controller, Listener, Peers, Settings};
use mooring_store::Scoped;
use mooring_volume::{CsiVersion, DriverName};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Ground;
use crate::config::{Config, Driver, Source};
use crate::run::DRAIN;
use crate::run::freezer::Nodes;

/// A driver that is served.
pub(super) struct Served {
    serving: Arc<Serving>,
    controller: Controller<Serving>,
    store: Arc<Scoped>,
    csi: CsiVersion,
    source: Mutex<Source>,
    /// Set when the sockets shall close.
    close: watch::Sender<bool>,
    sockets: Mutex<JoinSet<mooring_csi::Drained>>,
}

impl Served {
    /// Loads the driver and opens its sockets.
    pub(super) async fn open(
        ground: &Ground,
        config: &Config,
        driver: &Driver,
        candidate: Candidate,
    ) -> anyhow::Result<Self> {
        let told = || format!("backend {}", driver.backend);
        let store = Arc::clone(&candidate.store);
        let meter = Arc::clone(&ground.measured) as Arc<dyn mooring_backend::Meter>;
        let serving = Serving::start(&ground.engine, candidate, meter).await.with_context(told)?;
        Self::listen(ground, config, driver, (serving, store))
    }

    /// Closes the sockets, once running calls have ended, and opens them anew.
    pub(super) async fn reopen(
        self: Arc<Self>,
        ground: &Ground,
        config: &Config,
        driver: &Driver,
    ) -> anyhow::Result<Self> {
        Arc::clone(&self).close().await;
        let it = (Arc::clone(&self.serving), Arc::clone(&self.store));
        Self::listen(ground, config, driver, it)
    }

    fn listen(
        ground: &Ground,
        config: &Config,
        driver: &Driver,
        (serving, store): (Arc<Serving>, Arc<Scoped>),
    ) -> anyhow::Result<Self> {
        let controller = Controller::new(Arc::clone(&serving));
        let settings = Settings { version: driver.csi, ..Settings::controller() };
        let (close, closing) = watch::channel(false);
        let mut sockets = JoinSet::new();
        for (socket, audience) in places(config, &driver.name) {
            let app = controller.app(audience, &ground.telemetry, &settings);
            let listener = Listener::bind(&socket, &peers(config, audience))?;
            tracing::info!(driver = %driver.name, socket = %socket.display(), "serving");
            let end = ground.stop.clone().wait_or(closing.clone());
            sockets.spawn(mooring_csi::serve(listener, app, end, DRAIN));
        }
        // Behind the sockets, of which there is one at a time.
        store.set_freezer(Some(Arc::new(Nodes::new(controller.hub()))));
        let source = Mutex::new(driver.backend.clone());
        let (csi, sockets) = (driver.csi, Mutex::new(sockets));
        Ok(Self { serving, controller, store, csi, source, close, sockets })
    }

    pub(super) fn serving(&self) -> &Arc<Serving> {
        &self.serving
    }

    /// Nodes that are connected.
    pub(super) fn nodes(&self) -> usize {
        self.controller.hub().connected()
    }

    /// Whether it is this version of CSI that is advertised.
    pub(super) fn advertises(&self, version: CsiVersion) -> bool {
        self.csi == version
    }

    /// Notes where the component is said to come from.
    pub(super) fn source(&self, source: &Source) {
        self.source.lock().unwrap_or_else(PoisonError::into_inner).clone_from(source);
    }

    pub(super) fn origin(&self) -> Source {
        self.source.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes no more calls, and waits for the running ones.
    pub(super) async fn close(self: Arc<Self>) {
        self.close.send_replace(true);
        self.ended().await;
        self.store.set_freezer(None);
    }

    /// Waits until the sockets have ended.
    pub(super) async fn ended(&self) {
        let mut sockets =
            std::mem::take(&mut *self.sockets.lock().unwrap_or_else(PoisonError::into_inner));
        while sockets.join_next().await.is_some() {}
    }
}

/// The sockets of a driver: for sidecars, and for the node process.
fn places(config: &Config, driver: &DriverName) -> [(PathBuf, Audience); 2] {
    [
        (config.controller_socket(driver), Audience::Orchestrator),
        (config.private_socket(driver), Audience::NodeProcess),
    ]
}

/// The private socket is for root and the process itself alone.
fn peers(config: &Config, audience: Audience) -> Peers {
    match audience {
        Audience::Orchestrator => config.controller.allowed_uids.iter().copied().collect(),
        Audience::NodeProcess => Peers::default(),
    }
}
