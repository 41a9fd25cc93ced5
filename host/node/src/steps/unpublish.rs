//! Unpublishing: takes the volume's mounts off a target and removes what was made there. Asks no
//! backend and reads no volume.

use std::path::Path;

use mooring_volume::{Error, Result};

use super::Step;
use super::unstage::forget;
use crate::record::{Record, Stored};
use crate::seen::Seen;

/// The steps from `seen` to a target without the volume. What is not published there is OK, and
/// what is not the volume's is left alone.
///
/// # Errors
/// `FailedPrecondition` where a foreign mount covers the volume's, or took its place.
pub(crate) fn unpublish(seen: &Seen, target: &Path) -> Result<Vec<Step>> {
    let known = seen.stored.targets().any(|path| path == target);
    let told = seen.direct.own.contains_key(target);
    let stack = seen.stack(target);
    let own = stack.own_on_top(&seen.own);
    if let Some(foreign) = stack.foreign_above_own(&seen.own) {
        return Err(covered(target, &foreign.fs_type));
    }
    if let (true, true, Some(top)) = (known, own.is_empty(), stack.top()) {
        return Err(covered(target, &top.fs_type));
    }
    let mut steps: Vec<Step> = own.iter().map(|entry| Step::Unmount(entry.reference())).collect();
    if told || seen.direct.aside {
        steps.push(Step::RemoveDirect(told.then(|| target.to_owned())));
    }
    // Never a place that nothing of the volume was ever put on.
    let foreign_below = own.len() < seen.mounts.iter().filter(|entry| entry.is_at(target)).count();
    if (known || told || !own.is_empty()) && !foreign_below {
        steps.push(Step::RemovePlace(target.to_owned()));
    }
    if let (true, Stored::Whole(record)) = (known, &seen.stored) {
        let mut record = Record::clone(record);
        if let Some(staging) = &mut record.staging {
            staging.targets.remove(target);
        }
        // An earlier boot's staging is over once its last place is taken away.
        let over = record.boot != seen.boot
            && record.staging.as_ref().is_some_and(|staging| staging.targets.is_empty());
        let write = || Step::WriteRecord(Box::new(record));
        steps.push(if over { forget(seen).unwrap_or_else(write) } else { write() });
    }
    Ok(steps)
}

fn covered(target: &Path, fs_type: &str) -> Error {
    Error::precondition(format!(
        "target_path {} has a mount on it ({fs_type}) that is not this volume's; it is left alone: \
         unmount it first",
        target.display()
    ))
}
