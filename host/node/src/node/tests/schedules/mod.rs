//! Seeded schedules of an orchestrator's model over the node service and models of two machines.
//!
//! `MOORING_SCHEDULES` is how many seeds are run, from 1 on; `MOORING_SEED` runs one alone and shows
//! its trace. What fails is shrunk, and told line by line. Seeds that failed once stand in
//! `tests/kubelet/seeds`, each with its reason, and are run always.

mod faults;
mod machines;
mod storage;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use mooring_kubelet::plan::Extent;
use mooring_kubelet::{Plan, Report, results, run, shrink};

use machines::Machines;

const EXTENT: Extent = Extent { ticks: 40, machine_calls: 40 };

/// Seeds of a run that nobody asked more of.
const SAMPLE: u64 = 300;

/// Runs that shrinking may take.
const TRIES: u32 = 3000;

const SEEDS: &str = include_str!("../../../../../../tests/kubelet/seeds");

fn plan(seed: u64) -> Plan {
    Plan::of(seed, EXTENT)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// The seeds that a line names, of those that are for this driver.
fn known() -> Vec<u64> {
    let lines = SEEDS.lines().filter_map(|line| line.strip_prefix("twin "));
    lines.filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
}

fn told(seed: u64, report: &Report, plan: &Plan) -> String {
    format!(
        "seed {seed}: {:#?}\nshrunk to {} events, calls that go wrong: {:?}\n{}",
        report.broken,
        plan.events.len(),
        report.fired,
        report.trace.join("\n")
    )
}

/// What all seeds came to.
#[derive(Debug, Default)]
struct Sum {
    failed: Vec<String>,
    calls: u64,
    wrong: u64,
    forgotten: u64,
    replaced: u64,
    erased: u64,
    converged: u32,
}

fn sweep(seeds: &[u64]) -> Sum {
    let (next, sum) = (AtomicU64::new(0), Mutex::new(Sum::default()));
    let worker = || {
        let runtime = runtime();
        let live = |plan: &Plan| run(plan, Machines::new(&runtime, plan.seed));
        loop {
            let at = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap();
            let Some(seed) = seeds.get(at) else { return };
            let report = live(&plan(*seed));
            let mut sum = sum.lock().unwrap();
            sum.calls += u64::from(report.calls);
            sum.wrong += u64::try_from(report.fired.len()).unwrap();
            sum.forgotten += u64::from(report.forgotten);
            sum.replaced += u64::from(report.replaced);
            sum.erased += u64::from(report.erased);
            sum.converged = sum.converged.max(report.converged);
            if report.broken.is_empty() {
                continue;
            }
            let first = sum.failed.is_empty();
            let short = format!("seed {seed}: {:.400}", report.broken[0]);
            sum.failed.push(short);
            drop(sum);
            if first {
                let (smaller, shown) = shrink(&plan(*seed), report, TRIES, live);
                eprintln!("{}", told(*seed, &shown, &smaller));
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(worker);
        }
    });
    sum.into_inner().unwrap()
}

#[test]
fn schedules_keep_every_promise() {
    let one = number("MOORING_SEED");
    let seeds: Vec<u64> = match one {
        Some(seed) => vec![seed],
        None => (1..=number("MOORING_SCHEDULES").unwrap_or(SAMPLE)).chain(known()).collect(),
    };
    let begun = Instant::now();
    let sum = sweep(&seeds);
    if let Some(seed) = one {
        let report = run(&plan(seed), Machines::new(&runtime(), seed));
        println!("{}", report.trace.join("\n"));
    }
    let text = format!(
        "Schedules of kubelet's model (`tests/kubelet/run`), over models of two nodes' machines that fail \
         or crash at any call: {} seeds, {} calls, {} of which went wrong; {} seeds broke a promise; once \
         nothing went wrong any more, all was as wanted within {} turns; {} devices that a restarted \
         kubelet forgot were unstaged by hand, {} pods deleted and started again whose volume had been \
         detached by force from the node that it was staged on, {} volumes erased whose first mkfs had \
         been cut off on another node; {:.0} s.",
        seeds.len(),
        sum.calls,
        sum.wrong,
        sum.failed.len(),
        sum.converged,
        sum.forgotten,
        sum.replaced,
        sum.erased,
        begun.elapsed().as_secs_f64()
    );
    println!("{text}");
    if one.is_none() {
        results::keep_if_asked("schedules", &text).unwrap();
    }
    assert!(sum.failed.is_empty(), "{} seeds failed:\n{}", sum.failed.len(), sum.failed.join("\n"));
}

#[test]
fn a_seed_is_the_same_each_time() {
    let runtime = runtime();
    for seed in [1, 2, 3] {
        let [first, second] = [(), ()].map(|()| run(&plan(seed), Machines::new(&runtime, seed)));
        assert!(!first.trace.is_empty(), "seed {seed} does nothing");
        assert_eq!(first.trace, second.trace);
    }
}
