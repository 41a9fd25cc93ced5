//! Where the volume is, what is done to it there, and how the database on it is reached.

pub(crate) mod cluster;
mod mariadb;
pub(crate) mod plain;

use anyhow::Result;
use mysql_async::Opts;
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

/// A database on a volume. What takes `&self` is called while other calls run.
pub(crate) trait Site {
    /// What the picture says of it, such as `by CSI calls`.
    fn title(&self) -> String;

    /// How clients reach the database.
    fn database(&self) -> Opts;

    /// How full the file system is, as an autoscaler would ask.
    async fn usage(&self) -> Result<Usage>;

    /// Makes the volume at least so large, in bytes, with the database running, and waits until its file system is.
    async fn grow(&self, to: u64) -> Result<()>;

    /// The version of the backend that serves.
    async fn version(&self) -> Result<String>;

    /// How many versions follow the first.
    fn swaps(&self) -> usize;

    /// Has the version of that number serve, counted from 1, and waits until it does.
    async fn swap(&self, number: usize) -> Result<()>;

    /// Stops the database, takes the volume off the node, brings it back and starts the database on it.
    async fn move_out_and_in(&mut self) -> Result<()>;
}

/// Of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// Bytes in all.
    pub(crate) size: u64,
    /// Bytes in use.
    pub(crate) used: u64,
}

impl Usage {
    /// How full it is, in percent.
    pub(crate) fn percent(self) -> u64 {
        self.used.saturating_mul(100) / self.size.max(1)
    }
}

/// Waits for SIGINT or SIGTERM.
async fn interrupted() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
