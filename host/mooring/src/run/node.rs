//! The node process: one socket a driver, the Node service here, the rest passed on.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use mooring_csi::Telemetry;
use mooring_node::os::linux::Linux;
use mooring_volume::DriverName;

use super::admin::model::RegistrationStatus;
use super::attended::{Attendance, Ground};
use super::child::Told;
use super::meters::Measured;
use super::reload::{Cause, Reload};
use super::stop::Stop;
use super::{folders, give_code_back, registration};
use crate::cli::HostArgs;
use crate::config::Config;
use crate::telemetry::Seen;
use crate::telemetry::http;
use crate::telemetry::machine::{Machine, Standing};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;

/// Serves the drivers of the configuration, as it is and as it becomes, until told to stop. Mounts
/// stay as they are. `controller` is the child of `mooring serve`.
pub(crate) async fn run(
    args: &HostArgs,
    config: Config,
    controller: Option<Told>,
    stop: Stop,
    seen: &Seen<Traces>,
) -> anyhow::Result<()> {
    // Taken over before anything is served: until then SIGHUP ends the process.
    let reload = Reload::new()?;
    let metrics = Arc::clone(&seen.metrics);
    let measured = Arc::new(Measured(Arc::clone(&metrics)));
    let machine = Arc::new(Linux::new());
    let attendance = Arc::new(Attendance::new(Ground {
        telemetry: Telemetry::new(Arc::clone(&measured) as Arc<dyn mooring_csi::Meter>)
            .with_traces(seen.joining()),
        traces: seen.joining(),
        measured,
        machine: Arc::clone(&machine),
        stop: stop.clone(),
    }));
    for driver in &config.drivers {
        attendance.add(&config, driver).await?;
    }
    let counted = Arc::clone(&attendance);
    metrics.watch(Machine(move || Standing {
        drivers: counted.counted(),
        programs: machine.programs_run(),
        loops: machine.own_loops(),
        registered: counted
            .registrations()
            .into_iter()
            .map(|(driver, standing)| (driver, standing.problem().is_none()))
            .collect(),
    }));
    pages(metrics, &attendance, &config)
        .serve(&config.socket_dir.join("telemetry.sock"), config.telemetry.listen)
        .await?;
    give_code_back();
    tokio::select! {
        () = stop.wait() => {}
        () = keep_up(args, config, &attendance, controller, reload) => {}
    }
    attendance.ended().await;
    Ok(())
}

/// What is told of the process over HTTP.
fn pages(metrics: Arc<Metrics>, attendance: &Arc<Attendance>, config: &Config) -> http::Telemetry {
    let [probed, unready, told] = [(); 3].map(|()| Arc::clone(attendance));
    let places = config.clone();
    http::Telemetry {
        metrics,
        drivers: Box::new(move || {
            let socket = |name: DriverName| (name.clone(), places.socket(&name));
            probed.names().into_iter().map(socket).collect()
        }),
        unready: Box::new(move || {
            let unregistered =
                unready.registrations().into_iter().filter_map(|(name, standing)| {
                    Some((name, format!("not registered with kubelet: {}", standing.problem()?)))
                });
            unready.unserved().into_iter().chain(unregistered).collect()
        }),
        registrations: Box::new(move || {
            let status = |(name, standing): (DriverName, registration::Standing)| {
                let problem = standing.problem();
                RegistrationStatus {
                    name: name.to_string(),
                    registered: problem.is_none(),
                    problem,
                }
            };
            told.registrations().into_iter().map(status).collect()
        }),
        upstream: Some(config.controller_socket_dir().join("telemetry.sock")),
    }
}

/// Makes, as root, for the controller what it cannot make itself: its folders, and these pools.
async fn prepare(config: Config, pools: BTreeSet<PathBuf>) {
    let made = tokio::task::spawn_blocking(move || folders::controller(&config, &pools)).await;
    if let Err(error) = made.map_err(anyhow::Error::from).flatten() {
        tracing::error!(reason = format!("{error:#}"), "a pool is not ready for the controller");
    }
}

/// Follows the configuration. Does not end.
async fn keep_up(
    args: &HostArgs,
    mut config: Config,
    attendance: &Attendance,
    controller: Option<Told>,
    mut reload: Reload,
) {
    // Its controller makes ready, when it starts, what there is then; one child that waits is enough.
    let mut ready = folders::pools(&config);
    // The file may have changed between the start and the first look.
    let mut behind = reload.watch(args.config.iter().cloned().collect());
    loop {
        let cause = if behind { Cause::Changed } else { reload.next().await };
        behind = false;
        match args.configuration() {
            Ok(read) => {
                config = Config { drivers: read.drivers, ..config };
                if controller.is_some() {
                    let pools = folders::pools(&config);
                    let new = match cause {
                        Cause::Asked => pools.clone(),
                        Cause::Start | Cause::Changed => {
                            pools.difference(&ready).cloned().collect()
                        }
                    };
                    prepare(config.clone(), new).await;
                    ready = pools;
                }
                attendance.follow(&config).await;
            }
            Err(error) => tracing::error!(
                reason = format!("{error:#}"),
                "the configuration is not taken over; the last good one holds"
            ),
        }
        // It watches the files itself.
        if let (Some(controller), Cause::Asked) = (&controller, cause) {
            controller.reload();
        }
        give_code_back();
    }
}
