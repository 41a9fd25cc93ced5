//! `changed-blocks`.

use mooring_volume::blocks::{BlockRange, Blocks, ChangedBlocks};
use mooring_volume::id::SnapshotId;
use mooring_volume::{Call, Result};

use super::{Driver, Guest, convert};

impl ChangedBlocks for Driver {
    async fn allocated(
        &self,
        call: &Call,
        snapshot: SnapshotId,
        range: BlockRange,
    ) -> Result<Blocks> {
        let blocks = self.exported(&self.exports.changed_blocks, "changed-blocks")?;
        let BlockRange { offset, limit, mut secrets } = range;
        let asked = self.asked(call, "changed-blocks.allocated", &mut secrets);
        let secrets = convert::exposed(&secrets);
        let body = guest!(blocks, call_allocated(snapshot.as_str(), offset, limit, &secrets));
        self.call(asked, body, |answer| convert::blocks(answer, offset, limit)).await
    }

    async fn delta(
        &self,
        call: &Call,
        base: SnapshotId,
        target: SnapshotId,
        range: BlockRange,
    ) -> Result<Blocks> {
        let blocks = self.exported(&self.exports.changed_blocks, "changed-blocks")?;
        let BlockRange { offset, limit, mut secrets } = range;
        let asked = self.asked(call, "changed-blocks.delta", &mut secrets);
        let secrets = convert::exposed(&secrets);
        let body =
            guest!(blocks, call_delta(base.as_str(), target.as_str(), offset, limit, &secrets));
        self.call(asked, body, |answer| convert::blocks(answer, offset, limit)).await
    }
}
