//! `make soak`: thousands of volumes' whole lives on real loop devices, and what is left of them in
//! both processes: nothing may grow.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a soak that cannot go on stops loudly"
)]

mod cycle;
mod growth;
mod sample;

use std::future::Future as _;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use mooring_kubelet::results;
use mooring_tests::life::nothing_left;
use mooring_tests::{Host, Place, Settings, case_within};

use growth::Growth;
use sample::Sample;

/// Samples of a run.
const SAMPLES: u32 = 50;

/// What a whole run may take.
const LIMIT: Duration = Duration::from_secs(4 * 3600);

/// Carries volumes through their whole lives, again and again, and fails when anything grows.
#[derive(Debug, Clone, Copy, Parser)]
#[command(after_help = "Examples:\n  soak --cycles 500\n  soak --cycles 10000 --keep")]
struct Options {
    /// Volumes' lives in all.
    #[arg(long, default_value_t = 10_000)]
    cycles: u32,
    /// Volumes at once.
    #[arg(long, default_value_t = 6)]
    lanes: u32,
    /// Writes the section of tests/RESULTS.md.
    #[arg(long)]
    keep: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let (sender, receiver) = std::sync::mpsc::channel();
    case_within(LIMIT, async move |place: &Place| {
        let settings = Settings { log: "warn", ..Settings::default() };
        let mut host = Host::apart(place, settings).await;
        sender.send(soak(&host, options).await).unwrap();
        nothing_left(&host).await;
        host.stop().await;
    });
    let (growth, took) = receiver.recv().expect("root: it mounts file systems");
    let rate = f64::from(options.cycles) / took.as_secs_f64();
    let text = format!(
        "`make soak`: {} lives of volumes, {} at once, in {:.0} s ({rate:.0} a second): create, stage, \
         publish, write, stats, each tenth grows, unpublish, unstage, delete; ext4, raw devices, every \
         twentieth XFS and btrfs. After the warm-up nothing may grow:\n\n{growth}",
        options.cycles,
        options.lanes,
        took.as_secs_f64()
    );
    println!("{text}");
    if options.keep {
        results::keep("soak", &text).unwrap();
    }
    let grown = growth.grown();
    if !grown.is_empty() {
        eprintln!("it grows: {}", grown.join(", "));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Batches of cycles, with a sample at rest after each.
async fn soak(host: &Host, options: Options) -> (Growth, Duration) {
    let begun = Instant::now();
    let mut samples = vec![Sample::take(host, 0).await];
    let (batch, mut done) = (options.cycles.div_ceil(SAMPLES).max(options.lanes), 0);
    let mut took = Duration::ZERO;
    while done < options.cycles {
        let end = (done + batch).min(options.cycles);
        let started = Instant::now();
        lanes(host, done..end, options.lanes).await;
        took += started.elapsed();
        done = end;
        // Images are deleted in the background.
        nothing_left(host).await;
        let sample = Sample::take(host, done).await;
        show(&sample, options.cycles, begun.elapsed());
        samples.push(sample);
    }
    (Growth::of(&samples), took)
}

async fn lanes(host: &Host, numbers: std::ops::Range<u32>, lanes: u32) {
    let lane = async |lane: u32| {
        for number in numbers.clone().filter(|number| number % lanes == lane) {
            cycle::live(host, number).await;
        }
    };
    let mut running: Vec<_> = (0..lanes).map(|number| Box::pin(lane(number))).collect();
    // All of them on this thread: the file systems are this thread's namespace's.
    std::future::poll_fn(|context| {
        running.retain_mut(|lane| lane.as_mut().poll(context).is_pending());
        if running.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

fn show(sample: &Sample, of: u32, since: Duration) {
    let rate = f64::from(sample.cycles) / since.as_secs_f64();
    let line = format!("{:>6}/{of}  {rate:.0}/s  {sample}", sample.cycles);
    if std::io::stderr().is_terminal() {
        let full = usize::try_from(u64::from(sample.cycles) * 24 / u64::from(of.max(1))).unwrap();
        let (done, rest) = ("█".repeat(full), "░".repeat(24 - full.min(24)));
        eprint!("\r\x1b[K{done}{rest} {line}");
        if sample.cycles == of {
            eprintln!();
        }
    } else {
        eprintln!("{line}");
    }
}
