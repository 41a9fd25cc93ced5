//! The table of signatures: each known format, where it keeps its magic bytes, and who says so.
//!
//! Data and nothing else. A row is
//! `DEVICE "name" at [places] has [magics] from "source";` where `DEVICE` is said of formats that
//! own the whole device although a file system may be seen in it, and `FORMAT` of all others, also
//! of those whose few magic bytes stand where a file system keeps its users' data. Every place of
//! every row is read before a device is formatted (`blank`); `docs/formatting.md` shows the table
//! to operators and is compared with it by a test.
//!
//! Sources are files of the Linux kernel (`fs/…`, `drivers/…`, `include/…`), of util-linux's libblkid
//! (`libblkid/…`), or documents of the format's own project.

use super::At::{self, End, EndSlots, Slots, Start};
use super::Signature;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;
const TIB: u64 = 1024 * GIB;
const SECTOR: u64 = 512;

const DEVICE: bool = true;
const FORMAT: bool = false;

/// A place in the last sectors, counted as firmware counts them: in sectors of 512 bytes, from 1.
const fn last(sector: u64) -> At {
    End { unit: SECTOR, back: sector * SECTOR }
}

macro_rules! rows {
    ($($owns:ident $name:literal at [$($at:expr),+ $(,)?] has [$($magic:expr),+ $(,)?] from $source:literal;)+) => {
        &[$(Signature { name: $name, owns_device: $owns, at: &[$($at),+], magics: &[$($magic),+], source: $source }),+]
    };
}

/// The more telling formats first: short magics, and the DOS mark that several others carry too,
/// come last.
#[rustfmt::skip]
pub(super) static KNOWN: &[Signature] = rows! {
    // Encryption, volume managers, RAID, caches: what lies between a disk and a file system.
    DEVICE "a LUKS header" at [Start(0)] has [b"LUKS\xba\xbe"] from "cryptsetup, LUKS2 on-disk format, 2.1";
    FORMAT "a second LUKS2 header"
        at [Start(16 * KIB), Start(32 * KIB), Start(64 * KIB), Start(128 * KIB), Start(256 * KIB), Start(512 * KIB), Start(MIB), Start(2 * MIB), Start(4 * MIB)]
        has [b"SKUL\xba\xbe"] from "cryptsetup, LUKS2 on-disk format, 2.2";
    DEVICE "an LVM2 physical volume" at [Slots { first: 0, step: SECTOR, count: 4 }] has [b"LABELONE"] from "libblkid/src/superblocks/lvm.c";
    FORMAT "an LVM1 physical volume" at [Start(0)] has [b"HM\x01\0", b"HM\x02\0"] from "libblkid/src/superblocks/lvm.c";
    DEVICE "a Linux RAID member (md 1.1 or 1.2)" at [Start(0), Start(4 * KIB)]
        has [b"\xfc\x4e\x2b\xa9", b"\xa9\x2b\x4e\xfc"] from "include/uapi/linux/raid/md_p.h";
    DEVICE "a Linux RAID member (md 0.90 or 1.0)" at [End { unit: 64 * KIB, back: 64 * KIB }, End { unit: 4 * KIB, back: 8 * KIB }]
        has [b"\xfc\x4e\x2b\xa9", b"\xa9\x2b\x4e\xfc"] from "include/uapi/linux/raid/md_p.h";
    DEVICE "a bcache device" at [Start(4 * KIB + 24)] has [b"\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"] from "drivers/md/bcache/bcache_ondisk.h";
    FORMAT "bcachefs" at [Start(4 * KIB + 24), Start(2 * MIB + 24), End { unit: SECTOR, back: MIB - 24 }]
        has [b"\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef", b"\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"]
        from "libblkid/src/superblocks/bcache.c";
    FORMAT "a ZFS pool member"
        at [Start(128 * KIB - 40), Start(384 * KIB - 40), End { unit: 256 * KIB, back: 384 * KIB + 40 }, End { unit: 256 * KIB, back: 128 * KIB + 40 }]
        has [b"\x11\x7a\x0c\xb1\x7a\xda\x10\x02", b"\x02\x10\xda\x7a\xb1\x0c\x7a\x11"] from "OpenZFS include/sys/zio.h, vdev_impl.h (labels)";
    FORMAT "a ZFS pool member"
        at [Slots { first: 128 * KIB, step: KIB, count: 128 }, Slots { first: 384 * KIB, step: KIB, count: 128 },
            EndSlots { unit: 256 * KIB, back: 384 * KIB, step: KIB, count: 128 }, EndSlots { unit: 256 * KIB, back: 128 * KIB, step: KIB, count: 128 }]
        has [b"\x0c\xb1\xba\0\0\0\0\0", b"\0\0\0\0\0\xba\xb1\x0c"] from "OpenZFS include/sys/uberblock_impl.h";
    DEVICE "a Ceph BlueStore device" at [Start(0)] has [b"bluestore block device"] from "libblkid/src/superblocks/bluestore.c";
    FORMAT "a copy of a Ceph BlueStore label" at [Start(GIB), Start(10 * GIB), Start(100 * GIB), Start(1000 * GIB)]
        has [b"bluestore block device"] from "Ceph, ceph-bluestore-tool(8)";
    DEVICE "a DRBD device" at [End { unit: 4 * KIB, back: 4 * KIB - 60 }]
        has [b"\x83\x74\x02\x6b", b"\x83\x74\x02\x6c", b"\x83\x74\x02\x6d"] from "libblkid/src/superblocks/drbd.c";
    FORMAT "DRBD's metadata" at [Start(60), End { unit: 4 * KIB, back: 128 * MIB - 60 }]
        has [b"\x83\x74\x02\x6a", b"\x83\x74\x02\x6b", b"\x83\x74\x02\x6c", b"\x83\x74\x02\x6d"] from "drivers/block/drbd/drbd_int.h (external and fixed internal)";
    DEVICE "a control volume of drbdmanage" at [Start(0)] has [b"$DRBDmgr=q"] from "libblkid/src/superblocks/drbdmanage.c";
    DEVICE "a log of DRBD Proxy" at [Start(0)] has [b"DRBDdlh*"] from "libblkid/src/superblocks/drbdproxy_datalog.c";
    DEVICE "a Stratis device" at [Start(SECTOR + 4), Start(9 * SECTOR + 4)] has [b"!Stra0tis\x86\xff\x02^\x41rh"] from "libblkid/src/superblocks/stratis.c";
    DEVICE "a VDO device" at [Start(0)] has [b"dmvdo001"] from "drivers/md/dm-vdo/encodings.h";
    DEVICE "hashes of dm-verity" at [Start(0)] has [b"verity\0\0"] from "cryptsetup lib/verity/verity.c";
    DEVICE "a dm-integrity device" at [Start(0)] has [b"integrt\0"] from "drivers/md/dm-integrity.c";
    DEVICE "the exceptions of a dm snapshot" at [Start(0)] has [b"SnAp"] from "drivers/md/dm-snap-persistent.c";
    FORMAT "metadata of dm-thin or dm-cache" at [Start(32)] has [b"\xba\x52\x9c\x01\0\0\0\0", b"\x33\xb8\x5d\0\0\0\0\0"] from "drivers/md/dm-thin-metadata.c, dm-cache-metadata.c";
    DEVICE "an Oracle ASM disk" at [Start(32)] has [b"ORCLDISK"] from "libblkid/src/superblocks/ocfs.c";
    FORMAT "the copy of an Oracle ASM header" at [Start(2 * MIB - 8 * KIB + 32)] has [b"ORCLDISK"] from "Oracle ASM: last but one block of allocation unit 1";
    FORMAT "a VMFS device" at [Start(MIB), Start(2 * MIB)] has [b"\x0d\xd0\x01\xc0", b"\x5e\xf1\xab\x2f"] from "libblkid/src/superblocks/vmfs.c";
    DEVICE "a BitLocker volume" at [Start(3)] has [b"-FVE-FS-"] from "libblkid/src/superblocks/bitlocker.c";
    DEVICE "a media pool (mpool)" at [Start(0)] has [b"mpoolDev"] from "libblkid/src/superblocks/mpool.c";
    FORMAT "an OpenBSD softraid member" at [Start(8 * KIB)] has [b"marcCRAM"] from "OpenBSD sys/dev/softraidvar.h";
    FORMAT "a FreeBSD GEOM provider" at [last(1)] has [b"GEOM::"] from "FreeBSD sys/geom (metadata in the last sector)";

    // Firmware RAID keeps its metadata behind the data.
    FORMAT "a firmware RAID member (DDF)" at [last(1), last(257)] has [b"\xde\x11\xde\x11"] from "libblkid/src/superblocks/ddf_raid.c";
    FORMAT "a firmware RAID member (Intel)" at [last(2), End { unit: 4 * KIB, back: 8 * KIB }] has [b"Intel Raid ISM Cfg Sig. "] from "libblkid/src/superblocks/isw_raid.c";
    FORMAT "a firmware RAID member (Promise)"
        at [last(16), last(63), last(255), last(256), last(399), last(591), last(675), last(735), last(911), last(951), last(974), last(991), last(3087)]
        has [b"Promise Technology, Inc."] from "libblkid/src/superblocks/promise_raid.c";
    FORMAT "a firmware RAID member (Nvidia)" at [last(2)] has [b"NVIDIA"] from "libblkid/src/superblocks/nvidia_raid.c";
    FORMAT "a firmware RAID member (LSI)" at [last(1)] has [b"$XIDE$"] from "libblkid/src/superblocks/lsi_raid.c";
    FORMAT "a firmware RAID member (Adaptec)" at [last(1)] has [b"\x37\xfc\x4d\x1e"] from "libblkid/src/superblocks/adaptec_raid.c";
    FORMAT "a firmware RAID member (HighPoint)" at [Start(9 * SECTOR + 32), last(11)]
        has [b"\xf0\x16\x78\x5a", b"\xf3\x16\x78\x5a", b"\xfd\x16\x78\x5a"] from "libblkid/src/superblocks/highpoint_raid.c";
    FORMAT "a firmware RAID member (Silicon Image)" at [End { unit: SECTOR, back: SECTOR - 0x60 }] has [b"\0\0\0\x2f"] from "libblkid/src/superblocks/silicon_raid.c";

    // File systems.
    FORMAT "ext2, ext3 or ext4" at [Start(KIB + 56)] has [b"\x53\xef"] from "fs/ext4/ext4.h";
    FORMAT "XFS" at [Start(0)] has [b"XFSB"] from "fs/xfs/libxfs/xfs_format.h";
    FORMAT "btrfs" at [Start(64 * KIB + 64), Start(64 * MIB + 64), Start(256 * GIB + 64)] has [b"_BHRfS_M"] from "include/uapi/linux/btrfs_tree.h";
    FORMAT "an unfinished btrfs" at [Start(64 * KIB + 64), Start(64 * MIB + 64), Start(256 * GIB + 64)] has [b"!BHRfS_M"] from "btrfs-progs kernel-shared/disk-io.h";
    // Zones 0 and 1, of the sizes that there are, and the mirrors.
    FORMAT "a zoned btrfs" at [Start(64), Start(128 * MIB + 64), Start(256 * MIB + 64), Start(512 * MIB + 64), Start(GIB + 64), Start(2 * GIB + 64), Start(512 * GIB + 64), Start(4 * TIB + 64)]
        has [b"_BHRfS_M"] from "fs/btrfs/zoned.h";
    FORMAT "swap space"
        at [Start(4 * KIB - 10), Start(8 * KIB - 10), Start(16 * KIB - 10), Start(32 * KIB - 10), Start(64 * KIB - 10)]
        has [b"SWAPSPACE2", b"SWAP-SPACE", b"S1SUSPEND", b"S2SUSPEND", b"ULSUSPEND", b"LINHIB0001"] from "libblkid/src/superblocks/swap.c";
    FORMAT "a suspended system (TuxOnIce)" at [Start(0)] has [b"\xed\xc3\x02\xe9\x98\x56\xe5\x0c"] from "libblkid/src/superblocks/swap.c";
    FORMAT "F2FS" at [Start(KIB), Start(5 * KIB)] has [b"\x10\x20\xf5\xf2"] from "include/linux/f2fs_fs.h";
    FORMAT "EROFS" at [Start(KIB)] has [b"\xe2\xe1\xf5\xe0"] from "fs/erofs/erofs_fs.h";
    FORMAT "NTFS" at [Start(3), End { unit: SECTOR, back: SECTOR - 3 }] has [b"NTFS    "] from "fs/ntfs3/ntfs.h";
    FORMAT "ReFS" at [Start(0), last(1)] has [b"\0\0\0ReFS\0"] from "libblkid/src/superblocks/refs.c";
    FORMAT "exFAT" at [Start(3), Start(12 * SECTOR + 3)] has [b"EXFAT   "] from "fs/exfat/exfat_raw.h";
    FORMAT "FAT" at [Start(54), Start(82), Start(6 * SECTOR + 82)] has [b"FAT12   ", b"FAT16   ", b"FAT32   ", b"FAT     ", b"MSWIN", b"MSDOS"] from "libblkid/src/superblocks/vfat.c";
    FORMAT "ISO 9660" at [Slots { first: 32 * KIB + 1, step: 2 * KIB, count: 2 }] has [b"CD001"] from "include/uapi/linux/iso_fs.h";
    FORMAT "High Sierra" at [Start(32 * KIB + 9)] has [b"CDROM"] from "libblkid/src/superblocks/iso9660.c";
    FORMAT "UDF" at [Slots { first: 32 * KIB + 1, step: 2 * KIB, count: 16 }] has [b"BEA01", b"NSR02", b"NSR03", b"BOOT2", b"CDW02", b"TEA01"] from "libblkid/src/superblocks/udf.c";
    FORMAT "SquashFS" at [Start(0)] has [b"hsqs", b"sqsh"] from "fs/squashfs/squashfs_fs.h";
    FORMAT "cramfs" at [Start(0), Start(SECTOR)] has [b"\x45\x3d\xcd\x28", b"\x28\xcd\x3d\x45"] from "include/uapi/linux/cramfs_fs.h";
    FORMAT "romfs" at [Start(0)] has [b"-rom1fs-"] from "include/uapi/linux/romfs_fs.h";
    FORMAT "zonefs" at [Start(0)] has [b"SFOZ"] from "fs/zonefs/zonefs.h";
    FORMAT "UBI" at [Start(0)] has [b"UBI#"] from "drivers/mtd/ubi/ubi-media.h";
    FORMAT "UBIFS" at [Start(0)] has [b"\x31\x18\x10\x06"] from "fs/ubifs/ubifs-media.h";
    FORMAT "ReiserFS" at [Start(8 * KIB + 20), Start(8 * KIB + 52), Start(64 * KIB + 52)] has [b"ReIsErFs", b"ReIsEr2Fs", b"ReIsEr3Fs"] from "libblkid/src/superblocks/reiserfs.c";
    FORMAT "Reiser4" at [Start(64 * KIB)] has [b"ReIsEr4"] from "libblkid/src/superblocks/reiserfs.c";
    FORMAT "JFS" at [Start(32 * KIB), Start(60 * KIB)] has [b"JFS1"] from "fs/jfs/jfs_superblock.h, jfs_filsys.h";
    FORMAT "OCFS2" at [Start(KIB), Start(2 * KIB), Start(4 * KIB), Start(8 * KIB)] has [b"OCFSV2"] from "fs/ocfs2/ocfs2_fs.h";
    FORMAT "OCFS" at [Start(8 * KIB)] has [b"OracleCFS"] from "libblkid/src/superblocks/ocfs.c";
    FORMAT "GFS2" at [Start(64 * KIB)] has [b"\x01\x16\x19\x70"] from "include/uapi/linux/gfs2_ondisk.h";
    FORMAT "ScoutFS" at [Start(64 * KIB + 4)] has [b"\x8b\x42\x3c\x10"] from "libblkid/src/superblocks/scoutfs.c";
    FORMAT "NetWare (NSS)" at [Start(4 * KIB)] has [b"SPB5"] from "libblkid/src/superblocks/netware.c";
    FORMAT "HFS+" at [Start(KIB), last(2)] has [b"H+\x00\x04", b"HX\x00\x05"] from "fs/hfsplus/hfsplus_raw.h";
    FORMAT "APFS" at [Start(32)] has [b"NXSB"] from "Apple File System Reference, nx_superblock_t";
    FORMAT "UFS" at [Start(1372), Start(8 * KIB + 1372), Start(64 * KIB + 1372), Start(256 * KIB + 1372)]
        has [b"\x54\x19\x01\x00", b"\x00\x01\x19\x54", b"\x19\x01\x54\x19", b"\x19\x54\x01\x19", b"\x12\x56\x19\x00", b"\x00\x19\x56\x12",
             b"\x14\x50\x09\x00", b"\x00\x09\x50\x14", b"\x95\x21\x61\x00", b"\x00\x61\x21\x95", b"\x94\x19\x23\x05", b"\x05\x23\x19\x94"]
        from "libblkid/src/superblocks/ufs.c";
    FORMAT "HPFS" at [Start(8 * KIB), Start(8 * KIB + SECTOR)] has [b"\x49\xe8\x95\xf9", b"\x49\x18\x91\xf9"] from "fs/hpfs/hpfs.h";
    FORMAT "VxFS" at [Start(KIB), Start(8 * KIB)] has [b"\xf5\xfc\x01\xa5", b"\xa5\x01\xfc\xf5"] from "fs/freevxfs/vxfs.h";
    FORMAT "BFS" at [Start(0)] has [b"\xce\xfa\xad\x1b"] from "include/uapi/linux/bfs_fs.h";
    FORMAT "BeFS" at [Start(32), Start(SECTOR + 32)] has [b"BFS1", b"1SFB"] from "fs/befs/befs_fs_types.h";
    FORMAT "EXFS" at [Start(0)] has [b"EXFS"] from "libblkid/src/superblocks/exfs.c";
    FORMAT "System V" at [Start(1016), Start(9 * KIB + 1016), Start(15 * KIB + 1016), Start(18 * KIB + 1016)]
        has [b"\x20\x7e\x18\xfd", b"\xfd\x18\x7e\x20"] from "libblkid/src/superblocks/sysv.c";
    FORMAT "Xenix" at [Start(2 * KIB)] has [b"\x2b\x55\x44", b"\x44\x55\x2b"] from "libblkid/src/superblocks/sysv.c";
    FORMAT "QNX6" at [Start(0), Start(8 * KIB)] has [b"\x22\x11\x19\x68", b"\x68\x19\x11\x22"] from "include/linux/qnx6_fs.h";
    FORMAT "EFS" at [Start(SECTOR + 28)] has [b"\x00\x07\x29\x59", b"\x00\x07\x29\x5a"] from "include/linux/efs_fs_sb.h";
    FORMAT "HAMMER" at [Start(0)] has [b"\x31\x30\x52\xc5\x4d\x4d\x41\xc8"] from "DragonFly sys/vfs/hammer/hammer_disk.h";
    FORMAT "HAMMER2" at [Slots { first: 0, step: 2 * GIB, count: 4 }] has [b"\x11\x20\x17\x05\x32\x4d\x41\x48"] from "DragonFly sys/vfs/hammer2/hammer2_disk.h";
    FORMAT "an external log of XFS" at [Slots { first: 0, step: SECTOR, count: 512 }] has [b"\xfe\xed\xba\xbe"] from "libblkid/src/superblocks/xfs.c";

    // Partition tables and disk labels.
    DEVICE "a GPT partition table" at [Start(SECTOR), Start(4 * KIB)] has [b"EFI PART"] from "UEFI specification 2.10, 5.3.2";
    FORMAT "a backup GPT partition table" at [last(1), End { unit: 4 * KIB, back: 4 * KIB }] has [b"EFI PART"] from "UEFI specification 2.10, 5.3.2";
    FORMAT "a dynamic disk (LDM)" at [Start(6 * SECTOR), last(192), last(1)] has [b"PRIVHEAD"] from "block/partitions/ldm.h";
    FORMAT "an Amiga partition table" at [Slots { first: 0, step: SECTOR, count: 16 }] has [b"RDSK"] from "include/uapi/linux/affs_hardblocks.h";
    FORMAT "a BSD disk label" at [Start(64), Start(128), Start(SECTOR)] has [b"\x57\x45\x56\x82"] from "libblkid/src/partitions/bsd.c";
    FORMAT "a Solaris disk label" at [Start(SECTOR + 12)] has [b"\xee\xde\x0d\x60"] from "libblkid/src/partitions/solaris_x86.c";
    FORMAT "a UnixWare disk label" at [Start(29 * SECTOR + 4)] has [b"\xee\xde\x0d\x60"] from "libblkid/src/partitions/unixware.c";
    FORMAT "an Ultrix disk label" at [Start(16 * KIB - 72)] has [b"\x57\x29\x03\x00"] from "libblkid/src/partitions/ultrix.c";
    FORMAT "an SGI disk label" at [Start(0)] has [b"\x0b\xe5\xa9\x41"] from "block/partitions/sgi.c";
    FORMAT "an AIX disk label" at [Start(0)] has [b"\xc9\xc2\xd4\xc1"] from "block/partitions/aix.c";
    FORMAT "a DASD volume label" at [Start(KIB), Start(2 * KIB), Start(4 * KIB), Start(8 * KIB)]
        has [b"\xe5\xd6\xd3\xf1", b"\xd3\xd5\xe7\xf1", b"\xc3\xd4\xe2\xf1"] from "block/partitions/ibm.c";

    // Two bytes, which chance makes, too.
    FORMAT "NILFS2" at [Start(KIB + 6), End { unit: 4 * KIB, back: 4 * KIB - 6 }, End { unit: SECTOR, back: 4 * KIB - 6 }] has [b"\x34\x34"] from "include/uapi/linux/nilfs2_ondisk.h";
    FORMAT "HFS" at [Start(KIB), last(2)] has [b"BD"] from "fs/hfs/hfs.h";
    FORMAT "Minix" at [Start(KIB + 16)]
        has [b"\x7f\x13", b"\x8f\x13", b"\x13\x7f", b"\x13\x8f", b"\x68\x24", b"\x78\x24", b"\x24\x68", b"\x24\x78"] from "include/uapi/linux/magic.h";
    FORMAT "Minix" at [Start(KIB + 24)] has [b"\x5a\x4d", b"\x4d\x5a"] from "include/uapi/linux/magic.h";
    FORMAT "FileVault 2" at [Start(88)] has [b"CS"] from "libblkid/src/superblocks/cs_fvault2.c";
    FORMAT "JFFS2" at [Start(0)] has [b"\x85\x19", b"\x19\x85"] from "include/uapi/linux/jffs2.h";
    FORMAT "AFFS" at [Start(0)] has [b"DOS\0", b"DOS\x01", b"DOS\x02", b"DOS\x03", b"DOS\x04", b"DOS\x05", b"DOS\x06", b"DOS\x07"] from "fs/affs/amigaffs.h";
    FORMAT "a firmware RAID member (JMicron)" at [last(1)] has [b"JM"] from "libblkid/src/superblocks/jmicron_raid.c";
    FORMAT "a Mac partition table" at [Start(0), Start(SECTOR)] has [b"ER", b"PM"] from "block/partitions/mac.h";
    FORMAT "a Sun disk label" at [Start(508)] has [b"\xda\xbe"] from "block/partitions/sun.c";
    FORMAT "an MBR partition table or a boot sector" at [Start(510)] has [b"\x55\xaa"] from "block/partitions/msdos.c";
    FORMAT "a firmware RAID member (VIA)" at [last(1)] has [b"\x55\xaa"] from "libblkid/src/superblocks/via_raid.c";
};
