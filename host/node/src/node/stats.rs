//! NodeGetVolumeStats.

use std::path::Path;

use mooring_volume::node::{GetStats, Stats, Usage};
use mooring_volume::{Error, Result, VolumeId};

use super::Inner;
use crate::os::{Machine, Measure};
use crate::record::{Access, Source, Staging};
use crate::seen::Seen;

impl<M: Machine> Inner<M> {
    /// Reads the mounted file system's own counters; may wait for its storage.
    pub(super) fn stats(&self, request: &GetStats) -> Result<Stats> {
        let path = self.known_as(&request.volume_path)?;
        let seen = self.seen(&self.actual(&request.volume_id)?)?;
        let staging = on_node(&seen, &request.volume_id, &path)?;
        if let Source::Direct { device, .. } = &staging.source {
            return self.sandbox_stats(&seen, device, &path);
        }
        match staging.access {
            Access::Block => {
                let device = seen.device().ok_or_else(|| absent(&request.volume_id, &path))?;
                let total = self.os.device_size(device)?;
                let bytes = Usage { total, available: None, used: None };
                Ok(Stats { bytes, inodes: None })
            }
            Access::Mount { .. } => {
                let top = seen.stack(&path).top().filter(|top| seen.own.owns(top));
                let mount = top.ok_or_else(|| absent(&request.volume_id, &path))?.reference();
                let usage = self.os.usage(&mount)?;
                Ok(Stats { bytes: filled(usage.bytes), inodes: Some(filled(usage.inodes)) })
            }
        }
    }
}

fn filled(Measure { total, available, used }: Measure) -> Usage {
    Usage { total, available: Some(available), used: Some(used) }
}

pub(super) fn absent(volume: &VolumeId, path: &Path) -> Error {
    Error::not_found(format!(
        "volume {volume} is not at volume_path {} on this node",
        path.display()
    ))
}

/// The volume's staging, when `path` is where it is staged or published.
///
/// # Errors
/// `NotFound`.
pub(super) fn on_node<'a>(seen: &'a Seen, volume: &VolumeId, path: &Path) -> Result<&'a Staging> {
    let staging = seen.staging().ok_or_else(|| absent(volume, path))?;
    let direct = matches!(staging.source, Source::Direct { .. });
    let unmounted = (direct || staging.access == Access::Block) && staging.path == path;
    if unmounted
        || seen.direct.own.contains_key(path)
        || seen.stack(path).top().is_some_and(|top| seen.own.owns(top))
    {
        Ok(staging)
    } else {
        Err(absent(volume, path))
    }
}
