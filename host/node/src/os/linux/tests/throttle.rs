//! Limits and discards, as the kernel has them.

use super::*;
use crate::os::{DeviceId, IoLimits, Kind, Throttling as _};

/// Whether this machine has the means; tests of the files' form are beside the code.
fn can_limit(bench: &Bench, device: DeviceId) -> bool {
    let some = IoLimits { read_iops: Some(100), ..IoLimits::default() };
    match bench.linux.set_io_limits(device, &some) {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(error.kind, Kind::Unsupported, "{error}");
            eprintln!("left out: {error}");
            false
        }
    }
}

#[test]
fn limits_are_set_read_back_and_taken_off() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let (disk, other) = (bench.disk("image", 32 * MIB), bench.disk("other", 32 * MIB));
    if !can_limit(&bench, disk.device) {
        return;
    }
    let now = |disk: &LoopDevice| bench.linux.io_limits(disk.device).unwrap();
    let before = now(&other);
    let wanted = IoLimits {
        read_iops: None,
        write_iops: Some(50),
        read_bandwidth: Some(3 << 20),
        write_bandwidth: Some(2 << 20),
    };
    for _ in 0..2 {
        bench.linux.set_io_limits(disk.device, &wanted).unwrap();
        assert_eq!(now(&disk), Some(wanted));
    }
    assert_eq!(now(&other), before);
    for _ in 0..2 {
        bench.linux.set_io_limits(disk.device, &IoLimits::default()).unwrap();
        assert_eq!(now(&disk), Some(IoLimits::default()));
    }
}

/// Told, not asserted: how fast 4 MiB are written past the cache at 2 MiB a second.
#[test]
fn limits_slow_writes_down() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.disk("image", 32 * MIB);
    if !can_limit(&bench, disk.device) {
        return;
    }
    for write_bandwidth in [Some(2 * MIB), None] {
        let limits = IoLimits { write_bandwidth, ..IoLimits::default() };
        bench.linux.set_io_limits(disk.device, &limits).unwrap();
        let node = format!("of=/dev/loop{}", disk.number);
        let arguments = ["if=/dev/zero", &node, "bs=1M", "count=4", "oflag=direct"];
        let output = Command::new("dd").args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        eprintln!("{write_bandwidth:?}: {}", said.lines().last().unwrap());
    }
}

#[test]
fn discards_change_while_mounted_where_the_file_system_takes_that() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    for fs_type in FsType::ALL {
        let disk = bench.formatted(fs_type.as_str(), 320 * MIB, fs_type);
        let mount = bench.mount(&disk, fs_type, &format!("on-{fs_type}"));
        let now = || {
            let table = bench.linux.mounts().unwrap();
            table.iter().find(|entry| entry.id == mount.id).unwrap().discards
        };
        let first = now();
        bench.linux.set_discard(&mount, first).unwrap();
        for wanted in [!first, !first, first] {
            match bench.linux.set_discard(&mount, wanted) {
                Ok(()) => assert_eq!(now(), wanted, "{fs_type}"),
                Err(error) => {
                    assert_eq!((error.kind, fs_type), (Kind::Unsupported, FsType::Xfs), "{error}");
                    assert_eq!(now(), first);
                }
            }
        }
        bench.linux.unmount(&mount).unwrap();
    }
}
