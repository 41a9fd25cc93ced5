//! What snapshots cost in a pool: cloning, copying, and telling what changed, of images with much
//! in them.
//!
//! `MOORING_BENCH_POOL=<dir> cargo bench -p mooring-store --bench images`, the directory being on
//! the file system that is to be measured, with 3 GiB free.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench may fail loudly")]

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mooring_store::{CopyState, DEFAULT_QUOTA, Extent, PoolError, Scoped, Store};
use mooring_volume::DriverName;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const POOL: &str = "default";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let Some(pool) = std::env::var_os("MOORING_BENCH_POOL") else {
        println!("MOORING_BENCH_POOL names no directory; nothing is measured");
        return;
    };
    let state = tempfile::tempdir().unwrap();
    let pool = tempfile::tempdir_in(pool).expect("the pool's directory");
    let store = Store::open(state.path()).expect("a new store");
    let pools = BTreeMap::from([(POOL.to_owned(), pool.path().to_owned())]);
    let name = DriverName::new("image.mooring.dev").unwrap();
    let driver = store.scoped(&name, &pools, DEFAULT_QUOTA).unwrap();
    let reflink = driver.space(POOL).await.unwrap().reflink;
    println!("blocks are shared: {reflink}");

    let image = image(&driver, "volume", 10 * GIB).await;
    fill(&image, 7, (0..1024).map(|number| (number * 10 * MIB, MIB)));
    if reflink {
        clones(&driver, "volume", "1,024 runs").await;
        drop(image);
        let image = self::image(&driver, "dense", 10 * GIB).await;
        fill(&image, 7, (0..1024).map(|number| (number / 64 * 600 * MIB + number % 64 * MIB, MIB)));
        clones(&driver, "dense", "16 runs").await;
    }
    changes(&store, &driver, reflink).await;
    copy(&store, &driver).await;
}

/// An image with a file.
async fn image(driver: &Scoped, name: &str, size: u64) -> File {
    driver.create_image(POOL, name, size).await.unwrap();
    let path = driver.materialise(POOL, name).await.unwrap();
    File::options().write(true).open(path).unwrap()
}

fn fill(file: &File, byte: u8, runs: impl Iterator<Item = (u64, u64)>) {
    let bytes = vec![byte; usize::try_from(MIB).unwrap()];
    for (offset, length) in runs {
        let part = bytes.get(..usize::try_from(length).unwrap()).unwrap();
        file.write_all_at(part, offset).unwrap();
    }
    file.sync_all().unwrap();
}

async fn clones(driver: &Arc<Scoped>, source: &str, runs: &str) {
    let mut times = Vec::new();
    for number in 0..20 {
        let start = Instant::now();
        driver.clone_image(POOL, source, &format!("{source}-{number}")).await.unwrap();
        driver.barrier().await.unwrap();
        times.push(start.elapsed());
    }
    report(&format!("clone 10 GiB with 1 GiB of data in {runs}"), times);
}

async fn changes(store: &Store, driver: &Scoped, reflink: bool) {
    let file = image(driver, "large", 1024 * GIB).await;
    fill(&file, 7, (0..256).map(|number| (number * 4 * GIB, MIB)));
    for (byte, text, count, length) in [(8, "1 MiB", 100_u64, MIB), (9, "4 KiB", 25_600, 4096)] {
        let base = format!("base-{count}");
        if reflink {
            driver.clone_image(POOL, "large", &base).await.unwrap();
        } else {
            driver.copy_image(POOL, "large", &base).await.unwrap();
            store.copies().await;
        }
        let step = 1024 * GIB / count / MIB * MIB;
        fill(&file, byte, (0..count).map(|number| (number * step, length)));
        let mut times = Vec::new();
        for _ in 0..5 {
            let start = Instant::now();
            let changed = all(driver, &base, "large").await.unwrap();
            times.push(start.elapsed());
            let bytes: u64 = changed.iter().map(|extent| extent.length).sum();
            assert!(bytes >= count * length, "{bytes} of {}", count * length);
        }
        report(&format!("100 MiB changed of 1 TiB, in runs of {text}"), times);
    }
}

async fn all(driver: &Scoped, base: &str, name: &str) -> Result<Vec<Extent>, PoolError> {
    let (mut all, mut offset) = (Vec::new(), 0);
    loop {
        let page = driver.changed_extents(POOL, base, name, offset, 10_000).await?;
        let Some(last) = page.last() else { return Ok(all) };
        offset = last.offset + last.length;
        all.extend(page);
    }
}

async fn copy(store: &Store, driver: &Scoped) {
    let start = Instant::now();
    let begun = driver.copy_image(POOL, "volume", "copy").await.unwrap();
    let answered = start.elapsed();
    store.copies().await;
    println!(
        "copy 1 GiB of data: answered in {answered:?} ({begun:?}), there in {:?}",
        start.elapsed()
    );
    assert_eq!(driver.copy_image(POOL, "volume", "copy").await, Ok(CopyState::Done));
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let middle = times.get(times.len() / 2).unwrap();
    println!("{what}: {middle:?} (median of {}), {:?} at most", times.len(), times.last().unwrap());
}
