//! NodeGetVolumeHealth and NodeGetStorageHealth: looks, in little time, for what is wrong.
//!
//! The tables are read first; then the volume's storage is asked, on a thread that may wait for it,
//! and that one look at a volume or pool at a time. Storage that has not answered in a few seconds
//! is a finding; later looks wait for the same thread, and start none.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mooring_volume::backend::{Attachments, Nodes};
use mooring_volume::health::{StorageFinding, VolumeFinding};
use mooring_volume::node::{GetVolumeHealth, NodeHealth};
use mooring_volume::{Call, Error, Result, Secrets, VolumeId};
use tokio::task::JoinSet;

use super::{Inner, Node};
use crate::guard::Guard;
use crate::health::{
    FilesystemLooked, ImageLooked, PoolLooked, StorageLooked, device_of, merged, mount_of,
    not_answering, of_filesystem, of_pool, of_storage, of_tables, pool_not_answering,
};
use crate::mount::covering;
use crate::os::{FsFaults, Kind, Machine, MountEntry};
use crate::place;
use crate::record::{DirectSource, Source, Staging};
use crate::seen::Seen;

/// How long storage may take to answer. What is asked of it is in memory mostly, and takes it less
/// than a millisecond.
const PATIENCE: Duration = Duration::from_secs(5);

/// When to stop waiting, so that there is time left to say so.
fn until(call: &Call) -> Instant {
    let now = Instant::now();
    now + PATIENCE.min(call.deadline.saturating_duration_since(now) / 2)
}

impl<M: Machine, A: Attachments + Nodes> NodeHealth for Node<M, A> {
    async fn volume_health(
        &self,
        call: &Call,
        request: GetVolumeHealth,
    ) -> Result<Vec<VolumeFinding>> {
        let GetVolumeHealth { volume_id, publish_path, staging_path } = request;
        for (field, path) in
            [("volume_publish_path", publish_path), ("staging_target_path", staging_path)]
        {
            path.map_or(Ok(()), |path| place::check_form(field, &path))?;
        }
        let until = until(call);
        let Ok(guard) = self.inner.guards.read(&volume_id, until).await else {
            return Ok(vec![not_answering()]);
        };
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        let look = move |node: &Inner<M>| node.volume_findings(&volume_id, &tell);
        let answered = in_time(Arc::clone(&self.inner), guard, until, look).await.transpose()?;
        let mut found = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
        if answered.is_none() {
            found.push(not_answering());
        }
        Ok(merged(found))
    }

    async fn storage_health(&self, call: &Call, _: Secrets) -> Result<Vec<StorageFinding>> {
        let until = until(call);
        let mut looks = JoinSet::new();
        for (name, path) in self.inner.config.grants.pools.clone() {
            looks.spawn(pool_findings(Arc::clone(&self.inner), name, path, until));
        }
        let mut of_pools = Vec::new();
        while let Some(looked) = looks.join_next().await {
            let (name, found) = looked.map_err(|stopped| {
                Error::unavailable(format!("looking at a pool stopped unexpectedly: {stopped}"))
            })?;
            of_pools.push((name, found?));
        }
        of_pools.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(merged(of_pools.into_iter().flat_map(|(_, found)| found).collect()))
    }
}

/// Does work that may wait for storage, under its guard, for as long as it takes; none where it has
/// not ended in time.
async fn in_time<M, T, W>(
    inner: Arc<Inner<M>>,
    guard: Guard,
    until: Instant,
    work: W,
) -> Option<Result<T>>
where
    M: Machine,
    T: Send + 'static,
    W: FnOnce(&Inner<M>) -> Result<T> + Send + 'static,
{
    let span = tracing::Span::current();
    let task = tokio::task::spawn_blocking(move || {
        let _held = guard;
        span.in_scope(|| work(&inner))
    });
    let ended = tokio::time::timeout_at(until.into(), task).await.ok()?;
    Some(ended.unwrap_or_else(|stopped| {
        Err(Error::unavailable(format!("the look stopped unexpectedly: {stopped}")))
    }))
}

async fn pool_findings<M: Machine>(
    inner: Arc<Inner<M>>,
    name: String,
    path: PathBuf,
    until: Instant,
) -> (String, Result<Vec<StorageFinding>>) {
    let silent = pool_not_answering(&name, &path);
    let Ok(guard) = inner.guards.read_pool(&name, until).await else {
        return (name, Ok(vec![silent]));
    };
    let pool = name.clone();
    let look = move |node: &Inner<M>| Ok(of_pool(&node.pool_looked(pool, path)?));
    let found = in_time(inner, guard, until, look).await;
    (name, found.unwrap_or_else(|| Ok(vec![silent])))
}

impl<M: Machine> Inner<M> {
    /// Tells what is found as soon as it is: storage that is asked next may not answer.
    fn volume_findings(&self, volume: &VolumeId, told: &Mutex<Vec<VolumeFinding>>) -> Result<()> {
        let tell = |found: Vec<VolumeFinding>| {
            told.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
        };
        let changing = self.guards.is_changing(volume);
        let seen = self.seen(&self.actual(volume)?)?;
        // Also one that began and ended meanwhile could be seen half-way; what it leaves is told by
        // the next look.
        let changing = changing || self.guards.is_changing(volume);
        let found = of_tables(&seen, changing).ok_or_else(|| {
            Error::not_found(format!(
                "volume {volume} is not on this node, and no attempt to stage it has left anything"
            ))
        })?;
        tell(found);
        if let Some(staging) = seen.staging() {
            if let Some(mount) = mount_of(&seen, staging) {
                tell(of_filesystem(&self.filesystem_looked(mount)?));
            }
            if let Some(looked) = self.storage_looked(&seen, staging)? {
                tell(of_storage(staging, &looked));
            }
        }
        Ok(())
    }

    fn filesystem_looked(&self, mount: &MountEntry) -> Result<FilesystemLooked> {
        let (faults, answers) = (self.faults_of(mount)?, self.os.answers(&mount.reference()));
        Ok(FilesystemLooked { mount: mount.clone(), faults, answers })
    }

    /// None of a device that the node has by itself: it is in no pool.
    fn storage_looked(&self, seen: &Seen, staging: &Staging) -> Result<Option<StorageLooked>> {
        let os = &*self.os;
        let (root, below) = match &staging.source {
            Source::Image { root, below, .. }
            | Source::Directory { root, below, .. }
            | Source::Direct { device: DirectSource::Image { root, below, .. }, .. } => {
                (root, below)
            }
            Source::Device(_) | Source::Direct { device: DirectSource::Linked { .. }, .. } => {
                return Ok(None);
            }
        };
        let image = match device_of(seen, staging) {
            Some(device) => match os.is_image_deleted(device) {
                Ok(deleted) => {
                    let there = os.open_image(root, below, true);
                    let there = there.and_then(|image| os.describe(&image));
                    Some(ImageLooked { device: device.clone(), deleted, there })
                }
                // Unbound by now.
                Err(error) if error.kind == Kind::NotFound => None,
                Err(error) => return Err(error.into()),
            },
            None => None,
        };
        Ok(Some(StorageLooked { pool: os.pool_usage(root), image }))
    }

    /// What the file system of a mount has counted; nothing where the host does not know its kind.
    fn faults_of(&self, mount: &MountEntry) -> Result<FsFaults> {
        match (mount.block, mount.fs_type.parse()) {
            (Some(device), Ok(fs_type)) => Ok(self.os.faults(device, fs_type)?),
            (None, _) | (_, Err(_)) => Ok(FsFaults::default()),
        }
    }

    fn pool_looked(&self, name: String, path: PathBuf) -> Result<PoolLooked> {
        let usage = self.os.pool_usage(&path);
        let real = match self.os.real_root(&path) {
            Ok(real) => real,
            Err(error) => {
                return Ok(PoolLooked { name, path, usage: Err(error), filesystem: None });
            }
        };
        let mounts = self.os.mounts()?;
        let filesystem = covering(&mounts, &real).map(|mount| self.filesystem_looked(mount));
        let filesystem = filesystem.transpose()?;
        Ok(PoolLooked { name, path, usage, filesystem })
    }
}
