//! The XFS superblock: the device's first sector, big-endian.

use super::super::field::{be16, be32, be64, crc32c_around, le32, u8_at, uuid_at};
use super::{FileSystem, Kind, State};

const MAGIC: u32 = 0x5846_5342;
const VERSION_MASK: u16 = 0xf;
const VERSION_5: u16 = 5;
const CRC: usize = 224;

/// `head` starts at the device's first byte. None: no such superblock.
pub(super) fn parse(head: &[u8]) -> Option<FileSystem> {
    if be32(head, 0)? != MAGIC {
        return None;
    }
    let (block_size, blocks) = (be32(head, 4)?, be64(head, 8)?);
    let size = blocks.checked_mul(u64::from(block_size)).filter(|size| *size > 0);
    let sector = usize::from(be16(head, 102)?);
    let version = be16(head, 100)? & VERSION_MASK;
    // The checksum is kept little-endian, unlike all the rest.
    let sound = version < VERSION_5
        || head
            .get(..sector)
            .and_then(|bytes| crc32c_around(bytes, CRC))
            .is_some_and(|crc| Some(crc) == le32(head, CRC));
    let state = match u8_at(head, 126)? {
        _ if !sound || size.is_none() => State::Damaged,
        0 => State::Finished,
        _ => State::Unfinished,
    };
    Some(FileSystem {
        kind: Kind::Xfs,
        uuid: uuid_at(head, 32)?,
        size: size.unwrap_or(0),
        block_size,
        state,
    })
}
