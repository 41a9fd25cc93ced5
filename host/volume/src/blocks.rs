//! Which bytes of a snapshot hold data, or differ from those of another one.

use std::future::Future;

use crate::Call;
use crate::error::Result;
use crate::id::SnapshotId;
use crate::secret::Secrets;

/// How the blocks of an answer are cut. It is the same on every page of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// All have one size, and start at multiples of it.
    Fixed,
    /// Each has its own size.
    Variable,
}

/// A run of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Where it starts.
    pub offset: u64,
    /// Its length; never 0.
    pub size: u64,
}

/// A page of blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocks {
    /// How they are cut.
    pub kind: BlockKind,
    /// Bytes of the volume at the time of the (target) snapshot.
    pub volume_capacity: u64,
    /// Ascending, without overlap. An empty page is the end, a short one is not.
    pub blocks: Vec<Block>,
}

/// What a page of blocks is asked of.
#[derive(Debug, Clone)]
pub struct BlockRange {
    /// Blocks that end at or before this byte are left out.
    pub offset: u64,
    /// At most so many; at least 1.
    pub limit: u32,
    /// Of this call.
    pub secrets: Secrets,
}

/// `changed-blocks`.
pub trait ChangedBlocks: Send + Sync + 'static {
    /// Blocks with data.
    fn allocated(
        &self,
        call: &Call,
        snapshot: SnapshotId,
        range: BlockRange,
    ) -> impl Future<Output = Result<Blocks>> + Send;
    /// Blocks of `target` that may differ from `base`; none that does is left out.
    fn delta(
        &self,
        call: &Call,
        base: SnapshotId,
        target: SnapshotId,
        range: BlockRange,
    ) -> impl Future<Output = Result<Blocks>> + Send;
}
