//! `csi-behaviours`: what CSI promises and csi-sanity does not look at, held against any driver's
//! socket. It knows the protocol and the kernel, and no driver.

mod ability;
mod behaviour;
mod behaviours;
mod copy;
mod driver;
mod finding;
mod kernel;
mod ledger;
mod options;
mod payload;
mod ranges;
mod report;
mod scene;
mod volume;

use std::io::{IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::driver::Driver;
use crate::options::{Format, Options};
use crate::report::Report;
use crate::scene::Scene;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nobody is left to be told that stderr is gone.
            let _ = writeln!(std::io::stderr(), "csi-behaviours: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs what was asked for; answers whether nothing was found.
async fn run(options: Options) -> anyhow::Result<bool> {
    if options.list {
        print(&report::markdown())?;
        return Ok(true);
    }
    let (socket, controller) = options.sockets().context("--socket is missing")?;
    let driver = Driver::connect(socket, controller).await?;
    let chosen: Vec<_> = behaviours::all().filter(|it| is_chosen(it.name, &options)).collect();
    anyhow::ensure!(!chosen.is_empty(), "no behaviour has such a name; --list shows all");
    // Dropped last: it is removed when all behaviours have left it.
    let (_temporary, directory) = directory(&options)?;
    let mut report = Report::new(&driver.plugin.name, &driver.plugin.vendor_version);
    let run = format!("{:x}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros());
    let options = Arc::new(options);
    let interrupted = interruption()?;
    for (number, behaviour) in chosen.iter().enumerate() {
        progress(number + 1, chosen.len(), behaviour.name);
        let prefix = format!("csi-{run}-{}", number + 1);
        let scene = Scene::new(driver.clone(), Arc::clone(&options), &directory, prefix);
        let (outcome, took) = behaviour.look(scene, interrupted.clone()).await;
        report.add(behaviour, outcome, took);
        if *interrupted.borrow() {
            break;
        }
    }
    match options.output {
        Format::Table => print(&report.table())?,
        Format::Json => print(&report.json()?)?,
    }
    Ok(report.is_good())
}

/// Becomes true with SIGINT or SIGTERM: what is being looked at is given back before the end.
fn interruption() -> std::io::Result<watch::Receiver<bool>> {
    let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = int.recv() => {}
            _ = term.recv() => {}
        }
        sender.send_replace(true);
        // A receiver takes a sender that is gone for an answer.
        sender.closed().await;
    });
    Ok(receiver)
}

fn is_chosen(name: &str, options: &Options) -> bool {
    options.only.is_empty() || options.only.iter().any(|part| name.contains(part.as_str()))
}

/// The folder of all volumes; a new one is removed with its guard.
fn directory(options: &Options) -> anyhow::Result<(Option<tempfile::TempDir>, PathBuf)> {
    if let Some(given) = &options.mount_dir {
        std::fs::create_dir_all(given).with_context(|| given.display().to_string())?;
        return Ok((None, given.canonicalize()?));
    }
    let open = std::fs::Permissions::from_mode(0o711);
    let made = tempfile::Builder::new().prefix("csi-behaviours.").permissions(open).tempdir()?;
    let path = made.path().canonicalize()?;
    Ok((Some(made), path))
}

/// Who waits is told what for.
fn progress(number: usize, all: usize, name: &str) {
    let mut stderr = std::io::stderr().lock();
    if stderr.is_terminal() {
        // A progress line that cannot be shown is no reason to stop.
        let _ = write!(stderr, "\r\x1b[K{number}/{all} {name}\r");
        let _ = stderr.flush();
    }
}

fn print(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
