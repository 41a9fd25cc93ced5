//! What a call into a component costs: `cargo bench -p mooring-backend`.
//!
//! Each line is the median and the 99th percentile of one kind of call, one after another. The
//! same store access without a component stands beside it: the difference is the price of a fresh
//! instance.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench may fail loudly")]

#[path = "../tests/stand/mod.rs"]
#[allow(clippy::expect_used, clippy::panic, reason = "shared with the tests")]
mod stand;

use std::future::Future;
use std::time::{Duration, Instant};

use mooring_backend::{Compiler, Driver, EngineConfig, Limits, compile_child};
use mooring_volume::backend::{Identity, Listing, Page, Volumes};
use mooring_volume::{Secrets, VolumeId};
use stand::{Stand, call, call_within, create, guest, plugin};

const ROUNDS: usize = 3_000;
const WARM_UP: usize = 200;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("child") {
        return compile_child(std::io::stdin().lock(), std::io::stdout().lock()).unwrap();
    }
    tokio::runtime::Runtime::new().unwrap().block_on(run());
}

async fn run() {
    // As the program does it: what compiling takes is a child's.
    let compiler = Compiler::new(std::env::current_exe().unwrap(), vec!["child".into()]);
    let config = EngineConfig { calls: 64, compiler: Some(compiler), ..EngineConfig::default() };
    let stand = Stand::with(config);
    println!("resident with an engine           {:>8} KiB", resident());
    let driver = stand.load("image.mooring.dev", plugin("image_file"), Limits::default()).await;
    println!("… and one driver                  {:>8} KiB", resident());
    let minimal = stand.load("minimal.example.com", guest("minimal"), Limits::default()).await;
    let volume = driver.create(&call(), create("pvc-1")).await.unwrap();

    let scoped = stand.scoped("image.mooring.dev", &Default::default());
    let entry = scoped.scan("", None, 1).unwrap().remove(0);
    let native = report("native: read one record", || async {
        std::hint::black_box(scoped.get(&entry.key).unwrap());
        scoped.barrier().await.unwrap();
    })
    .await;
    let get = report("component: listing.get", || async {
        driver.get(&call(), volume.id.clone()).await.unwrap();
    })
    .await;
    println!("  a fresh instance costs {:?} at the median", get.saturating_sub(native));
    // For `make bench`, which reads these lines.
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    println!("component_us {:.1}", micros(get));
    println!("native_us {:.1}", micros(native));
    println!("overhead_us {:.1}", micros(get.saturating_sub(native)));
    report("component: probe (image_file)", || async {
        driver.probe(&call()).await.unwrap();
    })
    .await;
    report("component: list (one volume)", || async {
        driver.list(&call(), Page::default()).await.unwrap();
    })
    .await;
    report("component: delete of nothing", || async {
        let id = VolumeId::new("no-such-volume").unwrap();
        driver.delete(&call(), id, Secrets::default()).await.unwrap();
    })
    .await;
    report("component with WASI: create (minimal)", || async {
        minimal.create(&call(), create("pvc-1")).await.unwrap();
    })
    .await;
    beside_a_hostile_one(&stand, &minimal).await;
    throughput(&stand).await;
    println!("resident at the end               {:>8} KiB", resident());
}

/// Runs one kind of call; answers its median.
async fn report<F: Future<Output = ()>>(name: &str, one: impl Fn() -> F) -> Duration {
    for _ in 0..WARM_UP {
        one().await;
    }
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        one().await;
        times.push(begun.elapsed());
    }
    times.sort();
    let (median, slow) = (times[ROUNDS / 2], times[ROUNDS * 99 / 100]);
    println!("{name:<40} median {median:>10.1?}   p99 {slow:>10.1?}");
    median
}

/// What a driver's callers notice of a neighbour that spins in all the calls that it may make.
async fn beside_a_hostile_one(stand: &Stand, neighbour: &Driver) {
    let steady = || async {
        neighbour.create(&call(), create("pvc-1")).await.unwrap();
        tokio::time::sleep(Duration::from_micros(300)).await;
    };
    report("every 300 µs, alone", steady).await;
    let limits = Limits { deadline: Duration::from_secs(3600), ..Limits::default() };
    let hostile = stand.load("hostile.example.com", guest("hostile"), limits).await;
    let hostile = std::sync::Arc::new(hostile);
    let spinning: Vec<_> = (0..limits.concurrency)
        .map(|_| {
            let hostile = std::sync::Arc::clone(&hostile);
            tokio::spawn(async move {
                let call = call_within(Duration::from_secs(3600));
                hostile.create(&call, create("loop")).await.map(|_| ())
            })
        })
        .collect();
    report("every 300 µs, beside 16 endless loops", steady).await;
    for call in spinning {
        call.abort();
    }
}

/// As many calls as the machine takes, 16 at once.
async fn throughput(stand: &Stand) {
    let driver = stand.load("minimal.example.com", guest("minimal"), Limits::default()).await;
    let driver = std::sync::Arc::new(driver);
    let begun = Instant::now();
    let callers = (0..16).map(|_| {
        let driver = std::sync::Arc::clone(&driver);
        tokio::spawn(async move {
            for _ in 0..ROUNDS / 4 {
                driver.create(&call(), create("pvc-1")).await.unwrap();
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let rate = (16 * (ROUNDS / 4)) as f64 / begun.elapsed().as_secs_f64();
    println!("16 callers at once: {rate:.0} calls a second");
}

/// Resident memory of this process.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
