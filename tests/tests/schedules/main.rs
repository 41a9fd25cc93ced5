//! Seeded schedules of an orchestrator's model over real processes: one controller and two nodes on
//! real loop devices, killed by SIGKILL within calls and between them.
//!
//! `MOORING_REAL_SCHEDULES` is how many seeds are run; `MOORING_REAL_SEED` runs one and shows its trace.
//! Times are the machine's, so a seed says what is done and not what comes of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod ask;
mod hosts;
mod processes;

use mooring_kubelet::plan::Extent;
use mooring_kubelet::{Plan, Report, results, run};
use mooring_tests::{Place, case_within};

use hosts::Hosts;

const EXTENT: Extent = Extent { ticks: 14, machine_calls: 40 };

/// Seeds of a run that nobody asked more of.
const SAMPLE: u64 = 3;

const SEEDS: &str = include_str!("../../kubelet/seeds");

/// What one seed may take, on a machine that others use, too.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(1800);

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// The seeds that a line names, of those that are for this driver.
fn known() -> Vec<u64> {
    let lines = SEEDS.lines().filter_map(|line| line.strip_prefix("real "));
    lines.filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
}

fn live(seed: u64) -> Report {
    let (sender, receiver) = std::sync::mpsc::channel();
    case_within(LIMIT, async move |place: &Place| {
        // A thread of its own, in the same namespace: the model calls, and waits for each answer.
        let report = std::thread::scope(|scope| {
            scope.spawn(|| run(&Plan::of(seed, EXTENT), Hosts::start(place, seed))).join()
        });
        sender.send(report.unwrap()).unwrap();
    });
    receiver.recv().unwrap_or_default()
}

#[test]
fn schedules_keep_every_promise_of_real_hosts() {
    let one = number("MOORING_REAL_SEED");
    let seeds: Vec<u64> = match one {
        Some(seed) => vec![seed],
        None => (1..=number("MOORING_REAL_SCHEDULES").unwrap_or(SAMPLE)).chain(known()).collect(),
    };
    let begun = std::time::Instant::now();
    let (mut failed, mut calls, mut wrong, mut killed) = (Vec::new(), 0, 0, 0);
    for seed in &seeds {
        let report = live(*seed);
        calls += report.calls;
        wrong += report.fired.len();
        let between =
            |line: &&String| line.contains(": HostDies") || line.ends_with("controller dies");
        killed += report.trace.iter().filter(between).count();
        if !report.broken.is_empty() || one.is_some() {
            println!("{}", report.trace.join("\n"));
        }
        if !report.broken.is_empty() {
            failed.push(format!("seed {seed}: {:#?}", report.broken));
        }
    }
    let text = format!(
        "Schedules over real hosts (`tests/kubelet/run`; one controller, two nodes, a pool on XFS; ext4, \
         XFS, btrfs, raw): {} seeds, {calls} calls, {wrong} of them with a process killed within them or \
         their answer lost, {killed} processes killed between calls; {} seeds broke a promise; {:.0} s.",
        seeds.len(),
        failed.len(),
        begun.elapsed().as_secs_f64()
    );
    println!("{text}");
    results::keep_if_asked("real schedules", &text).unwrap();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
