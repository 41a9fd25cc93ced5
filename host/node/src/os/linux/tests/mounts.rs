//! Mounts: with the flags that were asked, where it was asked, and nothing else unmounted.

use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::os::{BindSource, Kind, MountEntry, MountId, MountedFilesystems};

const FLAGS: MountFlags = MountFlags {
    readonly: false,
    nosuid: true,
    nodev: true,
    noexec: false,
    noatime: false,
    nodiratime: false,
};

fn entry(bench: &Bench, target: &Path) -> MountEntry {
    let table = bench.linux.mounts().unwrap();
    table.into_iter().rfind(|entry| entry.is_at(target)).expect("it is mounted")
}

#[test]
fn each_file_system_mounts_with_its_flags_and_options() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    for (fs_type, option) in [
        (FsType::Ext4, "errors=remount-ro"),
        (FsType::Xfs, "logbufs=8"),
        (FsType::Btrfs, "compress=zstd"),
    ] {
        let disk = bench.formatted(fs_type.as_str(), 320 * MIB, fs_type);
        let target = bench.place(&format!("{fs_type} with a space"));
        let flags = MountFlags { noatime: true, noexec: true, nodiratime: true, ..FLAGS };
        let options = [option.to_owned(), "discard".to_owned()];
        bench.linux.mount_device(disk.device, fs_type, &target, flags, &options).unwrap();
        let entry = entry(&bench, &target);
        assert_eq!((entry.flags, entry.readonly_filesystem), (flags, false), "{fs_type}");
        assert_eq!((entry.fs_type.as_str(), entry.block), (fs_type.as_str(), Some(disk.device)));
        assert_eq!(entry.root, Path::new("/"));
        std::fs::write(target.join("file"), "content").unwrap();

        bench.linux.unmount(&entry.reference()).unwrap();
        bench.linux.unmount(&entry.reference()).expect("gone already is OK");
        assert!(!bench.is_mounted(&target));
        let readonly = MountFlags { readonly: true, ..FLAGS };
        bench.linux.mount_device(disk.device, fs_type, &target, readonly, &[]).unwrap();
        let entry = self::entry(&bench, &target);
        assert_eq!((entry.flags, entry.readonly_filesystem), (readonly, true));
        assert_eq!(std::fs::read_to_string(target.join("file")).unwrap(), "content");
    }
}

#[test]
fn a_refused_mount_says_why_and_leaves_nothing() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("disk", 32 * MIB, FsType::Ext4);
    let target = bench.place("mnt");
    let mount = |fs_type, options: &[String]| {
        bench.linux.mount_device(disk.device, fs_type, &target, FLAGS, options).unwrap_err()
    };
    let error = mount(FsType::Ext4, &["nonsense".to_owned()]);
    assert!(error.detail.contains("nonsense"), "{error}");
    let error = mount(FsType::Xfs, &[]);
    assert!(!error.detail.is_empty(), "{error}");
    // A comma does not make two options of one.
    let error = mount(FsType::Ext4, &["errors=panic,suid".to_owned()]);
    assert!(error.detail.contains("errors"), "{error}");
    assert!(!bench.is_mounted(&target));
    assert!(bench.linux.open_exclusive(disk.device).is_ok(), "and the device is free");
}

#[test]
fn an_unclean_file_system_is_mounted_by_its_log() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    for fs_type in FsType::ALL {
        let disk = bench.formatted(fs_type.as_str(), 320 * MIB, fs_type);
        let mount = bench.mount(&disk, fs_type, &format!("{fs_type}-mnt"));
        let file = std::fs::File::create(mount.point.join("file")).unwrap();
        sync_file(&file);
        // The image as it is now is what a power failure would leave.
        let copy = bench.dir.join(format!("{fs_type}-copy"));
        let image = bench.dir.join(fs_type.as_str());
        tool("cp", &["--sparse=always", image.to_str().unwrap(), copy.to_str().unwrap()]);
        drop(file);
        bench.linux.unmount(&mount).unwrap();
        bench.linux.unbind_loop(&disk).unwrap();
        let copy = bench.open(&format!("{fs_type}-copy"));
        let copy = bench.linux.bind_loop(&copy, "copy", false).unwrap();
        let mount = bench.mount(&copy, fs_type, &format!("{fs_type}-again"));
        assert!(mount.point.join("file").exists(), "{fs_type}");
    }
}

#[test]
fn a_bind_has_exactly_its_own_flags() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("disk", 32 * MIB, FsType::Ext4);
    let staged = bench.mount(&disk, FsType::Ext4, "staged");
    std::fs::write(staged.point.join("file"), "content").unwrap();
    let all = MountFlags {
        readonly: true,
        nosuid: true,
        nodev: true,
        noexec: true,
        noatime: true,
        nodiratime: true,
    };
    for (name, flags) in [("none", MountFlags::default()), ("some", FLAGS), ("all", all)] {
        let target = bench.place(name);
        bench.linux.bind(BindSource::Mount(&staged), &target, flags).unwrap();
        assert_eq!(entry(&bench, &target).flags, flags, "{name}");
        assert_eq!(std::fs::read_to_string(target.join("file")).unwrap(), "content");
        let write = std::fs::write(target.join("new"), "");
        assert_eq!(write.is_err(), flags.readonly, "{name}");
    }
    assert!(!entry(&bench, &staged.point).flags.readonly, "the source keeps its own");
    // Of a read-only bind, a bind that may write again is a matter of its own flags.
    let again = bench.place("again");
    let readonly = bench.at(&bench.dir.join("all"));
    bench.linux.bind(BindSource::Mount(&readonly), &again, FLAGS).unwrap();
    assert_eq!(entry(&bench, &again).flags, FLAGS);
}

#[test]
fn a_readonly_bind_is_never_writable_for_an_instant() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("disk", 32 * MIB, FsType::Ext4);
    let staged = bench.mount(&disk, FsType::Ext4, "staged");
    std::fs::create_dir(staged.point.join("sub")).unwrap();
    let target = bench.place("target");
    let ended = AtomicBool::new(false);
    let readonly = MountFlags { readonly: true, ..FLAGS };
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written = 0;
            while !ended.load(Ordering::Relaxed) {
                // The directory is there only while the bind is.
                written += u32::from(std::fs::write(target.join("sub/file"), "x").is_ok());
            }
            written
        });
        for _ in 0..300 {
            bench.linux.bind(BindSource::Mount(&staged), &target, readonly).unwrap();
            let mount = bench.at(&target);
            while let Err(error) = bench.linux.unmount(&mount) {
                assert_eq!(error.kind, Kind::Busy, "{error}");
            }
        }
        ended.store(true, Ordering::Relaxed);
        assert_eq!(writer.join().unwrap(), 0);
    });
}

#[test]
fn a_directory_and_a_device_node_are_bound() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let pool = bench.place("pool");
    std::fs::create_dir(pool.join("dir")).unwrap();
    std::fs::write(pool.join("dir/file"), "content").unwrap();
    let directory = bench.linux.open_directory(&pool, Path::new("dir")).unwrap();
    let target = bench.place("target");
    bench.linux.bind(BindSource::Directory(&directory), &target, FLAGS).unwrap();
    assert_eq!(std::fs::read_to_string(target.join("file")).unwrap(), "content");
    assert!(entry(&bench, &target).root.ends_with("pool/dir"));

    let disk = bench.disk("disk", 8 * MIB);
    let node = bench.dir.join("node");
    std::fs::write(&node, "").unwrap();
    let flags = MountFlags { nosuid: true, noexec: true, ..MountFlags::default() };
    bench.linux.bind(BindSource::DeviceNode(disk.device), &node, flags).unwrap();
    let size =
        std::io::Seek::seek(&mut std::fs::File::open(&node).unwrap(), std::io::SeekFrom::End(0));
    assert_eq!(size.unwrap(), 8 * MIB);
}

#[test]
fn a_source_that_changed_is_not_bound() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("disk", 32 * MIB, FsType::Ext4);
    let staged = bench.mount(&disk, FsType::Ext4, "staged");
    let target = bench.place("target");
    let bind = |source: &MountRef| {
        bench.linux.bind(BindSource::Mount(source), &target, FLAGS).map_err(|error| error.kind)
    };
    let other = MountRef { id: MountId(staged.id.0 + 100_000), ..staged.clone() };
    assert_eq!(bind(&other), Err(Kind::Changed));
    let inside = MountRef { point: staged.point.join("lost+found"), ..staged.clone() };
    assert_eq!(bind(&inside), Err(Kind::Changed));
    bench.linux.unmount(&staged).unwrap();
    assert_eq!(bind(&staged), Err(Kind::Changed), "the bare directory below is not bound");
    assert!(!bench.is_mounted(&target));
}

#[test]
fn a_place_that_is_taken_is_busy() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("disk", 32 * MIB, FsType::Ext4);
    let staged = bench.mount(&disk, FsType::Ext4, "staged");
    let bind = bench.linux.bind(BindSource::Mount(&staged), &staged.point, FLAGS);
    assert_eq!(bind.unwrap_err().kind, Kind::Busy);
    let other = bench.formatted("other", 32 * MIB, FsType::Ext4);
    let mount = bench.linux.mount_device(other.device, FsType::Ext4, &staged.point, FLAGS, &[]);
    assert_eq!(mount.unwrap_err().kind, Kind::Busy);
}

#[test]
fn targets_over_links_are_refused() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("disk", 32 * MIB, FsType::Ext4);
    let staged = bench.mount(&disk, FsType::Ext4, "staged");
    let real = bench.place("real");
    std::fs::create_dir(real.join("sub")).unwrap();
    symlink(&real, bench.dir.join("link")).unwrap();
    for name in ["link", "link/sub"] {
        let target = bench.dir.join(name);
        let bind = bench.linux.bind(BindSource::Mount(&staged), &target, FLAGS);
        assert_eq!(bind.unwrap_err().kind, Kind::Unsafe, "{name}");
        let mount = bench.linux.mount_device(disk.device, FsType::Ext4, &target, FLAGS, &[]);
        assert_eq!(mount.unwrap_err().kind, Kind::Unsafe, "{name}");
    }
    let absent = bench.linux.bind(BindSource::Mount(&staged), &bench.dir.join("absent"), FLAGS);
    assert_eq!(absent.unwrap_err().kind, Kind::NotFound);
    assert!(!bench.is_mounted(&real) && !bench.is_mounted(&real.join("sub")));
}

/// A tenant swaps a directory on the way for a link, over and over: nothing is ever mounted at the
/// link's end.
#[test]
fn a_swap_on_the_way_leads_nobody_astray() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("disk", 32 * MIB, FsType::Ext4);
    let staged = bench.mount(&disk, FsType::Ext4, "staged");
    let (way, aside) = (bench.place("way"), bench.dir.join("aside"));
    std::fs::create_dir(way.join("target")).unwrap();
    let victim = bench.place("victim");
    std::fs::create_dir(victim.join("target")).unwrap();
    symlink(&victim, &aside).unwrap();
    let ended = AtomicBool::new(false);
    let exchange = || {
        let flags = rustix::fs::RenameFlags::EXCHANGE;
        let cwd = rustix::fs::CWD;
        rustix::fs::renameat_with(cwd, &way, cwd, &aside, flags)
    };
    let (mut bound, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                exchange().unwrap();
            }
        });
        for _ in 0..500 {
            match bench.linux.bind(BindSource::Mount(&staged), &way.join("target"), FLAGS) {
                Ok(()) => bound += 1,
                Err(error) => {
                    assert!(matches!(error.kind, Kind::Unsafe | Kind::Busy), "{error}");
                    refused += 1;
                }
            }
            assert!(!bench.is_mounted(&victim.join("target")));
            for point in [way.join("target"), aside.join("target")] {
                if let Some(entry) = bench.linux.mounts().unwrap().iter().rfind(|e| e.is_at(&point))
                {
                    // The way may be a link again by now: then the next round does it.
                    let _ = bench.linux.unmount(&entry.reference());
                }
            }
        }
        ended.store(true, Ordering::Relaxed);
        swapper.join().unwrap();
    });
    assert!(bound > 0 && refused > 0, "both happened: {bound} and {refused}");
}

#[test]
fn only_the_mount_that_is_meant_is_unmounted() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("disk", 32 * MIB, FsType::Ext4);
    let lower = bench.mount(&disk, FsType::Ext4, "mnt");
    // Another one on top, as a stranger may stack it.
    tool("mount", &["--bind", bench.dir.to_str().unwrap(), lower.point.to_str().unwrap()]);
    let upper = bench.at(&lower.point);
    assert_ne!(upper, lower);
    assert_eq!(bench.linux.unmount(&lower).unwrap_err().kind, Kind::Changed);
    assert_eq!(bench.linux.usage(&lower).unwrap_err().kind, Kind::Changed);
    bench.linux.unmount(&upper).unwrap();
    let open = std::fs::File::open(lower.point.join("lost+found")).unwrap();
    assert_eq!(bench.linux.unmount(&lower).unwrap_err().kind, Kind::Busy);
    drop(open);
    bench.linux.unmount(&lower).unwrap();
}
