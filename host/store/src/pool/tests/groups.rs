//! Several images cloned at one point in time, all or none.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use mooring_volume::attachment::PoolItem;
use tokio::sync::{OwnedMutexGuard, Semaphore};

use super::super::members::{Group, Member, groups};
use super::super::record::State;
use super::*;
use crate::{BoxFuture, Cloning, CopyState, FreezeError, Freezer, Frozen, StorageError};

fn cloning(source: &str, name: &str) -> Cloning {
    Cloning { pool: "default".to_owned(), source: source.to_owned(), name: name.to_owned() }
}

fn two() -> [Cloning; 2] {
    [cloning("one", "snap-1"), cloning("two", "snap-2")]
}

fn reflink() -> PathBuf {
    let dir = std::env::var_os("MOORING_TEST_REFLINK");
    PathBuf::from(dir.expect("MOORING_TEST_REFLINK names a directory on XFS or btrfs"))
}

/// The first byte of an image's data.
fn byte(path: &Path) -> u8 {
    std::fs::read(path).unwrap()[1 << 20]
}

fn write(path: &Path, byte: u8) {
    File::options().write(true).open(path).unwrap().write_all_at(&[byte; 8192], MIB).unwrap();
}

/// Nothing of any clone is there, nor comes back.
async fn nothing_is_left(bench: &Bench, host: &Scoped) {
    settle(host).await;
    for Cloning { name, .. } in two() {
        assert_eq!(item(host, &name).await, None);
    }
    assert_eq!(bench.folder("images"), ["one", "two"]);
    assert!(bench.folder("work").is_empty());
    assert_eq!(groups(&host.store.engine, host.driver()).unwrap(), []);
}

/// Freezes by keeping a gate shut through which the test's writer goes.
#[derive(Default)]
struct Gate {
    shut: Arc<tokio::sync::Mutex<()>>,
    asked: Mutex<Vec<Vec<String>>>,
    /// What it answers.
    refusal: Mutex<Option<FreezeError>>,
    broke: Arc<AtomicBool>,
    /// The one who asked waits for a permit, where there is one.
    wait: Option<Semaphore>,
    /// An image that nobody may be able to attach meanwhile.
    quiet: Option<PathBuf>,
}

struct Shut {
    _gate: OwnedMutexGuard<()>,
    broke: bool,
}

impl Freezer for Gate {
    fn freeze<'a>(
        &'a self,
        images: &'a [PoolItem],
    ) -> BoxFuture<'a, Result<Box<dyn Frozen>, FreezeError>> {
        Box::pin(async move {
            let names = images.iter().map(|image| image.name.clone()).collect();
            self.asked.lock().unwrap().push(names);
            if let Some(wait) = &self.wait {
                wait.acquire().await.unwrap().forget();
            }
            if let Some(quiet) = &self.quiet {
                assert!(File::open(quiet).unwrap().try_lock().is_err(), "a node could attach it");
            }
            let refusal = self.refusal.lock().unwrap().clone();
            match refusal {
                Some(refusal) => Err(refusal),
                None => {
                    let gate = Arc::clone(&self.shut).lock_owned().await;
                    let broke = self.broke.load(Ordering::Relaxed);
                    Ok(Box::new(Shut { _gate: gate, broke }) as Box<dyn Frozen>)
                }
            }
        })
    }
}

impl Frozen for Shut {
    fn release(self: Box<Self>) -> BoxFuture<'static, Result<(), FreezeError>> {
        Box::pin(async move {
            match self.broke {
                true => Err(FreezeError::Failed("it thawed by itself".to_owned())),
                false => Ok(()),
            }
        })
    }
}

/// Two images with data, of which the first is attached for as long as the file lives.
async fn one_attached(host: &Scoped) -> File {
    let node = File::open(with_data(host, "one", 1).await).unwrap();
    with_data(host, "two", 2).await;
    node.lock().unwrap();
    node
}

#[tokio::test]
async fn images_without_a_file_are_cloned_together_anywhere() {
    let bench = Bench::in_dir(Path::new("/dev/shm"));
    let host = bench.start();
    host.clone_images(&[]).await.unwrap();
    for name in ["one", "two"] {
        host.create_image("default", name, 4 * MIB).await.unwrap();
    }
    let with = |more| [cloning("one", "snap-1"), more];
    let many = vec![cloning("one", "snap"); 65];
    for bad in [&many[..], &with(cloning("two", "snap-1")), &with(cloning("snap-1", "two"))] {
        let refused = host.clone_images(bad).await;
        assert!(matches!(refused, Err(PoolError::Invalid(_))), "{refused:?}");
    }
    let absent = host.clone_images(&with(cloning("none", "snap-2"))).await;
    assert_eq!(absent, Err(PoolError::NotFound));
    assert_eq!(item(&host, "snap-1").await, None);

    host.clone_images(&two()).await.unwrap();
    for name in ["snap-1", "snap-2"] {
        assert_eq!(item(&host, name).await.unwrap().size, 4 * MIB);
        assert_eq!(host.create_image("default", name, 4 * MIB).await, Err(PoolError::Exists));
    }
    host.delete_image("default", "one").await.unwrap();
    host.clone_images(&two()).await.unwrap();
    // Some of them are not the group of that time.
    let some = host.clone_images(&with(cloning("two", "snap-3"))).await;
    assert_eq!(some, Err(PoolError::Exists));
    host.delete_image("default", "snap-2").await.unwrap();
    assert_eq!(host.clone_images(&two()).await, Err(PoolError::Exists));
    assert_eq!(item(&host, "snap-2").await, None);
    assert!(bench.folder("images").is_empty() && bench.folder("work").is_empty());
}

#[tokio::test]
async fn without_shared_blocks_a_group_leaves_nothing() {
    // tmpfs never shares blocks.
    let bench = Bench::in_dir(Path::new("/dev/shm"));
    let host = bench.start();
    with_data(&host, "one", 1).await;
    with_data(&host, "two", 2).await;
    let refused = host.clone_images(&two()).await;
    assert!(matches!(refused, Err(PoolError::Unsupported(_))), "{refused:?}");
    nothing_is_left(&bench, &host).await;
}

#[tokio::test]
#[ignore = "needs XFS or btrfs: MOORING_TEST_REFLINK=<dir> cargo test -- --ignored a_group_"]
async fn a_group_of_images_that_nobody_uses_needs_no_freezing() {
    let bench = Bench::in_dir(&reflink());
    let host = bench.start();
    for (name, value) in [("one", 1), ("two", 2)] {
        with_data(&host, name, value).await;
    }
    host.create_image("default", "blank", 4 * MIB).await.unwrap();
    let all = [two().as_slice(), &[cloning("blank", "snap-3"), cloning("one", "snap-4")]].concat();
    host.clone_images(&all).await.unwrap();
    write(&bench.image("one"), 9);
    host.clone_images(&all).await.unwrap();
    for (name, value) in [("snap-1", 1), ("snap-2", 2), ("snap-4", 1)] {
        assert_eq!(byte(&host.materialise("default", name).await.unwrap()), value);
    }
    assert_eq!(item(&host, "snap-3").await.unwrap().allocated, 0);
    assert!(bench.folder("work").is_empty());
    host.barrier().await.unwrap();
    drop(host);
    let host = bench.start();
    host.clone_images(&all).await.unwrap();
    assert_eq!(byte(&host.materialise("default", "snap-1").await.unwrap()), 1);
    File::open(bench.image("one")).unwrap().try_lock().unwrap();
}

#[tokio::test]
#[ignore = "needs XFS or btrfs: MOORING_TEST_REFLINK=<dir> cargo test -- --ignored a_group_"]
async fn a_group_is_all_or_none_whatever_freezing_comes_to() {
    let bench = Bench::in_dir(&reflink());
    let host = bench.start();
    let _node = one_attached(&host).await;
    let refused = host.clone_images(&two()).await;
    assert!(matches!(&refused, Err(PoolError::InUse(why)) if why.contains("no node")));
    nothing_is_left(&bench, &host).await;
    let used = host.driver.used.load(Ordering::Relaxed);

    let gate = Arc::new(Gate { quiet: Some(bench.image("two")), ..Gate::default() });
    host.set_freezer(Some(Arc::clone(&gate) as Arc<dyn Freezer>));
    let refusals = [
        FreezeError::Impossible("a raw block device".to_owned()),
        FreezeError::Failed("the node is away".to_owned()),
    ];
    for refusal in refusals {
        *gate.refusal.lock().unwrap() = Some(refusal.clone());
        let refused = host.clone_images(&two()).await.unwrap_err();
        let as_meant = match &refusal {
            FreezeError::Impossible(_) => matches!(refused, PoolError::InUse(_)),
            FreezeError::Failed(_) => matches!(refused, PoolError::Storage(_)),
        };
        assert!(as_meant && refused.to_string().contains(&refusal.to_string()), "{refused}");
        nothing_is_left(&bench, &host).await;
    }
    *gate.refusal.lock().unwrap() = None;
    gate.broke.store(true, Ordering::Relaxed);
    let torn = host.clone_images(&two()).await;
    assert!(matches!(&torn, Err(PoolError::Storage(why)) if why.contains("it thawed by itself")));
    nothing_is_left(&bench, &host).await;
    assert_eq!(host.driver.used.load(Ordering::Relaxed), used);

    gate.broke.store(false, Ordering::Relaxed);
    host.clone_images(&two()).await.unwrap();
    host.clone_images(&two()).await.unwrap();
    assert_eq!(byte(&host.materialise("default", "snap-1").await.unwrap()), 1);
    assert_eq!(byte(&host.materialise("default", "snap-2").await.unwrap()), 2);
    // Only what is attached is frozen, once each time.
    assert_eq!(*gate.asked.lock().unwrap(), vec![vec!["one".to_owned()]; 4]);
    // What was quiet can be attached again.
    File::open(bench.image("two")).unwrap().try_lock().unwrap();
}

/// What a process leaves that ends before the last write: the named ones have their files' names
/// already, the others are work files.
async fn cut_short(bench: &Bench, host: &Scoped, named: usize) {
    let mut members = Vec::new();
    for (number, Cloning { name, .. }) in two().into_iter().enumerate() {
        crashes::rewind(host, &name, State::Cloning).await;
        if number >= named {
            let work = bench.pool.path().join(DRIVER).join("work").join(crashes::work(host, &name));
            std::fs::rename(bench.image(&name), work).unwrap();
        }
        let serial = host.record(&host.named("default", &name).unwrap()).unwrap().unwrap().serial;
        members.push(Member { pool: "default".to_owned(), name, serial });
    }
    let group = Group { serial: 1 << 40, members };
    host.write::<_, StorageError>(|draft| {
        draft.put(group.key(host.driver()), group.encode());
        Ok(())
    })
    .unwrap();
    host.barrier().await.unwrap();
}

#[tokio::test]
#[ignore = "needs XFS or btrfs: MOORING_TEST_REFLINK=<dir> cargo test -- --ignored a_group_"]
async fn a_group_that_was_cut_short_is_taken_anew_as_a_whole() {
    for named in 0..=2 {
        for again in ["start", "group", "clone", "copy", "delete"] {
            let bench = Bench::in_dir(&reflink());
            let mut host = bench.start();
            with_data(&host, "one", 1).await;
            with_data(&host, "two", 1).await;
            host.clone_images(&two()).await.unwrap();
            cut_short(&bench, &host, named).await;
            write(&bench.image("one"), 2);
            write(&bench.image("two"), 2);
            assert_eq!(item(&host, "snap-1").await, None, "{named}, {again}");
            match again {
                "start" => {
                    drop(host);
                    host = bench.start();
                    nothing_is_left(&bench, &host).await;
                    host.clone_images(&two()).await.unwrap();
                }
                "group" => host.clone_images(&two()).await.unwrap(),
                "clone" => {
                    host.clone_image("default", "two", "snap-2").await.unwrap();
                    assert_eq!(host.clone_images(&two()).await, Err(PoolError::Exists));
                    host.clone_image("default", "one", "snap-1").await.unwrap();
                }
                "copy" => {
                    host.copy_image("default", "two", "snap-2").await.unwrap();
                    host.store.copies().await;
                    let state = host.copy_image("default", "two", "snap-2").await;
                    assert_eq!(state, Ok(CopyState::Done));
                    host.clone_image("default", "one", "snap-1").await.unwrap();
                }
                _ => {
                    host.delete_image("default", "snap-1").await.unwrap();
                    host.clone_images(&two()).await.unwrap();
                }
            }
            for Cloning { name, .. } in two() {
                let path = host.materialise("default", &name).await.unwrap();
                assert_eq!(byte(&path), 2, "{name} is of the moment before: {named}, {again}");
            }
            settle(&host).await;
            assert!(bench.folder("work").is_empty(), "{named}, {again}");
            assert_eq!(groups(&host.store.engine, host.driver()).unwrap(), []);
        }
    }
}

#[tokio::test]
#[ignore = "needs XFS or btrfs: MOORING_TEST_REFLINK=<dir> cargo test -- --ignored a_group_"]
async fn a_group_goes_on_to_its_end_and_a_new_handle_leaves_it_alone() {
    let bench = Bench::in_dir(&reflink());
    let host = bench.start();
    let _node = one_attached(&host).await;
    let gate = Arc::new(Gate { wait: Some(Semaphore::new(0)), ..Gate::default() });
    host.set_freezer(Some(Arc::clone(&gate) as Arc<dyn Freezer>));
    let list = two();
    {
        let mut call = std::pin::pin!(host.clone_images(&list));
        while gate.asked.lock().unwrap().is_empty() {
            let polled = std::future::poll_fn(|context| {
                std::task::Poll::Ready(call.as_mut().poll(context).is_ready())
            });
            assert!(!polled.await);
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(item(&host, "snap-2").await, None, "none has a name yet");
    // As a swap of the component does it.
    let host = bench.scoped(&host.store, DRIVER);
    assert_eq!(groups(&host.store.engine, host.driver()).unwrap().len(), 1);
    gate.wait.as_ref().unwrap().add_permits(1);
    host.clone_images(&list).await.unwrap();
    assert_eq!(gate.asked.lock().unwrap().len(), 1);
    assert!(item(&host, "snap-1").await.is_some() && item(&host, "snap-2").await.is_some());
}

/// The writer writes a number to the first image, then to the second, then the next number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs XFS or btrfs: MOORING_TEST_REFLINK=<dir> cargo test -- --ignored a_group_"]
async fn a_group_of_images_that_are_being_written_is_of_one_moment() {
    let bench = Bench::in_dir(&reflink());
    let host = bench.start();
    let nodes = ["one", "two"].map(|name| (name, &host)).map(async |(name, host)| {
        let path = with_data(host, name, 0).await;
        let node = File::options().write(true).open(path).unwrap();
        node.lock().unwrap();
        node
    });
    let [one, two] = nodes;
    let nodes = [one.await, two.await];
    let gate = Arc::new(Gate::default());
    host.set_freezer(Some(Arc::clone(&gate) as Arc<dyn Freezer>));
    let (over, written) = (AtomicBool::new(false), AtomicU64::new(0));
    let write = || {
        for number in (1..).take_while(|_| !over.load(Ordering::Acquire)) {
            for node in &nodes {
                let _open = gate.shut.blocking_lock();
                node.write_all_at(&u64::to_le_bytes(number), MIB).unwrap();
            }
            written.store(number, Ordering::Release);
        }
    };
    let number = |path: PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        u64::from_le_bytes(bytes[1 << 20..][..8].try_into().unwrap())
    };
    let clones = async {
        let _over = Over(&over);
        for round in 0..20 {
            let before = written.load(Ordering::Acquire);
            while written.load(Ordering::Acquire) < before + 10 {
                tokio::task::yield_now().await;
            }
            let before = written.load(Ordering::Acquire);
            let names = [format!("a-{round}"), format!("b-{round}")];
            let list = [cloning("two", &names[0]), cloning("one", &names[1])];
            host.clone_images(&list).await.unwrap();
            let [second, first] = names.map(|name| number(bench.image(&name)));
            assert!(second >= before, "{second} lacks what was written: {before}");
            assert!(first == second || first == second + 1, "{first}, {second}");
        }
    };
    std::thread::scope(|scope| {
        let writer = scope.spawn(write);
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(clones));
        writer.join().unwrap();
    });
}
