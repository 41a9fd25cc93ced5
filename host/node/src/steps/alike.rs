//! Whether a volume is staged already, and whether that is in the way that is asked for.

use mooring_volume::{Error, Result};

use super::{AccessWish, StageWish};
use crate::record::{Access, DirectSource, Source, Staging};
use crate::seen::{Seen, SourceSeen};

/// Whether the volume was staged here, wholly, when it was looked at.
pub(crate) fn complete(seen: &Seen) -> bool {
    seen.staging().is_some_and(|staging| match staging.access {
        Access::Block => is_attached(seen, &staging.source),
        Access::Mount { .. } if matches!(staging.source, Source::Direct { .. }) => {
            is_attached(seen, &staging.source)
        }
        Access::Mount { .. } => {
            seen.stack(&staging.path).top().is_some_and(|top| seen.own.owns(top))
        }
    })
}

fn is_attached(seen: &Seen, source: &Source) -> bool {
    match source {
        Source::Image { .. } | Source::Direct { device: DirectSource::Image { .. }, .. } => {
            !seen.loops.is_empty()
        }
        Source::Device(_) => seen.disk.is_some(),
        Source::Directory { .. } | Source::Direct { device: DirectSource::Linked { .. }, .. } => {
            true
        }
    }
}

fn otherwise(seen: &Seen, staging: &Staging, what: &str) -> Error {
    Error::already_exists(format!(
        "volume {} is staged at {} with another {what}; unstage it first",
        seen.volume,
        staging.path.display()
    ))
}

/// Whether the volume, if it is staged, is staged as asked: that can be told before its image is
/// looked at.
///
/// # Errors
/// `AlreadyExists`, saying what differs.
pub(crate) fn staged_alike(seen: &Seen, wish: &StageWish) -> Result<()> {
    let Some(staging) = seen.staging() else { return Ok(()) };
    let differs = if staging.path != wish.path {
        Some("staging_target_path")
    } else if staging.mode != wish.mode {
        Some("access mode")
    } else {
        other_access(&staging.access, &wish.access)
    };
    differs.map_or(Ok(()), |what| Err(otherwise(seen, staging, what)))
}

fn other_access(staged: &Access, wanted: &AccessWish) -> Option<&'static str> {
    let (fs_type, flags, staged_options, asked, options) = match (staged, wanted) {
        (Access::Block, AccessWish::Block) => return None,
        (
            Access::Mount { fs_type, flags, options: staged, .. },
            AccessWish::Mount { fs_type: asked, options, .. },
        ) => (fs_type, flags, staged, asked, options),
        (Access::Block | Access::Mount { .. }, _) => return Some("access type"),
    };
    if fs_type.is_some() && asked.is_some() && fs_type != asked {
        Some("fs_type")
    } else if *flags != options.flags || *staged_options != options.filesystem {
        Some("set of mount flags")
    } else {
        None
    }
}

/// A staged volume must still be made of the same image, directory or device.
pub(super) fn check_source(seen: &Seen, source: &SourceSeen) -> Result<()> {
    let Some(staging) = seen.staging() else { return Ok(()) };
    let same = match (&staging.source, source) {
        (Source::Image { backing, .. }, SourceSeen::Image(image)) => *backing == image.backing,
        (Source::Directory { origin, .. }, SourceSeen::Directory { origin: now, .. }) => {
            origin == now
        }
        (Source::Direct { device, .. }, SourceSeen::Direct(direct)) => *device == direct.device,
        (Source::Device(recorded), SourceSeen::Device(now)) => {
            (recorded.number, recorded.sequence) == (now.disk.device, now.disk.sequence)
        }
        (
            Source::Image { .. }
            | Source::Directory { .. }
            | Source::Device(_)
            | Source::Direct { .. },
            _,
        ) => false,
    };
    if same {
        Ok(())
    } else {
        Err(otherwise(seen, staging, "image, directory or device behind it"))
    }
}
