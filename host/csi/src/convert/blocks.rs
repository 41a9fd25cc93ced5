//! Blocks of snapshots: what is asked for, and each page of the answer held against it.

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::BlockMetadataType;
use mooring_volume::blocks::{Block, BlockKind, BlockRange, Blocks};
use mooring_volume::id::SnapshotId;
use mooring_volume::{Error, Result};

use super::map;

/// Blocks a message where the caller does not say.
const USUAL: u32 = 4096;
/// Blocks a message at most, whatever the caller says: 1.5 MiB of the 4 MiB that a message may have.
const MOST: u32 = 1 << 16;

/// Which blocks are asked for.
#[derive(Debug, Clone)]
pub(crate) enum Question {
    /// Those with data.
    Allocated(SnapshotId),
    /// Those of the second that may differ from the first.
    Delta(SnapshotId, SnapshotId),
}

/// A request for blocks with data.
pub(crate) fn allocated(
    request: pb::GetMetadataAllocatedRequest,
) -> Result<(Question, BlockRange)> {
    let pb::GetMetadataAllocatedRequest { snapshot_id, starting_offset, max_results, secrets } =
        request;
    let id = SnapshotId::new(snapshot_id)?;
    let (offset, limit) = range(starting_offset, max_results)?;
    Ok((Question::Allocated(id), BlockRange { offset, limit, secrets: map::secrets(secrets)? }))
}

/// A request for blocks that differ.
pub(crate) fn delta(request: pb::GetMetadataDeltaRequest) -> Result<(Question, BlockRange)> {
    let pb::GetMetadataDeltaRequest {
        base_snapshot_id,
        target_snapshot_id,
        starting_offset,
        max_results,
        secrets,
    } = request;
    let named = |field, id| SnapshotId::new(id).map_err(|error: Error| error.context(field));
    let base = named("base_snapshot_id", base_snapshot_id)?;
    let target = named("target_snapshot_id", target_snapshot_id)?;
    let (offset, limit) = range(starting_offset, max_results)?;
    Ok((
        Question::Delta(base, target),
        BlockRange { offset, limit, secrets: map::secrets(secrets)? },
    ))
}

fn range(starting_offset: i64, max_results: i32) -> Result<(u64, u32)> {
    let offset = u64::try_from(starting_offset).map_err(|_| {
        // Source: CSI, GetMetadataAllocated Errors: OUT_OF_RANGE, negative or past the end.
        Error::out_of_range(format!(
            "starting_offset is {starting_offset}; it must not be negative; 0 is the start"
        ))
    })?;
    let limit = u32::try_from(max_results).map_err(|_| {
        Error::invalid(format!(
            "max_results is {max_results}; it must not be negative; 0 lets the driver choose"
        ))
    })?;
    Ok((offset, if limit == 0 { USUAL } else { limit.min(MOST) }))
}

/// What is the same in every message of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    kind: BlockKind,
    capacity: u64,
}

/// A message of a stream, of either RPC.
#[derive(Debug)]
pub(crate) struct Piece {
    kind: BlockMetadataType,
    capacity: i64,
    blocks: Vec<pb::BlockMetadata>,
}

/// Where a stream has come to: what the next page must fit to.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    shape: Option<Shape>,
    /// The size of every block where they are of one size.
    size: Option<u64>,
    /// Where the last block ended.
    end: u64,
}

impl Progress {
    /// The message of a page that was asked for by `range`, which moves on behind it. None at the end; the
    /// first message comes even without blocks, since it says the volume's capacity.
    ///
    /// # Errors
    /// `Internal` where the page does not fit: a backup made from it would lack blocks, and nobody would know.
    pub(crate) fn piece(&mut self, page: Blocks, range: &mut BlockRange) -> Result<Option<Piece>> {
        let Blocks { kind, volume_capacity, blocks } = page;
        if u32::try_from(blocks.len()).map_or(true, |count| count > range.limit) {
            return Err(fault(format!(
                "{} blocks where at most {} were asked for",
                blocks.len(),
                range.limit
            )));
        }
        let shape = Shape { kind, capacity: volume_capacity };
        let first = self.shape.is_none();
        if *self.shape.get_or_insert(shape) != shape {
            return Err(fault("another kind of blocks or capacity than before".into()));
        }
        if blocks.is_empty() && !first {
            return Ok(None);
        }
        let blocks = blocks.iter().map(|block| self.block(shape, range.offset, *block));
        let blocks = blocks.collect::<Result<_>>()?;
        range.offset = range.offset.max(self.end);
        let capacity = signed(volume_capacity)?;
        let kind = match kind {
            BlockKind::Fixed => BlockMetadataType::FixedLength,
            BlockKind::Variable => BlockMetadataType::VariableLength,
        };
        Ok(Some(Piece { kind, capacity, blocks }))
    }

    /// Whether the last block reached the end of the volume, so that no page can follow.
    pub(crate) fn complete(&self) -> bool {
        self.shape.is_some_and(|shape| self.end >= shape.capacity)
    }

    fn block(&mut self, shape: Shape, from: u64, block: Block) -> Result<pb::BlockMetadata> {
        let Block { offset, size } = block;
        let end = offset.checked_add(size).filter(|_| size > 0);
        let end = end.ok_or_else(|| fault(format!("a block of {size} bytes at {offset}")))?;
        if offset < self.end || end <= from {
            return Err(fault(format!(
                "a block from {offset} to {end}, behind the {} where the stream is",
                self.end.max(from)
            )));
        }
        if offset >= shape.capacity {
            return Err(fault(format!(
                "a block at {offset}, beyond the volume's {} bytes",
                shape.capacity
            )));
        }
        if shape.kind == BlockKind::Fixed
            && (*self.size.get_or_insert(size) != size || !offset.is_multiple_of(size))
        {
            return Err(fault(format!(
                "a block of {size} bytes at {offset} among blocks of one fixed size"
            )));
        }
        self.end = end;
        Ok(pb::BlockMetadata { byte_offset: signed(offset)?, size_bytes: signed(size)? })
    }
}

fn signed(bytes: u64) -> Result<i64> {
    i64::try_from(bytes).map_err(|_| fault(format!("{bytes}, which is beyond 8 EiB")))
}

fn fault(what: String) -> Error {
    Error::internal(format!("the backend answered {what}; this is a fault of the backend"))
}

impl From<Piece> for pb::GetMetadataAllocatedResponse {
    fn from(Piece { kind, capacity, blocks }: Piece) -> Self {
        Self {
            block_metadata_type: kind.into(),
            volume_capacity_bytes: capacity,
            block_metadata: blocks,
        }
    }
}

impl From<Piece> for pb::GetMetadataDeltaResponse {
    fn from(Piece { kind, capacity, blocks }: Piece) -> Self {
        Self {
            block_metadata_type: kind.into(),
            volume_capacity_bytes: capacity,
            block_metadata: blocks,
        }
    }
}
