//! What a life that ended early leaves, and how it is cleared away; why it may have ended.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::{interval, timeout};
use tonic::{Code, Status};

use super::host::Serving;
use super::kernel::Kernel;
use super::life::{Life, PREFIX, Volume};
use super::screen::{Step, Told};
use crate::cli::volume::FsType;

/// How long a call that nobody waits for any more may hold its volume.
const PATIENCE: Duration = Duration::from_secs(60);

impl<K: Kernel> Life<'_, K> {
    /// Brings back what a life that ended early has taken: every call may be repeated, and undoing
    /// what was not done is a success.
    pub(super) async fn clean_up(&self) {
        if !self.begun.get() {
            return;
        }
        self.workers.idle().await;
        let work = async {
            let volume = patiently(|| self.find_and_tear_down()).await?;
            Ok(Told::new((), format!("volume {} unpublished, unstaged and deleted", volume.id)))
        };
        if let Err(error) = self.screen.step(Step::CleanUp, work).await {
            self.screen.failure(&error);
        }
    }

    async fn find_and_tear_down(&self) -> anyhow::Result<Volume> {
        let known = self.volume.borrow().clone();
        let volume = match known {
            Some(volume) => volume,
            // A creation that was broken off may have happened; asking again tells its id.
            None => Volume::new(&self.plan.root, self.create_volume().await?.volume_id)?,
        };
        self.tear_down(&volume).await?;
        Ok(volume)
    }

    async fn tear_down(&self, volume: &Volume) -> anyhow::Result<()> {
        self.unpublish(volume).await?;
        self.unstage(volume).await?;
        self.delete(volume).await?;
        Ok(())
    }

    /// Clears up after demos that were killed: their volumes have a directory below the root, which
    /// this demo has claimed for itself.
    pub(super) async fn clear_remains(&self) {
        let Ok(entries) = std::fs::read_dir(&self.plan.root) else { return };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let ids = names.filter_map(|name| name.strip_prefix(PREFIX).map(str::to_owned));
        for volume in ids.filter_map(|id| Volume::new(&self.plan.root, id).ok()) {
            let work = async {
                self.tear_down(&volume).await?;
                Ok(Told::new((), format!("volume {} of an earlier demo cleared away", volume.id)))
            };
            if let Err(error) = self.screen.step(Step::Clear, work).await {
                self.screen.failure(&error);
            }
        }
    }

    /// What a reader could not know about the step that failed.
    pub(super) fn note(&self, error: &anyhow::Error, serving: Serving) -> Option<String> {
        let step = self.screen.last_step()?;
        let refused = [Some(Code::FailedPrecondition), Some(Code::PermissionDenied)];
        let refused = refused.contains(&code(error));
        if refused && step == Step::Grow && self.plan.fs_type == FsType::Ext4 {
            return Some(
                "containers and some virtual machines lack CAP_SYS_RESOURCE; --fs-type xfs and \
                 btrfs grow without it"
                    .to_owned(),
            );
        }
        if matches!(step, Step::Stage | Step::Publish) && serving == Serving::Found {
            return Some(format!(
                "the host was running before; it mounts below its own target roots alone. Give one \
                 of them as --target-root, or start it with --target-root {}",
                self.plan.root.display()
            ));
        }
        None
    }
}

/// Repeats work for as long as the driver answers ABORTED: a call that was broken off is carried
/// to its end by the host all the same, and holds its volume until then.
async fn patiently<T, F: Future<Output = anyhow::Result<T>>>(
    mut work: impl FnMut() -> F,
) -> anyhow::Result<T> {
    let mut again = interval(Duration::from_millis(100));
    let repeat = async {
        loop {
            again.tick().await;
            match work().await {
                Err(error) if code(&error) == Some(Code::Aborted) => {}
                done => return done,
            }
        }
    };
    timeout(PATIENCE, repeat)
        .await
        .with_context(|| format!("the driver was still busy with the volume after {PATIENCE:?}"))?
}

/// The driver's code, where it is the driver's error.
fn code(error: &anyhow::Error) -> Option<Code> {
    error.downcast_ref::<Status>().map(Status::code)
}
