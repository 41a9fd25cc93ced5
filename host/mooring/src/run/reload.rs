//! When to read the configuration again: SIGHUP, or a file that changed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::watch::Watch;

/// Why it is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The process starts.
    Start,
    /// A file changed. What was rolled back is not tried again.
    Changed,
    /// A person asked.
    Asked,
}

/// The causes, as they come.
pub(crate) struct Reload {
    hangup: Signal,
    watch: Option<Watch>,
}

impl Reload {
    /// Takes SIGHUP over. To be called within a runtime.
    ///
    /// # Errors
    /// What the kernel says.
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self { hangup: signal(SignalKind::hangup())?, watch: None })
    }

    /// Watches these files from now on; answers whether they are others than before, so that what
    /// happened to them until now is to be looked at again.
    pub(crate) fn watch(&mut self, files: BTreeSet<PathBuf>) -> bool {
        if self.watch.as_ref().is_some_and(|watch| watch.files().eq(&files)) {
            return false;
        }
        if files.is_empty() {
            self.watch = None;
            return false;
        }
        match Watch::new(files) {
            Ok(watch) => self.watch = Some(watch),
            Err(error) => {
                tracing::warn!(%error, "files are not watched; SIGHUP tells of changes");
                self.watch = None;
                return false;
            }
        }
        true
    }

    /// Waits for the next cause.
    pub(crate) async fn next(&mut self) -> Cause {
        let changed = async {
            match &mut self.watch {
                Some(watch) => watch.changed().await,
                None => std::future::pending().await,
            }
        };
        let failed = tokio::select! {
            _ = self.hangup.recv() => return Cause::Asked,
            changed = changed => match changed {
                Ok(()) => return Cause::Changed,
                Err(error) => error,
            },
        };
        tracing::warn!(error = %failed, "files are no longer watched; SIGHUP tells of changes");
        self.watch = None;
        self.hangup.recv().await;
        Cause::Asked
    }
}
