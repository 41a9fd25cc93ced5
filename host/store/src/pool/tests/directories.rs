use std::os::unix::fs::{PermissionsExt, symlink};

use mooring_volume::pool::ItemKind;
use rustix::fs::{Mode, OFlags, mkdirat, openat};

use super::*;

async fn made(host: &Scoped, name: &str) -> PathBuf {
    host.create_directory("default", name).await.unwrap();
    host.materialise("default", name).await.unwrap()
}

#[tokio::test]
async fn a_directory_can_be_written_by_any_pod() {
    let bench = Bench::new();
    let host = bench.start();
    let path = made(&host, "dir").await;
    assert_eq!(path, bench.directory("dir"));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o777);
    host.create_directory("default", "dir").await.unwrap();
    assert_eq!(made(&host, "dir").await, path);
    let found = item(&host, "dir").await.unwrap();
    assert_eq!((found.kind, found.size), (ItemKind::Directory, 0));
    assert_eq!(host.create_image("default", "dir", MIB).await, Err(PoolError::Exists));
    assert_eq!(host.delete_image("default", "dir").await, Err(PoolError::Exists));
    let grown = host.grow_image("default", "dir", MIB).await;
    assert_eq!(grown, Err(PoolError::NotFound));
}

#[tokio::test]
async fn deleting_takes_what_is_in_it_and_follows_no_link() {
    let bench = Bench::new();
    let host = bench.start();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("precious"), "x").unwrap();
    let path = made(&host, "dir").await;
    std::fs::create_dir_all(path.join("a/b/c")).unwrap();
    std::fs::create_dir(path.join(".removing-1")).unwrap();
    std::fs::write(path.join(".removing-1/file"), "x").unwrap();
    std::fs::write(path.join("a/b/c/file"), "x").unwrap();
    symlink(outside.path(), path.join("a/link")).unwrap();
    symlink(outside.path(), path.join("link")).unwrap();
    for number in 0..3000 {
        std::fs::write(path.join(format!("a/b/{number}")), "").unwrap();
    }
    host.delete_directory("default", "dir").await.unwrap();
    assert_eq!(item(&host, "dir").await, None);
    host.delete_directory("default", "dir").await.unwrap();
    settle(&host).await;
    assert!(bench.folder("directories").is_empty() && bench.folder("work").is_empty());
    assert!(outside.path().join("precious").exists());
}

#[tokio::test]
async fn depth_costs_neither_stack_nor_descriptors() {
    let bench = Bench::new();
    let host = bench.start();
    let path = made(&host, "dir").await;
    // Deeper than the longest path, and than a process may have files open.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut at = rustix::fs::open(&path, flags, Mode::empty()).unwrap();
    for _ in 0..1500 {
        mkdirat(&at, "deeper", Mode::RWXU).unwrap();
        at = openat(&at, "deeper", flags, Mode::empty()).unwrap();
    }
    drop(at);
    host.delete_directory("default", "dir").await.unwrap();
    settle(&host).await;
    assert!(bench.folder("directories").is_empty() && bench.folder("work").is_empty());
}

#[tokio::test]
async fn a_used_name_is_free_at_once() {
    let bench = Bench::new();
    let host = bench.start();
    for _ in 0..10 {
        let path = made(&host, "dir").await;
        std::fs::write(path.join("old"), "x").unwrap();
        host.delete_directory("default", "dir").await.unwrap();
        let path = made(&host, "dir").await;
        assert_eq!(std::fs::read_dir(path).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_lost_or_strange_directory_is_refused() {
    let bench = Bench::new();
    let host = bench.start();
    let path = made(&host, "dir").await;
    std::fs::remove_dir(&path).unwrap();
    assert_eq!(code(host.materialise("default", "dir").await), Code::DataLoss);
    assert!(!path.exists());

    let strange = bench.directory("strange");
    std::fs::create_dir(&strange).unwrap();
    std::fs::write(strange.join("precious"), "x").unwrap();
    host.create_directory("default", "strange").await.unwrap();
    assert_eq!(code(host.materialise("default", "strange").await), Code::FailedPrecondition);
    host.delete_directory("default", "strange").await.unwrap();
    settle(&host).await;
    assert!(strange.join("precious").exists());
}

/// A mount in a directory needs a mount namespace, and root.
#[tokio::test]
#[ignore = "needs root: MOORING_TEST_MOUNTS=1 cargo test -- --ignored mounts_are_not_crossed"]
async fn mounts_are_not_crossed() {
    assert!(std::env::var_os("MOORING_TEST_MOUNTS").is_some(), "only where it was asked for");
    let bench = Bench::new();
    let outside = tempfile::tempdir_in(bench.pool.path()).unwrap();
    std::fs::write(outside.path().join("precious"), "x").unwrap();
    {
        let host = bench.start();
        let path = made(&host, "dir").await;
        std::fs::create_dir_all(path.join("a/mounted")).unwrap();
        std::fs::write(path.join("goes"), "x").unwrap();
        let mounted = path.join("a/mounted");
        rustix::mount::mount_bind(outside.path(), &mounted).unwrap();
        host.delete_directory("default", "dir").await.unwrap();
        settle(&host).await;
    }
    let left = bench.pool.path().join(DRIVER).join("work").join(&bench.folder("work")[0]);
    assert!(outside.path().join("precious").exists() && !left.join("goes").exists());
    // Its name may have changed on the way; its mount has not.
    for entry in std::fs::read_dir(&left).unwrap() {
        let entry = entry.unwrap().path();
        let unmount = |path: &std::path::Path| {
            rustix::mount::unmount(path, rustix::mount::UnmountFlags::DETACH)
        };
        let _either = unmount(&entry).or_else(|_| unmount(&entry.join("mounted")));
    }
    let host = bench.start();
    settle(&host).await;
    assert!(bench.folder("work").is_empty(), "the next start finishes it");
    assert!(outside.path().join("precious").exists());
}
