//! Copies in the background, whole or not at all.

use super::super::CopyState;
use super::super::record::{Copying, Moment, State};
use super::super::transfer;
use super::*;
use crate::key::Key;
use crate::{Cloning, StorageError};

async fn copied(host: &Scoped, source: &str, name: &str) -> CopyState {
    host.copy_image("default", source, name).await.unwrap()
}

/// Waits until all copies are over.
async fn over(host: &Scoped) {
    host.store.copies().await;
}

/// What a process leaves that ends while it copies.
async fn cut_short(host: &Scoped, source: &str, name: &str, moment: Moment) {
    crashes::rewind(host, name, State::Cloning).await;
    let item = host.named("default", name).unwrap();
    let serial = host.record(&item).unwrap().unwrap().serial;
    let copying = Copying { serial, moment, source: source.to_owned() };
    let key = Key::Copy.of_item(host.driver(), "default", name);
    host.write::<_, StorageError>(|draft| {
        draft.put(key, copying.encode());
        Ok(())
    })
    .unwrap();
    host.barrier().await.unwrap();
}

fn moment(path: &std::path::Path) -> Moment {
    transfer::moment(&File::open(path).unwrap()).unwrap()
}

#[tokio::test]
async fn a_copy_has_the_bytes_and_the_holes_and_goes_its_own_way() {
    let bench = Bench::new();
    let host = bench.start();
    let source = with_data(&host, "source", 1).await;
    let begun = copied(&host, "source", "copy").await;
    assert!(matches!(begun, CopyState::Running { total: 8192, .. }), "{begun:?}");
    over(&host).await;
    assert_eq!(copied(&host, "source", "copy").await, CopyState::Done);
    let copy = host.materialise("default", "copy").await.unwrap();
    assert!(std::fs::read(&source).unwrap() == std::fs::read(&copy).unwrap());
    let (original, found) = (item(&host, "source").await.unwrap(), item(&host, "copy").await);
    let found = found.unwrap();
    assert_eq!((found.size, found.allocated), (original.size, original.allocated));
    assert!(bench.folder("work").is_empty());

    File::options().write(true).open(&source).unwrap().write_all_at(&[9; 4096], MIB).unwrap();
    assert_eq!(copied(&host, "source", "copy").await, CopyState::Done);
    assert_eq!(std::fs::read(&copy).unwrap()[1 << 20], 1, "done once, and not again");
    // It is that image's copy, and nothing else.
    with_data(&host, "other", 2).await;
    let otherwise = host.copy_image("default", "other", "copy").await;
    assert_eq!(otherwise, Err(PoolError::Exists));
    assert_eq!(host.copy_image("default", "source", "other").await, Err(PoolError::Exists));
    let itself = host.copy_image("default", "copy", "copy").await;
    assert!(matches!(itself, Err(PoolError::Invalid(_))));
    assert_eq!(host.copy_image("default", "none", "new").await, Err(PoolError::NotFound));
    assert!(matches!(host.copy_image("none", "a", "b").await, Err(PoolError::Denied(_))));
    host.delete_image("default", "source").await.unwrap();
    host.grow_image("default", "copy", 8 * MIB).await.unwrap();
    assert_eq!(copied(&host, "source", "copy").await, CopyState::Done);
}

#[tokio::test]
async fn copies_that_are_under_way_are_told() {
    let bench = Bench::new();
    let host = bench.start();
    let path = with_data(&host, "source", 1).await;
    assert_eq!(host.store.copies_under_way(), []);
    copied(&host, "source", "copy").await;
    over(&host).await;
    assert_eq!(host.store.copies_under_way(), []);
    cut_short(&host, "source", "copy", moment(&path)).await;
    // While this is held, the copy waits.
    let held = host.hold(&host.named("default", "copy").unwrap()).await;
    host.take_up_copies().unwrap();
    let [told] = &host.store.copies_under_way()[..] else { panic!("one is under way") };
    assert_eq!((told.pool.as_str(), told.name.as_str()), ("default", "copy"));
    assert_eq!((told.source.as_str(), told.done), ("source", 0));
    assert_eq!(told.driver, *host.driver());
    drop(held);
    over(&host).await;
    assert_eq!(host.store.copies_under_way(), []);
}

#[tokio::test]
async fn a_copy_of_zeros_is_there_at_once() {
    let bench = Bench::new();
    let host = bench.start();
    host.create_image("default", "source", 4 * MIB).await.unwrap();
    assert_eq!(copied(&host, "source", "copy").await, CopyState::Done);
    assert_eq!(item(&host, "copy").await.unwrap().size, 4 * MIB);
    assert!(bench.folder("images").is_empty());
}

#[tokio::test]
async fn an_attached_image_is_not_copied() {
    let bench = Bench::new();
    let host = bench.start();
    let node = File::open(with_data(&host, "source", 1).await).unwrap();
    node.lock().unwrap();
    let refused = host.copy_image("default", "source", "copy").await.unwrap_err();
    let PoolError::InUse(reason) = refused else { panic!("{refused}") };
    assert!(reason.contains("cannot be held back"), "{reason}");
    assert_eq!(item(&host, "copy").await, None);
    node.unlock().unwrap();
    copied(&host, "source", "copy").await;
    over(&host).await;
    assert_eq!(copied(&host, "source", "copy").await, CopyState::Done);
    // And it is free again.
    node.try_lock().unwrap();
}

#[tokio::test]
async fn what_is_being_copied_is_kept_as_it_is() {
    let bench = Bench::new();
    let host = bench.start();
    let path = with_data(&host, "source", 1).await;
    copied(&host, "source", "copy").await;
    over(&host).await;
    cut_short(&host, "source", "copy", moment(&path)).await;
    for refused in [
        host.delete_image("default", "source").await,
        host.grow_image("default", "source", 8 * MIB).await,
    ] {
        assert!(matches!(&refused, Err(PoolError::InUse(why)) if why.contains("copied")));
    }
    // Who asks for a clone is told to ask for the copy.
    let also = host.clone_image("default", "source", "copy").await;
    assert!(matches!(&also, Err(PoolError::Unsupported(why)) if why.contains("copied")));
    let list = [Cloning { pool: "default".into(), source: "source".into(), name: "copy".into() }];
    assert_eq!(host.clone_images(&list).await, also);
    assert_eq!(item(&host, "copy").await, None);
    assert_eq!(code(host.materialise("default", "copy").await), Code::FailedPrecondition);
    let grown = host.grow_image("default", "copy", 8 * MIB).await;
    assert_eq!(grown, Err(PoolError::NotFound));
    // No node can attach it, since nodes want the lock alone.
    let home = host.home(host.pool("default").unwrap());
    let reading = home.open().unwrap().copied("source", 4 * MIB).unwrap();
    let also = home.open().unwrap().copied("source", 4 * MIB).unwrap();
    assert!(File::open(&path).unwrap().try_lock().is_err());
    drop((reading, also));
    File::open(&path).unwrap().try_lock().unwrap();

    host.delete_image("default", "copy").await.unwrap();
    host.delete_image("default", "source").await.unwrap();
    settle(&host).await;
    assert!(bench.folder("work").is_empty());
}

#[tokio::test]
async fn a_copy_that_was_cut_short_is_made_at_the_next_start() {
    for point in ["announced", "half", "renamed"] {
        let bench = Bench::new();
        {
            let host = bench.start();
            let path = with_data(&host, "source", 1).await;
            copied(&host, "source", "copy").await;
            over(&host).await;
            let work = bench.pool.path().join(DRIVER).join("work");
            let work = work.join(crashes::work(&host, "copy"));
            cut_short(&host, "source", "copy", moment(&path)).await;
            match point {
                "announced" => std::fs::remove_file(bench.image("copy")).unwrap(),
                "half" => {
                    std::fs::rename(bench.image("copy"), &work).unwrap();
                    std::fs::write(&work, "torn").unwrap();
                }
                _ => {}
            }
        }
        let host = bench.start();
        over(&host).await;
        assert_eq!(copied(&host, "source", "copy").await, CopyState::Done, "{point}");
        let copy = host.materialise("default", "copy").await.unwrap();
        let source = bench.image("source");
        assert!(std::fs::read(source).unwrap() == std::fs::read(copy).unwrap(), "{point}");
        assert!(bench.folder("work").is_empty());
        host.delete_image("default", "source").await.unwrap();
    }
}

#[tokio::test]
async fn a_source_that_was_written_meanwhile_makes_no_copy() {
    for attached in [false, true] {
        let bench = Bench::new();
        let path = bench.image("source");
        {
            let host = bench.start();
            with_data(&host, "source", 1).await;
            copied(&host, "source", "copy").await;
            over(&host).await;
            let before = moment(&path);
            cut_short(&host, "source", "copy", Moment(before.0 - 1, before.1)).await;
            std::fs::remove_file(bench.image("copy")).unwrap();
        }
        let node = File::open(&path).unwrap();
        if attached {
            node.lock().unwrap();
        }
        let host = bench.start();
        over(&host).await;
        node.unlock().unwrap();
        let CopyState::Failed(reason) = copied(&host, "source", "copy").await else {
            panic!("a copy of no one moment")
        };
        let said = if attached { "is attached" } else { "was written after" };
        assert!(reason.contains(said), "{reason}");
        assert_eq!(item(&host, "copy").await, None);
        assert!(bench.folder("work").is_empty());
        // Told once; then it starts anew.
        assert!(matches!(copied(&host, "source", "copy").await, CopyState::Running { .. }));
        over(&host).await;
        assert_eq!(copied(&host, "source", "copy").await, CopyState::Done);
    }
}

#[tokio::test]
async fn a_copy_without_room_is_refused() {
    let bench = Bench::new();
    let host = bench.start();
    with_data(&host, "source", 1).await;
    let folders = host.home(host.pool("default").unwrap()).open().unwrap();
    assert!(matches!(folders.has_room(u64::MAX), Err(PoolError::NoSpace(_))));
    folders.has_room(1).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_that_are_deleted_at_any_moment_leave_nothing() {
    let bench = Bench::new();
    let host = bench.start();
    let path = with_data(&host, "source", 1).await;
    for round in 0..40_u32 {
        let name = format!("copy-{}", round % 6);
        copied(&host, "source", &name).await;
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        host.delete_image("default", &name).await.unwrap();
    }
    over(&host).await;
    settle(&host).await;
    assert_eq!(bench.folder("images"), ["source"]);
    assert!(bench.folder("work").is_empty());
    File::open(&path).unwrap().try_lock().unwrap();
    host.delete_image("default", "source").await.unwrap();
}

/// As when syncing its folder fails: the store forgets the copy, so its file must go, too.
#[tokio::test]
async fn a_copy_that_is_given_up_behind_its_naming_leaves_no_file() {
    let bench = Bench::new();
    let host = bench.start();
    with_data(&host, "source", 1).await;
    copied(&host, "source", "copy").await;
    over(&host).await;
    assert!(bench.image("copy").exists());
    let item = host.named("default", "copy").unwrap();
    let serial = host.record(&item).unwrap().unwrap().serial;
    let folders = host.home(&item.pool).open().unwrap();
    folders.drop_copy("copy", serial).unwrap();
    assert!(!bench.image("copy").exists());
    assert!(bench.folder("work").is_empty());

    // What has the name while the copy is still a work file is somebody else's.
    std::fs::write(bench.image("copy"), b"foreign").unwrap();
    drop(folders.begin_copy("other", serial).unwrap().unwrap());
    folders.drop_copy("copy", serial).unwrap();
    assert_eq!(std::fs::read(bench.image("copy")).unwrap(), b"foreign");
    assert!(bench.folder("work").is_empty());
}
