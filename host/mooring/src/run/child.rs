//! The controller as a child of `serve`: started, watched, started again when it dies.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use mooring_node::os::process::Controller;
use tokio::sync::Notify;

use super::stop::Stop;

/// Between a controller's end and the next start; doubled up to `LONGEST` while it keeps dying young.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);
/// A controller that lived so long was not dying young.
const SETTLED: Duration = Duration::from_secs(30);

/// A controller process that is kept alive until the host stops.
pub(crate) struct Supervised {
    arguments: Vec<OsString>,
    stop: Stop,
    reload: Arc<Notify>,
}

/// Tells the controller process to read its configuration again.
#[derive(Clone)]
pub(crate) struct Told(Arc<Notify>);

impl Told {
    pub(crate) fn reload(&self) {
        self.0.notify_one();
    }
}

impl Supervised {
    /// Of `mooring controller` with these arguments.
    pub(crate) fn new(arguments: Vec<OsString>, stop: Stop) -> Self {
        Self { arguments, stop, reload: Arc::new(Notify::new()) }
    }

    /// By which others reach it.
    pub(crate) fn handle(&self) -> Told {
        Told(Arc::clone(&self.reload))
    }

    /// Starts it, and again where it dies, until a stop; then waits until it has ended. To be polled
    /// by the process's first thread, whose end tells the controller to end.
    pub(crate) async fn keep_alive(self) {
        keep_alive(self.arguments, self.stop, self.reload).await;
    }
}

async fn keep_alive(arguments: Vec<OsString>, stop: Stop, reload: Arc<Notify>) {
    let mut pause = SHORTEST;
    while !stop.is_now() {
        let started = tokio::time::Instant::now();
        match Controller::spawn(&arguments) {
            Ok(mut child) => loop {
                tokio::select! {
                    status = child.wait() => {
                        tracing::error!(?status, "the controller ended; starting it again");
                        break;
                    }
                    () = reload.notified() => {
                        if let Err(error) = child.reload() {
                            tracing::warn!(%error, "the controller cannot be told to reload");
                        }
                    }
                    () = stop.clone().wait() => {
                        let status = child.terminate(super::DRAIN).await;
                        tracing::info!(?status, "the controller ended");
                        return;
                    }
                }
            },
            Err(error) => tracing::error!(%error, "the controller does not start"),
        }
        pause = if started.elapsed() > SETTLED { SHORTEST } else { (pause * 2).min(LONGEST) };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.clone().wait() => return,
        }
    }
}
