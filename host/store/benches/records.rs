//! What the store costs a call: 16 tasks that create and delete a volume's records (one key of
//! `state`, one image of `pool`), each step with its barrier, beside 0 to 50,000 volumes.
//!
//! `cargo bench -p mooring-store` in a directory on the disk that is to be measured; `TMPDIR` says
//! which.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench may fail loudly")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mooring_store::{DEFAULT_QUOTA, Scoped, Store};
use mooring_volume::DriverName;

const TASKS: u64 = 16;
const RUN: Duration = Duration::from_secs(3);
const SIZE: u64 = 10 << 30;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    println!("{TASKS} tasks, {RUN:?} each line; a pair is a create and a delete of two records");
    for existing in [0, 1_000, 10_000, 50_000] {
        let (store, driver, _dirs) = set_up(existing).await;
        run(&store, &driver, existing, true).await;
        run(&store, &driver, existing, false).await;
    }
}

async fn set_up(existing: u64) -> (Arc<Store>, Arc<Scoped>, [tempfile::TempDir; 2]) {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let store = Store::open(dirs[0].path()).expect("a new store");
    let pools = BTreeMap::from([("default".to_owned(), dirs[1].path().to_owned())]);
    let name = DriverName::new("image.mooring.dev").unwrap();
    let driver = store.scoped(&name, &pools, DEFAULT_QUOTA).unwrap();
    for number in 0..existing {
        create(&driver, &volume(number)).await;
    }
    driver.barrier().await.unwrap();
    (store, driver, dirs)
}

async fn run(store: &Store, driver: &Arc<Scoped>, existing: u64, barriers: bool) {
    let (syncs, cpu, start) = (store.syncs(), cpu(), Instant::now());
    let pairs = Arc::new(AtomicU64::new(0));
    let tasks = (0..TASKS).map(|task| {
        let (driver, pairs) = (Arc::clone(driver), Arc::clone(&pairs));
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
    let (wall, pairs) = (start.elapsed(), pairs.load(Ordering::Relaxed));
    let cpu = crate::cpu() - cpu;
    println!(
        "{existing:>6} existing, {}: {:>7.0} pairs/s, {:>6.0} µs a step and task, {:>5.1} µs CPU \
         a write, {} fsyncs ({:.0}/s), {} KiB resident",
        if barriers { "barrier each step" } else { "no barriers      " },
        f64::from(u32::try_from(pairs).unwrap()) / wall.as_secs_f64(),
        wall.as_micros() as f64 * TASKS as f64 / (pairs * 2) as f64,
        cpu.as_micros() as f64 / (pairs * 4) as f64,
        store.syncs() - syncs,
        (store.syncs() - syncs) as f64 / wall.as_secs_f64(),
        resident(),
    );
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
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").to_owned()
}

/// Processor time of this process.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}
