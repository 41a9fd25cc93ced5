use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicUsize;

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

/// A loop device that goes with the test.
struct Loop(String);

impl Loop {
    fn over(image: &Path) -> Self {
        let made = Command::new("losetup").args(["--find", "--show"]).arg(image).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        Self(String::from_utf8(made.stdout).unwrap().trim().to_owned())
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        assert!(Command::new("losetup").args(["--detach", &self.0]).status().unwrap().success());
    }
}

/// The writer waits for each write before the next, so a clone that has one has all before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root and XFS or btrfs: MOORING_TEST_REFLINK=<dir> cargo test -- --ignored a_clone_"]
async fn a_clone_of_an_image_that_is_being_written_is_of_one_moment() {
    const BLOCK: usize = 4096;
    let dir = std::env::var_os("MOORING_TEST_REFLINK").expect("a directory on XFS or btrfs");
    let bench = Bench::in_dir(Path::new(&dir));
    let host = bench.start();
    host.create_image("default", "source", 16 * MIB).await.unwrap();
    let device = Loop::over(&host.materialise("default", "source").await.unwrap());
    let blocks = usize::try_from(16 * MIB).unwrap() / BLOCK;
    let (over, written) = (AtomicBool::new(false), AtomicUsize::new(0));
    let write = |file: &File| {
        // Far apart, so that neighbours are seldom in one extent; round after round.
        for number in (0..).take_while(|_| !over.load(Ordering::Acquire)) {
            let place = number * 1543 % blocks * BLOCK;
            let block = u64::try_from(number + 1).unwrap().to_le_bytes().repeat(BLOCK / 8);
            file.write_all_at(&block, u64::try_from(place).unwrap()).unwrap();
            written.store(number + 1, Ordering::Release);
        }
    };
    let clones = async {
        let _over = Over(&over);
        for number in 0..10 {
            let wanted = written.load(Ordering::Acquire) + 50;
            while written.load(Ordering::Acquire) < wanted {
                tokio::task::yield_now().await;
            }
            let before = written.load(Ordering::Acquire);
            host.clone_image("default", "source", &format!("clone-{number}")).await.unwrap();
            let clone = std::fs::read(bench.image(&format!("clone-{number}"))).unwrap();
            let newest = newest_whole(&clone, BLOCK);
            assert!(newest >= before, "clone {number} lacks what was answered: {newest}, {before}");
            let mut found = vec![0; blocks];
            (0..newest).for_each(|write| found[write * 1543 % blocks] = write + 1);
            for (place, block) in clone.chunks(BLOCK).enumerate() {
                // The one under way may be there in part, as after a power cut.
                let is_next = place == newest * 1543 % blocks;
                assert!(is_next || whole(block) == Some(found[place]), "clone {number}, {place}");
            }
        }
    };
    // Each write has reached the image when it is answered.
    let flags = i32::try_from(rustix::fs::OFlags::DSYNC.bits()).unwrap();
    let mut options = File::options();
    let file = options.write(true).custom_flags(flags).open(&device.0).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| write(&file));
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(clones));
        writer.join().unwrap();
    });
    drop(file);
}

/// The number that a block is full of.
fn whole(block: &[u8]) -> Option<usize> {
    let first = block.get(..8)?;
    let number = u64::from_le_bytes(first.try_into().ok()?);
    block.chunks(8).all(|word| word == first).then(|| usize::try_from(number).unwrap())
}

fn newest_whole(image: &[u8], block: usize) -> usize {
    image.chunks(block).filter_map(whole).max().unwrap_or(0)
}
