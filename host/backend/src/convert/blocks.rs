//! Blocks from the contract's.

use mooring_volume::blocks::{Block, BlockKind, Blocks};

use crate::bindings::exports::mooring::backend::changed_blocks;
use crate::check::{self, Malformed};

/// The answer to a question of at most `limit` blocks that end after `offset`.
pub(crate) fn blocks(
    answer: changed_blocks::Blocks,
    offset: u64,
    limit: u32,
) -> Result<Blocks, Malformed> {
    let changed_blocks::Blocks { kind, volume_capacity, blocks } = answer;
    let blocks = Blocks {
        kind: match kind {
            changed_blocks::Kind::FixedLength => BlockKind::Fixed,
            changed_blocks::Kind::VariableLength => BlockKind::Variable,
        },
        volume_capacity,
        blocks: blocks
            .into_iter()
            .map(|changed_blocks::Block { offset, size }| Block { offset, size })
            .collect(),
    };
    check::blocks(&blocks, offset, limit)?;
    Ok(blocks)
}
