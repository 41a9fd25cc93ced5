//! What the store costs a call: 16 tasks that create and delete a volume's records (one key of
//! `state`, one image of `pool`), each step with its barrier, beside 0 to 100,000 volumes.
//!
//! The stores take turns, round by round, so that whatever else the machine does falls on all of
//! them: the ratios are what to compare.
//!
//! `cargo bench -p mooring-store` in a directory on the disk that is to be measured; `TMPDIR` says
//! which.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench may fail loudly")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mooring_store::{Scoped, Store};
use mooring_volume::DriverName;

const TASKS: u64 = 16;
const EXISTING: [u64; 4] = [0, 1_000, 10_000, 100_000];
const ROUNDS: u32 = 8;
const RUN: Duration = Duration::from_millis(750);
const SIZE: u64 = 10 << 30;
const QUOTA: u64 = 1 << 30;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut stores = Vec::new();
    for existing in EXISTING {
        stores.push(Bench::new(existing).await);
    }
    println!("{TASKS} tasks, {ROUNDS} rounds; a pair is a create and a delete of two records");
    for barriers in [true, false] {
        let mut sums = vec![Sum::default(); stores.len()];
        for _ in 0..ROUNDS {
            for (bench, sum) in stores.iter().zip(&mut sums) {
                bench.run(barriers, sum).await;
            }
        }
        let empty = sums.first().map_or(1.0, Sum::rate);
        for (bench, sum) in stores.iter().zip(&sums) {
            bench.report(barriers, sum, empty);
        }
    }
}

/// A store with volumes in it.
struct Bench {
    existing: u64,
    store: Arc<Store>,
    driver: Arc<Scoped>,
    dirs: [tempfile::TempDir; 2],
}

#[derive(Clone, Default)]
struct Sum {
    pairs: u64,
    syncs: u64,
    wall: Duration,
    cpu: Duration,
}

impl Sum {
    fn rate(&self) -> f64 {
        self.pairs as f64 / self.wall.as_secs_f64()
    }
}

impl Bench {
    async fn new(existing: u64) -> Self {
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let (store, driver) = open(&dirs);
        for number in 0..existing {
            create(&driver, &volume(number)).await;
        }
        driver.barrier().await.unwrap();
        drop((store, driver));
        let (before, start) = (resident(), Instant::now());
        let store = Store::open(dirs[0].path()).expect("the store that was made");
        println!(
            "{existing:>6} existing: opened in {:?}, {} KiB more resident, {} KiB on disk",
            start.elapsed(),
            resident().saturating_sub(before),
            std::fs::metadata(dirs[0].path().join("state.redb")).unwrap().len() >> 10,
        );
        drop(store);
        let (store, driver) = open(&dirs);
        let start = Instant::now();
        let mut after = None;
        let mut seen = 0;
        while let Some(last) = {
            let page = driver.scan("", after.as_deref(), 1000).unwrap();
            seen += page.len();
            page.last().map(|entry| entry.key.clone())
        } {
            after = Some(last);
        }
        println!("{existing:>6} existing: {seen} keys listed in {:?}", start.elapsed());
        Self { existing, store, driver, dirs }
    }

    async fn run(&self, barriers: bool, sum: &mut Sum) {
        let (syncs, cpu, start) = (self.store.syncs(), cpu(), Instant::now());
        let pairs = Arc::new(AtomicU64::new(0));
        let tasks = (0..TASKS).map(|task| {
            let (driver, pairs) = (Arc::clone(&self.driver), Arc::clone(&pairs));
            tokio::spawn(async move {
                let mut round = 0_u64;
                while start.elapsed() < RUN {
                    let name = volume(((task + 1) << 32) + round);
                    let version = create(&driver, &name).await;
                    if barriers {
                        driver.barrier().await.unwrap();
                    }
                    driver.delete_image("default", &name).await.unwrap();
                    driver.remove(&name, version).await.unwrap();
                    if barriers {
                        driver.barrier().await.unwrap();
                    }
                    round += 1;
                    pairs.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        sum.wall += start.elapsed();
        sum.cpu += crate::cpu() - cpu;
        sum.pairs += pairs.load(Ordering::Relaxed);
        sum.syncs += self.store.syncs() - syncs;
    }

    fn report(&self, barriers: bool, sum: &Sum, empty: f64) {
        println!(
            "{:>6} existing, {}: {:>7.0} pairs/s ({:>3.0} % of those of an empty store), {:>5.1} \
             µs CPU a write, {:>5.0} fsyncs/s, {} KiB on disk",
            self.existing,
            if barriers { "barrier each step" } else { "no barriers      " },
            sum.rate(),
            100.0 * sum.rate() / empty,
            sum.cpu.as_micros() as f64 / (sum.pairs * 4) as f64,
            sum.syncs as f64 / sum.wall.as_secs_f64(),
            std::fs::metadata(self.dirs[0].path().join("state.redb")).unwrap().len() >> 10,
        );
    }
}

fn open(dirs: &[tempfile::TempDir; 2]) -> (Arc<Store>, Arc<Scoped>) {
    let store = Store::open(dirs[0].path()).expect("a store");
    let pools = BTreeMap::from([("default".to_owned(), dirs[1].path().to_owned())]);
    let name = DriverName::new("image.mooring.dev").unwrap();
    let driver = store.scoped(&name, &pools, QUOTA).unwrap();
    (store, driver)
}

/// Names as provisioners make them, `pvc-` and a random UUID: neighbours in no order.
fn volume(number: u64) -> String {
    // splitmix64, whose steps are a permutation.
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    format!("pvc-{mixed:016x}-{number:016x}")
}

async fn create(driver: &Scoped, name: &str) -> u64 {
    let version = driver.insert(name, &[b'v'; 300]).await.unwrap();
    driver.create_image("default", name, SIZE).await.unwrap();
    version
}

/// Memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Processor time of this process.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}
