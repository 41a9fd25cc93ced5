use std::path::Path;

use super::*;

#[tokio::test]
async fn a_clone_of_zeros_needs_no_shared_blocks() {
    let bench = Bench::new();
    let host = bench.start();
    host.create_image("default", "source", 4 * MIB).await.unwrap();
    host.clone_image("default", "source", "clone").await.unwrap();
    host.clone_image("default", "source", "clone").await.unwrap();
    assert_eq!(item(&host, "clone").await.unwrap().size, 4 * MIB);
    assert!(bench.folder("images").is_empty());
    // It is that image's clone, and nothing else.
    assert_eq!(host.create_image("default", "clone", 4 * MIB).await, Err(PoolError::Exists));
    host.create_image("default", "other", 4 * MIB).await.unwrap();
    let otherwise = host.clone_image("default", "other", "clone").await;
    assert_eq!(otherwise, Err(PoolError::Exists));
    let taken = host.clone_image("default", "source", "other").await;
    assert_eq!(taken, Err(PoolError::Exists));
    // Once done, the source is not needed.
    host.delete_image("default", "source").await.unwrap();
    host.clone_image("default", "source", "clone").await.unwrap();
    let absent = host.clone_image("default", "source", "second").await;
    assert_eq!(absent, Err(PoolError::NotFound));
    let itself = host.clone_image("default", "clone", "clone").await;
    assert!(matches!(itself, Err(PoolError::Invalid(_))));
}

#[tokio::test]
async fn without_shared_blocks_a_clone_leaves_nothing() {
    // tmpfs never shares blocks.
    let bench = Bench::in_dir(Path::new("/dev/shm"));
    let host = bench.start();
    with_data(&host, "source", 1).await;
    assert!(!host.space("default").await.unwrap().reflink);
    let refused = host.clone_image("default", "source", "clone").await;
    assert!(matches!(refused, Err(PoolError::Unsupported(_))), "{refused:?}");
    assert_eq!(item(&host, "clone").await, None);
    assert_eq!(bench.folder("images"), ["source"]);
    assert!(bench.folder("work").is_empty());
    host.create_image("default", "clone", MIB).await.unwrap();
}

/// For a file system that shares blocks: MOORING_TEST_REFLINK names a directory on one.
#[tokio::test]
#[ignore = "needs XFS or btrfs: MOORING_TEST_REFLINK=<dir> cargo test -- --ignored shares_blocks"]
async fn a_clone_shares_blocks_and_then_goes_its_own_way() {
    let dir = std::env::var_os("MOORING_TEST_REFLINK").expect("a directory on XFS or btrfs");
    let bench = Bench::in_dir(Path::new(&dir));
    let host = bench.start();
    let source = with_data(&host, "source", 1).await;
    assert!(host.space("default").await.unwrap().reflink);
    host.clone_image("default", "source", "clone").await.unwrap();
    let clone = host.materialise("default", "clone").await.unwrap();
    assert_eq!(std::fs::read(&source).unwrap(), std::fs::read(&clone).unwrap());
    File::options().write(true).open(&clone).unwrap().write_all_at(&[9; 4096], MIB).unwrap();
    host.clone_image("default", "source", "clone").await.unwrap();
    assert_eq!(std::fs::read(&clone).unwrap()[1 << 20], 9, "done once, and not again");
    assert_eq!(std::fs::read(&source).unwrap()[1 << 20], 1);
    assert!(bench.folder("work").is_empty());

    // Cut short at each point between the announcement and the end.
    let cut = Bench::in_dir(Path::new(&dir));
    let host = cut.start();
    with_data(&host, "source", 1).await;
    for (point, name) in ["announced", "work", "renamed"].into_iter().enumerate() {
        host.clone_image("default", "source", name).await.unwrap();
        crashes::rewind(&host, name, super::super::record::State::Cloning).await;
        let work = cut.pool.path().join(DRIVER).join("work").join(crashes::work(&host, name));
        match point {
            0 => std::fs::remove_file(cut.image(name)).unwrap(),
            1 => {
                std::fs::rename(cut.image(name), &work).unwrap();
                File::options().write(true).open(&work).unwrap().set_len(0).unwrap();
            }
            _ => {}
        }
        assert_eq!(item(&host, name).await, None);
        assert_eq!(code(host.materialise("default", name).await), Code::FailedPrecondition);
        host.clone_image("default", "source", name).await.unwrap();
        let clone = host.materialise("default", name).await.unwrap();
        assert_eq!(std::fs::read(clone).unwrap(), std::fs::read(cut.image("source")).unwrap());
        // And cut short again, then deleted.
        crashes::rewind(&host, name, super::super::record::State::Cloning).await;
        std::fs::rename(cut.image(name), &work).unwrap();
        host.delete_image("default", name).await.unwrap();
    }
    settle(&host).await;
    assert_eq!(cut.folder("images"), ["source"]);
    assert!(cut.folder("work").is_empty());
}
