//! What the tests above unit level stand on: they run the real program, as processes, on real
//! loop devices and file systems, and look at it as kubelet, an operator and the kernel do.
//!
//! Nothing here knows the program's crates: only its command line, its sockets and the kernel.
//!
//! A test is a [`case`]: it gets a [`Place`], a folder and a mount namespace of its own, in which
//! everything but that folder is read-only. What it starts there is gone when it ends, however it
//! ends: processes killed, mounts taken down, loop devices unbound, the folder removed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

pub mod call;
pub mod canary;
pub mod config;
pub mod guest;
pub mod host;
pub mod kernel;
pub mod left;
pub mod life;
pub mod payload;
pub mod place;
pub mod plugins;
pub mod pool;
pub mod snapshot;
pub mod traces;

pub use call::Clients;
pub use config::Settings;
pub use host::Host;
pub use life::{Kind, Life};
pub use place::{Place, case, case_within, sweep};
pub use pool::{Pool, PoolKind};

use std::time::Duration;

/// How long anything may take that a test waits for, on a machine that others use too.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How often a condition of the kernel is looked at that nothing announces.
const LOOK: Duration = Duration::from_millis(5);

/// Waits until `condition` gives a value; fails the test, saying `what`, after [`PATIENCE`].
///
/// # Panics
/// When it did not come true in time.
pub async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(tokio::time::Instant::now() < until, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(LOOK).await;
    }
}
