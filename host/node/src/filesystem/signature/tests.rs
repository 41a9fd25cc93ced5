use std::fmt::Write as _;
use std::process::Command;

use super::*;
use crate::filesystem::blank::{Swept, plan};
use crate::filesystem::image::Image;
use crate::filesystem::{NotBlank, prove_blank};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Of no round length, a small one, and one that has every place.
const SIZES: [u64; 3] = [10 * GIB + 512 * 1001, 3 * MIB, 5 << 40];

/// The first, the last and the middle of each row's runs of places.
fn sampled(signature: &Signature, size: u64) -> Vec<u64> {
    let all = signature.at.iter().map(|at| at.offsets(size).collect::<Vec<_>>());
    let some = all.flat_map(|all| {
        let picked = [0, all.len() / 2, all.len().wrapping_sub(1)];
        picked.map(|n| all.get(n).copied()).into_iter().flatten().collect::<Vec<_>>()
    });
    let mut some: Vec<u64> = some.collect();
    some.dedup();
    some
}

#[test]
fn the_magic_bytes_of_every_row_refuse_at_every_place_and_are_named() {
    let mut tried = 0;
    for size in SIZES {
        for (row, signature) in KNOWN.iter().enumerate() {
            for offset in sampled(signature, size) {
                for magic in signature.magics {
                    if offset + magic.len() as u64 > size {
                        continue;
                    }
                    let mut image = Image::blank(size);
                    image.write(offset, magic);
                    let what = || format!("{} at {offset} of {size}", signature.name);
                    match prove_blank(&image) {
                        Err(NotBlank::Found { offset: at, what: Some(name) }) => {
                            // Formats share magic bytes: the first row that has them here is told.
                            let told = KNOWN.iter().position(|row| row.name == name).unwrap();
                            assert!(told <= row, "{} is called {name}", what());
                            let rows = KNOWN.iter().filter(|row| row.name == name);
                            let mut places = rows.flat_map(|row| row.offsets(size));
                            assert!(places.any(|place| place == at), "{}: {at}", what());
                        }
                        other => panic!("{}: {other:?}", what()),
                    }
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 500, "{tried}");
}

#[test]
fn every_place_is_read_before_a_device_is_formatted() {
    for size in SIZES.into_iter().chain([4 * MIB, 4 * MIB + 512, GIB - 512, 300 * GIB + 4096]) {
        for swept in [Swept::Whole, Swept::Partly] {
            for unit in [4096, 16384, 65536] {
                let runs = plan(size, swept, unit);
                for (offset, len) in places(size) {
                    let end = (offset + len).min(size);
                    let covered = runs.iter().any(|run| run.start <= offset && end <= run.end);
                    assert!(covered, "{offset}..{end} of {size}, {swept:?}, {unit}");
                }
            }
        }
    }
}

#[test]
fn a_magic_is_met_across_two_units() {
    for unit in [4096, 65536] {
        let mut image = Image::blank(GIB).aligned_to(unit);
        image.write(64 * MIB + 64, b"_BHRfS_M");
        let met = recognise(&image, |_| true).unwrap().unwrap();
        assert_eq!((met.signature.name, met.offset), ("btrfs", 64 * MIB + 64));
    }
}

/// What `blkid -k` lists, up to util-linux 2.42, and the row that stands for it.
const OF_BLKID: &[(&str, &str)] = &[
    ("linux_raid_member", "a Linux RAID member (md 1.1 or 1.2)"),
    ("ddf_raid_member", "a firmware RAID member (DDF)"),
    ("isw_raid_member", "a firmware RAID member (Intel)"),
    ("lsi_mega_raid_member", "a firmware RAID member (LSI)"),
    ("via_raid_member", "a firmware RAID member (VIA)"),
    ("silicon_medley_raid_member", "a firmware RAID member (Silicon Image)"),
    ("nvidia_raid_member", "a firmware RAID member (Nvidia)"),
    ("promise_fasttrack_raid_member", "a firmware RAID member (Promise)"),
    ("hpt45x_raid_member", "a firmware RAID member (HighPoint)"),
    ("hpt37x_raid_member", "a firmware RAID member (HighPoint)"),
    ("adaptec_raid_member", "a firmware RAID member (Adaptec)"),
    ("jmicron_raid_member", "a firmware RAID member (JMicron)"),
    ("bcache", "a bcache device"),
    ("bcachefs", "bcachefs"),
    ("ceph_bluestore", "a Ceph BlueStore device"),
    ("drbd", "a DRBD device"),
    ("drbdmanage_control_volume", "a control volume of drbdmanage"),
    ("drbdproxy_datalog", "a log of DRBD Proxy"),
    ("LVM2_member", "an LVM2 physical volume"),
    ("LVM1_member", "an LVM1 physical volume"),
    ("DM_snapshot_cow", "the exceptions of a dm snapshot"),
    ("DM_verity_hash", "hashes of dm-verity"),
    ("DM_integrity", "a dm-integrity device"),
    ("crypto_LUKS", "a LUKS header"),
    ("VMFS_volume_member", "a VMFS device"),
    ("VMFS", "a VMFS device"),
    ("ubi", "UBI"),
    ("ubifs", "UBIFS"),
    ("vdo", "a VDO device"),
    ("stratis", "a Stratis device"),
    ("BitLocker", "a BitLocker volume"),
    ("cs_fvault2", "FileVault 2"),
    ("vfat", "FAT"),
    ("swsuspend", "swap space"),
    ("swap", "swap space"),
    ("xfs", "XFS"),
    ("xfs_external_log", "an external log of XFS"),
    ("exfs", "EXFS"),
    ("ext4dev", "ext2, ext3 or ext4"),
    ("ext4", "ext2, ext3 or ext4"),
    ("ext3", "ext2, ext3 or ext4"),
    ("ext2", "ext2, ext3 or ext4"),
    ("jbd", "ext2, ext3 or ext4"),
    ("reiserfs", "ReiserFS"),
    ("reiser4", "Reiser4"),
    ("jfs", "JFS"),
    ("udf", "UDF"),
    ("iso9660", "ISO 9660"),
    ("zfs_member", "a ZFS pool member"),
    ("hfsplus", "HFS+"),
    ("hfs", "HFS"),
    ("ufs", "UFS"),
    ("hpfs", "HPFS"),
    ("sysv", "System V"),
    ("xenix", "Xenix"),
    ("ntfs", "NTFS"),
    ("ReFS", "ReFS"),
    ("cramfs", "cramfs"),
    ("romfs", "romfs"),
    ("minix", "Minix"),
    ("gfs", "GFS2"),
    ("gfs2", "GFS2"),
    ("ocfs", "OCFS"),
    ("ocfs2", "OCFS2"),
    ("oracleasm", "an Oracle ASM disk"),
    ("vxfs", "VxFS"),
    ("squashfs", "SquashFS"),
    ("squashfs3", "SquashFS"),
    ("nss", "NetWare (NSS)"),
    ("btrfs", "btrfs"),
    ("bfs", "BFS"),
    ("befs", "BeFS"),
    ("nilfs2", "NILFS2"),
    ("exfat", "exFAT"),
    ("f2fs", "F2FS"),
    ("mpool", "a media pool (mpool)"),
    ("apfs", "APFS"),
    ("zonefs", "zonefs"),
    ("erofs", "EROFS"),
    ("scoutfs_meta", "ScoutFS"),
    ("scoutfs_data", "ScoutFS"),
];

#[test]
fn whatever_blkid_knows_has_a_row() {
    for (theirs, ours) in OF_BLKID {
        assert!(KNOWN.iter().any(|row| row.name == *ours), "{theirs} has no row {ours}");
    }
    let listed = Command::new("blkid").arg("-k").output().expect("util-linux is installed");
    let listed = String::from_utf8(listed.stdout).unwrap();
    let mut count = 0;
    for name in listed.lines() {
        assert!(
            OF_BLKID.iter().any(|(theirs, _)| *theirs == name),
            "the installed blkid knows {name}: give it a row in signature/table.rs"
        );
        count += 1;
    }
    assert!(count > 50, "{listed}");
}

/// Whatever blkid calls something, of all rows written one by one, is refused here as well: held by
/// the test above; this one says how many of them blkid knows by the magic alone.
#[test]
fn what_blkid_recognises_by_its_magic_alone_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let size = 16 * MIB;
    let mut recognised = 0;
    for (n, signature) in KNOWN.iter().enumerate() {
        for offset in sampled(signature, size) {
            let path = dir.path().join(format!("{n}-{offset}"));
            let file = std::fs::File::create(&path).unwrap();
            file.set_len(size).unwrap();
            std::os::unix::fs::FileExt::write_all_at(&file, signature.magics[0], offset).unwrap();
            let told = Command::new("blkid").arg("-p").arg(&path).output().unwrap();
            if told.status.success() && !told.stdout.is_empty() {
                recognised += 1;
                let refused = prove_blank(&Image::load(&path));
                assert!(matches!(refused, Err(NotBlank::Found { .. })), "{signature:?}");
            }
            std::fs::remove_file(&path).unwrap();
        }
    }
    assert!(recognised > 10, "{recognised}");
}

/// `docs/formatting.md` shows operators the table as it is. `UPDATE=1` writes it anew.
#[test]
fn the_documents_show_this_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/formatting.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (begin, end) = ("<!-- signatures -->\n", "<!-- /signatures -->");
    let (before, rest) = text.split_once(begin).expect("the table has its place");
    let (_, after) = rest.split_once(end).expect("the table has an end");
    let wanted = format!("{before}{begin}{}{end}{after}", shown());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &wanted).unwrap();
    } else {
        assert!(text == wanted, "docs/formatting.md is not of this table: run with UPDATE=1");
    }
}

fn shown() -> String {
    let mut table = String::from("| what | where | source |\n|---|---|---|\n");
    for Signature { name, at, source, .. } in KNOWN {
        let places: Vec<String> = at.iter().map(|at| place(*at)).collect();
        writeln!(table, "| {name} | {} | {source} |", places.join(", ")).unwrap();
    }
    table
}

fn place(at: At) -> String {
    let each = |step, count| format!("each {} × {count}", bytes(step));
    let from_end = |unit, back| match unit {
        512 => format!("end − {}", bytes(back)),
        unit => format!("end (of whole {}) − {}", bytes(unit), bytes(back)),
    };
    match at {
        At::Start(offset) => bytes(offset),
        At::End { unit, back } => from_end(unit, back),
        At::Slots { first, step, count } => format!("{}, {}", bytes(first), each(step, count)),
        At::EndSlots { unit, back, step, count } => {
            format!("{}, {}", from_end(unit, back), each(step, count))
        }
    }
}

/// `64 MiB + 64`.
fn bytes(count: u64) -> String {
    let units = [(1_u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let mut parts = Vec::new();
    let mut left = count;
    for (unit, name) in units {
        if left >= unit {
            parts.push(format!("{} {name}", left / unit));
            left %= unit;
        }
    }
    if left > 0 || parts.is_empty() {
        parts.push(left.to_string());
    }
    parts.join(" + ")
}
