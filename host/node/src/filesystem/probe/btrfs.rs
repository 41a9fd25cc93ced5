//! The btrfs superblock: 4 KiB at byte 65536, little-endian.

use super::super::field::{le16, le32, le64, uuid_at};
use super::{FileSystem, Kind, State};

/// Where the first superblock is.
pub(super) const OFFSET: u64 = 64 * 1024;

const LENGTH: usize = 4096;
const MAGIC: u64 = u64::from_le_bytes(*b"_BHRfS_M");
/// What mkfs.btrfs writes until it has finished (`BTRFS_MAGIC_TEMPORARY`).
const MAGIC_TEMPORARY: u64 = u64::from_le_bytes(*b"!BHRfS_M");
const CHECKSUM_CRC32C: u16 = 0;
const CHECKSUM_LENGTH: usize = 32;
/// `dev_item`, and `total_bytes` within it.
const DEVICE_SIZE: usize = 0xc9 + 8;

/// `bytes` start at [`OFFSET`]. None: no such superblock.
pub(super) fn parse(bytes: &[u8]) -> Option<FileSystem> {
    let sb = bytes.get(..LENGTH)?;
    let magic = le64(sb, 0x40)?;
    if magic != MAGIC && magic != MAGIC_TEMPORARY {
        return None;
    }
    // Other checksums are told apart by the mount itself; this host makes crc32c ones.
    let sound = le16(sb, 0xc4)? != CHECKSUM_CRC32C
        || Some(crc32c::crc32c(sb.get(CHECKSUM_LENGTH..)?)) == le32(sb, 0);
    let size = le64(sb, DEVICE_SIZE)?;
    let state = if magic == MAGIC_TEMPORARY {
        State::Unfinished
    } else if !sound || size == 0 {
        State::Damaged
    } else {
        State::Finished
    };
    Some(FileSystem {
        kind: Kind::Btrfs,
        uuid: uuid_at(sb, 0x20)?,
        size,
        block_size: le32(sb, 0x90)?,
        state,
    })
}
