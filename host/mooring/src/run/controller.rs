//! The controller process: components and their sockets, without privilege.

use std::sync::Arc;

use anyhow::Context as _;
use mooring_backend::{Compiler, Engine, EngineConfig};
use mooring_csi::{Peers, Telemetry};
use mooring_node::os::privilege;
use mooring_store::Store;
use mooring_volume::DriverName;

use super::drivers::{Drivers, Ground};
use super::meters::Measured;
use super::reload::{Cause, Reload};
use super::stop::Stop;
use super::{admin, give_code_back};
use crate::cli::ControllerArgs;
use crate::config::Config;
use crate::telemetry::Seen;
use crate::telemetry::copies::Copies;
use crate::telemetry::http;
use crate::telemetry::traces::Traces;

/// Calls beyond which no room is kept for drivers that may be added: each takes 34 GiB of the 128
/// TiB of addresses that a process has.
const MOST_CALLS: u32 = 1_024;

/// Becomes `controller.uid` for good where the process was started as root; takes on
/// `no_new_privs` in any case.
pub(crate) fn drop_privileges(config: &Config) -> anyhow::Result<()> {
    let uid = config.controller.uid;
    privilege::drop_to(uid, uid).context("the controller cannot give up its privileges")
}

/// Serves the drivers of the configuration, as it is and as it becomes, until told to stop.
pub(crate) async fn run(
    args: &ControllerArgs,
    config: Config,
    stop: Stop,
    seen: &Seen<Traces>,
) -> anyhow::Result<()> {
    // Taken over before anything is served: until then SIGHUP ends the process.
    let mut reload = Reload::new()?;
    let metrics = Arc::clone(&seen.metrics);
    let measured = Arc::new(Measured(Arc::clone(&metrics)));
    let engine_config = engine_config(&config);
    let store = Store::open(&config.controller_state_dir())?;
    let copied = Arc::clone(&store);
    metrics.watch(Copies(move || copied.copies_under_way()));
    let ground = Ground {
        calls: engine_config.calls,
        engine: Engine::new(engine_config)?,
        store,
        telemetry: Telemetry::new(Arc::clone(&measured) as Arc<dyn mooring_csi::Meter>)
            .with_traces(seen.joining()),
        measured,
        stop: stop.clone(),
    };
    let sockets = config.controller_socket_dir();
    let (status, readers) = (config.status_socket(), config.telemetry.allowed_uids.clone());
    let drivers = Drivers::new(ground, args.host.clone(), config);
    // Before the components are read, so that none changes unnoticed.
    reload.watch(drivers.files());
    drivers.start().await;
    anyhow::ensure!(
        drivers.config().drivers.is_empty() || !drivers.names().is_empty(),
        "none of the drivers can be served; the log says why"
    );
    let [probed, unready] = [(); 2].map(|()| Arc::clone(&drivers));
    let pages = http::Telemetry {
        metrics,
        drivers: Box::new(move || {
            let config = probed.config();
            let socket = |name: DriverName| (name.clone(), config.controller_socket(&name));
            probed.names().into_iter().map(socket).collect()
        }),
        unready: Box::new(move || unready.unserved()),
        registrations: Box::new(Vec::new),
        upstream: None,
    };
    pages.serve(&sockets.join("telemetry.sock"), args.telemetry_listen).await?;
    admin::serve(Arc::clone(&drivers), sockets.join("admin.sock"))?;
    if !readers.is_empty() {
        let readers: Peers = readers.into_iter().collect();
        admin::tell(Arc::clone(&drivers), status, &readers)?;
    }
    give_code_back();
    tokio::select! {
        () = stop.wait() => {}
        () = keep_up(&drivers, reload) => {}
    }
    drivers.ended().await;
    Ok(())
}

/// Follows the configuration. Does not end.
async fn keep_up(drivers: &Drivers, mut reload: Reload) {
    // It was read before it was watched.
    let mut behind = drivers.is_behind();
    loop {
        let cause = if behind { Cause::Changed } else { next(drivers, &mut reload).await };
        // What is wrong is in the log, and in the status.
        let _ = drivers.reload(cause).await;
        // Files that are new here may have changed since they were read.
        behind = reload.watch(drivers.files());
        give_code_back();
    }
}

/// Waits for the next cause to look again. A registry tells nobody that a tag has another meaning
/// now, so it is asked.
async fn next(drivers: &Drivers, reload: &mut Reload) -> Cause {
    let asked = async {
        match drivers.tags_asked() {
            Some(every) => tokio::time::sleep(every).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        cause = reload.next() => cause,
        () = asked => Cause::Changed,
    }
}

/// Room for what every driver may run at once, so that none can take another's, and as much again
/// for drivers that are added, and for the versions that take over while others finish.
fn engine_config(config: &Config) -> EngineConfig {
    let calls: u32 = config.drivers.iter().map(|driver| driver.limits.concurrency).sum();
    EngineConfig {
        calls: calls.saturating_mul(2).clamp(32, MOST_CALLS.max(calls)),
        cache_dir: Some(config.controller_state_dir().join("code")),
        compiler: Some(Compiler::new("/proc/self/exe".into(), vec!["compile".into()])),
        ..EngineConfig::default()
    }
}
