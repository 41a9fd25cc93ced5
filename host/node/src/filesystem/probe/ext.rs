//! The ext2, ext3 and ext4 superblock: 1 KiB at byte 1024, little-endian.

use super::super::field::{le16, le32, uuid_at};
use super::{FileSystem, Kind, State};

const OFFSET: usize = 1024;
const LENGTH: usize = 1024;
const MAGIC: u16 = 0xef53;

/// The last field, over all before it; kept without the customary final inversion.
const CHECKSUM: usize = 0x3fc;

const STATE_CLEANLY_UNMOUNTED: u16 = 1;
const COMPAT_HAS_JOURNAL: u32 = 0x4;
const INCOMPAT_JOURNAL_DEVICE: u32 = 0x8;
/// Extents, 64bit, mmp, flex_bg, ea_inode, dirdata, csum_seed, largedir, inline_data, encrypt,
/// casefold: what no ext3 knows.
const INCOMPAT_EXT4: u32 = 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x1000 | 0x2000 | 0x3c000;
const INCOMPAT_64BIT: u32 = 0x80;
/// huge_file, gdt_csum, dir_nlink, extra_isize, quota, bigalloc, metadata_csum, and later ones.
const RO_COMPAT_EXT4: u32 = !0x7;
const RO_COMPAT_METADATA_CSUM: u32 = 0x400;

/// `head` starts at the device's first byte. None: no such superblock.
pub(super) fn parse(head: &[u8]) -> Option<FileSystem> {
    let sb = head.get(OFFSET..OFFSET + LENGTH)?;
    if le16(sb, 0x38)? != MAGIC {
        return None;
    }
    let (compat, incompat, ro_compat) = (le32(sb, 0x5c)?, le32(sb, 0x60)?, le32(sb, 0x64)?);
    if incompat & INCOMPAT_JOURNAL_DEVICE != 0 {
        return None;
    }
    let kind = if incompat & INCOMPAT_EXT4 != 0 || ro_compat & RO_COMPAT_EXT4 != 0 {
        Kind::Ext4
    } else if compat & COMPAT_HAS_JOURNAL != 0 {
        Kind::Ext3
    } else {
        Kind::Ext2
    };
    let block_size = 1024_u32.checked_shl(le32(sb, 0x18)?).filter(|size| *size <= 65536);
    let high = if incompat & INCOMPAT_64BIT != 0 { u64::from(le32(sb, 0x150)?) } else { 0 };
    let blocks = high << 32 | u64::from(le32(sb, 0x4)?);
    let size = block_size.and_then(|unit| blocks.checked_mul(u64::from(unit)));
    let sound = ro_compat & RO_COMPAT_METADATA_CSUM == 0
        || Some(!crc32c::crc32c(sb.get(..CHECKSUM)?)) == le32(sb, CHECKSUM);
    let state = match size {
        None | Some(0) => State::Damaged,
        Some(_) if !sound => State::Damaged,
        Some(_) => state(sb)?,
    };
    Some(FileSystem {
        kind,
        uuid: uuid_at(sb, 0x68)?,
        size: size.unwrap_or(0),
        block_size: block_size.unwrap_or(0),
        state,
    })
}

/// mke2fs writes the primary superblock last, and marks it clean in the last write of all. One
/// that is not clean and has never been mounted is therefore unfinished; one that was mounted is
/// not, since a mount without a journal clears the mark as well.
fn state(sb: &[u8]) -> Option<State> {
    let clean = le16(sb, 0x3a)? & STATE_CLEANLY_UNMOUNTED != 0;
    let (mounted_at, mounts) = (le32(sb, 0x2c)?, le16(sb, 0x34)?);
    let mounted = mounted_at != 0 || mounts != 0;
    Some(if clean || mounted { State::Finished } else { State::Unfinished })
}
