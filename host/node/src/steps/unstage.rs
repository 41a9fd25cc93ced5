//! Unstaging: takes the volume off the node. Asks no backend and reads no volume.

use std::path::Path;

use mooring_volume::{Error, Result};

use super::Step;
use crate::os::{LoopDevice, MountEntry, SilentLoop};
use crate::record::{Progress, Record, Source, Stored};
use crate::seen::Seen;

/// The steps from `seen` to a node without the volume. What is not staged there is OK.
///
/// # Errors
/// `FailedPrecondition` while the volume is published, or covered by a foreign mount.
pub(crate) fn unstage(seen: &Seen, path: &Path) -> Result<Vec<Step>> {
    if seen.staging().is_some_and(|staging| staging.path != path) {
        // Staged elsewhere: at this path it is unstaged already.
        return Ok(Vec::new());
    }
    let stack = seen.stack(path);
    if let Some(foreign) = stack.foreign_above_own(&seen.own) {
        return Err(Error::precondition(format!(
            "staging_target_path {} has a mount on it ({}) that is not this volume's; it is left \
             alone: unmount it first",
            path.display(),
            foreign.fs_type
        )));
    }
    let elsewhere = seen.own_elsewhere(path);
    if !elsewhere.is_empty() && belongs_here(seen, path) {
        return Err(published(seen, &elsewhere));
    }
    if !elsewhere.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(target) = seen.direct.own.keys().next() {
        return Err(Error::precondition(format!(
            "volume {} is still published to a sandbox at {}; unpublish it there first",
            seen.volume,
            target.display()
        )));
    }
    let mut steps: Vec<Step> =
        stack.own_on_top(&seen.own).iter().map(|e| Step::Unmount(e.reference())).collect();
    if seen.direct.aside {
        steps.push(Step::RemoveDirect(None));
    }
    // Limits go first: once it is detached, the number may be another's.
    let given_back =
        |device: &LoopDevice| [Step::UnlimitDevice(device.device), Step::Detach(device.clone())];
    steps.extend(seen.loops.iter().flat_map(given_back));
    let taken_back =
        |one: &SilentLoop| [Step::UnlimitDevice(one.device), Step::DetachSilent(one.clone())];
    steps.extend(seen.silent.iter().flat_map(taken_back));
    steps.extend(left_as_found(seen));
    steps.extend(forget(seen));
    Ok(steps)
}

/// The steps that take a staging down whose device was taken away meanwhile, and has no consumer any
/// more; none where there is no such. An orchestrator that forgot the staging never has it undone,
/// and the device may come back with another number.
pub(crate) fn take_lost(seen: &Seen, path: &Path) -> Option<Vec<Step>> {
    let staging = seen.staging().filter(|staging| staging.path == path)?;
    match staging.source {
        Source::Device(_) if seen.disk.is_none() => unstage(seen, path).ok(),
        Source::Device(_)
        | Source::Image { .. }
        | Source::Directory { .. }
        | Source::Direct { .. } => None,
    }
}

/// A device of the node's own stays, and is left as others' are: without limits, and taking writes
/// unless it refuses them by itself. One that is gone has nothing to be taken back from.
fn left_as_found(seen: &Seen) -> Vec<Step> {
    let recorded = seen.staging().map(|staging| &staging.source);
    let (Some(Source::Device(recorded)), Some(disk)) = (recorded, &seen.disk) else {
        return Vec::new();
    };
    let device = disk.device;
    let protected = recorded.protected && disk.readonly;
    let writable = protected.then_some(Step::SetDeviceReadonly { device, readonly: false });
    [Step::UnlimitDevice(device)].into_iter().chain(writable).collect()
}

/// Whether the volume is known, or seen, to be staged at this path.
fn belongs_here(seen: &Seen, path: &Path) -> bool {
    seen.staging().is_some()
        || seen.stack(path).has_own(&seen.own)
        || !seen.loops.is_empty()
        || !seen.silent.is_empty()
}

fn published(seen: &Seen, mounts: &[&MountEntry]) -> Error {
    let points: Vec<String> = mounts.iter().map(|e| e.point.display().to_string()).collect();
    Error::precondition(format!(
        "volume {} is still mounted at {}; unpublish it there first",
        seen.volume,
        points.join(", ")
    ))
}

/// The record goes last. What it knows of an mkfs that was cut off stays: without it the next
/// stage would find remains that it may not touch.
pub(super) fn forget(seen: &Seen) -> Option<Step> {
    match &seen.stored {
        Stored::Absent => None,
        Stored::Unreadable(_) => Some(Step::RemoveRecord),
        Stored::Whole(record) => {
            let cut_off = |record: &Record| {
                record.format.as_ref().is_some_and(|f| f.progress == Progress::Formatting)
            };
            if !cut_off(record) {
                Some(Step::RemoveRecord)
            } else if record.staging.is_some() {
                let mut rest = Record::clone(record);
                rest.staging = None;
                Some(Step::WriteRecord(Box::new(rest)))
            } else {
                None
            }
        }
    }
}

/// Whether all that is known of the volume is a staging of an earlier boot, without places: nothing of
/// worth once there is no such volume any more.
pub(crate) fn is_former(seen: &Seen) -> bool {
    match &seen.stored {
        Stored::Absent | Stored::Unreadable(_) => false,
        Stored::Whole(record) => {
            let staging = record.staging.as_ref();
            record.boot != seen.boot && staging.is_some_and(|staging| staging.targets.is_empty())
        }
    }
}

/// Whether nothing of the volume is on the node: no mount of it anywhere, no device, no record of
/// a staging, be it of an earlier boot: who takes the volume for not staged never has it removed.
/// One that tells of places of that boot is left to NodeUnpublish, which takes them away; and one that
/// tells how far formatting was stays, as it forbids to format again what it was lost from.
pub(crate) fn clean(seen: &Seen) -> bool {
    let forgotten = match &seen.stored {
        Stored::Absent => true,
        Stored::Unreadable(_) => false,
        Stored::Whole(record) => record.staging.as_ref().is_none_or(|staging| {
            record.boot != seen.boot && (!staging.targets.is_empty() || record.format.is_some())
        }),
    };
    forgotten
        && seen.loops.is_empty()
        && seen.silent.is_empty()
        && seen.direct.is_clean()
        && !seen.mounts.iter().any(|entry| seen.own.owns(entry))
}
