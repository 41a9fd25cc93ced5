//! The controller process: components and their sockets, without privilege.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use mooring_backend::{Driver, DriverConfig, Engine, EngineConfig, Limits};
use mooring_csi::{Audience, Controller, Listener, Peers, Settings, Telemetry};
use mooring_node::os::linux::release_startup_code;
use mooring_node::os::privilege;
use mooring_store::{DEFAULT_QUOTA, Scoped, Store};
use mooring_volume::DriverName;
use tokio::task::JoinSet;

use super::DRAIN;
use super::freezer::Nodes;
use super::meters::Measured;
use super::stop::Stop;
use crate::config::{self, Config, Source};
use crate::embedded;
use crate::telemetry::Seen;
use crate::telemetry::copies::Copies;
use crate::telemetry::http;
use crate::telemetry::traces::Traces;

/// Becomes `controller.uid` for good where the process was started as root; takes on
/// `no_new_privs` in any case.
pub(crate) fn drop_privileges(config: &Config) -> anyhow::Result<()> {
    let uid = config.controller.uid;
    privilege::drop_to(uid, uid).context("the controller cannot give up its privileges")
}

/// Serves every driver until told to stop.
pub(crate) async fn run(config: &Config, stop: Stop, seen: &Seen<Traces>) -> anyhow::Result<()> {
    let metrics = Arc::clone(&seen.metrics);
    let measured = Arc::new(Measured(Arc::clone(&metrics)));
    let telemetry = Telemetry::new(Arc::clone(&measured) as Arc<dyn mooring_csi::Meter>)
        .with_traces(seen.joining());
    let state = config.controller_state_dir();
    let store = Store::open(&state)?;
    let copied = Arc::clone(&store);
    metrics.watch(Copies(move || copied.copies_under_way()));
    let engine = Engine::new(engine_config(config))?;

    let mut serving = JoinSet::new();
    for driver in &config.drivers {
        // One vendor's bad component is no reason to keep the others' volumes waiting.
        match load(&engine, &store, driver, Arc::clone(&measured)).await {
            Ok((loaded, scoped)) => {
                let controller = Controller::new(Arc::new(loaded));
                scoped.set_freezer(Some(Arc::new(Nodes::new(controller.hub()))));
                let settings = Settings { version: driver.csi, ..Settings::controller() };
                for (socket, audience) in sockets(config, &driver.name) {
                    let app = controller.app(audience, &telemetry, &settings);
                    let listener = Listener::bind(&socket, &peers(config, audience))?;
                    tracing::info!(driver = %driver.name, socket = %socket.display(), "serving");
                    serving.spawn(mooring_csi::serve(listener, app, stop.clone().wait(), DRAIN));
                }
            }
            Err(error) => {
                tracing::error!(driver = %driver.name, reason = format!("{error:#}"), "not served");
            }
        }
    }
    anyhow::ensure!(!serving.is_empty(), "none of the drivers can be served; the log says why");
    let pages = http::Telemetry {
        metrics,
        drivers: config.probed(Config::controller_socket),
        upstream: None,
    };
    pages.serve(&config.controller_socket_dir().join("telemetry.sock"), None).await?;
    // Above all the compiler's, where a component was new.
    if let Err(error) = release_startup_code() {
        tracing::debug!(%error, "the code of the start stays in memory");
    }
    while serving.join_next().await.is_some() {}
    Ok(())
}

/// Room for what every driver may run at once, so that none can take another's.
fn engine_config(config: &Config) -> EngineConfig {
    EngineConfig {
        calls: config.drivers.iter().map(|driver| driver.limits.concurrency).sum(),
        cache_dir: Some(config.controller_state_dir().join("code")),
        ..EngineConfig::default()
    }
}

/// The sockets of a driver: for sidecars, and for the node process.
fn sockets(config: &Config, driver: &DriverName) -> [(PathBuf, Audience); 2] {
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

async fn load(
    engine: &Arc<Engine>,
    store: &Arc<Store>,
    driver: &config::Driver,
    meter: Arc<Measured>,
) -> anyhow::Result<(Driver, Arc<Scoped>)> {
    let told = || format!("driver {}: backend {}", driver.name, driver.backend);
    let component = component(&driver.backend).with_context(told)?;
    let scoped = store.scoped(&driver.name, &driver.grants.pools, DEFAULT_QUOTA)?;
    let limits = Limits {
        memory: driver.limits.memory.as_u64(),
        deadline: driver.limits.deadline,
        concurrency: driver.limits.concurrency,
    };
    let config = DriverConfig {
        name: driver.name.clone(),
        config: driver.config.clone(),
        grants: driver.grants.clone(),
        limits,
    };
    let loaded = Driver::load(engine, config, component, Arc::clone(&scoped), meter).await;
    Ok((loaded.with_context(told)?, scoped))
}

/// The bytes of a component.
pub(crate) fn component(source: &Source) -> anyhow::Result<Arc<[u8]>> {
    match source {
        Source::Embedded(name) => embedded::component(name).map(Into::into).with_context(|| {
            let known: Vec<_> = embedded::BACKENDS.iter().map(|(name, _)| *name).collect();
            format!("no backend of that name is embedded; there are {}", known.join(", "))
        }),
        Source::File(path) => read(path),
    }
}

fn read(path: &Path) -> anyhow::Result<Arc<[u8]>> {
    std::fs::read(path).map(Into::into).with_context(|| format!("cannot read {}", path.display()))
}
