//! Gives volumes back that were made for pods, when their pods are gone: at once if it can be done,
//! else in the background, for as long as it takes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mooring_volume::backend::Volumes;
use mooring_volume::{Call, CallId, Code, DriverName, Error, Result, Secrets, VolumeId};

use super::inline::made_nothing;
use super::{Inner, Node};
use crate::guard::Guard;
use crate::note::{Kept, Phase};
use crate::os::Machine;

/// How long an unpublish waits for its volume's deletion, which goes on without it.
const AT_ONCE: Duration = Duration::from_secs(10);
/// How long one deletion may take in the background.
const ONE: Duration = Duration::from_secs(60);
/// Between two passes over what is left, doubled from the first to the last while any fails.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LAST_WAIT: Duration = Duration::from_secs(5 * 60);

/// Is told what happens in the background.
pub trait Meter: Send + Sync + 'static {
    /// So many volumes of pods that are gone could not be deleted yet.
    fn inline_deletions(&self, driver: &DriverName, waiting: usize);
}

/// For who does not measure.
impl Meter for () {
    fn inline_deletions(&self, _: &DriverName, _: usize) {}
}

fn within(time: Duration) -> Call {
    Call { id: CallId(0), deadline: Instant::now() + time }
}

impl<M: Machine, A: Volumes> Node<M, A> {
    /// Tries once, for a caller who does not wait long, to delete a volume that is off the node.
    pub(super) async fn give_back_soon(&self, call: &Call, guard: &Arc<Guard>, volume: &VolumeId) {
        let deadline = call.deadline.min(Instant::now() + AT_ONCE);
        let short = Call { id: call.id, deadline };
        if let Err(error) = self.give_back(&short, guard, volume).await {
            tracing::warn!(%volume, %error, "it can't be deleted now; it will be, in the background");
            self.inner.wake.notify_one();
        }
    }

    /// Deletes a volume that is noted to be deleted, and then the note. Any other is left alone.
    pub(super) async fn give_back(
        &self,
        call: &Call,
        guard: &Arc<Guard>,
        volume: &VolumeId,
    ) -> Result<()> {
        let asked = volume.clone();
        let look = move |node: &Inner<M>| node.note(&asked);
        let note = match self.work(call, Arc::clone(guard), look).await? {
            Kept::Whole(note) if matches!(note.phase, Phase::Deleting(_)) => note,
            Kept::Whole(_) | Kept::Absent => return Ok(()),
            Kept::Unreadable(why) => return Err(Error::internal(why)),
        };
        let id = match note.made() {
            Some(made) => Some(made.id.clone()),
            // By its name: the only way to an id that was never told.
            None => match self.backend.create(call, note.question()?).await {
                Ok(made) => Some(made.id),
                Err(error) if made_nothing(error.code) => None,
                Err(error) => return Err(error),
            },
        };
        if let Some(id) = id {
            match self.backend.delete(call, id, Secrets::default()).await {
                Ok(()) => {}
                Err(error) if error.code == Code::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        self.work(call, Arc::clone(guard), move |node| node.forget_all(&note)).await
    }

    /// Deletes, from the start on, what pods left that are gone: for as long as this future is
    /// polled. One at a time; what fails is tried again, at most every five minutes.
    pub async fn clear_leftovers(&self, meter: &dyn Meter) {
        let mut wait = FIRST_WAIT;
        let driver = &self.inner.config.driver;
        self.clear_orphans().await;
        loop {
            let waiting = self.pass().await;
            meter.inline_deletions(driver, waiting);
            if waiting == 0 {
                self.inner.wake.notified().await;
                wait = FIRST_WAIT;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LAST_WAIT);
        }
    }

    /// One try for each volume that is to be deleted; answers how many still are.
    pub(super) async fn pass(&self) -> usize {
        let mut waiting = 0;
        for volume in self.noted().await {
            // One that is worked on is not forgotten: its own call, or the next pass, ends it.
            let Some(guard) = self.hold(&volume) else {
                waiting += 1;
                continue;
            };
            if let Err(error) = self.give_back(&within(ONE), &guard, &volume).await {
                tracing::warn!(%volume, %error, "its pod is gone, and it can't be deleted yet");
                waiting += 1;
            }
        }
        waiting
    }

    /// After a reboot, or a long absence of this program.
    pub(super) async fn clear_orphans(&self) {
        for volume in self.noted().await {
            let Some(guard) = self.hold(&volume) else { continue };
            let asked = volume.clone();
            let left = self.work(&within(ONE), guard, move |node| node.leave_orphan(&asked)).await;
            if let Err(error) = left {
                tracing::warn!(%volume, %error, "its pod is gone, and it can't be taken off the node");
            }
        }
    }

    fn hold(&self, volume: &VolumeId) -> Option<Arc<Guard>> {
        self.inner.guards.take_volume(volume).ok().map(Arc::new)
    }

    /// The volumes that notes are about; an unreadable note is told of and passed over.
    async fn noted(&self) -> Vec<VolumeId> {
        let inner = Arc::clone(&self.inner);
        let read = tokio::task::spawn_blocking(move || inner.noted());
        match read.await {
            Ok(Ok(volumes)) => volumes,
            Ok(Err(error)) => {
                tracing::error!(%error, "the notes of pods' volumes can't be read");
                Vec::new()
            }
            Err(error) => {
                tracing::error!(%error, "reading the notes of pods' volumes stopped unexpectedly");
                Vec::new()
            }
        }
    }
}

impl<M: Machine> Inner<M> {
    fn noted(&self) -> Result<Vec<VolumeId>> {
        let paths: Vec<PathBuf> = self.os.list_records(&self.notes())?;
        let mut volumes = Vec::new();
        for path in paths {
            match Kept::decode(self.os.read_record(&path)?.as_deref(), None) {
                Kept::Whole(note) => volumes.push(note.volume),
                Kept::Absent => {}
                Kept::Unreadable(why) => {
                    tracing::error!(note = %path.display(), why, "a note can't be trusted");
                }
            }
        }
        Ok(volumes)
    }
}
