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
mod reload;
mod stop;
mod watch;

use std::time::Duration;

use anyhow::Context as _;
use mooring_node::os::linux::release_startup_code;
use mooring_node::os::privilege;
use tokio::runtime::Runtime;

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
    node_runtime()?.block_on(async {
        let seen = seen.start()?;
        let stop = stop::Stop::on_signals_or_detached(args.attached)?;
        let child = child::Supervised::start(arguments, stop.clone());
        // A node that cannot start ends the process, and the controller with it: nobody tells it
        // to stop, so waiting for its end would be for ever.
        node::run(&args.host, config, Some(child.handle()), stop, &seen).await?;
        child.ended().await;
        seen.finish().await;
        Ok(())
    })
}

/// `mooring controller`.
pub(crate) fn controller(args: &ControllerArgs) -> anyhow::Result<()> {
    let config = args.host.configuration()?;
    let seen = Seen::of(&config, "controller")?;
    // Before any thread exists: privileges belong to threads.
    folders::controller(&config)?;
    controller::drop_privileges(&config)?;
    controller_runtime()?.block_on(async {
        let seen = seen.start()?;
        let stop = stop::Stop::on_signals_or_detached(args.attached)?;
        controller::run(&args.host, config, stop, &seen).await?;
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
    node_runtime()?.block_on(async {
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
