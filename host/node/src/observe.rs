//! Looks at the machine, once an operation. Changes nothing.

use std::path::{Path, PathBuf};

use mooring_volume::attachment::AttachmentKind;
use mooring_volume::policy::Grants;
use mooring_volume::pool::ItemKind;
use mooring_volume::{DriverName, NodeId, Result, VolumeId};

use crate::attach::Directs;
use crate::mount::Belongings;
use crate::os::{Disk, Kind, Loops, Machine, MountEntry};
use crate::place::Root;
use crate::record::{self, RecordedDevice, Source, Staging, Stored};
use crate::seen::{Place, Seen};
use crate::silence;
use crate::tally::Tally;

/// What an operation has to know beside the machine.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    /// Whose volumes.
    pub(crate) driver: &'a DriverName,
    /// Its pools are in them.
    pub(crate) grants: &'a Grants,
    /// Where the records are.
    pub(crate) state_dir: &'a Path,
    /// The node's id, as the operator gave it.
    pub(crate) node: &'a NodeId,
    /// Where Kata's runtime looks for direct volumes.
    pub(crate) kata: &'a Path,
    /// Steps that failed, by their names.
    pub(crate) failed: &'a Tally<&'static str>,
}

impl Scope<'_> {
    /// Where a volume's record lies.
    pub(crate) fn record(&self, volume: &VolumeId) -> PathBuf {
        record::path(self.state_dir, self.driver, volume)
    }

    /// The label of a volume's loop devices.
    pub(crate) fn label(&self, volume: &VolumeId) -> String {
        record::label(self.state_dir, self.node, self.driver, volume)
    }
}

/// The tables and the record. Reads no volume, and so does not hang with one.
///
/// # Errors
/// What the kernel's tables and the node's own disk answer; `Unavailable` where a device that does not
/// answer is, or may be, the volume's by its record. A volume without one that is attached all the same
/// is found so by its image's lock.
pub(crate) fn tables<M: Machine>(os: &M, scope: &Scope<'_>, volume: &VolumeId) -> Result<Seen> {
    let seen = look(os, scope, volume, silence::recorded)?;
    match seen.silent.first() {
        Some(one) => Err(silence::hangs(one)),
        None => Ok(seen),
    }
}

/// As [`tables`], of a volume that is to be taken off the node: a device of its own that does not
/// answer is no obstacle.
///
/// # Errors
/// As [`tables`]; of devices that do not answer, only where nothing that can be trusted says whose one
/// is, and it may be the volume's.
pub(crate) fn leaving<M: Machine>(os: &M, scope: &Scope<'_>, volume: &VolumeId) -> Result<Seen> {
    look(os, scope, volume, silence::any)
}

fn look<M: Machine>(
    os: &M,
    scope: &Scope<'_>,
    volume: &VolumeId,
    own: silence::Own<M>,
) -> Result<Seen> {
    let boot = os.boot_id()?;
    let bytes = os.read_record(&scope.record(volume))?;
    let stored = Stored::decode(bytes.as_deref(), volume);
    let mounts = os.mounts()?;
    let label = scope.label(volume);
    let Loops { answering: loops, silent } = os.loops()?;
    let loops: Vec<_> = loops.into_iter().filter(|device| device.label == label).collect();
    // A volume has one device: where that answers, what is silent is another's.
    let silent = if loops.is_empty() {
        own(os, scope, (&stored, &boot), (silent, &mounts))?
    } else {
        Vec::new()
    };
    let directories = match stored {
        Stored::Unreadable(_) => pool_directories(os, scope),
        Stored::Absent | Stored::Whole(_) => Vec::new(),
    };
    let mut own = Belongings::of(&loops, stored.staging(&boot), &directories, &mounts);
    for one in &silent {
        own.add_silent(&mounts, one);
    }
    let disk = match stored.staging(&boot) {
        Some(staging) => disk(os, staging, (&mounts, &mut own))?,
        None => None,
    };
    if stored.is_unreadable() && scope.grants.attachments.contains(&AttachmentKind::BlockDevice) {
        let links = os.links()?.into_iter();
        for (_, device, node) in links.filter(|(link, ..)| scope.grants.allows_device(link)) {
            own.add_possible(&mounts, device, &node);
        }
    }
    let direct =
        if scope.grants.attachments.contains(&AttachmentKind::KataDirect) || stored.is_direct() {
            Directs::of(os.direct_volumes(scope.kata)?, &label)
        } else {
            Directs::default()
        };
    Ok(Seen { volume: volume.clone(), boot, stored, mounts, loops, silent, disk, own, direct })
}

/// The recorded device, if it is there still, and what of the mount table is the volume's by it.
fn disk<M: Machine>(
    os: &M,
    staging: &Staging,
    (mounts, own): (&[MountEntry], &mut Belongings),
) -> Result<Option<Disk>> {
    let recorded = match &staging.source {
        Source::Device(recorded) => recorded,
        Source::Image { .. } | Source::Directory { .. } | Source::Direct { .. } => return Ok(None),
    };
    let RecordedDevice { number, node, .. } = recorded;
    let now = os.disk(*number)?;
    match &now {
        Some(now) if now.sequence == recorded.sequence => own.add_device(mounts, *number, node),
        Some(_) => {
            own.add_former(mounts, node, staging.targets.keys());
            return Ok(None);
        }
        None => own.add_gone(mounts, (*number, node), staging),
    }
    Ok(now)
}

/// Where the driver's directories lie in its pools; a pool that is gone has none.
fn pool_directories<M: Machine>(os: &M, scope: &Scope<'_>) -> Vec<PathBuf> {
    let below = |root: PathBuf| root.join(scope.driver.as_str()).join(ItemKind::Directory.folder());
    scope.grants.pools.values().filter_map(|pool| os.real_root(pool).ok()).map(below).collect()
}

/// What stands at a path, unless something is mounted on it: that is not touched.
///
/// # Errors
/// What looking at it answers.
pub(crate) fn place<M: Machine>(os: &M, seen: &Seen, path: &Path) -> Result<Place> {
    if seen.stack(path).is_empty() { Ok(Some(os.path_kind(path)?)) } else { Ok(None) }
}

/// The operator's roots as they stand in the mount table. One that does not exist allows nothing.
///
/// # Errors
/// What looking at them answers otherwise.
pub(crate) fn roots<M: Machine>(os: &M, written: &[PathBuf]) -> Result<Vec<Root>> {
    let mut roots = Vec::new();
    for path in written {
        match os.real_root(path) {
            Ok(real) => roots.push(Root { written: path.clone(), real }),
            Err(error) if error.kind == Kind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(roots)
}
