//! The long-running processes: which implementations they are made of, how they start and stop.

pub(crate) mod admin;
mod attended;
mod child;
pub(crate) mod component;
pub(crate) mod controller;
mod drivers;
mod folders;
mod freezer;
mod meters;
mod node;
mod registration;
mod reload;
mod stop;
mod watch;

use std::pin::pin;
use std::time::Duration;

use anyhow::Context as _;
use mooring_node::os::linux::release_startup_code;
use mooring_node::os::privilege;
use mooring_node::os::process::end_with_parent;
use tokio::runtime::Runtime;

pub(crate) use folders::pool;

use crate::cli::{ControllerArgs, HostArgs, ServeArgs};
use crate::telemetry::Seen;

/// How long running calls may take to end after SIGTERM. Below the 30 s that Kubernetes and systemd
/// give a process before they kill it.
const DRAIN: Duration = Duration::from_secs(25);

/// `mooring serve`: the node, and the controller as its unprivileged child.
pub(crate) fn serve(args: &ServeArgs) -> anyhow::Result<()> {
    let config = args.host.configuration()?;
    let seen = Seen::of(&config, "node")?;
    privilege::refuse_core_dumps().context("core dumps cannot be refused")?;
    folders::node(&config)?;
    let arguments = args.host.to_arguments()?;
    serve_on(node_runtime()?, async {
        let seen = seen.start()?;
        let stop = stop::Stop::on_signals_or_detached(args.attached)?;
        let child = child::Supervised::new(arguments, stop.clone());
        let handle = child.handle();
        {
            // Here and not in a task: the first thread starts the controller.
            let mut kept = pin!(child.keep_alive());
            let mut node = pin!(node::run(&args.host, config, Some(handle), stop, &seen));
            // A node that cannot start ends the process, and the controller with it: nobody tells it
            // to stop, so waiting for its end would be for ever.
            tokio::select! {
                ran = &mut node => {
                    ran?;
                    kept.await;
                }
                () = &mut kept => node.await?,
            }
        }
        seen.finish().await;
        Ok(())
    })
}

/// Runs a process to its end. What waits for storage that hangs is not waited for: it ends with the
/// process, or when the storage answers.
fn serve_on<T>(runtime: Runtime, work: impl Future<Output = T>) -> T {
    let outcome = runtime.block_on(work);
    runtime.shutdown_background();
    outcome
}

/// `mooring controller`.
pub(crate) fn controller(args: &ControllerArgs) -> anyhow::Result<()> {
    let config = args.host.configuration()?;
    let seen = Seen::of(&config, "controller")?;
    // Before any thread exists: privileges belong to threads.
    folders::controller(&config, &folders::pools(&config))?;
    controller::drop_privileges(&config)?;
    if args.attached {
        end_with_parent().context("the controller cannot be tied to its host")?;
    }
    serve_on(controller_runtime()?, async {
        let seen = seen.start()?;
        let stop = stop::Stop::on_signals_or_detached(args.attached)?;
        controller::run(args, config, stop, &seen).await?;
        seen.finish().await;
        Ok(())
    })
}

/// `mooring node`.
pub(crate) fn node(args: &HostArgs) -> anyhow::Result<()> {
    let config = args.configuration()?;
    let seen = Seen::of(&config, "node")?;
    privilege::refuse_core_dumps().context("core dumps cannot be refused")?;
    folders::node(&config)?;
    serve_on(node_runtime()?, async {
        let seen = seen.start()?;
        node::run(args, config, None, stop::Stop::on_signals()?, &seen).await?;
        seen.finish().await;
        Ok(())
    })
}

/// Gives back the memory of code that ran at the start or a reload alone: above all the compiler's and
/// the parser's.
fn give_code_back() {
    if let Err(error) = release_startup_code() {
        tracing::debug!(%error, "the code of the start stays in memory");
    }
}

/// For commands that talk to a host and end.
pub(crate) fn client_runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the client's runtime does not start")
}

fn controller_runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the controller's runtime does not start")
}

/// A node mostly waits for programs and disks: two threads serve, and the blocking ones do.
fn node_runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the node's runtime does not start")
}
