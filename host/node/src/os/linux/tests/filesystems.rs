//! Making, checking and growing file systems, with data in them that must not change.

use std::fs::File;
use std::io::{Read, Write};

use sha2::{Digest, Sha256};

use super::super::{blocks, making};
use super::*;
use crate::os::{Kind, MountedFilesystems};

/// Writes files of known content and answers their digest.
fn fill(directory: &Path) -> Vec<u8> {
    let mut state = 1_u64;
    for n in 0..8 {
        let bytes: Vec<u8> = (0..2 * MIB)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                state.to_le_bytes()[7]
            })
            .collect();
        let mut file = File::create(directory.join(format!("file{n}"))).unwrap();
        file.write_all(&bytes).unwrap();
        sync_file(&file);
    }
    digest(directory)
}

fn digest(directory: &Path) -> Vec<u8> {
    let mut hash = Sha256::new();
    for n in 0..8 {
        let mut bytes = Vec::new();
        File::open(directory.join(format!("file{n}"))).unwrap().read_to_end(&mut bytes).unwrap();
        hash.update(&bytes);
    }
    hash.finalize().to_vec()
}

fn enlarge(bench: &Bench, disk: &LoopDevice, name: &str, size: u64) {
    File::options().write(true).open(bench.dir.join(name)).unwrap().set_len(size).unwrap();
    bench.linux.refresh_loop(disk).unwrap();
}

#[test]
fn xfs_and_btrfs_grow_mounted_and_keep_their_data() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    for fs_type in [FsType::Xfs, FsType::Btrfs] {
        let name = fs_type.as_str();
        let disk = bench.formatted(name, 320 * MIB, fs_type);
        let mount = bench.mount(&disk, fs_type, &format!("{fs_type}-mnt"));
        let before = fill(&mount.point);
        let size = || bench.linux.filesystem_size(&mount, fs_type).unwrap();
        assert_eq!(size(), 320 * MIB, "{fs_type}");
        let usage = bench.linux.usage(&mount).unwrap();
        bench.linux.grow_mounted(&mount, fs_type).expect("the same size is OK");
        enlarge(&bench, &disk, name, 640 * MIB);
        bench.linux.grow_mounted(&mount, fs_type).unwrap();
        assert_eq!(size(), 640 * MIB, "{fs_type}");
        let grown = bench.linux.usage(&mount).unwrap();
        assert!(grown.bytes.total > usage.bytes.total + 300 * MIB, "{usage:?} {grown:?}");
        assert_eq!(digest(&mount.point), before, "{fs_type}");
        bench.linux.unmount(&mount).unwrap();
        let device = bench.linux.open_exclusive(disk.device).unwrap();
        let found = superblock(bench.linux.probe_device(&device, None).unwrap());
        assert_eq!(found.size, 640 * MIB, "{fs_type}");
    }
}

#[test]
fn ext4_grows_unmounted_and_keeps_its_data() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("ext4", 64 * MIB, FsType::Ext4);
    let mount = bench.mount(&disk, FsType::Ext4, "mnt");
    let before = fill(&mount.point);
    assert_eq!(bench.linux.filesystem_size(&mount, FsType::Ext4).unwrap(), 64 * MIB);
    bench.linux.unmount(&mount).unwrap();
    enlarge(&bench, &disk, "ext4", 512 * MIB);
    let device = bench.linux.open_exclusive(disk.device).unwrap();
    for _ in 0..2 {
        bench.linux.grow_ext4_offline(&device).unwrap();
        assert_eq!(bench.linux.open_exclusive(disk.device).unwrap_err().kind, Kind::Busy);
    }
    drop(device);
    let flags = MountFlags::default();
    bench.linux.mount_device(disk.device, FsType::Ext4, &mount.point, flags, &[]).unwrap();
    let mount = bench.at(&mount.point);
    assert_eq!(bench.linux.filesystem_size(&mount, FsType::Ext4).unwrap(), 512 * MIB);
    assert!(bench.linux.usage(&mount).unwrap().bytes.total > 450 * MIB);
    assert_eq!(digest(&mount.point), before);
}

#[test]
fn ext4_grows_mounted_where_the_process_may() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("ext4", 64 * MIB, FsType::Ext4);
    let mount = bench.mount(&disk, FsType::Ext4, "mnt");
    bench.linux.grow_mounted(&mount, FsType::Ext4).expect("the same size is OK");
    enlarge(&bench, &disk, "ext4", 128 * MIB);
    let sets = rustix::thread::capabilities(None).unwrap();
    let may = sets.effective.contains(rustix::thread::CapabilitySet::SYS_RESOURCE);
    let grown = bench.linux.grow_mounted(&mount, FsType::Ext4);
    let size = bench.linux.filesystem_size(&mount, FsType::Ext4).unwrap();
    if may {
        grown.unwrap();
        assert_eq!(size, 128 * MIB);
    } else {
        let error = grown.unwrap_err();
        assert_eq!((error.kind, size), (Kind::Denied, 64 * MIB));
        assert!(error.detail.contains("not permitted"), "{error}");
    }
}

#[test]
fn a_damaged_ext4_is_not_grown() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("ext4", 64 * MIB, FsType::Ext4);
    let node = bench.linux.device_node(disk.device).unwrap();
    // The root directory made a file: beyond what is corrected without being asked.
    tool("debugfs", &["-w", "-R", "set_inode_field <2> mode 0100644", node.to_str().unwrap()]);
    enlarge(&bench, &disk, "ext4", 128 * MIB);
    let device = bench.linux.open_exclusive(disk.device).unwrap();
    let error = bench.linux.grow_ext4_offline(&device).unwrap_err();
    assert_eq!(error.kind, Kind::Program { code: Some(4) }, "{error}");
    assert_eq!(superblock(bench.linux.probe_device(&device, None).unwrap()).size, 64 * MIB);
}

/// What a cut-off mkfs leaves of each file system is recognised and made anew.
#[test]
fn an_unfinished_one_is_made_again() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    for fs_type in FsType::ALL {
        let disk = bench.formatted(fs_type.as_str(), 320 * MIB, fs_type);
        unfinish(&bench, &disk, fs_type);
        let device = bench.linux.open_exclusive(disk.device).unwrap();
        assert_eq!(bench.linux.probe_device(&device, None).unwrap(), Found::Unfinished(fs_type));
        bench.linux.make_filesystem(&device, fs_type).unwrap();
        assert_eq!(superblock(bench.linux.probe_device(&device, None).unwrap()).fs_type, fs_type);
        drop(device);
        bench.mount(&disk, fs_type, &format!("{fs_type}-mnt"));
    }
}

/// What a failed mkfs left goes, where it has the UUID that it was given; everybody else's stays.
#[test]
fn only_ones_own_remains_are_taken_away() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    for fs_type in FsType::ALL {
        let disk = bench.formatted(fs_type.as_str(), 320 * MIB, fs_type);
        let handle = bench.linux.open_exclusive(disk.device).unwrap();
        let made = superblock(bench.linux.probe_device(&handle, None).unwrap());
        let device = blocks::opened(&handle, "testing").unwrap();
        making::take_away(device, "2b4bd9f7-3c4b-4c64-8e4a-000000000000", "testing");
        assert_eq!(superblock(bench.linux.probe_device(&handle, None).unwrap()), made);
        let uuid = uuid_of(&bench, &disk);
        device.release();
        making::take_away(device, &uuid, "testing");
        assert_eq!(superblock(bench.linux.probe_device(&handle, None).unwrap()), made, "unclaimed");
        drop(handle);
        let handle = bench.linux.open_exclusive(disk.device).unwrap();
        making::take_away(blocks::opened(&handle, "testing").unwrap(), &uuid, "testing");
        assert_eq!(bench.linux.probe_device(&handle, None).unwrap(), Found::Blank, "{fs_type}");
    }
}

fn uuid_of(bench: &Bench, disk: &LoopDevice) -> String {
    let node = bench.linux.device_node(disk.device).unwrap();
    let told = std::process::Command::new("blkid")
        .args(["-p", "-o", "value", "-s", "UUID"])
        .arg(node)
        .output()
        .unwrap();
    String::from_utf8(told.stdout).unwrap().trim_end().to_owned()
}

/// Sets the mark that mkfs takes away at its end, and the checksum to it.
fn unfinish(bench: &Bench, disk: &LoopDevice, fs_type: FsType) {
    use std::os::unix::fs::FileExt;
    let node = bench.linux.device_node(disk.device).unwrap();
    let file = File::options().read(true).write(true).open(node).unwrap();
    let (offset, length) = match fs_type {
        FsType::Ext4 => (1024, 1024),
        FsType::Xfs => (0, 512),
        FsType::Btrfs => (65536, 4096),
    };
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, offset).unwrap();
    match fs_type {
        FsType::Ext4 => {
            bytes[0x3a] = 0;
            let crc = !crc32c::crc32c(&bytes[..0x3fc]);
            bytes[0x3fc..].copy_from_slice(&crc.to_le_bytes());
        }
        FsType::Xfs => {
            bytes[126] = 1;
            bytes[224..228].fill(0);
            let crc = crc32c::crc32c(&bytes);
            bytes[224..228].copy_from_slice(&crc.to_le_bytes());
        }
        FsType::Btrfs => {
            bytes[64] = b'!';
            let crc = crc32c::crc32c(&bytes[32..]);
            bytes[..4].copy_from_slice(&crc.to_le_bytes());
        }
    }
    file.write_all_at(&bytes, offset).unwrap();
    sync_file(&file);
}

#[test]
fn the_root_is_given_to_a_group_once() {
    use std::os::unix::fs::MetadataExt;
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("ext4", 32 * MIB, FsType::Ext4);
    let mount = bench.mount(&disk, FsType::Ext4, "mnt");
    for _ in 0..2 {
        bench.linux.give_to_group(&mount, 4711).unwrap();
        let root = std::fs::metadata(&mount.point).unwrap();
        assert_eq!((root.gid(), root.mode() & 0o7777), (4711, 0o2775));
    }
    let inside = std::fs::metadata(mount.point.join("lost+found")).unwrap();
    assert_eq!(inside.gid(), 0, "what is in it is left alone");
}

#[test]
fn a_device_too_small_says_so() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    for fs_type in [FsType::Xfs, FsType::Btrfs] {
        let disk = bench.disk(fs_type.as_str(), 16 * MIB);
        let device = bench.linux.open_exclusive(disk.device).unwrap();
        assert_eq!(bench.linux.probe_device(&device, None).unwrap(), Found::Blank);
        let error = bench.linux.make_filesystem(&device, fs_type).unwrap_err();
        assert!(matches!(error.kind, Kind::Program { code: Some(1) }), "{error}");
        assert!(error.detail.len() > 30, "the program's own words: {error}");
        assert_eq!(bench.linux.probe_device(&device, None).unwrap(), Found::Blank);
    }
}

#[test]
fn the_smallest_device_is_large_enough_and_a_refusal_is_short() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    for fs_type in FsType::ALL {
        bench.formatted(fs_type.as_str(), bench.linux.smallest(fs_type), fs_type);
        let disk = bench.disk(&format!("{fs_type}-small"), 64 * 1024);
        let device = bench.linux.open_exclusive(disk.device).unwrap();
        assert_eq!(bench.linux.probe_device(&device, None).unwrap(), Found::Blank);
        let error = bench.linux.make_filesystem(&device, fs_type).unwrap_err();
        assert!(matches!(error.kind, Kind::Program { code: Some(1) }), "{error}");
        assert!(!error.detail.contains("sage:") && !error.detail.contains('\n'), "{error}");
        assert!(error.detail.len() > 40, "it says why: {error}");
    }
}
