use proptest::prelude::*;

use super::*;
use crate::filesystem::image::Image;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

fn named(size: u64, offset: u64, magic: &[u8]) -> &'static str {
    let mut image = Image::blank(size);
    image.write(offset, magic);
    match prove_blank(&image) {
        Err(NotBlank::Found { what, .. }) => what.unwrap_or("unknown"),
        other => panic!("{magic:?} at {offset} of {size}: {other:?}"),
    }
}

#[test]
fn zeros_are_blank() {
    for size in [512, 4096, 4608, MIB, 5 * MIB + 512, GIB, 300 * GIB, 20 * 1024 * GIB] {
        assert_eq!(prove_blank(&Image::blank(size)).unwrap().size(), size);
    }
}

#[test]
fn a_device_without_length_is_not_blank() {
    assert!(matches!(prove_blank(&Image::blank(0)), Err(NotBlank::Empty)));
}

#[test]
fn signatures_at_the_start_are_found_and_named() {
    let cases: &[(u64, &[u8], &str)] = &[
        (0, b"LUKS\xba\xbe\0\x01", "a LUKS header"),
        (0, b"LUKS\xba\xbe\0\x02", "a LUKS header"),
        (16 * KIB, b"SKUL\xba\xbe", "a second LUKS2 header"),
        (4 * MIB, b"SKUL\xba\xbe", "a second LUKS2 header"),
        (0, b"LABELONE", "an LVM2 physical volume"),
        (512, b"LABELONE", "an LVM2 physical volume"),
        (1536, b"LABELONE", "an LVM2 physical volume"),
        (0, &[0xfc, 0x4e, 0x2b, 0xa9], "a Linux RAID member (md 1.1 or 1.2)"),
        (4 * KIB, &[0xfc, 0x4e, 0x2b, 0xa9], "a Linux RAID member (md 1.1 or 1.2)"),
        (128 * KIB + 7 * KIB, &[0x0c, 0xb1, 0xba, 0, 0, 0, 0, 0], "a ZFS pool member"),
        (384 * KIB, &[0x0c, 0xb1, 0xba, 0, 0, 0, 0, 0], "a ZFS pool member"),
        (0, b"bluestore block device\n", "a Ceph BlueStore device"),
        (1024 + 56, &[0x53, 0xef], "ext2, ext3 or ext4"),
        (0, b"XFSB", "XFS"),
        (64 * KIB + 64, b"_BHRfS_M", "btrfs"),
        (64 * MIB + 64, b"_BHRfS_M", "btrfs"),
        (256 * GIB + 64, b"_BHRfS_M", "btrfs"),
        (64 * KIB + 64, b"!BHRfS_M", "an unfinished btrfs"),
        (4086, b"SWAPSPACE2", "swap space"),
        (65526, b"SWAPSPACE2", "swap space"),
        (1024, &[0x10, 0x20, 0xf5, 0xf2], "F2FS"),
        (3, b"NTFS    ", "NTFS"),
        (3, b"EXFAT   ", "exFAT"),
        (82, b"FAT32   ", "FAT"),
        (32 * KIB + 1, b"CD001", "ISO 9660"),
        (36 * KIB + 1, b"NSR03", "UDF"),
        (0, b"hsqs", "SquashFS"),
        (64 * KIB + 52, b"ReIsEr2Fs", "ReiserFS"),
        (32 * KIB, b"JFS1", "JFS"),
        (2 * KIB, b"OCFSV2", "OCFS2"),
        (64 * KIB, &[0x01, 0x16, 0x19, 0x70], "GFS2"),
        (1024 + 6, &[0x34, 0x34], "NILFS2"),
        (1024, b"H+\0\x04", "HFS+"),
        (32, b"NXSB", "APFS"),
        (512, b"EFI PART", "a GPT partition table"),
        (4096, b"EFI PART", "a GPT partition table"),
        (510, &[0x55, 0xaa], "an MBR partition table or a boot sector"),
    ];
    for (offset, magic, name) in cases {
        assert_eq!(named(300 * GIB, *offset, magic), *name);
    }
}

#[test]
fn signatures_at_the_end_are_found_and_named() {
    let size = 10 * GIB + 512 * 1001;
    let down = |unit: u64| size / unit * unit;
    let cases: &[(u64, &[u8], &str)] = &[
        (size - 512, b"EFI PART", "a backup GPT partition table"),
        (down(4096) - 4096, b"EFI PART", "a backup GPT partition table"),
        (
            down(64 * KIB) - 64 * KIB,
            &[0xfc, 0x4e, 0x2b, 0xa9],
            "a Linux RAID member (md 0.90 or 1.0)",
        ),
        (
            down(4 * KIB) - 8 * KIB,
            &[0xfc, 0x4e, 0x2b, 0xa9],
            "a Linux RAID member (md 0.90 or 1.0)",
        ),
        (down(256 * KIB) - 128 * KIB, &[0x0c, 0xb1, 0xba, 0, 0, 0, 0, 0], "a ZFS pool member"),
        (down(4096) - 4096 + 6, &[0x34, 0x34], "NILFS2"),
        (size - 512 + 3, b"NTFS    ", "NTFS"),
        (size - 1024, b"H+\0\x04", "HFS+"),
        (size - 512, &[0xde, 0x11, 0xde, 0x11], "a firmware RAID member (DDF)"),
        (size - 1, &[1], "unknown"),
    ];
    for (offset, magic, name) in cases {
        assert_eq!(named(size, *offset, magic), *name, "at {offset}");
    }
}

#[test]
fn backups_of_lost_superblocks_are_found() {
    for (block, blocks_in_group) in [(1024, 8192), (2048, 16384), (4096, 32768)] {
        for group in [1, 3, 5, 7, 9, 25, 27, 49] {
            let first = if block == 1024 { 1 } else { 0 };
            let offset = (group * blocks_in_group + first) * block;
            assert_eq!(named(20 * GIB, offset + 56, &[0x53, 0xef]), "unknown");
        }
    }
    for group in 1..4 {
        // XFS rounds a quarter of its blocks up.
        let blocks = (20 * GIB + 3 * 4096) / 4096_u64;
        assert_eq!(named(20 * GIB + 12288, group * blocks.div_ceil(4) * 4096, b"XFSB"), "unknown");
    }
}

#[test]
fn unreadable_is_not_blank_wherever_it_is() {
    let size = 8 * GIB;
    let quarter = size / 4;
    for place in [0, 512, 64 * KIB, MIB - 1, 64 * MIB, quarter, 3 * quarter, size - MIB, size - 1] {
        let mut image = Image::blank(size);
        image.fail(place..place + 1);
        match prove_blank(&image) {
            Err(NotBlank::Unreadable { offset, source }) => {
                assert!(offset <= place && place < offset + MIB, "{offset} for {place}");
                assert_eq!(source.raw_os_error(), Some(5));
            }
            other => panic!("{place}: {other:?}"),
        }
    }
}

/// Says that it is longer than it is.
struct Short(Image);

impl BlockRead for Short {
    fn size(&self) -> u64 {
        self.0.size() + MIB
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buf)
    }
}

#[test]
fn a_device_that_ends_early_is_not_blank() {
    let verdict = prove_blank(&Short(Image::blank(GIB)));
    assert!(matches!(verdict, Err(NotBlank::Unreadable { .. })), "{verdict:?}");
}

#[test]
fn data_is_found_even_where_something_else_cannot_be_read() {
    let mut image = Image::blank(GIB);
    image.write(0, b"XFSB");
    image.fail(100 * MIB..GIB);
    assert!(matches!(prove_blank(&image), Err(NotBlank::Found { offset: 0, .. })));
}

#[test]
fn zeros_that_are_no_hole_are_read_up_to_a_bound() {
    let mut image = Image::blank(GIB).knowing_holes();
    for chunk in 0..1024 {
        image.write(chunk * MIB + 512 * KIB, &[0]);
    }
    let _proof = prove_blank(&image).unwrap();
    let bytes: u64 = image.reads().iter().map(|read| read.end - read.start).sum();
    assert!(bytes > 64 * MIB && bytes < 70 * MIB, "{bytes}");
}

#[test]
fn known_places_are_read_where_all_is_a_hole() {
    for size in [5 * MIB + 512, GIB, 300 * GIB] {
        let image = Image::blank(size).knowing_holes();
        let _proof = prove_blank(&image).unwrap();
        let reads = image.reads();
        for place in plan(size, Swept::Whole, PAGE).into_iter().flat_map(Run::chunks) {
            let wanted = place.0..place.0 + place.1;
            assert!(reads.contains(&wanted), "{wanted:?} of {size}");
        }
        let bytes: u64 = reads.iter().map(|read| read.end - read.start).sum();
        assert!(bytes >= 2 * MIB && reads.len() < 60, "{} reads, {bytes} bytes", reads.len());

        let mut failing = Image::blank(size).knowing_holes();
        failing.fail(size - 1..size);
        assert!(matches!(prove_blank(&failing), Err(NotBlank::Unreadable { .. })));
    }
}

#[test]
fn reads_little_of_a_large_device() {
    let image = Image::blank(16 * 1024 * GIB);
    let _proof = prove_blank(&image).unwrap();
    let reads = image.reads();
    let bytes: u64 = reads.iter().map(|read| read.end - read.start).sum();
    assert!(reads.len() < 120 && bytes < 4 * MIB, "{} reads, {bytes} bytes", reads.len());
}

#[test]
fn a_device_of_large_blocks_is_read_in_whole_ones() {
    for unit in [8192, 16384, 65536] {
        for size in [unit, 3 * MIB, 5 * MIB, 10 * GIB + unit] {
            let _proof = prove_blank(&Image::blank(size).aligned_to(unit)).unwrap();
            for at in [0, size / 2, size - 1] {
                let mut image = Image::blank(size).aligned_to(unit);
                image.write(at, b"x");
                let verdict = prove_blank(&image);
                assert!(matches!(verdict, Err(NotBlank::Found { .. })), "{at} of {size}, {unit}");
            }
        }
    }
}

proptest! {
    #[test]
    fn runs_are_aligned_ascending_apart_and_cover_both_ends(
        sectors in 1_u64..1 << 36,
        swept in prop_oneof![Just(Swept::Whole), Just(Swept::Partly)],
    ) {
        let size = sectors * 512;
        let plan = plan(size, swept, PAGE);
        prop_assert_eq!(plan.first().unwrap().start, 0);
        prop_assert_eq!(plan.last().unwrap().end, size);
        prop_assert!(plan.iter().all(|run| run.start % PAGE == 0 && run.start < run.end));
        prop_assert!(plan.windows(2).all(|pair| pair[0].end < pair[1].start));
        let edge = EDGE.min(size);
        prop_assert!(plan.first().unwrap().end >= edge);
        prop_assert!(plan.last().unwrap().start <= size - edge);
    }

    #[test]
    fn one_byte_in_what_is_read_refuses(
        sectors in 1_u64..1 << 30,
        swept in prop_oneof![Just(Swept::Whole), Just(Swept::Partly)],
        which in any::<prop::sample::Index>(),
        within in any::<prop::sample::Index>(),
        byte in 1_u8..,
    ) {
        let size = sectors * 512;
        let plan = plan(size, swept, PAGE);
        let run = plan[which.index(plan.len())];
        let within = within.index(usize::try_from(run.end - run.start).unwrap()) as u64;
        let at = run.start + within;
        let mut image = match swept {
            Swept::Whole => Image::blank(size).knowing_holes(),
            Swept::Partly => Image::blank(size),
        };
        image.write(at, &[byte]);
        match prove_blank(&image) {
            Err(NotBlank::Found { offset, .. }) => prop_assert_eq!(offset, at),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn one_byte_anywhere_in_a_sparse_image_refuses(
        gib in 1_u64..1000,
        place in any::<prop::sample::Index>(),
        byte in 1_u8..,
    ) {
        let size = gib * GIB;
        let at = size / (1 << 20) * place.index(1 << 20) as u64 + 12345;
        let mut image = Image::blank(size).knowing_holes();
        image.write(at, &[byte]);
        match prove_blank(&image) {
            Err(NotBlank::Found { offset, .. }) => prop_assert_eq!(offset, at),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn any_64th_of_the_device_filled_is_found(gib in 1_u64..10_000, part in 0_u64..64) {
        let size = gib * GIB;
        let (start, end) = (size / 64 * part, size / 64 * (part + 1));
        let planned = plan(size, Swept::Partly, PAGE);
        prop_assert!(planned.iter().any(|run| run.start < end && start < run.end));
    }
}
