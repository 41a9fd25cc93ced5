//! Loop devices that do not say what they are bound to, as their storage hangs or is gone: whose they are.
//!
//! Their labels cannot be read. What is left is the path of the file behind a device, which the kernel
//! knows without asking storage, the records, and the mount table.

use std::path::{Path, PathBuf};

use mooring_volume::pool::ItemKind;
use mooring_volume::{Error, Result};

use crate::observe::Scope;
use crate::os::{Machine, MountEntry, SilentLoop};
use crate::record::{self, Record, RecordedImage, Stored};

/// Chooses, of the devices that do not answer, those that are a volume's: from its record, the boot, and
/// the mount table.
pub(crate) type Own<M> = fn(
    &M,
    &Scope<'_>,
    (&Stored, &str),
    (Vec<SilentLoop>, &[MountEntry]),
) -> Result<Vec<SilentLoop>>;

/// Those that are the volume's by its record of this boot: bound to the very file of the record, or
/// mounted where the record says that the volume is. None without a record.
///
/// # Errors
/// `Unavailable` where one may be the volume's, and neither says so: a pool that was mounted anew, as
/// for a container that was started again, shows other paths.
pub(crate) fn recorded<M: Machine>(
    os: &M,
    _: &Scope<'_>,
    (stored, boot): (&Stored, &str),
    (silent, mounts): (Vec<SilentLoop>, &[MountEntry]),
) -> Result<Vec<SilentLoop>> {
    let Stored::Whole(record) = stored else { return Ok(Vec::new()) };
    let Some(image) = image(record).filter(|_| record.boot == boot) else { return Ok(Vec::new()) };
    let (own, others): (Vec<_>, Vec<_>) = silent
        .into_iter()
        .filter(|one| one.file.ends_with(image.below))
        .partition(|one| is_mounted(record, mounts, one) || is_file(os, image, &one.file));
    match others.first() {
        Some(one) if own.is_empty() => Err(hangs(one)),
        Some(_) | None => Ok(own),
    }
}

/// As [`recorded`], where the volume may have a device without a record.
///
/// # Errors
/// Also where an image of the driver, which no record names, is behind one, and the volume's record is
/// lost; what reading the records answers.
pub(crate) fn any<M: Machine>(
    os: &M,
    scope: &Scope<'_>,
    (stored, boot): (&Stored, &str),
    (silent, mounts): (Vec<SilentLoop>, &[MountEntry]),
) -> Result<Vec<SilentLoop>> {
    match stored {
        Stored::Whole(_) => return recorded(os, scope, (stored, boot), (silent, mounts)),
        // The common case, in which nothing more is looked at.
        Stored::Absent | Stored::Unreadable(_) if silent.is_empty() => return Ok(silent),
        Stored::Absent | Stored::Unreadable(_) => {}
    }
    let folder: PathBuf = [scope.driver.as_str(), ItemKind::Image.folder()].iter().collect();
    let recorded = images(os, scope)?;
    let may_be_own = |one: &&SilentLoop| {
        one.file.parent().is_some_and(|parent| parent.ends_with(&folder))
            && !recorded.iter().any(|below| one.file.ends_with(below))
    };
    silent.iter().find(may_be_own).map_or(Ok(Vec::new()), |one| Err(hangs(one)))
}

/// Why nothing can be said of a volume.
pub(crate) fn hangs(one: &SilentLoop) -> Error {
    Error::unavailable(format!(
        "/dev/loop{} does not answer: the storage of {} hangs or is gone, so nothing is known of the volume",
        one.number,
        one.file.display()
    ))
}

fn image(record: &Record) -> Option<RecordedImage<'_>> {
    record.staging.as_ref()?.source.image()
}

/// Whether a path in the kernel's words is the recorded image's. Only where the operator wrote the pool's
/// path with links in it the pool is looked at, which may hang as the volume does.
fn is_file<M: Machine>(os: &M, image: RecordedImage<'_>, file: &Path) -> bool {
    let is = |root: &Path| root.join(image.below) == file;
    is(image.root) || os.real_root(image.root).is_ok_and(|real| is(&real))
}

/// Whether the device is mounted where the record says that the volume is.
fn is_mounted(record: &Record, mounts: &[MountEntry], one: &SilentLoop) -> bool {
    let Some(staging) = &record.staging else { return false };
    let mut places = staging.targets.keys().chain([&staging.path]);
    let shown = |place: &PathBuf| {
        mounts.iter().any(|entry| entry.is_at(place) && entry.block == Some(one.device))
    };
    places.any(shown)
}

/// The images that records of the driver name.
fn images<M: Machine>(os: &M, scope: &Scope<'_>) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in os.list_records(&record::directory(scope.state_dir, scope.driver))? {
        let record = os.read_record(&path)?.and_then(|bytes| Record::decode(&bytes).ok());
        found.extend(record.as_ref().and_then(image).map(|image| image.below.to_owned()));
    }
    Ok(found)
}
