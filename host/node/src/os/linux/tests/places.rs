//! Staging and target paths.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::os::{Kind, PathKind, Places};

#[test]
fn each_kind_is_told() {
    let bench = Bench::new();
    bench.place("directory");
    std::fs::write(bench.dir.join("file"), "x").unwrap();
    symlink("file", bench.dir.join("link")).unwrap();
    symlink("directory", bench.dir.join("way")).unwrap();
    let kind = |name: &str| bench.linux.path_kind(&bench.dir.join(name)).map_err(|e| e.kind);
    assert_eq!(kind("directory"), Ok(PathKind::Directory));
    assert_eq!(kind("file"), Ok(PathKind::File));
    assert_eq!(kind("link"), Ok(PathKind::Other));
    assert_eq!(kind("absent"), Ok(PathKind::Absent));
    assert_eq!(kind("absent/further"), Ok(PathKind::Absent));
    assert_eq!(kind("way/absent"), Err(Kind::Unsafe));
    assert_eq!(kind("file/below"), Err(Kind::WrongType));
    assert_eq!(kind("directory/../file"), Err(Kind::Unsafe));
    assert_eq!(bench.linux.path_kind(Path::new("relative")).unwrap_err().kind, Kind::Unsafe);
    assert_eq!(bench.linux.path_kind(Path::new("/")), Ok(PathKind::Directory));
}

#[test]
fn places_are_made_and_removed_any_number_of_times() {
    let bench = Bench::new();
    let (directory, file) = (bench.dir.join("directory"), bench.dir.join("file"));
    for _ in 0..2 {
        bench.linux.create_directory(&directory).unwrap();
        bench.linux.create_file(&file).unwrap();
    }
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&directory) & !0o750, 0);
    assert_eq!(mode(&file) & !0o640, 0);
    assert_eq!(bench.linux.create_file(&directory).unwrap_err().kind, Kind::WrongType);
    assert_eq!(bench.linux.create_directory(&file).unwrap_err().kind, Kind::WrongType);
    for _ in 0..2 {
        bench.linux.remove_empty(&directory).unwrap();
        bench.linux.remove_empty(&file).unwrap();
    }
    bench.linux.remove_empty(&bench.dir.join("absent/further")).unwrap();
    assert_eq!(
        bench.linux.create_directory(&bench.dir.join("absent/further")).unwrap_err().kind,
        Kind::NotFound
    );
}

#[test]
fn nothing_but_empty_places_is_removed() {
    let bench = Bench::new();
    let full = bench.place("full");
    std::fs::write(full.join("file"), "data").unwrap();
    symlink("full", bench.dir.join("link")).unwrap();
    let remove = |path: &Path| bench.linux.remove_empty(path).unwrap_err().kind;
    assert_eq!(remove(&full), Kind::NotEmpty);
    assert_eq!(remove(&full.join("file")), Kind::NotEmpty);
    assert_eq!(remove(&bench.dir.join("link")), Kind::WrongType);
    assert_eq!(remove(&bench.dir.join("link/file")), Kind::Unsafe);
    assert_eq!(std::fs::read_to_string(full.join("file")).unwrap(), "data");
}

#[test]
fn a_mount_point_is_not_removed() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("disk", 32 * MIB, FsType::Ext4);
    let mount = bench.mount(&disk, FsType::Ext4, "mnt");
    assert_eq!(bench.linux.remove_empty(&mount.point).unwrap_err().kind, Kind::Busy);
    bench.linux.unmount(&mount).unwrap();
    bench.linux.remove_empty(&mount.point).unwrap();
}

#[test]
fn links_are_made_nowhere() {
    let bench = Bench::new();
    let elsewhere = bench.place("elsewhere");
    symlink(&elsewhere, bench.dir.join("link")).unwrap();
    for name in ["link/new", "link"] {
        let path = bench.dir.join(name);
        assert!(bench.linux.create_directory(&path).is_err(), "{name}");
        assert!(bench.linux.create_file(&path).is_err(), "{name}");
    }
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn the_operators_directory_is_resolved() {
    let bench = Bench::new();
    let real = bench.place("real");
    symlink(&real, bench.dir.join("link")).unwrap();
    assert_eq!(bench.linux.real_root(&bench.dir.join("link")).unwrap(), real);
    let absent = bench.linux.real_root(&bench.dir.join("absent"));
    assert_eq!(absent.unwrap_err().kind, Kind::NotFound);
}
