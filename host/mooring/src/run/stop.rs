//! When to stop: SIGTERM or SIGINT, told to everyone who waits.

use std::os::fd::AsFd;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// A handle that many can wait on. Clones wait for the same.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Stops at the first SIGTERM or SIGINT. To be called within a runtime.
    pub(crate) fn on_signals() -> anyhow::Result<Self> {
        Ok(Self::when(signals()?))
    }

    /// Stops at a signal and, if `attached`, when the pipe at standard input is closed: its other
    /// end is held by the process that this one must not outlive.
    pub(crate) fn on_signals_or_detached(attached: bool) -> anyhow::Result<Self> {
        if attached { Self::attached() } else { Self::on_signals() }
    }

    fn attached() -> anyhow::Result<Self> {
        let signals = signals()?;
        let stdin = std::io::stdin().as_fd().try_clone_to_owned()?;
        let mut parent = pipe::Receiver::from_owned_fd(stdin)?;
        Ok(Self::when(async move {
            tokio::select! {
                () = signals => {}
                // Nothing is ever written: an answer of any kind is the end.
                _ = parent.read_u8() => {}
            }
        }))
    }

    fn when(time: impl Future<Output = ()> + Send + 'static) -> Self {
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            time.await;
            tracing::info!("stopping: running calls end, mounts stay as they are");
            sender.send_replace(true);
            // Held open, so that waiting for a stop never ends by itself.
            sender.closed().await;
        });
        Self(receiver)
    }

    /// Waits until it is time.
    pub(crate) async fn wait(mut self) {
        // The sender outlives its receivers; were it gone, stopping is right, too.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// Waits until it is time, or `closed` says that what waits shall end by itself.
    pub(crate) async fn wait_or(self, mut closed: watch::Receiver<bool>) {
        tokio::select! {
            () = self.wait() => {}
            // A sender that is gone closes, too.
            _ = closed.wait_for(|closed| *closed) => {}
        }
    }

    /// Whether it is time.
    pub(crate) fn is_now(&self) -> bool {
        *self.0.borrow()
    }
}

fn signals() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
