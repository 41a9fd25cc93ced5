//! NodeUnstageVolume and NodeUnpublishVolume: by the record and the kernel's tables alone.

use std::path::Path;

use mooring_volume::{Result, VolumeId};

use super::Inner;
use crate::os::Machine;
use crate::steps;

impl<M: Machine> Inner<M> {
    pub(super) fn unstage(&self, volume: &VolumeId, staging_path: &Path) -> Result<()> {
        let path = self.known_as(staging_path)?;
        let seen = self.seen_leaving(volume)?;
        self.run(&seen, &steps::unstage(&seen, &path)?)
    }

    pub(super) fn unpublish(&self, volume: &VolumeId, target_path: &Path) -> Result<()> {
        let target = self.known_as(target_path)?;
        let seen = self.seen_leaving(volume)?;
        self.run(&seen, &steps::unpublish(&seen, &target)?)
    }
}
