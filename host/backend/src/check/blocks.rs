//! Whether a page of blocks can be. A backup trusts it: what it does not name is not read.

use mooring_volume::blocks::{Block, BlockKind, Blocks};

use super::{Checked, Malformed, bytes, ensure};

/// Checks a page against what it was asked of: at most `limit` blocks, none of which ends at or
/// before `offset`.
pub(crate) fn blocks(blocks: &Blocks, offset: u64, limit: u32) -> Checked<()> {
    let Blocks { kind, volume_capacity, blocks } = blocks;
    bytes("volume-capacity", *volume_capacity)?;
    ensure(u32::try_from(blocks.len()).is_ok_and(|count| count <= limit), || {
        format!("{} blocks in a page; at most {limit} were asked for", blocks.len())
    })?;
    let mut before = None;
    for block in blocks {
        let end = end(block, *volume_capacity)?;
        ensure(end > offset, || {
            format!("{}, where those after byte {offset} were asked for", name(block))
        })?;
        ensure(before.is_none_or(|before| block.offset >= before), || {
            format!("{}, which starts before the end of the one before it", name(block))
        })?;
        before = Some(end);
    }
    match (kind, blocks.first()) {
        (BlockKind::Variable, _) | (BlockKind::Fixed, None) => Ok(()),
        (BlockKind::Fixed, Some(first)) => fixed(blocks, first.size),
    }
}

/// Where a block ends.
fn end(block: &Block, capacity: u64) -> Checked<u64> {
    ensure(block.size > 0, || format!("{}, which is empty", name(block)))?;
    let end = block.offset.checked_add(block.size).filter(|end| *end <= capacity);
    end.ok_or_else(|| {
        Malformed(format!("{}, which ends past the volume's {capacity} bytes", name(block)))
    })
}

/// All have `size`, which is not 0, and start at multiples of it.
fn fixed(blocks: &[Block], size: u64) -> Checked<()> {
    let unfit = |block: &&Block| block.size != size || !block.offset.is_multiple_of(size);
    blocks.iter().find(unfit).map_or(Ok(()), |block| {
        Err(Malformed(format!("{} among blocks of the fixed length {size}", name(block))))
    })
}

fn name(block: &Block) -> String {
    format!("a block of {} bytes at {}", block.size, block.offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(kind: BlockKind, runs: &[(u64, u64)]) -> Blocks {
        let blocks = runs.iter().map(|&(offset, size)| Block { offset, size }).collect();
        Blocks { kind, volume_capacity: 1 << 20, blocks }
    }

    #[test]
    fn good_pages_pass() {
        for good in [
            page(BlockKind::Variable, &[]),
            page(BlockKind::Fixed, &[]),
            page(BlockKind::Variable, &[(0, 1), (1, 7), ((1 << 20) - 1, 1)]),
            page(BlockKind::Fixed, &[(4096, 4096), (8192, 4096), ((1 << 20) - 4096, 4096)]),
        ] {
            assert_eq!(blocks(&good, 0, 3), Ok(()), "{good:?}");
        }
        // The first may start before the offset, as long as it ends after it.
        assert_eq!(blocks(&page(BlockKind::Fixed, &[(0, 4096)]), 4095, 1), Ok(()));
    }

    #[test]
    fn pages_that_cannot_be_are_named() {
        for (runs, says) in [
            (&[(0, 0)][..], "empty"),
            (&[(0, (1 << 20) + 1)], "past the volume's"),
            (&[(u64::MAX, 2)], "past the volume's"),
            (&[(8, 8), (0, 8)], "starts before"),
            (&[(0, 8), (7, 8)], "starts before"),
            (&[(0, 1), (1, 1), (2, 1), (3, 1)], "at most 3"),
        ] {
            let Malformed(what) = blocks(&page(BlockKind::Variable, runs), 0, 3).unwrap_err();
            assert!(what.contains(says), "{runs:?}: {what}");
        }
        let bad = Blocks { volume_capacity: u64::MAX, ..page(BlockKind::Variable, &[]) };
        assert!(blocks(&bad, 0, 3).is_err());
    }

    #[test]
    fn blocks_before_the_offset_were_not_asked_for() {
        let Malformed(what) = blocks(&page(BlockKind::Fixed, &[(0, 4096)]), 4096, 1).unwrap_err();
        assert!(what.contains("after byte 4096"), "{what}");
    }

    #[test]
    fn fixed_blocks_have_one_size_and_start_at_multiples_of_it() {
        for runs in [&[(0, 4096), (4096, 2048)][..], &[(512, 4096)], &[(0, 8), (12, 8)]] {
            assert!(blocks(&page(BlockKind::Fixed, runs), 0, 3).is_err(), "{runs:?}");
            assert_eq!(blocks(&page(BlockKind::Variable, runs), 0, 3), Ok(()), "{runs:?}");
        }
    }
}
