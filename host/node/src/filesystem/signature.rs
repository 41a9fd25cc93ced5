//! The magic bytes by which storage formats are recognised, to name what is in the way.
//!
//! The list gives names, not safety: whether a device is blank is decided by its bytes being zero
//! (`blank`), so a format that is missing here is still never formatted over. Offsets are those
//! that the formats' own documents and the kernel's headers give.

use std::io;

use super::BlockRead;
use super::pages::{PAGE, PAGE_LEN, Pages, floor};

/// Where a magic may stand.
#[derive(Debug, Clone, Copy)]
enum At {
    /// Bytes from the start.
    Start(u64),
    /// Bytes from the end, after the length was rounded down to a multiple of `unit`.
    End { unit: u64, back: u64 },
    /// `count` places, one each `step` bytes, from `first` on.
    Slots { first: u64, step: u64, count: u64 },
}

/// One format.
#[derive(Debug)]
pub(super) struct Signature {
    /// For people, as in "holds …".
    pub(super) name: &'static str,
    /// Whether the format owns the whole device although a file system may be seen in it. Not said
    /// of those whose few magic bytes stand where a file system keeps its users' data.
    pub(super) owns_device: bool,
    at: &'static [At],
    magics: &'static [&'static [u8]],
}

const fn format(
    name: &'static str,
    at: &'static [At],
    magics: &'static [&'static [u8]],
) -> Signature {
    Signature { name, owns_device: false, at, magics }
}

const fn owner(
    name: &'static str,
    at: &'static [At],
    magics: &'static [&'static [u8]],
) -> Signature {
    Signature { name, owns_device: true, at, magics }
}

use At::{End, Slots, Start};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// Where LUKS2 keeps its second header: after a first one of 16 KiB to 4 MiB.
pub(super) const LUKS2_SECOND: [u64; 9] =
    [16 * KIB, 32 * KIB, 64 * KIB, 128 * KIB, 256 * KIB, 512 * KIB, MIB, 2 * MIB, 4 * MIB];

/// btrfs superblocks: the first and its mirrors.
pub(super) const BTRFS_SUPERBLOCKS: [u64; 3] = [64 * KIB, 64 * MIB, 256 * 1024 * MIB];

const MD_MAGIC: &[&[u8]] = &[&[0xfc, 0x4e, 0x2b, 0xa9], &[0xa9, 0x2b, 0x4e, 0xfc]];
const BCACHE_MAGIC: &[u8] = &[
    0xc6, 0x85, 0x73, 0xf6, 0x4e, 0x1a, 0x45, 0xca, 0x82, 0x65, 0xf5, 0x7f, 0x48, 0xba, 0x6d, 0x81,
];
const BCACHEFS_MAGIC: &[u8] = &[
    0xc6, 0x85, 0x73, 0xf6, 0x66, 0xce, 0x90, 0xa9, 0xd9, 0x6a, 0x60, 0xcf, 0x80, 0x3d, 0xf7, 0xef,
];
const ZFS_UBERBLOCK: &[&[u8]] =
    &[&[0x0c, 0xb1, 0xba, 0, 0, 0, 0, 0], &[0, 0, 0, 0, 0, 0xba, 0xb1, 0x0c]];
const REISERFS: &[&[u8]] = &[b"ReIsErFs", b"ReIsEr2Fs", b"ReIsEr3Fs", b"ReIsEr4"];
const SWAP: &[&[u8]] = &[b"SWAPSPACE2", b"SWAP-SPACE", b"S1SUSPEND", b"S2SUSPEND", b"LINHIB0001"];
const UDF: &[&[u8]] = &[b"BEA01", b"NSR02", b"NSR03"];

/// The more telling formats first: the DOS mark, which several others carry too, comes last.
pub(super) static KNOWN: &[Signature] = &[
    owner("a LUKS header", &[Start(0)], &[b"LUKS\xba\xbe"]),
    format(
        "a second LUKS2 header",
        &[
            Start(16 * KIB),
            Start(32 * KIB),
            Start(64 * KIB),
            Start(128 * KIB),
            Start(256 * KIB),
            Start(512 * KIB),
            Start(MIB),
            Start(2 * MIB),
            Start(4 * MIB),
        ],
        &[b"SKUL\xba\xbe"],
    ),
    owner("an LVM2 physical volume", &[Slots { first: 0, step: 512, count: 4 }], &[b"LABELONE"]),
    owner("a Linux RAID member (md 1.1 or 1.2)", &[Start(0), Start(4 * KIB)], MD_MAGIC),
    owner(
        "a Linux RAID member (md 0.90 or 1.0)",
        &[End { unit: 64 * KIB, back: 64 * KIB }, End { unit: 4 * KIB, back: 8 * KIB }],
        MD_MAGIC,
    ),
    owner("a bcache device", &[Start(4 * KIB + 24)], &[BCACHE_MAGIC]),
    format("bcachefs", &[Start(4 * KIB + 24)], &[BCACHEFS_MAGIC]),
    format(
        "a ZFS pool member",
        &[
            Slots { first: 128 * KIB, step: KIB, count: 128 },
            Slots { first: 384 * KIB, step: KIB, count: 128 },
            End { unit: 256 * KIB, back: 384 * KIB },
            End { unit: 256 * KIB, back: 128 * KIB },
        ],
        ZFS_UBERBLOCK,
    ),
    owner("a Ceph BlueStore device", &[Start(0)], &[b"bluestore block device"]),
    owner(
        "a DRBD device",
        &[End { unit: 4 * KIB, back: 4 * KIB - 60 }],
        &[&[0x83, 0x74, 0x02, 0x6b], &[0x83, 0x74, 0x02, 0x6c], &[0x83, 0x74, 0x02, 0x6d]],
    ),
    owner(
        "a Stratis device",
        &[Start(512 + 4), Start(9 * 512 + 4)],
        &[b"!Stra0tis\x86\xff\x02^\x41rh"],
    ),
    owner("a VDO device", &[Start(0)], &[b"dmvdo001"]),
    owner("an Oracle ASM disk", &[Start(32)], &[b"ORCLDISK"]),
    format(
        "a VMFS device",
        &[Start(MIB), Start(2 * MIB)],
        &[&[0x0d, 0xd0, 0x01, 0xc0], &[0x5e, 0xf1, 0xab, 0x2f]],
    ),
    owner("a BitLocker volume", &[Start(3)], &[b"-FVE-FS-"]),
    format("ext2, ext3 or ext4", &[Start(KIB + 56)], &[&[0x53, 0xef]]),
    format("XFS", &[Start(0)], &[b"XFSB"]),
    format(
        "btrfs",
        &[Start(64 * KIB + 64), Start(64 * MIB + 64), Start(256 * 1024 * MIB + 64)],
        &[b"_BHRfS_M"],
    ),
    format(
        "an unfinished btrfs",
        &[Start(64 * KIB + 64), Start(64 * MIB + 64), Start(256 * 1024 * MIB + 64)],
        &[b"!BHRfS_M"],
    ),
    format(
        "swap space",
        &[
            Start(4 * KIB - 10),
            Start(8 * KIB - 10),
            Start(16 * KIB - 10),
            Start(32 * KIB - 10),
            Start(64 * KIB - 10),
        ],
        SWAP,
    ),
    format("F2FS", &[Start(KIB), Start(5 * KIB)], &[&[0x10, 0x20, 0xf5, 0xf2]]),
    format("EROFS", &[Start(KIB)], &[&[0xe2, 0xe1, 0xf5, 0xe0]]),
    format("NTFS", &[Start(3), End { unit: 512, back: 512 - 3 }], &[b"NTFS    "]),
    format("exFAT", &[Start(3), Start(12 * 512 + 3)], &[b"EXFAT   "]),
    format(
        "FAT",
        &[Start(54), Start(82), Start(6 * 512 + 82)],
        &[b"FAT12   ", b"FAT16   ", b"FAT32   "],
    ),
    format("ISO 9660", &[Start(32 * KIB + 1)], &[b"CD001"]),
    format("UDF", &[Slots { first: 32 * KIB + 1, step: 2 * KIB, count: 16 }], UDF),
    format("SquashFS", &[Start(0)], &[b"hsqs", b"sqsh"]),
    format(
        "cramfs",
        &[Start(0), Start(512)],
        &[&[0x45, 0x3d, 0xcd, 0x28], &[0x28, 0xcd, 0x3d, 0x45]],
    ),
    format("romfs", &[Start(0)], &[b"-rom1fs-"]),
    format("zonefs", &[Start(0)], &[b"SFOZ"]),
    format("ReiserFS", &[Start(64 * KIB + 52), Start(8 * KIB + 52), Start(64 * KIB)], REISERFS),
    format("JFS", &[Start(32 * KIB)], &[b"JFS1"]),
    format("OCFS2", &[Start(KIB), Start(2 * KIB), Start(4 * KIB), Start(8 * KIB)], &[b"OCFSV2"]),
    format("GFS2", &[Start(64 * KIB)], &[&[0x01, 0x16, 0x19, 0x70]]),
    format("NILFS2", &[Start(KIB + 6), End { unit: 4 * KIB, back: 4 * KIB - 6 }], &[&[0x34, 0x34]]),
    format("HFS+", &[Start(KIB), End { unit: 512, back: KIB }], &[b"H+\x00\x04", b"HX\x00\x05"]),
    format("APFS", &[Start(32)], &[b"NXSB"]),
    format(
        "UFS",
        &[Start(8 * KIB + 1372), Start(64 * KIB + 1372), Start(256 * KIB + 1372)],
        &[&[0x54, 0x19, 0x01, 0x00], &[0x19, 0x01, 0x54, 0x19]],
    ),
    format(
        "Minix",
        &[Start(KIB + 16), Start(KIB + 24)],
        &[&[0x7f, 0x13], &[0x8f, 0x13], &[0x68, 0x24], &[0x78, 0x24], &[0x5a, 0x4d]],
    ),
    owner("a GPT partition table", &[Start(512), Start(4 * KIB)], &[b"EFI PART"]),
    format(
        "a backup GPT partition table",
        &[End { unit: 512, back: 512 }, End { unit: 4 * KIB, back: 4 * KIB }],
        &[b"EFI PART"],
    ),
    format(
        "a firmware RAID member (DDF)",
        &[End { unit: 512, back: 512 }],
        &[&[0xde, 0x11, 0xde, 0x11]],
    ),
    format(
        "a firmware RAID member (Intel)",
        &[End { unit: 512, back: 1024 }],
        &[b"Intel Raid ISM Cfg Sig. "],
    ),
    format("an MBR partition table or a boot sector", &[Start(510)], &[&[0x55, 0xaa]]),
];

impl At {
    /// The places, in bytes from the device's start.
    fn offsets(self, size: u64) -> impl Iterator<Item = u64> {
        let (first, step, count) = match self {
            Start(offset) => (Some(offset), 0, 1),
            End { unit, back } => (floor(size, unit).checked_sub(back), 0, 1),
            Slots { first, step, count } => (Some(first), step, count),
        };
        (0..count).filter_map(move |n| first.map(|first| first + n * step))
    }
}

impl Signature {
    fn stands_in<D: BlockRead>(&self, device: &D, reader: &mut Reader) -> io::Result<bool> {
        for offset in self.at.iter().flat_map(|at| at.offsets(device.size())) {
            for magic in self.magics {
                if reader.matches(device, offset, magic)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// Reads two pages at a time and keeps them, since neighbours are asked for next.
struct Reader {
    pages: Pages,
    kept: Option<(u64, Vec<u8>)>,
}

impl Reader {
    fn matches<D: BlockRead>(&mut self, device: &D, at: u64, magic: &[u8]) -> io::Result<bool> {
        let start = floor(at, PAGE);
        if self.kept.as_ref().is_none_or(|(offset, _)| *offset != start) {
            let bytes = self.pages.read(device, start, 2 * PAGE_LEN)?;
            self.kept = Some((start, bytes.to_vec()));
        }
        let skip = usize::try_from(at - start).unwrap_or(usize::MAX);
        let found = self.kept.as_ref().and_then(|(_, bytes)| bytes.get(skip..));
        Ok(found.is_some_and(|bytes| bytes.starts_with(magic)))
    }
}

/// The first known format, in the list's order, that the device carries.
///
/// # Errors
/// The first read that failed.
pub(super) fn recognise<D: BlockRead>(
    device: &D,
    wanted: impl Fn(&Signature) -> bool,
) -> io::Result<Option<&'static Signature>> {
    let mut reader = Reader { pages: Pages::new(2 * PAGE_LEN), kept: None };
    for signature in KNOWN.iter().filter(|signature| wanted(signature)) {
        if signature.stands_in(device, &mut reader)? {
            return Ok(Some(signature));
        }
    }
    Ok(None)
}
