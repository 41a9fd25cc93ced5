//! Block devices: claimed, read, refused.

use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};

use super::*;
use crate::os::{DeviceId, Kind};

#[test]
fn a_claim_keeps_others_out_until_it_is_dropped() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("image", 32 * MIB, FsType::Ext4);
    let target = bench.place("mnt");
    let device = bench.linux.open_exclusive(disk.device).unwrap();
    assert_eq!(bench.linux.open_exclusive(disk.device).unwrap_err().kind, Kind::Busy);
    let mount = || {
        let flags = MountFlags::default();
        bench.linux.mount_device(disk.device, FsType::Ext4, &target, flags, &[])
    };
    assert_eq!(mount().unwrap_err().kind, Kind::Busy);
    drop(device);
    mount().unwrap();
    assert_eq!(bench.linux.open_exclusive(disk.device).unwrap_err().kind, Kind::Busy);
}

#[test]
fn a_fresh_image_is_blank_and_one_byte_is_not() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let size = 1024 * MIB;
    let disk = bench.disk("image", size);
    let found = || {
        let device = bench.linux.open_exclusive(disk.device).unwrap();
        bench.linux.probe_device(&device, None).unwrap()
    };
    assert_eq!(found(), Found::Blank);
    assert_eq!(bench.linux.probe_image(&bench.open("image")).unwrap(), Found::Blank);
    let node = bench.linux.device_node(disk.device).unwrap();
    let write = |offset: u64, bytes: &[u8]| {
        let mut file = OpenOptions::new().write(true).open(&node).unwrap();
        file.seek(SeekFrom::Start(offset)).unwrap();
        file.write_all(bytes).unwrap();
        sync_file(&file);
    };
    write(size - 512, b"EFI PART");
    let what = "a backup GPT partition table".to_owned();
    assert_eq!(found(), Found::Foreign { what, offset: size - 512 });
    write(size - 512, &[0; 8]);
    write(size / 2, &[1]);
    assert_eq!(found(), Found::Data { offset: size / 2 });
    assert_eq!(
        bench.linux.probe_image(&bench.open("image")).unwrap(),
        Found::Data { offset: size / 2 }
    );
}

#[test]
fn between_the_holes_of_its_image_each_byte_of_a_device_is_read() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let size = 1024 * MIB;
    let disk = bench.disk("image", size);
    let image = bench.open("image");
    let found = |image| {
        let device = bench.linux.open_exclusive(disk.device).unwrap();
        bench.linux.probe_device(&device, Some(image)).unwrap()
    };
    assert_eq!(found(&image), Found::Blank);
    // Far from where the superblocks and the samples are, and still in the device's cache.
    let offset = size / 64 * 20 + 3 * MIB + 1;
    let node = bench.linux.device_node(disk.device).unwrap();
    let mut file = OpenOptions::new().write(true).open(node).unwrap();
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(b"x").unwrap();
    assert_eq!(found(&image), Found::Data { offset });
    // The holes of another image say nothing of it.
    let other = bench.image("other", size);
    file.seek(SeekFrom::Start(size / 2)).unwrap();
    file.write_all(b"x").unwrap();
    sync_file(&file);
    drop(file);
    assert_eq!(found(&other), Found::Data { offset: size / 2 });
}

#[test]
fn a_device_that_ends_before_its_size_is_unreadable() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.disk("image", 64 * MIB);
    let image = OpenOptions::new().write(true).open(bench.dir.join("image")).unwrap();
    image.set_len(MIB).unwrap();
    let device = bench.linux.open_exclusive(disk.device).unwrap();
    let error = bench.linux.probe_device(&device, None).unwrap_err();
    assert_eq!(error.kind, Kind::Io, "{error}");
    assert!(error.detail.contains("unreadable is not blank"), "{error}");
}

#[test]
fn one_byte_anywhere_in_an_image_is_found() {
    use std::os::unix::fs::FileExt;
    let bench = Bench::new();
    let image = bench.image("image", 1024 * MIB);
    assert_eq!(bench.linux.probe_image(&image).unwrap(), Found::Blank);
    let offset = 1024 * MIB / 64 * 20 + 3 * MIB + 1;
    let file = OpenOptions::new().write(true).open(bench.dir.join("image")).unwrap();
    file.write_all_at(b"x", offset).unwrap();
    assert_eq!(bench.linux.probe_image(&image).unwrap(), Found::Data { offset });
}

#[test]
fn odd_sizes_are_read_to_their_end() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    for size in [512, 4096 + 512, MIB + 1536, 8 * MIB + 512, 8 * MIB + 7] {
        let disk = bench.disk(&format!("image-{size}"), size);
        assert_eq!(disk.size, size / 512 * 512);
        let device = bench.linux.open_exclusive(disk.device).unwrap();
        assert_eq!(bench.linux.probe_device(&device, None).unwrap(), Found::Blank, "{size}");
    }
}

#[test]
fn each_file_system_is_recognised() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    for fs_type in FsType::ALL {
        let disk = bench.formatted(fs_type.as_str(), 320 * MIB, fs_type);
        let device = bench.linux.open_exclusive(disk.device).unwrap();
        let found = superblock(bench.linux.probe_device(&device, None).unwrap());
        assert_eq!((found.fs_type, found.size), (fs_type, 320 * MIB));
        let error = bench.linux.make_filesystem(&device, fs_type).unwrap_err();
        assert_eq!(error.kind, Kind::NotEmpty, "never made over another: {error}");
    }
}

#[test]
fn a_device_that_is_not_there() {
    let linux = Linux::new();
    let absent = DeviceId { major: 7, minor: 1_000_000 };
    assert_eq!(linux.device_node(absent).unwrap_err().kind, Kind::NotFound);
    assert_eq!(linux.device_size(absent).unwrap_err().kind, Kind::NotFound);
    assert_eq!(linux.open_exclusive(absent).unwrap_err().kind, Kind::NotFound);
}

#[test]
fn writes_can_be_refused_and_allowed() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.disk("image", 8 * MIB);
    assert!(!bench.linux.is_device_readonly(disk.device).unwrap());
    bench.linux.set_device_readonly(disk.device, true).unwrap();
    assert!(bench.linux.is_device_readonly(disk.device).unwrap());
    let device = bench.linux.open_exclusive(disk.device).expect("opened for reading alone");
    assert_eq!(bench.linux.probe_device(&device, None).unwrap(), Found::Blank);
    assert!(bench.linux.make_filesystem(&device, FsType::Ext4).is_err());
    drop(device);
    bench.linux.set_device_readonly(disk.device, false).unwrap();
    assert!(!bench.linux.is_device_readonly(disk.device).unwrap());
}

/// Between the proof and mkfs the device must not change; what was not proven is not formatted.
#[test]
fn what_changed_since_the_proof_is_not_formatted() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.disk("image", 64 * MIB);
    let device = bench.linux.open_exclusive(disk.device).unwrap();
    let make = || bench.linux.make_filesystem(&device, FsType::Ext4);
    let unproven = make().unwrap_err();
    assert_eq!(unproven.kind, Kind::Changed, "{unproven}");

    let probe = || bench.linux.probe_device(&device, None).unwrap();
    assert_eq!(probe(), Found::Blank);
    OpenOptions::new()
        .write(true)
        .open(bench.dir.join("image"))
        .unwrap()
        .set_len(96 * MIB)
        .unwrap();
    bench.linux.refresh_loop(&disk).unwrap();
    let resized = make().unwrap_err();
    assert_eq!(resized.kind, Kind::Changed, "{resized}");
    assert!(
        resized.detail.contains("67108864") && resized.detail.contains("100663296"),
        "{resized}"
    );
    assert_eq!(probe(), Found::Blank, "nothing was written");
    make().unwrap();
    assert_eq!(make().unwrap_err().kind, Kind::NotEmpty);
}

/// A proof is of what was read last: data that came since the last one take it back.
#[test]
fn a_proof_ends_where_data_are_found() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.disk("image", 64 * MIB);
    let device = bench.linux.open_exclusive(disk.device).unwrap();
    assert_eq!(bench.linux.probe_device(&device, None).unwrap(), Found::Blank);
    write_through(&bench, &disk, 60 * MIB - 12288, &[0xa5; 4096]);
    write_through(&bench, &disk, 0, b"LUKS\xba\xbe");
    let what = "a LUKS header".to_owned();
    let found = bench.linux.probe_device(&device, None).unwrap();
    assert_eq!(found, Found::Foreign { what, offset: 0 });
    let error = bench.linux.make_filesystem(&device, FsType::Ext4).unwrap_err();
    assert_eq!(error.kind, Kind::Changed, "{error}");
}

fn write_through(bench: &Bench, disk: &LoopDevice, offset: u64, bytes: &[u8]) {
    use std::os::unix::fs::FileExt;
    let node = bench.linux.device_node(disk.device).unwrap();
    let file = OpenOptions::new().write(true).open(node).unwrap();
    file.write_all_at(bytes, offset).unwrap();
    sync_file(&file);
}

/// Logical blocks of more than 4 KiB, which Linux has since 6.15: direct reads keep to them.
#[test]
fn a_device_of_large_blocks_is_read() {
    use std::os::unix::fs::FileExt;
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let image = bench.image("image", 64 * MIB);
    let path = bench.dir.join("image");
    let bound = std::process::Command::new("losetup")
        .args(["--find", "--show", "--sector-size", "16384"])
        .arg(&path)
        .output()
        .unwrap();
    if !bound.status.success() {
        eprintln!("left out: this kernel has no blocks of 16 KiB");
        return;
    }
    let identity = bench.linux.describe(&image).unwrap().identity;
    let disk =
        bench.linux.loops().unwrap().answering.into_iter().find(|disk| disk.backing == identity);
    let disk = disk.expect("it is bound");
    let found = || {
        let device = bench.linux.open_exclusive(disk.device).unwrap();
        bench.linux.probe_device(&device, None).unwrap()
    };
    let blank = found();
    // A mirror of btrfs, in the middle of a block; behind it the tail.
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(b"x", 64 * MIB - 1).unwrap();
    let data = found();
    file.write_all_at(b"\0", 64 * MIB - 1).unwrap();
    file.write_all_at(b"_BHRfS_M", 64 * 1024 + 64).unwrap();
    let named = found();
    bench.linux.unbind_loop(&disk).unwrap();
    assert_eq!(blank, Found::Blank);
    assert_eq!(data, Found::Data { offset: 64 * MIB - 1 });
    assert!(matches!(named, Found::Foreign { .. }), "{named:?}");
}
