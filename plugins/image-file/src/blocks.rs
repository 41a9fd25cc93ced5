//! Which blocks of snapshots hold data or differ, as the pool tells it.

use alloc::format;
use alloc::vec::Vec;

use mooring_sdk::changed_blocks::{Block, Blocks, ChangedBlocks, Kind, Window};
use mooring_sdk::pool::Extent;
use mooring_sdk::{Error, Result, Secrets, Services};

use crate::ImageFile;
use crate::record::Snapshot;
use crate::snapshots;

impl<H: Services> ChangedBlocks for ImageFile<H> {
    fn allocated(&self, snapshot_id: &str, window: Window, _secrets: &Secrets) -> Result<Blocks> {
        let snapshot = snapshots::ready(&self.0, snapshot_id)?;
        check_offset(snapshot_id, &snapshot, window)?;
        let extents = self
            .0
            .allocated_extents(&snapshot.pool, snapshot_id, window.offset, window.limit)
            .map_err(|error| Error::from(error).context(format_args!("snapshot {snapshot_id}")))?;
        Ok(told(&snapshot, &extents))
    }

    fn delta(
        &self,
        base_id: &str,
        target_id: &str,
        window: Window,
        _secrets: &Secrets,
    ) -> Result<Blocks> {
        let base = snapshots::ready(&self.0, base_id)?;
        let target = snapshots::ready(&self.0, target_id)?;
        if base.source != target.source || base.pool != target.pool {
            return Err(Error::invalid_argument(format!(
                "snapshot {base_id} is of volume {} and {target_id} of volume {}; only snapshots \
                 of one volume can be compared",
                base.source, target.source
            )));
        }
        check_offset(target_id, &target, window)?;
        let extents = self
            .0
            .changed_extents(&target.pool, base_id, target_id, window.offset, window.limit)
            .map_err(|error| {
                Error::from(error).context(format_args!("snapshots {base_id} and {target_id}"))
            })?;
        Ok(told(&target, &extents))
    }
}

/// The end itself can be asked for: a page whose last block reaches it is followed by an empty one.
fn check_offset(id: &str, snapshot: &Snapshot, window: Window) -> Result<()> {
    match window.offset <= snapshot.size {
        true => Ok(()),
        false => Err(Error::out_of_range(format!(
            "snapshot {id} has {} bytes and blocks from {} on are asked for",
            snapshot.size, window.offset
        ))),
    }
}

fn told(snapshot: &Snapshot, extents: &[Extent]) -> Blocks {
    // The image may be larger than the capacity that was told: an expansion of the volume died.
    let within = |extent: &Extent| {
        let size = snapshot.size.checked_sub(extent.offset)?.min(extent.length);
        (size > 0).then_some(Block { offset: extent.offset, size })
    };
    let blocks: Vec<_> = extents.iter().filter_map(within).collect();
    Blocks { kind: Kind::VariableLength, volume_capacity: snapshot.size, blocks }
}
