//! Loop devices: bound once each, found again, grown, unbound for good.

use std::collections::BTreeSet;
use std::fs::File;

use super::*;
use crate::os::{BackingFile, Kind};

#[test]
fn a_loop_device_comes_and_goes() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let image = bench.image("image", 8 * MIB);
    let identity = bench.linux.describe(&image).unwrap().identity;
    let disk = bench.linux.bind_loop(&image, "mooring:label", false).unwrap();
    assert_eq!((disk.backing, disk.size, disk.readonly), (identity, 8 * MIB, false));
    assert_eq!(disk.label, "mooring:label");
    let listed = bench.linux.loops().unwrap().answering;
    assert_eq!(listed.iter().find(|found| found.number == disk.number), Some(&disk));
    assert!(
        bench.linux.device_node(disk.device).unwrap().ends_with(format!("loop{}", disk.number))
    );

    bench.linux.unbind_loop(&disk).unwrap();
    assert!(bench.own_loops().is_empty());
    bench.linux.unbind_loop(&disk).expect("unbound already is OK");
}

#[test]
fn reads_and_writes_go_past_the_cache_where_the_pool_can() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.disk("image", 8 * MIB);
    let sysfs = |name: &str| {
        let path = format!("/sys/block/loop{}/{name}", disk.number);
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    };
    assert_eq!(sysfs("queue/logical_block_size"), "512");
    assert_eq!(sysfs("loop/partscan"), "0");
    assert_eq!(sysfs("loop/autoclear"), "0");
    // A temporary directory in memory cannot; on disk it can.
    let in_memory = tool("stat", &["-f", "-c", "%T", bench.dir.to_str().unwrap()]);
    assert_eq!(sysfs("loop/dio") == "1", in_memory.trim() != "tmpfs");
}

#[test]
fn a_readonly_device_takes_no_writes() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    bench.image("image", 8 * MIB);
    let image = bench.linux.open_image(&bench.dir, Path::new("image"), true).unwrap();
    let disk = bench.linux.bind_loop(&image, "", true).unwrap();
    assert!(disk.readonly);
    assert!(bench.linux.is_device_readonly(disk.device).unwrap());
    bench.linux.refresh_loop(&disk).expect("its size can be refreshed all the same");
}

#[test]
fn a_device_that_would_take_no_writes_is_given_back() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    bench.image("image", 8 * MIB);
    let image = bench.linux.open_image(&bench.dir, Path::new("image"), true).unwrap();
    let error = bench.linux.bind_loop(&image, "", false).unwrap_err();
    assert!(error.detail.contains("takes no writes"), "{error}");
    assert!(bench.own_loops().is_empty());
}

#[test]
fn it_grows_with_its_image() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.disk("image", 8 * MIB);
    File::options().write(true).open(bench.dir.join("image")).unwrap().set_len(16 * MIB).unwrap();
    assert_eq!(bench.linux.device_size(disk.device).unwrap(), 8 * MIB);
    bench.linux.refresh_loop(&disk).unwrap();
    assert_eq!(bench.linux.device_size(disk.device).unwrap(), 16 * MIB);
}

#[test]
fn what_refused_writes_takes_them_when_the_number_is_used_again() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    for round in 0..100 {
        let disk = bench.disk(&format!("image-{round}"), MIB);
        bench.linux.set_device_readonly(disk.device, true).unwrap();
        bench.linux.unbind_loop(&disk).unwrap();
        let next = bench.disk(&format!("next-{round}"), MIB);
        assert!(!next.readonly && !bench.linux.is_device_readonly(next.device).unwrap());
        bench.linux.unbind_loop(&next).unwrap();
        if next.number == disk.number {
            return;
        }
    }
    panic!("no number was ever used again");
}

#[test]
fn another_image_on_the_number_is_left_alone() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.disk("image", 8 * MIB);
    let backing = BackingFile { inode: disk.backing.inode + 1, ..disk.backing };
    let meant = LoopDevice { backing, ..disk.clone() };
    bench.linux.unbind_loop(&meant).unwrap();
    assert_eq!(bench.own_loops(), std::slice::from_ref(&disk));
    assert_eq!(bench.linux.refresh_loop(&meant).unwrap_err().kind, Kind::Changed);
    let labelled = LoopDevice { label: "other".into(), ..disk.clone() };
    bench.linux.unbind_loop(&labelled).unwrap();
    assert_eq!(bench.own_loops(), [disk]);
}

#[test]
fn one_in_use_is_busy_and_keeps_working() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("image", 32 * MIB, FsType::Ext4);
    let mount = bench.mount(&disk, FsType::Ext4, "mnt");
    assert_eq!(bench.linux.unbind_loop(&disk).unwrap_err().kind, Kind::Busy);
    std::fs::write(mount.point.join("file"), "content").unwrap();
    bench.linux.unmount(&mount).unwrap();
    assert_eq!(bench.own_loops(), std::slice::from_ref(&disk), "still bound: nothing was set");
    bench.linux.unbind_loop(&disk).unwrap();
}

#[test]
fn a_passing_opener_is_waited_for() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.disk("image", 8 * MIB);
    let opener = File::open(bench.linux.device_node(disk.device).unwrap()).unwrap();
    let (begun, begins) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let unbinding = scope.spawn(|| {
            begun.send(()).unwrap();
            bench.linux.unbind_loop(&disk)
        });
        begins.recv().unwrap();
        // Whether the opener leaves before or after the unbinding began to wait, it is over.
        drop(opener);
        unbinding.join().unwrap().unwrap();
    });
    assert!(bench.own_loops().is_empty());
}

#[test]
fn a_staying_opener_is_busy_in_the_end() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.disk("image", 8 * MIB);
    let opener = File::open(bench.linux.device_node(disk.device).unwrap()).unwrap();
    assert_eq!(bench.linux.unbind_loop(&disk).unwrap_err().kind, Kind::Busy);
    drop(opener);
    bench.linux.unbind_loop(&disk).unwrap();
    assert!(bench.own_loops().is_empty());
}

#[test]
fn many_bind_at_once_and_each_gets_its_own() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    for round in 0..4 {
        let names: Vec<String> = (0..8).map(|n| format!("image-{round}-{n}")).collect();
        let images: Vec<Handle> = names.iter().map(|name| bench.image(name, MIB)).collect();
        let disks: Vec<LoopDevice> = std::thread::scope(|scope| {
            let binders: Vec<_> = images
                .iter()
                .zip(&names)
                .map(|(image, name)| scope.spawn(|| bench.linux.bind_loop(image, name, false)))
                .collect();
            binders.into_iter().map(|binder| binder.join().unwrap().unwrap()).collect()
        });
        let numbers: BTreeSet<u32> = disks.iter().map(|disk| disk.number).collect();
        assert_eq!(numbers.len(), 8);
        for (disk, image) in disks.iter().zip(&images) {
            assert_eq!(disk.backing, bench.linux.describe(image).unwrap().identity);
        }
        std::thread::scope(|scope| {
            for disk in &disks {
                scope.spawn(|| bench.linux.unbind_loop(disk).unwrap());
            }
        });
        assert!(bench.own_loops().is_empty());
    }
}

#[test]
fn the_lock_lasts_as_long_as_the_device() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let image = bench.image("image", 8 * MIB);
    bench.linux.lock(&image).unwrap();
    bench.linux.lock(&image).expect("its own lock is no obstacle");
    let disk = bench.linux.bind_loop(&image, "", false).unwrap();
    drop(image);
    let second = bench.open("image");
    assert_eq!(bench.linux.lock(&second).unwrap_err().kind, Kind::Busy);
    let other_process = Command::new("flock")
        .args(["--nonblock", "--conflict-exit-code", "75"])
        .arg(bench.dir.join("image"))
        .arg("true")
        .status()
        .unwrap();
    assert_eq!(other_process.code(), Some(75));
    bench.linux.unbind_loop(&disk).unwrap();
    bench.linux.lock(&second).expect("free with the device");
}

#[test]
fn a_copy_is_told_from_an_attachment() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let image = bench.image("image", MIB);
    let copied = std::fs::File::open(bench.dir.join("image")).unwrap();
    copied.lock_shared().unwrap();
    let busy = bench.linux.lock(&image).unwrap_err();
    assert_eq!(busy.kind, Kind::Busy);
    assert!(busy.to_string().contains("being copied"), "{busy}");
    copied.lock().expect("the look at the lock has not kept it");
    let busy = bench.linux.lock(&image).unwrap_err();
    assert!(busy.to_string().contains("in use"), "{busy}");
    drop(copied);
    bench.linux.lock(&image).unwrap();
}

#[test]
fn a_label_that_does_not_fit_is_refused() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let image = bench.image("image", MIB);
    let longest = "x".repeat(63);
    let disk = bench.linux.bind_loop(&image, &longest, false).unwrap();
    assert_eq!(disk.label, longest);
    for bad in ["x".repeat(64), "a\0b".to_owned()] {
        assert!(bench.linux.bind_loop(&image, &bad, false).is_err());
    }
}
