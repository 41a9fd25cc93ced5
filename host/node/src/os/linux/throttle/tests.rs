//! The files of both versions, as the kernel writes them, in a folder that stands for the mount.

use super::*;

const LOOP0: DeviceId = DeviceId { major: 7, minor: 0 };
const LOOP1: DeviceId = DeviceId { major: 7, minor: 1 };

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

fn limits() -> IoLimits {
    IoLimits { read_bandwidth: Some(2_097_152), write_iops: Some(120), ..IoLimits::default() }
}

#[test]
fn version_2_is_read_and_written_in_every_group_below_the_root() {
    let line = "7:0 rbps=2097152 wbps=max riops=max wiops=120\n";
    let other = "7:1 rbps=8 wbps=max riops=max wiops=max\n";
    let both = format!("{other}{line}");
    let dir = folder(&[
        ("cgroup.controllers", "cpu io memory"),
        ("kubepods.slice/io.max", &both),
        ("system.slice/io.max", line),
        ("kubepods.slice/pod/io.max", ""),
    ]);
    let means = Means::find(dir.path());
    let groups = ["kubepods.slice", "system.slice"].map(|name| dir.path().join(name));
    assert_eq!(means, Means::V2(groups.to_vec()));
    assert_eq!(means.limits(LOOP0).unwrap(), Some(limits()));
    // The groups differ.
    assert_eq!(means.limits(LOOP1).unwrap(), None);
    assert_eq!(line_v2(LOOP0, &limits()), line.trim_end());
    let none = IoLimits::default();
    assert_eq!(line_v2(LOOP1, &none), "7:1 rbps=max wbps=max riops=max wiops=max");

    means.set(LOOP0, &limits()).unwrap();
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    assert_eq!(read("kubepods.slice/io.max"), both, "what holds is not written again");
    means.set(LOOP0, &none).unwrap();
    let cleared = line_v2(LOOP0, &none);
    assert!(read("kubepods.slice/io.max").starts_with(&cleared));
    assert!(read("system.slice/io.max").starts_with(&cleared));
    assert_eq!(read("kubepods.slice/pod/io.max"), "");
}

#[test]
fn version_1_is_read_and_written_at_the_root() {
    let dir = folder(&[
        ("blkio/release_agent", ""),
        ("blkio/blkio.throttle.read_bps_device", "7:1 77\n7:0 2097152\n"),
        ("blkio/blkio.throttle.write_bps_device", ""),
        ("blkio/blkio.throttle.read_iops_device", "7:10 9\n"),
        ("blkio/blkio.throttle.write_iops_device", "7:0 120\n"),
        ("cgroup.controllers", ""),
    ]);
    let means = Means::find(dir.path());
    assert_eq!(means, Means::V1(dir.path().join("blkio")));
    assert_eq!(means.limits(LOOP0).unwrap(), Some(limits()));
    let wanted = IoLimits { write_iops: None, read_iops: Some(5), ..limits() };
    means.set(LOOP0, &wanted).unwrap();
    let read = |name: &str| std::fs::read_to_string(dir.path().join("blkio").join(name)).unwrap();
    assert!(read("blkio.throttle.read_iops_device").starts_with("7:0 5"));
    assert!(read("blkio.throttle.write_iops_device").starts_with("7:0 0"));
    assert_eq!(read("blkio.throttle.read_bps_device"), "7:1 77\n7:0 2097152\n");
    assert_eq!(read("blkio.throttle.write_bps_device"), "");
}

#[test]
fn a_machine_without_the_means_refuses_limits_and_nothing_else() {
    for files in [
        &[][..],
        &[("cgroup.controllers", "cpu"), ("kubepods.slice/cgroup.procs", "")],
        &[("cgroup.controllers", "io"), ("cgroup.type", "domain"), ("a/io.max", "")],
        &[("blkio/blkio.throttle.read_bps_device", "")],
    ] {
        let dir = folder(files);
        let means = Means::find(dir.path());
        assert!(matches!(means, Means::None(_)), "{files:?}: {means:?}");
        assert_eq!(means.limits(LOOP0).unwrap(), Some(IoLimits::default()));
        means.set(LOOP0, &IoLimits::default()).unwrap();
        assert_eq!(means.set(LOOP0, &limits()).unwrap_err().kind, Kind::Unsupported, "{files:?}");
    }
}
