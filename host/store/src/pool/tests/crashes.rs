//! What an earlier process left at some point of its work, taken up by the next one.

use super::super::record::{Record, State, tombstones};
use super::*;
use crate::StorageError;
use crate::key::Key;

/// Sets an item's record back to where a crash may have left it.
pub(super) async fn rewind(host: &Scoped, name: &str, state: State) {
    let key = Key::Item.of_item(host.driver(), "default", name);
    let rewound = host.write::<_, StorageError>(|draft| {
        let record = Record::decode(&draft.get(&key)?.unwrap())?;
        draft.put(key, Record { state, ..record }.encode());
        Ok(())
    });
    rewound.unwrap();
    host.barrier().await.unwrap();
}

/// The name of an item's work file.
pub(super) fn work(host: &Scoped, name: &str) -> String {
    let key = Key::Item.of_item(host.driver(), "default", name);
    let row = host.store.engine.get(&key).unwrap().unwrap();
    format!("{:016x}-{}", host.store.engine.id(), Record::decode(&row).unwrap().serial)
}

/// Puts a tombstone where the record was, as `delete_image` does, and ends there.
async fn entomb(host: &Scoped, name: &str) -> u64 {
    let item = host.named("default", name).unwrap();
    let record = host.record(&item).unwrap().unwrap();
    host.entomb(&item, &record).unwrap();
    host.barrier().await.unwrap();
    record.serial
}

#[tokio::test]
async fn a_file_that_was_announced_and_holds_nothing_is_ours() {
    let bench = Bench::new();
    for (name, left) in [("nothing", None), ("empty", Some(0)), ("whole", Some(4 * MIB))] {
        {
            let host = bench.start();
            host.create_image("default", name, 4 * MIB).await.unwrap();
            host.materialise("default", name).await.unwrap();
            rewind(&host, name, State::Making).await;
            match left {
                None => std::fs::remove_file(bench.image(name)).unwrap(),
                Some(length) => {
                    std::fs::File::create(bench.image(name)).unwrap().set_len(length).unwrap()
                }
            }
        }
        let host = bench.start();
        assert_eq!(item(&host, name).await.unwrap().size, 4 * MIB);
        let path = host.materialise("default", name).await.unwrap();
        assert_eq!(std::fs::metadata(path).unwrap().len(), 4 * MIB);
    }
}

#[tokio::test]
async fn a_file_that_was_announced_and_holds_bytes_is_not() {
    let bench = Bench::new();
    let host = bench.start();
    let path = with_data(&host, "vol", 1).await;
    rewind(&host, "vol", State::Making).await;
    let refused = host.materialise("default", "vol").await.unwrap_err();
    assert_eq!(refused.code, Code::FailedPrecondition);
    assert!(refused.message.contains(path.to_str().unwrap()), "{refused}");
    assert_eq!(std::fs::read(path).unwrap()[1 << 20], 1);
}

#[tokio::test]
async fn a_directory_that_was_announced_is_made() {
    let bench = Bench::new();
    for left in [false, true] {
        let name = if left { "left" } else { "none" };
        let host = bench.start();
        host.create_directory("default", name).await.unwrap();
        let path = host.materialise("default", name).await.unwrap();
        rewind(&host, name, State::Making).await;
        if !left {
            std::fs::remove_dir(&path).unwrap();
        }
        assert_eq!(host.materialise("default", name).await.unwrap(), path);
        assert!(path.is_dir());
    }
}

#[tokio::test]
async fn tombstones_are_carried_out_at_the_next_start() {
    for point in ["durable", "renamed", "removed"] {
        let bench = Bench::new();
        let path = {
            let host = bench.start();
            let path = with_data(&host, "vol", 1).await;
            let work = bench.pool.path().join(DRIVER).join("work").join(work(&host, "vol"));
            entomb(&host, "vol").await;
            match point {
                "renamed" => std::fs::rename(&path, &work).unwrap(),
                "removed" => std::fs::remove_file(&path).unwrap(),
                _ => assert!(path.exists()),
            }
            path
        };
        let host = bench.start();
        assert_eq!(item(&host, "vol").await, None);
        settle(&host).await;
        assert!(!path.exists() && bench.folder("work").is_empty(), "{point}");
        let left = tombstones(&host.store.engine, host.driver(), None).unwrap();
        assert!(left.is_empty(), "{point}");
    }
}

#[tokio::test]
async fn a_pending_tombstone_never_takes_the_next_items_file() {
    let bench = Bench::new();
    {
        // No start takes this up: the process ends with the tombstone and the new item.
        let host = bench.start();
        with_data(&host, "vol", 1).await;
        entomb(&host, "vol").await;
        with_data(&host, "vol", 2).await;
        assert_eq!(bench.folder("work").len(), 1, "the former file is out of the way");
    }
    let host = bench.start();
    settle(&host).await;
    assert!(bench.folder("work").is_empty());
    let path = host.materialise("default", "vol").await.unwrap();
    assert_eq!(std::fs::read(path).unwrap()[1 << 20], 2);
}

#[tokio::test]
async fn a_lost_store_loses_no_image() {
    let bench = Bench::new();
    {
        let host = bench.start();
        with_data(&host, "vol", 1).await;
        with_data(&host, "gone", 1).await;
        entomb(&host, "gone").await;
    }
    std::fs::remove_file(bench.state.path().join("state.redb")).unwrap();
    let host = bench.start();
    assert_eq!(item(&host, "vol").await, None);
    host.create_image("default", "vol", 4 * MIB).await.unwrap();
    assert_eq!(code(host.materialise("default", "vol").await), Code::FailedPrecondition);
    host.delete_image("default", "vol").await.unwrap();
    host.delete_image("default", "gone").await.unwrap();
    settle(&host).await;
    assert_eq!(bench.folder("images"), ["gone", "vol"]);
    assert_eq!(std::fs::read(bench.image("vol")).unwrap()[1 << 20], 1);
}

#[tokio::test]
async fn a_tombstone_of_a_pool_that_is_not_granted_waits() {
    let bench = Bench::new();
    {
        let host = bench.start();
        with_data(&host, "vol", 1).await;
        entomb(&host, "vol").await;
    }
    {
        let store = Store::open(bench.state.path()).unwrap();
        let name = DriverName::new(DRIVER).unwrap();
        let host = store.scoped(&name, &BTreeMap::new(), DEFAULT_QUOTA).unwrap();
        settle(&host).await;
        assert_eq!(bench.folder("images"), ["vol"]);
    }
    let host = bench.start();
    settle(&host).await;
    assert!(bench.folder("images").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_calls_converge_when_repeated() {
    let bench = Bench::new();
    let host = bench.start();
    for round in 0..60_u64 {
        let name = format!("vol-{round}");
        host.create_image("default", &name, MIB).await.unwrap();
        // Polled a few times, then dropped, as a deadline does it.
        abandon(host.materialise("default", &name), round % 6).await;
        let path = host.materialise("default", &name).await.unwrap();
        assert_eq!(std::fs::metadata(path).unwrap().len(), MIB);
        abandon(host.delete_image("default", &name), round % 4).await;
        host.delete_image("default", &name).await.unwrap();
    }
    settle(&host).await;
    assert!(bench.folder("images").is_empty() && bench.folder("work").is_empty());
}

/// Polls a call at most so often.
async fn abandon(call: impl Future, polls: u64) {
    let mut call = std::pin::pin!(call);
    for _ in 0..polls {
        let over = std::future::poll_fn(|context| {
            std::task::Poll::Ready(call.as_mut().poll(context).is_ready())
        });
        if over.await {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_on_few_names_end_in_order() {
    let bench = Bench::new();
    let host = bench.start();
    let tasks: Vec<_> = (0..24_u64)
        .map(|task| {
            let host = std::sync::Arc::clone(&host);
            tokio::spawn(async move {
                let name = format!("vol-{}", task % 3);
                for round in 0..20 {
                    match (task + round) % 4 {
                        0 | 1 => host.create_image("default", &name, MIB).await.unwrap(),
                        2 => host.delete_image("default", &name).await.unwrap(),
                        _ => match host.materialise("default", &name).await {
                            Ok(_) => {}
                            Err(error) => assert_eq!(error.code, Code::NotFound, "{error}"),
                        },
                    }
                    host.barrier().await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for name in ["vol-0", "vol-1", "vol-2"] {
        host.delete_image("default", name).await.unwrap();
    }
    settle(&host).await;
    assert!(bench.folder("images").is_empty() && bench.folder("work").is_empty());
    let left = tombstones(&host.store.engine, host.driver(), None).unwrap();
    assert!(left.is_empty(), "{left:?}");
}
