//! What happens to the volume while there is load: it is looked at all the time, grown whenever it is too full, as an
//! autoscaler does, and its backend is swapped at two moments of the plan, as a roll-out does.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::{interval, sleep, sleep_until, timeout_at};

use crate::load::Load;
use crate::options::Plan;
use crate::report::Report;
use crate::site::{Site, Usage};
use crate::verify;

/// How often the volume is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How often it must have grown.
pub(crate) const GROWTHS: usize = 3;

/// When a version is due, as parts of the duration: before the surge of queries, and within it.
const ROLL_OUTS: [f64; 2] = [0.32, 0.64];

/// The surge of queries, as parts of the duration.
pub(crate) const SURGE: (f64, f64) = (1.0 / 3.0, 2.0 / 3.0);

/// How long the load goes on after the last of these, as a part of the duration: it is to be seen what came of it.
const AFTERWARDS: f64 = 0.1;

/// How many times the duration the volume may take to fill.
const PATIENCE: u32 = 3;

/// The volume became larger.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Growth {
    /// Seconds since the load began: when it was asked for, and when the file system had it.
    pub(crate) at: f64,
    pub(crate) done: f64,
    /// Bytes of the volume.
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// How full the file system was, in percent.
    pub(crate) full: u64,
}

/// Another version of the backend took over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Swap {
    /// Seconds since the load began: when it was asked for, and when it was seen to serve.
    pub(crate) at: f64,
    pub(crate) done: f64,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// How full the file system was at a moment.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Look {
    /// Seconds since the load began.
    pub(crate) at: f64,
    #[serde(flatten)]
    pub(crate) usage: Usage,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Events {
    pub(crate) looks: Vec<Look>,
    pub(crate) growths: Vec<Growth>,
    pub(crate) swaps: Vec<Swap>,
}

/// The whole run: load, growth and swaps; then every row is read, before and after the volume left the node.
pub(crate) async fn run<S: Site>(site: &mut S, plan: Plan) -> Result<Report> {
    let load = Load::start(site.database(), plan).await?;
    let stage = Stage {
        begun: load.begun(),
        plan,
        over: watch::channel(false).0,
        events: RefCell::default(),
    };
    let told = tokio::select! {
        told = stage.play(site, &load) => told,
        // Its failures are told by the report.
        () = load.failed() => Ok(()),
    };
    let lasted = stage.begun.elapsed();
    let outcome = load.stop().await?;
    if outcome.failures.is_empty() {
        told?;
    }
    let events = stage.events.into_inner();
    let mut report = Report::of(site.title(), plan, lasted, &outcome.statements, events);
    report.failures = outcome.failures;
    if report.failures.is_empty() {
        eprintln!("reading every row …");
        let (rows, took) = verify::rows(&site.database(), &outcome.ledger).await?;
        site.move_out_and_in().await.context("off the node and back")?;
        let counted = verify::table(&site.database()).await?;
        ensure!(rows == counted, "{rows} rows before the volume left the node, {counted} after");
        let (again, _) = verify::rows(&site.database(), &outcome.ledger).await?;
        report.verified(again, took);
    }
    Ok(report)
}

/// Where the parts of a run meet. They all run on one thread.
struct Stage {
    begun: Instant,
    plan: Plan,
    over: watch::Sender<bool>,
    events: RefCell<Events>,
}

impl Stage {
    /// Until the time is over and the volume was grown and its backend swapped as often as it must be.
    async fn play<S: Site>(&self, site: &S, load: &Load) -> Result<()> {
        let (told, usage) = watch::channel(site.usage().await?);
        // Tells that something was done; what, stands in the events.
        let done = watch::channel(()).0;
        tokio::try_join!(
            self.look(site, &told),
            self.grow(site, usage, &done),
            self.roll_out(site, &done),
            self.surge(load),
            self.end(site.swaps(), &done),
        )?;
        Ok(())
    }

    async fn look<S: Site>(&self, site: &S, told: &watch::Sender<Usage>) -> Result<()> {
        let mut looks = interval(LOOK);
        while !*self.over.borrow() {
            looks.tick().await;
            let usage = site.usage().await.context("how full the volume is")?;
            self.events.borrow_mut().looks.push(Look { at: self.now(), usage });
            told.send_replace(usage);
        }
        Ok(())
    }

    async fn grow<S: Site>(
        &self,
        site: &S,
        mut usage: watch::Receiver<Usage>,
        done: &watch::Sender<()>,
    ) -> Result<()> {
        let (mut over, mut from) = (self.over.subscribe(), self.plan.size.as_u64());
        loop {
            let full = tokio::select! {
                _ = over.wait_for(|over| *over) => return Ok(()),
                full = usage.wait_for(|usage| usage.percent() >= self.plan.full) => full?.percent(),
            };
            let (at, to) = (self.now(), from + self.plan.step.as_u64());
            site.grow(to).await.with_context(|| format!("growing to {to} bytes"))?;
            let growth = Growth { at, done: self.now(), from, to, full };
            eprintln!("{}", crate::report::growth(&growth));
            self.events.borrow_mut().growths.push(growth);
            done.send_replace(());
            from = to;
            // What was seen before says nothing any more.
            usage.mark_unchanged();
            tokio::select! {
                // Nobody looks any more.
                _ = over.wait_for(|over| *over) => return Ok(()),
                seen = usage.changed() => seen?,
            }
        }
    }

    async fn roll_out<S: Site>(&self, site: &S, done: &watch::Sender<()>) -> Result<()> {
        for (number, part) in (1..=site.swaps()).zip(ROLL_OUTS) {
            self.until(part).await;
            let (at, from) = (self.now(), site.version().await?);
            site.swap(number).await.with_context(|| format!("swap {number}"))?;
            let swap = Swap { at, done: self.now(), from, to: site.version().await? };
            eprintln!("{}", crate::report::swap(&swap));
            ensure!(swap.from != swap.to, "{} serves after the swap as before", swap.to);
            self.events.borrow_mut().swaps.push(swap);
            done.send_replace(());
        }
        Ok(())
    }

    async fn surge(&self, load: &Load) -> Result<()> {
        self.until(SURGE.0).await;
        load.surge(true);
        self.until(SURGE.1).await;
        load.surge(false);
        Ok(())
    }

    async fn end(&self, swaps: usize, done: &watch::Sender<()>) -> Result<()> {
        let patience = self.begun + self.plan.duration * PATIENCE;
        let mut done = done.subscribe();
        let all = done.wait_for(|()| {
            let events = self.events.borrow();
            events.growths.len() >= GROWTHS && events.swaps.len() >= swaps.min(ROLL_OUTS.len())
        });
        timeout_at(patience.into(), all).await.with_context(|| {
            format!(
                "it was not grown {GROWTHS} times and swapped within {PATIENCE} times the duration: \
                 raise --pace or --duration"
            )
        })??;
        sleep(self.plan.duration.mul_f64(AFTERWARDS)).await;
        self.until(1.0).await;
        self.over.send_replace(true);
        Ok(())
    }

    async fn until(&self, part: f64) {
        sleep_until((self.begun + self.plan.duration.mul_f64(part)).into()).await;
    }

    fn now(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }
}
