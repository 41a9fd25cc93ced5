//! `sweep`: kills and fails the program at each of its state-changing system calls, and looks whether
//! a volume was lost, formatted twice, or left something behind.

mod bench;
mod calls;
mod checks;
mod damage;
mod drive;
mod filter;
mod journal;
mod known;
mod options;
mod orders;
mod patience;
mod plan;
mod points;
mod registers;
mod report;
mod store;
mod trace;
mod volume;
mod worker;

use std::ffi::OsString;
use std::io::{IsTerminal as _, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;
use clap::Parser as _;
use indicatif::{ProgressBar, ProgressStyle};

use crate::journal::Journal;
use crate::options::{Options, Part};
use crate::orders::{Answer, Order};
use crate::plan::Choice;
use crate::points::{Fault, Point, Rpc, Subject};
use crate::report::Report;

fn main() -> anyhow::Result<ExitCode> {
    let mut options = Options::parse();
    match options.part.take() {
        Some(Part::Launch { command }) => launch(&command),
        Some(Part::Worker { root, program }) => {
            worker::run(root, program)?;
            Ok(ExitCode::SUCCESS)
        }
        None => sweep(&options),
    }
}

/// Waits to be let go, then becomes the program, under the filter.
fn launch(command: &[OsString]) -> anyhow::Result<ExitCode> {
    let mut gate = [0];
    std::io::stdin().read_exact(&mut gate).context("nobody traces it")?;
    filter::install()?;
    let (program, arguments) = command.split_first().context("launch what?")?;
    let mut command = Command::new(program);
    // A group of its own: Ctrl-C is for the sweep, which cleans up.
    Err(command.args(arguments).stdin(Stdio::null()).process_group(0).exec().into())
}

/// Points of one call in one life.
type Golden = Vec<(Subject, Rpc, Vec<Point>)>;

fn sweep(options: &Options) -> anyhow::Result<ExitCode> {
    let program = options.program.canonicalize().with_context(|| {
        format!("the program {} is not there; run `make build`", options.program.display())
    })?;
    let mut report = Report::default();
    if options.only.is_empty() {
        let golden = record(options, &program, &mut report)?;
        if options.list {
            return Ok(verdict(&report));
        }
        let choice = Choice {
            rpcs: options.rpc.clone(),
            percent: options.sample,
            seed: options.seed,
            kills: !options.errors,
            errors: !options.kills,
        };
        let mut journal =
            options.journal.as_deref().map_or_else(|| Ok(Journal::default()), Journal::open)?;
        let mut faults = plan::faults(&golden, &choice);
        faults.retain(|fault| match journal.lived(fault) {
            Some(answer) => {
                report.lived(fault, answer);
                false
            }
            None => true,
        });
        inject(options, &program, &faults, &mut journal, &mut report)?;
    } else {
        together(options, &program, &mut report)?;
    }
    if options.verbose || options.only.is_empty() {
        print!("{}", report.told(options.verbose));
    }
    print!("{}", report.table());
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_string_pretty(&report.json())?)?;
    }
    if let Some(path) = &options.markdown {
        std::fs::write(path, report.table())?;
    }
    Ok(verdict(&report))
}

fn verdict(report: &Report) -> ExitCode {
    if report.findings() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Lives each life once, without a fault.
fn record(options: &Options, program: &Path, report: &mut Report) -> anyhow::Result<Golden> {
    let all = if options.kind.is_empty() { Subject::ALL } else { &options.kind };
    let mut worker = drive::Worker::start(program)?;
    let mut golden = Golden::new();
    for subject in all {
        let order = Order { subject: subject.to_string(), faults: vec![] };
        let answer = worker.live(&order)?;
        if answer.finding.is_some() {
            report.broken(*subject, answer);
            continue;
        }
        for (rpc, points) in answer.passed {
            let rpc: Rpc = rpc.parse()?;
            if options.list && (options.rpc.is_empty() || options.rpc.contains(&rpc)) {
                for noted in &points {
                    let Point { process, call, nth } = &noted.point;
                    println!("{subject}/{rpc}/{process}/{call}/{nth}  {}", noted.about);
                }
            }
            if options.rpc.is_empty() || options.rpc.contains(&rpc) {
                report.points(*subject, rpc, points.len());
            }
            golden.push((*subject, rpc, points.into_iter().map(|it| it.point).collect()));
        }
    }
    print!("{}", report.told(true));
    Ok(golden)
}

/// One life a fault.
fn inject(
    options: &Options,
    program: &Path,
    faults: &[Fault],
    journal: &mut Journal,
    report: &mut Report,
) -> anyhow::Result<()> {
    let orders = faults
        .iter()
        .map(|fault| Order { subject: fault.subject.to_string(), faults: vec![fault.to_string()] });
    let orders: Vec<_> = orders.collect();
    let progress = progress(orders.len());
    let (out, answers) = std::sync::mpsc::channel::<(usize, Answer)>();
    std::thread::scope(|scope| {
        let workers = scope.spawn(move || drive::all(orders, program, options.workers, &out));
        for (number, answer) in answers {
            let Some(fault) = faults.get(number) else { continue };
            let limit = answer.finding.as_ref().and_then(|it| known::limit(fault, it));
            if let Some(finding) = answer.finding.as_ref().filter(|_| limit.is_none()) {
                progress.suspend(|| eprintln!("{fault}: {finding}"));
            }
            journal.note(fault, &answer)?;
            report.lived(fault, answer);
            progress.inc(1);
            progress.set_message(format!("{} findings", report.findings()));
            if !std::io::stderr().is_terminal() && progress.position().is_multiple_of(250) {
                eprintln!(
                    "{} of {}, {} findings",
                    progress.position(),
                    faults.len(),
                    report.findings()
                );
            }
        }
        workers.join().map_err(|_| anyhow::anyhow!("the workers' thread failed"))?
    })?;
    progress.finish_and_clear();
    Ok(())
}

/// All faults that were named, in one life.
fn together(options: &Options, program: &Path, report: &mut Report) -> anyhow::Result<()> {
    let Some(first) = options.only.first() else { return Ok(()) };
    let order = Order {
        subject: first.subject.to_string(),
        faults: options.only.iter().map(ToString::to_string).collect(),
    };
    let answer = drive::Worker::start(program)?.live(&order)?;
    report.lived(first, answer);
    Ok(())
}

/// A bar on terminals.
fn progress(length: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(length).unwrap_or_default());
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta} {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
