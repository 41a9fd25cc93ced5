//! One worker: a process with a place of its own that lives one life after the other, as it is told on
//! its standard input.

use std::io::{BufRead as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use anyhow::Context as _;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::bench::Bench;
use crate::damage;
use crate::orders::{Answer, Noted, Order};
use crate::points::{Fault, Rpc, Subject};
use crate::store::Store;
use crate::volume::{Lived, Volume};

/// Kept of a log in a finding.
const LOG_LINES: usize = 40;

/// Lives until its standard input ends; leaves nothing behind.
///
/// # Errors
/// When the place cannot be made, or it is spoken to in other words.
pub(crate) fn run(root: PathBuf, program: PathBuf) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // The sweep itself ends its workers, after they have cleaned up.
    let _deaf = {
        let _within = runtime.enter();
        [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?]
    };
    // A life that fails an assertion is a finding, and is told as one.
    std::panic::set_hook(Box::new(|_| {}));
    let mut bench = Bench::enter(root, program)?;
    let obeyed = obey(&runtime, &mut bench);
    bench.clear();
    obeyed
}

fn obey(runtime: &Runtime, bench: &mut Bench) -> anyhow::Result<()> {
    for (life, line) in (1_u64..).zip(std::io::stdin().lock().lines()) {
        let order: Order = serde_json::from_str(&line?)?;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(live(bench, &order, &format!("pvc-{life}")))
        }));
        let outcome = outcome.unwrap_or_else(|panic| Err(anyhow::anyhow!(said(&*panic))));
        let answer = match outcome {
            Ok(lived) => answer(lived),
            Err(error) => failed(bench, &error),
        };
        let mut out = std::io::stdout().lock();
        serde_json::to_writer(&mut out, &answer)?;
        writeln!(out)?;
        out.flush()?;
    }
    Ok(())
}

async fn live(bench: &mut Bench, order: &Order, name: &str) -> anyhow::Result<Lived> {
    let subject: Subject = order.subject.parse()?;
    let faults: Vec<Fault> =
        order.faults.iter().map(|it| it.parse()).collect::<anyhow::Result<_>>()?;
    let runs = bench.controller.as_ref().is_some_and(|it| it.ended().is_none());
    if !runs {
        bench.clear();
        bench.start_controller().await?;
    }
    bench.forget_log();
    if faults.iter().any(|fault| fault.rpc == Rpc::Damage) {
        return damage::live(bench, name, &faults).await;
    }
    if bench.node_pid().is_none() {
        bench.start_node().await.context("starting")?;
    }
    match subject.kind() {
        Some(kind) => Volume::live(bench, kind, name, &faults).await,
        None => Store::live(bench, name, &faults).await,
    }
}

fn answer(lived: Lived) -> Answer {
    let noted = |passed: Vec<crate::trace::Passed>| {
        passed.into_iter().map(|it| Noted { point: it.point, about: it.about }).collect()
    };
    Answer {
        passed: lived.passed.into_iter().map(|(rpc, it)| (rpc.to_string(), noted(it))).collect(),
        hit: lived.hit,
        repeated: lived.repeated,
        ..Answer::default()
    }
}

/// A finding; whatever it left is taken away, so that the next life begins afresh.
fn failed(bench: &mut Bench, error: &anyhow::Error) -> Answer {
    let log = bench.log();
    let lines: Vec<_> = log.lines().collect();
    let tail = lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default();
    let answer =
        Answer { finding: Some(format!("{error:#}")), log: tail.join("\n"), ..Answer::default() };
    bench.clear();
    answer
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}
