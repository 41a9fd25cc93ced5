//! I/O limits: what is missing between those that hold for a volume and those that shall.
//!
//! Invariant: a new device starts without limits, whatever its number had before; it gets its own
//! when it is mounted, so that making a file system is not slowed down.

use std::path::Path;

use mooring_volume::capability::FsType;
use mooring_volume::limits::NodeLimits;
use mooring_volume::{Error, Result};

use super::Step;
use crate::os::IoLimits;
use crate::record::{Access, DirectSource, Source, Staging};
use crate::seen::Seen;

/// Refuses limits that a volume of this kind can't have.
///
/// # Errors
/// `FailedPrecondition`.
pub(super) fn check_directory(limits: &NodeLimits) -> Result<()> {
    if limits.is_empty() {
        return Ok(());
    }
    Err(Error::precondition(
        "the backend wants I/O limits for this volume, which is a directory: it has no device that \
         could be limited",
    ))
}

/// See [`check_directory`]. Blocks of a raw device are handed back when its consumer says so.
///
/// # Errors
/// `FailedPrecondition`.
pub(super) fn check_block(limits: &NodeLimits) -> Result<()> {
    if limits.discard == Some(false) {
        return Err(Error::precondition(
            "the backend wants no blocks of this volume to be handed back (discard: false), and it \
             is a raw device, whose consumer decides that",
        ));
    }
    Ok(())
}

/// See [`check_directory`]. The guest mounts it, and decides about its blocks.
///
/// # Errors
/// `FailedPrecondition`.
pub(super) fn check_direct(device: &DirectSource, limits: &NodeLimits) -> Result<()> {
    match device {
        DirectSource::Linked { .. } if !limits.is_empty() => Err(Error::precondition(
            "the backend wants I/O limits for this volume, whose device the node has by itself: it \
             would keep them when the volume has left; let the storage system limit it",
        )),
        DirectSource::Image { .. } if limits.discard == Some(false) => Err(Error::precondition(
            "the backend wants no blocks of this volume to be handed back (discard: false), and a \
             sandbox mounts it, whose guest decides that",
        )),
        DirectSource::Image { .. } | DirectSource::Linked { .. } => Ok(()),
    }
}

/// For a device that was just attached: takes off what its number had before.
pub(super) fn unlimited() -> Step {
    Step::LimitDevice(IoLimits::default())
}

/// For a device that is in use, where other limits hold than shall. `now` is none where it is not
/// the same everywhere.
pub(super) fn limited(now: Option<IoLimits>, limits: &NodeLimits) -> Option<Step> {
    let wanted = IoLimits::of(limits);
    (now != Some(wanted)).then_some(Step::LimitDevice(wanted))
}

/// For a mounted file system that handles deleted blocks otherwise than it shall.
pub(super) fn discarding(seen: &Seen, mounted: &Path, limits: &NodeLimits) -> Option<Step> {
    let top = seen.stack(mounted).top().filter(|top| seen.own.owns(top))?;
    let discard = limits.discard.filter(|discard| *discard != top.discards)?;
    Some(Step::SetDiscard { target: mounted.to_owned(), discard })
}

/// The mount option by which a file system begins with that.
pub(super) fn mount_option(fs_type: FsType, limits: &NodeLimits) -> Option<&'static str> {
    limits.discard.map(|discard| match (discard, fs_type) {
        (false, _) => "nodiscard",
        (true, FsType::Ext4 | FsType::Xfs) => "discard",
        // In the background: the default where btrfs discards at all.
        (true, FsType::Btrfs) => "discard=async",
    })
}

/// The steps to other limits for a volume that is staged; `now` hold for its device.
///
/// # Errors
/// `FailedPrecondition` for limits that a volume of its kind can't have.
pub(crate) fn relimit(
    seen: &Seen,
    staging: &Staging,
    now: Option<IoLimits>,
    limits: &NodeLimits,
) -> Result<Vec<Step>> {
    match (&staging.source, &staging.access) {
        (Source::Directory { .. }, _) => check_directory(limits).map(|()| Vec::new()),
        (Source::Direct { device, .. }, _) => {
            check_direct(device, limits)?;
            Ok(match device {
                DirectSource::Image { .. } => limited(now, limits).into_iter().collect(),
                DirectSource::Linked { .. } => Vec::new(),
            })
        }
        (Source::Image { .. } | Source::Device(_), Access::Block) => {
            check_block(limits)?;
            Ok(limited(now, limits).into_iter().collect())
        }
        (Source::Image { .. } | Source::Device(_), Access::Mount { .. }) => {
            // What may be refused goes first: then nothing was changed.
            let discard = discarding(seen, &staging.path, limits);
            Ok(discard.into_iter().chain(limited(now, limits)).collect())
        }
    }
}
