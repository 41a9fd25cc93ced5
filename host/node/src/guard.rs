//! One operation a volume, and a path, at a time; the others are told to come again.
//!
//! A guard is held until the work is done, which may be after the caller was answered: work that
//! hangs with its storage keeps its own volume busy and no other.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use mooring_volume::{Error, Result, VolumeId};
use tokio::sync::Notify;

/// What is being worked on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guards {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    busy: Mutex<HashSet<String>>,
    /// Told when something is given back.
    freed: Notify,
}

/// The right to work on some things, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Guard {
    shared: Arc<Shared>,
    held: Vec<String>,
}

impl Guards {
    /// For an operation on a volume that changes what is at a path.
    ///
    /// # Errors
    /// `Aborted` while another operation works on either.
    pub(crate) fn take(&self, volume: &VolumeId, path: &Path) -> Result<Guard> {
        let path: PathBuf = path.components().collect();
        let wanted = [format!("volume {volume}"), format!("path {}", path.display())];
        self.hold(&wanted)
    }

    /// For an operation on several volumes, wherever they are: all of them or none.
    ///
    /// # Errors
    /// `Aborted` while another operation works on one of them.
    pub(crate) fn volumes(&self, volumes: &BTreeSet<VolumeId>) -> Result<Guard> {
        let wanted: Vec<String> = volumes.iter().map(|volume| format!("volume {volume}")).collect();
        self.hold(&wanted)
    }

    /// For an operation on a volume alone.
    ///
    /// # Errors
    /// `Aborted` while another operation works on it.
    pub(crate) fn take_volume(&self, volume: &VolumeId) -> Result<Guard> {
        self.hold(&[format!("volume {volume}")])
    }

    /// For reading a volume, beside operations that change it. Readers of one volume wait for one
    /// another, so that one that hangs with its storage costs one thread, not one a caller.
    ///
    /// # Errors
    /// `Aborted` when another reader still waits for the volume's storage at the deadline.
    pub(crate) async fn read(&self, volume: &VolumeId, deadline: Instant) -> Result<Guard> {
        self.read_of(format!("statistics of volume {volume}"), deadline).await
    }

    /// As [`Self::read`], of a pool.
    ///
    /// # Errors
    /// `Aborted` when another reader still waits for the pool at the deadline.
    pub(crate) async fn read_pool(&self, pool: &str, deadline: Instant) -> Result<Guard> {
        self.read_of(format!("the state of pool {pool}"), deadline).await
    }

    /// Whether an operation changes the volume just now.
    pub(crate) fn is_changing(&self, volume: &VolumeId) -> bool {
        let busy = self.shared.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.contains(&format!("volume {volume}"))
    }

    async fn read_of(&self, what: String, deadline: Instant) -> Result<Guard> {
        let wanted = [what];
        loop {
            let mut freed = pin!(self.shared.freed.notified());
            freed.as_mut().enable();
            match self.hold(&wanted) {
                Ok(guard) => return Ok(guard),
                Err(busy) => {
                    if tokio::time::timeout_at(deadline.into(), freed).await.is_err() {
                        return Err(busy);
                    }
                }
            }
        }
    }

    fn hold(&self, wanted: &[String]) -> Result<Guard> {
        let mut busy = self.shared.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = wanted.iter().find(|name| busy.contains(*name)) {
            return Err(Error::aborted(format!(
                "an operation on {taken} is under way; try again when it is done"
            )));
        }
        busy.extend(wanted.iter().cloned());
        Ok(Guard { shared: Arc::clone(&self.shared), held: wanted.to_vec() })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut busy = self.shared.busy.lock().unwrap_or_else(PoisonError::into_inner);
        for name in &self.held {
            busy.remove(name);
        }
        drop(busy);
        self.shared.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_and_paths_exclude_each_other_until_dropped() {
        let guards = Guards::default();
        let (a, b) = (VolumeId::new("a").unwrap(), VolumeId::new("b").unwrap());
        let held = guards.take(&a, Path::new("/x")).unwrap();
        assert!(guards.take(&a, Path::new("/y")).is_err());
        assert!(guards.take(&b, Path::new("/x")).is_err());
        assert!(guards.take(&b, Path::new("//x/")).is_err());
        assert!(guards.take(&b, Path::new("/y")).is_ok());
        drop(held);
        assert!(guards.take(&a, Path::new("/x")).is_ok());
    }

    #[tokio::test]
    async fn readers_wait_for_one_another_until_their_deadline() {
        let guards = Guards::default();
        let a = VolumeId::new("a").unwrap();
        let later = || Instant::now() + std::time::Duration::from_secs(9);
        let _changing = guards.take(&a, Path::new("/x")).unwrap();
        let first = guards.read(&a, later()).await.unwrap();
        let second = guards.read(&a, later());
        let gives_back = async move { drop(first) };
        let (second, ()) = tokio::join!(second, gives_back);
        let _second = second.unwrap();
        assert!(guards.read(&a, Instant::now()).await.is_err());
    }
}
