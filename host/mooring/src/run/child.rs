//! The controller as a child of `serve`: started, watched, started again when it dies.

use std::ffi::OsString;
use std::time::Duration;

use mooring_node::os::process::Controller;
use tokio::task::JoinHandle;

use super::stop::Stop;

/// Between a controller's end and the next start; doubled up to `LONGEST` while it keeps dying young.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);
/// A controller that lived so long was not dying young.
const SETTLED: Duration = Duration::from_secs(30);

/// A controller process that is kept alive until the host stops.
pub(crate) struct Supervised(JoinHandle<()>);

impl Supervised {
    /// Starts `mooring controller` with these arguments.
    pub(crate) fn start(arguments: Vec<OsString>, stop: Stop) -> Self {
        Self(tokio::spawn(keep_alive(arguments, stop)))
    }

    /// Waits until it has ended, after a stop.
    pub(crate) async fn ended(self) {
        if let Err(error) = self.0.await {
            tracing::error!(%error, "watching the controller failed");
        }
    }
}

async fn keep_alive(arguments: Vec<OsString>, stop: Stop) {
    let mut pause = SHORTEST;
    while !stop.is_now() {
        let started = tokio::time::Instant::now();
        match Controller::spawn(&arguments) {
            Ok(mut child) => {
                tokio::select! {
                    status = child.wait() => tracing::error!(?status, "the controller ended; starting it again"),
                    () = stop.clone().wait() => {
                        let status = child.terminate(super::DRAIN).await;
                        tracing::info!(?status, "the controller ended");
                        return;
                    }
                }
            }
            Err(error) => tracing::error!(%error, "the controller does not start"),
        }
        pause = if started.elapsed() > SETTLED { SHORTEST } else { (pause * 2).min(LONGEST) };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.clone().wait() => return,
        }
    }
}
