//! Records: whole or absent.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::os::{Kind, RecordFiles};

#[test]
fn a_record_is_written_read_replaced_and_removed() {
    let bench = Bench::new();
    let path = bench.dir.join("state/volumes/key.json");
    assert_eq!(bench.linux.read_record(&path).unwrap(), None);
    assert_eq!(
        bench.linux.list_records(path.parent().unwrap()).unwrap(),
        [""; 0].map(PathBuf::from)
    );
    for content in [&b"first"[..], b"", b"second, and longer"] {
        bench.linux.write_record(&path, content).unwrap();
        assert_eq!(bench.linux.read_record(&path).unwrap().as_deref(), Some(content));
    }
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&bench.dir.join("state")), 0o700);
    assert_eq!(
        bench.linux.list_records(path.parent().unwrap()).unwrap(),
        std::slice::from_ref(&path)
    );
    for _ in 0..2 {
        bench.linux.remove_record(&path).unwrap();
        assert_eq!(bench.linux.read_record(&path).unwrap(), None);
    }
    bench.linux.remove_record(&bench.dir.join("absent/key.json")).unwrap();
}

#[test]
fn what_a_crash_left_is_no_record_and_goes() {
    let bench = Bench::new();
    let path = bench.dir.join("key.json");
    let left = bench.dir.join("key.json.tmp");
    std::fs::write(&left, "torn").unwrap();
    assert_eq!(bench.linux.list_records(&bench.dir).unwrap(), [""; 0].map(PathBuf::from));
    bench.linux.write_record(&path, b"whole").unwrap();
    assert!(!left.exists());
    std::fs::write(&left, "torn").unwrap();
    bench.linux.remove_record(&path).unwrap();
    assert!(!left.exists());
}

#[test]
fn a_link_is_not_followed_and_not_written_through() {
    let bench = Bench::new();
    let outside = bench.dir.join("outside");
    std::fs::write(&outside, "untouched").unwrap();
    let path = bench.dir.join("key.json");
    symlink(&outside, &path).unwrap();
    assert_eq!(bench.linux.read_record(&path).unwrap_err().kind, Kind::Unsafe);
    symlink(&outside, bench.dir.join("key.json.tmp")).unwrap();
    bench.linux.write_record(&path, b"new").unwrap();
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "untouched");
    assert_eq!(bench.linux.read_record(&path).unwrap().as_deref(), Some(&b"new"[..]));
}

#[test]
fn a_huge_file_is_no_record() {
    let bench = Bench::new();
    let path = bench.dir.join("key.json");
    std::fs::File::create(&path).unwrap().set_len(MIB + 1).unwrap();
    assert_eq!(bench.linux.read_record(&path).unwrap_err().kind, Kind::Io);
}

#[test]
fn readers_see_the_old_or_the_new_and_nothing_between() {
    let bench = Bench::new();
    let path = bench.dir.join("key.json");
    let (old, new) = (vec![b'a'; 20_000], vec![b'b'; 30_000]);
    bench.linux.write_record(&path, &old).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for _ in 0..50 {
                bench.linux.write_record(&path, &new).unwrap();
                bench.linux.write_record(&path, &old).unwrap();
            }
        });
        while !writer.is_finished() {
            let seen = bench.linux.read_record(&path).unwrap().expect("it is never absent");
            assert!(seen == old || seen == new);
        }
    });
}
