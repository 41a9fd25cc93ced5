//! Threads that read and write files of the volume. They can't be dropped like a future, so
//! whoever wants to unmount waits here until the last of them has let go.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// More than the demo ever runs at once.
const MOST: u32 = 8;

pub(super) struct Workers(Arc<Semaphore>);

impl Workers {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MOST as usize)))
    }

    /// Starts work on a thread.
    pub(super) async fn start<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> anyhow::Result<JoinHandle<T>> {
        let permit = self.0.clone().acquire_owned().await?;
        Ok(tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        }))
    }

    /// Does work on a thread and waits for it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        self.start(work).await?.await.context("a thread of the demo broke off")
    }

    /// Waits until none is at work.
    pub(super) async fn idle(&self) {
        // An error would mean that the semaphore was closed, which nobody does.
        let _ = self.0.acquire_many(MOST).await;
    }
}
