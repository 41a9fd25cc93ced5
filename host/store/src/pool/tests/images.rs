use std::os::unix::fs::PermissionsExt;

use mooring_volume::pool::ItemKind;

use super::*;

#[tokio::test]
async fn a_created_image_is_a_record_until_it_is_attached() {
    let bench = Bench::new();
    let host = bench.start();
    host.create_image("default", "vol", 10 * MIB).await.unwrap();
    assert!(bench.folder("images").is_empty());
    let wanted =
        Item { name: "vol".to_owned(), kind: ItemKind::Image, size: 10 * MIB, allocated: 0 };
    assert_eq!(item(&host, "vol").await, Some(wanted));

    let path = host.materialise("default", "vol").await.unwrap();
    assert_eq!(path, bench.image("vol"));
    let file = std::fs::metadata(&path).unwrap();
    assert_eq!((file.len(), file.permissions().mode() & 0o777), (10 * MIB, 0o600));
    assert_eq!(host.materialise("default", "vol").await.unwrap(), path);
    let home = std::fs::metadata(bench.pool.path().join(DRIVER)).unwrap();
    assert_eq!(home.permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn creating_again_is_fine_and_otherwise_exists() {
    let bench = Bench::new();
    let host = bench.start();
    host.create_image("default", "vol", MIB).await.unwrap();
    host.create_image("default", "vol", MIB).await.unwrap();
    assert_eq!(host.create_image("default", "vol", 2 * MIB).await, Err(PoolError::Exists));
    assert_eq!(host.create_directory("default", "vol").await, Err(PoolError::Exists));
    assert_eq!(host.delete_directory("default", "vol").await, Err(PoolError::Exists));
    with_data(&host, "used", 1).await;
    host.create_image("default", "used", 4 * MIB).await.unwrap();
    assert_eq!(host.create_image("default", "used", MIB).await, Err(PoolError::Exists));
}

#[tokio::test]
async fn names_sizes_and_pools_are_checked() {
    let bench = Bench::new();
    let host = bench.start();
    for bad in ["", "..", "a/b", "/etc", "-a", ".a", "A", &"a".repeat(129)] {
        let outcome = host.create_image("default", bad, MIB).await;
        assert!(matches!(outcome, Err(PoolError::Invalid(_))), "{bad}: {outcome:?}");
        assert!(matches!(host.delete_image("default", bad).await, Err(PoolError::Invalid(_))));
        assert!(matches!(host.item("default", bad).await, Err(PoolError::Invalid(_))));
        assert!(host.materialise("default", bad).await.is_err());
    }
    for bad in [0, 1, 511, 513, u64::MAX, u64::MAX - 511] {
        let outcome = host.create_image("default", "vol", bad).await;
        assert!(matches!(outcome, Err(PoolError::Invalid(_))), "{bad}: {outcome:?}");
    }
    let outcome = host.create_image("other", "vol", MIB).await;
    let Err(PoolError::Denied(text)) = outcome else { panic!("{outcome:?}") };
    assert!(text.contains("other") && text.contains("grants.pools"), "{text}");
    assert_eq!(host.pools(), ["default"]);
    assert!(matches!(host.space("other").await, Err(PoolError::Denied(_))));
}

#[tokio::test]
async fn two_drivers_share_a_pool_and_see_nothing_of_each_other() {
    let bench = Bench::new();
    let store = Store::open(bench.state.path()).unwrap();
    let [one, other] = ["a.example", "b.example"].map(|name| bench.scoped(&store, name));
    one.create_image("default", "vol", MIB).await.unwrap();
    other.create_image("default", "vol", 2 * MIB).await.unwrap();
    let [first, second] = [&one, &other].map(|host| host.materialise("default", "vol"));
    assert_ne!(first.await.unwrap(), second.await.unwrap());
    one.delete_image("default", "vol").await.unwrap();
    settle(&one).await;
    assert_eq!(item(&other, "vol").await.unwrap().size, 2 * MIB);
    assert!(other.materialise("default", "vol").await.unwrap().exists());
}

#[tokio::test]
async fn space_is_that_of_the_file_system() {
    let bench = Bench::new();
    let usage = bench.start().space("default").await.unwrap();
    assert!(usage.available > 0 && usage.available <= usage.total, "{usage:?}");
}

#[tokio::test]
async fn growing_keeps_the_bytes_and_never_shrinks() {
    let bench = Bench::new();
    let host = bench.start();
    host.create_image("default", "promised", MIB).await.unwrap();
    host.grow_image("default", "promised", 2 * MIB).await.unwrap();
    let path = host.materialise("default", "promised").await.unwrap();
    assert_eq!(std::fs::metadata(path).unwrap().len(), 2 * MIB);

    let path = with_data(&host, "vol", 7).await;
    // Attached, as a node does it.
    let attached = File::open(&path).unwrap();
    attached.try_lock().unwrap();
    host.grow_image("default", "vol", 8 * MIB).await.unwrap();
    host.grow_image("default", "vol", 8 * MIB).await.unwrap();
    let small = host.grow_image("default", "vol", 4 * MIB).await;
    assert!(matches!(small, Err(PoolError::Invalid(_))), "{small:?}");
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.len() as u64, 8 * MIB);
    assert!(bytes[1 << 20..][..8192].iter().all(|byte| *byte == 7));
    assert!(bytes[4 << 20..].iter().all(|byte| *byte == 0));
    assert_eq!(item(&host, "vol").await.unwrap().size, 8 * MIB);
    let absent = host.grow_image("default", "absent", MIB).await;
    assert_eq!(absent, Err(PoolError::NotFound));
}

#[tokio::test]
async fn deleting_removes_the_file_after_the_tombstone_is_durable() {
    let bench = Bench::new();
    let host = bench.start();
    with_data(&host, "vol", 1).await;
    host.delete_image("default", "vol").await.unwrap();
    assert_eq!(item(&host, "vol").await, None);
    host.delete_image("default", "vol").await.unwrap();
    host.delete_image("default", "never-there").await.unwrap();
    settle(&host).await;
    assert!(bench.folder("images").is_empty() && bench.folder("work").is_empty());
}

#[tokio::test]
async fn an_attached_image_is_in_use() {
    let bench = Bench::new();
    let host = bench.start();
    let path = with_data(&host, "vol", 1).await;
    let attached = File::open(&path).unwrap();
    attached.try_lock().unwrap();
    let refused = host.delete_image("default", "vol").await;
    assert!(matches!(refused, Err(PoolError::InUse(_))), "{refused:?}");
    assert!(item(&host, "vol").await.is_some() && path.exists());
    attached.unlock().unwrap();
    host.delete_image("default", "vol").await.unwrap();
    settle(&host).await;
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_can_be_used_again_at_once_and_has_none_of_the_old_bytes() {
    let bench = Bench::new();
    let host = bench.start();
    for round in 1..=20 {
        let path = with_data(&host, "vol", round).await;
        host.delete_image("default", "vol").await.unwrap();
        // Neither the barrier nor the reaper is waited for.
        host.create_image("default", "vol", 4 * MIB).await.unwrap();
        assert_eq!(host.materialise("default", "vol").await.unwrap(), path);
        assert!(std::fs::read(&path).unwrap().iter().all(|byte| *byte == 0), "{round}");
        host.delete_image("default", "vol").await.unwrap();
    }
    settle(&host).await;
    assert!(bench.folder("images").is_empty() && bench.folder("work").is_empty());
}

#[tokio::test]
async fn a_file_that_was_there_is_never_made_anew() {
    let bench = Bench::new();
    let host = bench.start();
    let path = with_data(&host, "vol", 1).await;
    std::fs::remove_file(&path).unwrap();
    let lost = host.materialise("default", "vol").await.unwrap_err();
    assert_eq!(lost.code, Code::DataLoss);
    assert!(lost.message.contains(path.to_str().unwrap()), "{lost}");
    assert!(!path.exists());
    assert!(matches!(host.item("default", "vol").await, Err(PoolError::Storage(_))));
    assert!(matches!(host.grow_image("default", "vol", 8 * MIB).await, Err(PoolError::Storage(_))));
    // Shorter is lost as well; longer is what an interrupted growth leaves.
    std::fs::write(&path, [1; 512]).unwrap();
    assert_eq!(code(host.materialise("default", "vol").await), Code::DataLoss);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 512);
    File::options().write(true).open(&path).unwrap().set_len(5 * MIB).unwrap();
    host.materialise("default", "vol").await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 5 * MIB);
    // Deleting what is lost is fine.
    std::fs::remove_file(&path).unwrap();
    host.delete_image("default", "vol").await.unwrap();
    settle(&host).await;
    assert_eq!(item(&host, "vol").await, None);
}

#[tokio::test]
async fn a_strangers_file_is_neither_used_nor_removed() {
    let bench = Bench::new();
    let host = bench.start();
    with_data(&host, "makes-the-folders", 1).await;
    let path = bench.image("vol");
    std::fs::write(&path, "precious").unwrap();
    host.create_image("default", "vol", MIB).await.unwrap();
    let refused = host.materialise("default", "vol").await.unwrap_err();
    assert_eq!(refused.code, Code::FailedPrecondition);
    assert!(refused.message.contains(path.to_str().unwrap()), "{refused}");
    host.delete_image("default", "vol").await.unwrap();
    settle(&host).await;
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[tokio::test]
async fn links_in_an_items_place_are_not_followed() {
    let bench = Bench::new();
    let host = bench.start();
    let victim = bench.state.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    // In place of a file that was there.
    let path = with_data(&host, "vol", 1).await;
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&victim, &path).unwrap();
    assert_eq!(code(host.materialise("default", "vol").await), Code::DataLoss);
    assert!(host.grow_image("default", "vol", 8 * MIB).await.is_err());
    assert!(host.delete_image("default", "vol").await.is_err());
    assert!(host.allocated_extents("default", "vol", 0, 10).await.is_err());
    // In place of one that is to be made.
    std::os::unix::fs::symlink(&victim, bench.image("new")).unwrap();
    host.create_image("default", "new", MIB).await.unwrap();
    assert_eq!(code(host.materialise("default", "new").await), Code::FailedPrecondition);
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
}

#[tokio::test]
async fn a_link_in_a_folders_place_is_not_followed() {
    let bench = Bench::new();
    let host = bench.start();
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), bench.pool.path().join(DRIVER)).unwrap();
    host.create_image("default", "vol", MIB).await.unwrap();
    assert!(host.materialise("default", "vol").await.is_err());
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn extents_are_where_data_is() {
    let bench = Bench::new();
    let host = bench.start();
    host.create_image("default", "promised", MIB).await.unwrap();
    assert!(host.allocated_extents("default", "promised", 0, 9).await.unwrap().is_empty());
    let path = with_data(&host, "vol", 1).await;
    File::options().write(true).open(&path).unwrap().write_all_at(&[2; 4096], 3 * MIB).unwrap();
    let extent = |offset, length| crate::Extent { offset, length };
    let all = host.allocated_extents("default", "vol", 0, 9).await.unwrap();
    assert_eq!(all, [extent(MIB, 8192), extent(3 * MIB, 4096)]);
    let one = host.allocated_extents("default", "vol", 0, 1).await.unwrap();
    assert_eq!(one, [extent(MIB, 8192)]);
    let rest = host.allocated_extents("default", "vol", MIB + 4096, 9).await.unwrap();
    assert_eq!(rest, [extent(MIB + 4096, 4096), extent(3 * MIB, 4096)]);
    assert!(host.allocated_extents("default", "vol", u64::MAX, 9).await.unwrap().is_empty());
    assert!(item(&host, "vol").await.unwrap().allocated >= 12288);
    let none = host.allocated_extents("default", "vol", 0, 0).await;
    assert!(matches!(none, Err(PoolError::Invalid(_))));
    let absent = host.allocated_extents("default", "absent", 0, 1).await;
    assert_eq!(absent, Err(PoolError::NotFound));
}

#[tokio::test]
async fn records_count_against_the_quota() {
    let bench = Bench::new();
    let store = Store::open(bench.state.path()).unwrap();
    let pools = BTreeMap::from([("default".to_owned(), bench.pool.path().to_owned())]);
    let name = DriverName::new(DRIVER).unwrap();
    let host = store.scoped(&name, &pools, 1000).unwrap();
    let mut made = 0;
    let refused = loop {
        match host.create_image("default", &made.to_string(), MIB).await {
            Ok(()) => made += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, PoolError::NoSpace(_)), "{refused:?}");
    assert!((5..15).contains(&made), "{made}");
    host.delete_image("default", "0").await.unwrap();
    host.create_image("default", "0", MIB).await.unwrap();
    drop((host, store));
    // Counted the same way at the next start.
    let store = Store::open(bench.state.path()).unwrap();
    let host = store.scoped(&name, &pools, 1000).unwrap();
    assert!(matches!(host.create_image("default", "x", MIB).await, Err(PoolError::NoSpace(_))));
    host.delete_image("default", "0").await.unwrap();
    host.create_image("default", "x", MIB).await.unwrap();
}
