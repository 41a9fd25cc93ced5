//! What devices say of themselves, from made-up trees of sysfs and udev.

use super::*;

const DEVICE: DeviceId = DeviceId { major: 259, minor: 4 };

/// A device's folder of sysfs.
fn sysfs(dir: &Path, uevent: &str) -> PathBuf {
    let at = dir.join("259:4");
    std::fs::create_dir_all(at.join("device")).unwrap();
    std::fs::write(at.join("uevent"), uevent).unwrap();
    at
}

const UEVENT: &str = "MAJOR=259\nMINOR=4\nDEVNAME=nvme0n1\nDEVTYPE=disk\nDISKSEQ=12\n";

#[test]
fn a_device_says_what_it_is_in_several_ways() {
    let dir = tempfile::tempdir().unwrap();
    let at = sysfs(dir.path(), UEVENT);
    for (name, bytes) in [
        ("wwid", &b"nvme.1d0f-766f6c\n"[..]),
        ("device/serial", b"vol0123             \n"),
        ("device/vpd_pg80", b"\0\x80\0\x06SN0001"),
        ("nguid", b"\n"),
        ("ro", b"1\n"),
    ] {
        std::fs::write(at.join(name), bytes).unwrap();
    }
    let udev = dir.path().join("none");
    let found = described(dir.path(), &udev, DEVICE).unwrap().unwrap();
    assert_eq!(found.serials, ["vol0123", "SN0001"]);
    assert_eq!(found.wwids, ["nvme.1d0f-766f6c"]);
    let disk = Disk {
        device: DEVICE,
        node: "/dev/nvme0n1".into(),
        sequence: Some(12),
        readonly: true,
        partition: false,
    };
    assert_eq!(found.disk, disk);
}

#[test]
fn udev_is_asked_only_for_what_sysfs_does_not_say() {
    let dir = tempfile::tempdir().unwrap();
    let at = sysfs(dir.path(), UEVENT);
    let udev = dir.path().join("udev");
    std::fs::create_dir(&udev).unwrap();
    std::fs::write(udev.join("b259:4"), "E:ID_SERIAL_SHORT=S1\nE:ID_WWN=0x1\n").unwrap();
    let found = described(dir.path(), &udev, DEVICE).unwrap().unwrap();
    assert_eq!((found.serials, found.wwids), (vec!["S1".into()], vec!["0x1".to_owned()]));
    std::fs::write(at.join("serial"), "its own").unwrap();
    let found = described(dir.path(), &udev, DEVICE).unwrap().unwrap();
    assert_eq!((found.serials, found.wwids), (vec!["its own".into()], vec!["0x1".to_owned()]));
}

#[test]
fn an_old_kernels_disk_a_partition_and_what_is_gone_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(disk(dir.path(), DEVICE).unwrap(), None);
    sysfs(dir.path(), "DEVNAME=sdb1\nDEVTYPE=partition\n");
    let part = disk(dir.path(), DEVICE).unwrap().unwrap();
    assert_eq!((part.sequence, part.partition, part.readonly), (None, true, false));
}

#[test]
fn a_map_is_measured_with_the_disks_that_it_is_made_of() {
    let dir = tempfile::tempdir().unwrap();
    let at = sysfs(dir.path(), UEVENT);
    let paths = [
        at.join("slaves/sda/device/rescan"),
        at.join("device/rescan_controller"),
        at.join("device/nvme1/rescan_controller"),
    ];
    for path in &paths {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    measure_anew(dir.path(), DEVICE).unwrap();
    for path in &paths {
        assert_eq!(std::fs::read(path).unwrap(), b"1", "{}", path.display());
    }
    measure_anew(dir.path(), DeviceId { major: 7, minor: 0 }).unwrap();
}

#[test]
fn a_link_that_climbs_is_refused_and_one_that_is_absent_is_none() {
    let linux = Linux::new();
    for bad in ["../sda", "/dev/sda", "by-id/../../sda"] {
        assert_eq!(linux.linked_device(bad).unwrap_err().kind, Kind::Unsafe, "{bad}");
    }
    assert_eq!(linux.linked_device("by-id/mooring-no-such-device").unwrap(), None);
}

#[test]
fn what_is_no_block_device_in_dev_is_refused() {
    assert_eq!(device(Path::new("/dev/null")).unwrap_err().kind, Kind::WrongType);
    assert_eq!(device(Path::new("/etc/hostname")).unwrap_err().kind, Kind::Unsafe);
}
