//! What the controller orders: freezing what is mounted for a moment, and other I/O limits.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mooring_volume::attachment::{Attachment, PoolItem};
use mooring_volume::limits::NodeLimits;
use mooring_volume::orders::{FreezeId, Frozen, LONGEST_HOLD, MOST_IMAGES, Orders};
use mooring_volume::{Code, Error, Result, VolumeId};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::{Inner, Node};
use crate::attach::{self, Located};
use crate::freezes::{self, Freeze, Note, Target};
use crate::os::{BackingFile, Kind, LoopDevice, Machine, MountRef};
use crate::record::{Access, Record, Source};
use crate::steps;

/// Between tries to thaw what did not thaw.
const THAW_AGAIN: Duration = Duration::from_secs(1);

impl<M: Machine, A: Send + Sync + 'static> Orders for Node<M, A> {
    async fn freeze(&self, images: Vec<PoolItem>, hold: Duration) -> Result<Frozen> {
        check(&images, hold)?;
        let freeze = self.inner.freezes.begin();
        let (inner, runtime) = (Arc::clone(&self.inner), Handle::current());
        let work = move || inner.freeze(&freeze, &images, (hold, &runtime));
        ended(tokio::task::spawn_blocking(work)).await
    }

    async fn thaw(&self, id: FreezeId) -> Result<bool> {
        let Some(freeze) = self.inner.freezes.of(id) else { return Ok(false) };
        let os = Arc::clone(&self.inner.os);
        ended(tokio::task::spawn_blocking(move || freeze.end(&*os))).await
    }

    async fn apply_limits(&self, volume: VolumeId, limits: Option<NodeLimits>) -> Result<bool> {
        let guard = self.inner.guards.volumes(&[volume.clone()].into())?;
        let inner = Arc::clone(&self.inner);
        let work = move || {
            let _held = guard;
            inner.relimit(&volume, &limits.unwrap_or_default())
        };
        ended(tokio::task::spawn_blocking(work)).await
    }

    async fn release(&self) {
        let inner = Arc::clone(&self.inner);
        let work = move || {
            for freeze in inner.freezes.all() {
                if let Err(error) = freeze.end(&*inner.os) {
                    tracing::error!(%error, "thawing failed");
                }
            }
            Ok(())
        };
        if let Err(error) = ended(tokio::task::spawn_blocking(work)).await {
            tracing::error!(%error, "thawing failed");
        }
    }
}

impl<M: Machine, A> Node<M, A> {
    /// Thaws what an earlier process of this driver froze before it was killed. To be called once,
    /// before anything is served.
    ///
    /// # Errors
    /// What could not be thawed; the next start tries again.
    pub async fn recover(&self) -> Result<()> {
        let inner = Arc::clone(&self.inner);
        let work = move || freezes::recover(&*inner.os, &inner.freeze_notes());
        ended(tokio::task::spawn_blocking(work)).await
    }

    /// Thaws a volume that is about to be taken off the node.
    pub(super) async fn thaw_volume(&self, volume: &VolumeId) -> Result<()> {
        if self.inner.freezes.with(volume).is_empty() {
            return Ok(());
        }
        let (inner, volume) = (Arc::clone(&self.inner), volume.clone());
        ended(tokio::task::spawn_blocking(move || inner.thaw_now(&volume))).await
    }
}

fn check(images: &[PoolItem], hold: Duration) -> Result<()> {
    if images.len() > MOST_IMAGES {
        return Err(Error::invalid(format!(
            "{} images are to be frozen; at most {MOST_IMAGES} can be at once",
            images.len()
        )));
    }
    if hold.is_zero() || hold > LONGEST_HOLD {
        return Err(Error::invalid(format!(
            "a hold of {hold:?} is asked for; it must be positive and {LONGEST_HOLD:?} at most"
        )));
    }
    Ok(())
}

async fn ended<T>(task: JoinHandle<Result<T>>) -> Result<T> {
    task.await.unwrap_or_else(|stopped| {
        Err(Error::unavailable(format!("the operation stopped unexpectedly: {stopped}")))
    })
}

/// An image that is bound to a device of this node.
struct Bound {
    item: PoolItem,
    identity: BackingFile,
    device: LoopDevice,
}

/// An image's volume, and where it is mounted, if it is.
struct Attached {
    item: PoolItem,
    mounted: Option<(MountRef, Target)>,
}

impl<M: Machine> Inner<M> {
    /// Where the notes of freezes are.
    fn freeze_notes(&self) -> PathBuf {
        self.config.state_dir.join("freezes").join(self.config.driver.as_str())
    }

    /// Thaws a volume that is about to be taken off the node, on a thread that may wait.
    pub(super) fn thaw_now(&self, volume: &VolumeId) -> Result<()> {
        self.freezes.with(volume).iter().try_for_each(|freeze| {
            tracing::warn!(%volume, "thawed before its time: it is unstaged");
            freeze.end(&*self.os).map(drop)
        })
    }

    fn freeze(
        self: &Arc<Self>,
        freeze: &Arc<Freeze>,
        images: &[PoolItem],
        hold: (Duration, &Handle),
    ) -> Result<Frozen> {
        let tried = self.try_freeze(freeze, images, hold);
        if freeze.settle(tried.is_ok()) {
            return tried;
        }
        if let Err(left) = freeze.end(&*self.os) {
            tracing::error!(error = %left, "thawing after a freeze that failed");
        }
        tried.and_then(|_| Err(over()))
    }

    fn try_freeze(
        self: &Arc<Self>,
        freeze: &Arc<Freeze>,
        images: &[PoolItem],
        (hold, runtime): (Duration, &Handle),
    ) -> Result<Frozen> {
        self.tidy(freeze.id);
        let volumes = self.volumes_of(&self.bound(images)?)?;
        let names: BTreeSet<VolumeId> = volumes.iter().map(|(_, volume)| volume.clone()).collect();
        self.freezes.check_rest(&names)?;
        let guard = self.guards.volumes(&names)?;
        {
            let mut hold = freeze.hold();
            (hold.guard, hold.volumes) = (Some(guard), names);
        }
        // What was looked at before may have changed until the guard was taken.
        let mut attached = Vec::new();
        for (item, volume) in volumes {
            attached.extend(self.attached(item, &volume)?);
        }
        let mut roots = Vec::new();
        for (mount, target) in attached.iter().filter_map(|one| one.mounted.as_ref()) {
            let root = self.os.open_root(mount)?;
            self.os.flush(&root)?;
            roots.push((root, target.clone()));
        }
        if !roots.is_empty() {
            let targets = roots.iter().map(|(_, target)| target.clone()).collect();
            let note = Note::new(self.os.boot_id()?, targets);
            self.freezes.write_note(&*self.os, &self.freeze_notes(), (freeze, &note))?;
        }
        self.expire(freeze, hold, runtime);
        for (root, target) in roots {
            self.freeze_one(freeze, &root, target)?;
        }
        let images = attached.into_iter().map(|one| one.item).collect();
        Ok(Frozen { id: freeze.id, images })
    }

    /// Tries again what an earlier freeze could not thaw or remove.
    fn tidy(&self, but: FreezeId) {
        for former in self.freezes.all() {
            if former.id != but && former.hold().ended {
                // What fails again is told by whatever it is in the way of.
                let _ = former.end(&*self.os);
            }
        }
    }

    fn freeze_one(&self, freeze: &Freeze, root: &M::Handle, target: Target) -> Result<()> {
        if freeze.hold().ended {
            return Err(over());
        }
        let frozen = self.os.freeze(root);
        let mut hold = freeze.hold();
        // Another's freeze is not touched; what else failed may have frozen it all the same.
        if !matches!(&frozen, Err(error) if error.kind == Kind::Busy) {
            hold.frozen.push(target);
        }
        frozen?;
        if hold.ended { Err(over()) } else { Ok(()) }
    }

    /// Ends it when its time is over, whatever the thread that freezes is waiting for, and tries
    /// again what could not be thawed.
    fn expire(self: &Arc<Self>, freeze: &Arc<Freeze>, hold: Duration, runtime: &Handle) {
        freeze.hold().begun = Some(Instant::now());
        let (freeze, inner) = (Arc::clone(freeze), Arc::clone(self));
        runtime.spawn(async move {
            let mut pause = hold;
            loop {
                tokio::time::sleep(pause).await;
                pause = THAW_AGAIN;
                if inner.freezes.of(freeze.id).is_none() {
                    return;
                }
                tracing::warn!(?hold, "thawing: no order to thaw came in time, or it failed");
                let (late, os) = (Arc::clone(&freeze), Arc::clone(&inner.os));
                let work = move || late.end(&*os);
                if let Err(error) = ended(tokio::task::spawn_blocking(work)).await {
                    tracing::error!(%error, "thawing failed");
                }
            }
        });
    }

    /// The images that are bound to a device.
    fn bound(&self, images: &[PoolItem]) -> Result<Vec<Bound>> {
        let loops = self.os.loops()?;
        let mut bound = Vec::new();
        for item in images {
            let (driver, grants) = (&self.config.driver, &self.config.grants);
            let attachment = Attachment::ImageFile(item.clone());
            let Located::Image(path) = attach::locate(driver, grants, &attachment)? else {
                continue;
            };
            // What hangs can't be frozen, and must not pass for one that nobody has attached.
            if let Some(device) = loops.silent.iter().find(|one| one.file.ends_with(&path.below)) {
                return Err(Error::unavailable(format!(
                    "/dev/loop{} does not answer: the storage of image {:?} hangs",
                    device.number, item.name
                )));
            }
            let identity = match self.os.open_image(&path.root, &path.below, true) {
                Ok(image) => self.os.describe(&image)?.identity,
                // Never attached, or deleted.
                Err(error) if error.kind == Kind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            if let Some(device) = loops.answering.iter().find(|device| device.backing == identity) {
                bound.push(Bound { item: item.clone(), identity, device: device.clone() });
            }
        }
        Ok(bound)
    }

    /// Whose they are, by the records.
    fn volumes_of(&self, bound: &[Bound]) -> Result<Vec<(PoolItem, VolumeId)>> {
        if bound.is_empty() {
            return Ok(Vec::new());
        }
        let staged = self.staged()?;
        let volume = |one: &Bound| {
            let found = staged.iter().find(|(volume, backing)| {
                *backing == one.identity && self.scope().label(volume) == one.device.label
            });
            found.map(|(volume, _)| (one.item.clone(), volume.clone())).ok_or_else(|| {
                Error::precondition(format!(
                    "image {:?} is bound to /dev/loop{}, and no record of this driver says by \
                     which volume; unstage it first",
                    one.item.name, one.device.number
                ))
            })
        };
        bound.iter().map(volume).collect()
    }

    /// The volumes on images that are staged in this boot.
    fn staged(&self) -> Result<Vec<(VolumeId, BackingFile)>> {
        let boot = self.os.boot_id()?;
        let directory = crate::record::directory(&self.config.state_dir, &self.config.driver);
        let mut staged = Vec::new();
        for path in self.os.list_records(&directory)? {
            let Some(bytes) = self.os.read_record(&path)? else { continue };
            // One that can't be read names no volume; its image is refused for that.
            let Ok(record) = Record::decode(&bytes) else { continue };
            if let (true, Some(staging)) = (record.boot == boot, record.staging)
                && let Some(image) = staging.source.image()
            {
                staged.push((record.volume, image.backing));
            }
        }
        Ok(staged)
    }

    /// How a volume is attached; none where it is not any more.
    fn attached(&self, item: PoolItem, volume: &VolumeId) -> Result<Option<Attached>> {
        let seen = self.seen(volume)?;
        let (Some(staging), Some(device)) = (seen.staging(), seen.loops.first()) else {
            return Ok(None);
        };
        if staging.access == Access::Block {
            return Err(Error::precondition(format!(
                "volume {volume} (image {:?}) is attached as a raw block device, whose writes \
                 can't be held back; unpublish it first",
                item.name
            )));
        }
        if let Source::Direct { .. } = &staging.source {
            return Err(Error::precondition(format!(
                "volume {volume} (image {:?}) is attached for a sandbox, whose writes can't be \
                 held back; unstage it first",
                item.name
            )));
        }
        let of_device = |entry: &&crate::os::MountEntry| entry.block == Some(device.device);
        let top = seen.stack(&staging.path).top().filter(of_device);
        let mount = top.or_else(|| seen.mounts.iter().find(of_device));
        let target = Target { number: device.number, label: device.label.clone() };
        Ok(Some(Attached { item, mounted: mount.map(|mount| (mount.reference(), target)) }))
    }

    /// Makes other limits hold; whether the volume is on the node.
    fn relimit(&self, volume: &VolumeId, limits: &NodeLimits) -> Result<bool> {
        let seen = self.seen(volume)?;
        let Some(staging) = seen.staging() else { return Ok(false) };
        let now = match (seen.device(), &staging.source) {
            (Some(device), _) => self.os.io_limits(device)?,
            (None, Source::Device(_)) => return Ok(false),
            (None, source) if source.image().is_some() => return Ok(false),
            (None, _) => None,
        };
        self.run(&seen, &steps::relimit(&seen, staging, now, limits)?)?;
        Ok(true)
    }
}

fn over() -> Error {
    Error::new(
        Code::Aborted,
        "the freeze was over before everything was frozen; everything is thawed; try again",
    )
}
