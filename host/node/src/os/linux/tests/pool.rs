//! Images and directories of a pool, and the ways out of it that are shut.

use std::os::unix::fs::{MetadataExt, symlink};

use super::*;
use crate::os::{Found, Kind};

#[test]
fn an_image_is_what_it_is() {
    let bench = Bench::new();
    let image = bench.image("image", 3 * MIB + 5);
    let opened = bench.linux.describe(&image).unwrap();
    let metadata = std::fs::metadata(bench.dir.join("image")).unwrap();
    assert_eq!(opened.identity.device, metadata.dev());
    assert_eq!(opened.identity.inode, metadata.ino());
    assert_eq!((opened.size, opened.path), (3 * MIB + 5, bench.dir.join("image")));
    assert_eq!(bench.linux.probe_image(&image).unwrap(), Found::Blank);
}

#[test]
fn a_directory_is_what_it_is() {
    let bench = Bench::new();
    bench.place("a b");
    let directory = bench.linux.open_directory(&bench.dir, Path::new("a b")).unwrap();
    let opened = bench.linux.describe(&directory).unwrap();
    assert_eq!((opened.size, opened.path), (0, bench.dir.join("a b")));
}

#[test]
fn the_operators_own_way_may_be_a_link_and_what_is_below_may_not() {
    let bench = Bench::new();
    let pool = bench.place("pool");
    std::fs::write(pool.join("image"), "").unwrap();
    symlink(&pool, bench.dir.join("link")).unwrap();
    symlink(pool.join("image"), pool.join("inside")).unwrap();
    symlink("/etc/passwd", pool.join("outside")).unwrap();
    symlink(&bench.dir, pool.join("up")).unwrap();
    let kind = |root: &Path, below: &str| {
        bench.linux.open_image(root, Path::new(below), false).map(drop).map_err(|e| e.kind)
    };
    assert_eq!(kind(&bench.dir.join("link"), "image"), Ok(()));
    for bad in ["inside", "outside", "up/pool/image", "../pool/image", "/etc/passwd", ".."] {
        assert_eq!(kind(&pool, bad), Err(Kind::Unsafe), "{bad}");
    }
    assert_eq!(kind(&pool, "absent"), Err(Kind::NotFound));
    assert_eq!(kind(&bench.dir, "pool"), Err(Kind::WrongType));
    assert_eq!(kind(&bench.dir.join("absent"), "image"), Err(Kind::NotFound));
    let directory = bench.linux.open_directory(&pool, Path::new("image"));
    assert_eq!(directory.unwrap_err().kind, Kind::WrongType);
}

#[test]
fn neither_fifo_nor_device_is_opened() {
    let bench = Bench::new();
    rustix::fs::mkfifoat(rustix::fs::CWD, bench.dir.join("fifo"), rustix::fs::Mode::RWXU).unwrap();
    let open = |readonly| bench.linux.open_image(&bench.dir, Path::new("fifo"), readonly);
    assert_eq!(open(true).unwrap_err().kind, Kind::WrongType, "and it did not block");
    assert_eq!(open(false).unwrap_err().kind, Kind::WrongType);
    let device = bench.linux.open_image(Path::new("/dev"), Path::new("null"), false);
    assert_eq!(device.unwrap_err().kind, Kind::WrongType);
}

#[test]
fn no_mount_is_entered() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("disk", 32 * MIB, FsType::Ext4);
    let mount = bench.mount(&disk, FsType::Ext4, "mnt");
    std::fs::write(mount.point.join("image"), "").unwrap();
    let answer = bench.linux.open_image(&bench.dir, Path::new("mnt/image"), false);
    assert_eq!(answer.unwrap_err().kind, Kind::Unsafe);
    let answer = bench.linux.open_directory(&bench.dir, Path::new("mnt"));
    assert_eq!(answer.unwrap_err().kind, Kind::Unsafe);
}
