//! What a run measured: a table for people, JSON for programs, and whether it is what it should be.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytesize::ByteSize;
use comfy_table::{Table, presets};
use serde::{Deserialize, Serialize};

use crate::figures::{Quantiles, Slice, rounded, slices};
use crate::load::{Kind, Statement};
use crate::options::Plan;
use crate::site::Usage;
use crate::story::{Events, GROWTHS, Growth, Look, SURGE, Swap};

/// What the picture shows as one point.
const SLICE: Duration = Duration::from_millis(500);

/// How many failures are told: most follow from the first ones.
const FAILURES: usize = 5;

/// Swaps that a run must have.
const SWAPS: usize = 2;

/// All of it. Times are seconds since the load began.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// Where the volume was.
    pub(crate) site: String,
    pub(crate) lasted: f64,
    pub(crate) statements: Vec<Statements>,
    pub(crate) writers: u32,
    /// Connections that query: usually, and in the surge.
    pub(crate) readers: (u32, u32),
    pub(crate) surge: (f64, f64),
    pub(crate) growths: Vec<Growth>,
    pub(crate) swaps: Vec<Swap>,
    /// How full the file system was when the load began, and when it ended.
    pub(crate) first: Usage,
    pub(crate) last: Usage,
    /// How often it was asked how full it is, without a failure.
    pub(crate) looked: usize,
    /// Rows that were read, byte by byte, before and after the volume left the node; none: that was not done.
    pub(crate) rows: Option<u64>,
    /// What reading them once took.
    pub(crate) reading: Option<f64>,
    pub(crate) failures: Vec<String>,
    /// Over time.
    pub(crate) inserts: Vec<Slice>,
    pub(crate) queries: Vec<Slice>,
    pub(crate) looks: Vec<Look>,
}

/// What statements of one kind took.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Statements {
    pub(crate) kind: Kind,
    pub(crate) count: usize,
    pub(crate) failed: usize,
    #[serde(flatten)]
    pub(crate) quantiles: Quantiles,
}

impl Report {
    /// From what was noted. Rows are told later, by [`Self::verified`].
    pub(crate) fn of(
        site: String,
        plan: Plan,
        lasted: Duration,
        statements: &[Statement],
        events: Events,
    ) -> Self {
        let Events { looks, growths, swaps } = events;
        let usage =
            |look: Option<&Look>| look.map_or(Usage { size: 0, used: 0 }, |look| look.usage);
        let seconds = plan.duration.as_secs_f64();
        let times = |query: bool| {
            let of = statements.iter().filter(|it| (it.kind != Kind::Insert) == query);
            slices(&of.map(|it| (it.at, it.took)).collect::<Vec<_>>(), SLICE)
        };
        Self {
            site,
            lasted: rounded(lasted.as_secs_f64()),
            statements: [Kind::Insert, Kind::Point, Kind::Range]
                .map(|kind| Statements::of(kind, statements))
                .into(),
            writers: plan.writers,
            readers: (plan.readers, plan.surge.max(plan.readers)),
            surge: (seconds * SURGE.0, seconds * SURGE.1),
            first: usage(looks.first()),
            last: usage(looks.last()),
            looked: looks.len(),
            growths,
            swaps,
            rows: None,
            reading: None,
            failures: vec![],
            inserts: times(false),
            queries: times(true),
            looks: thinned(&looks),
        }
    }

    /// All rows were read and were right.
    pub(crate) fn verified(&mut self, rows: u64, took: Duration) {
        self.rows = Some(rows);
        self.reading = Some(rounded(took.as_secs_f64()));
    }

    /// Statements, and how many of them failed.
    pub(crate) fn total(&self) -> (usize, usize) {
        let sum = |of: fn(&Statements) -> usize| self.statements.iter().map(of).sum();
        (sum(|it| it.count), sum(|it| it.failed))
    }

    /// Writes the JSON.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string(self)? + "\n";
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Reads what [`Self::write`] wrote.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} has no figures", file.display()))
    }

    /// Whether it is what the showcase promises.
    ///
    /// # Errors
    /// What it is not.
    pub(crate) fn verdict(&self) -> Result<()> {
        let (count, failed) = self.total();
        ensure!(failed == 0 && self.failures.is_empty(), "{failed} of {count} statements failed");
        ensure!(self.rows.is_some(), "the rows were not read");
        ensure!(self.growths.len() >= GROWTHS, "it grew {} times alone", self.growths.len());
        ensure!(self.swaps.len() >= SWAPS, "it was swapped {} times alone", self.swaps.len());
        let first = self.first.size;
        ensure!(self.last.used > first, "all would have fitted without growing: raise --pace");
        Ok(())
    }
}

impl Statements {
    fn of(kind: Kind, all: &[Statement]) -> Self {
        let mine: Vec<_> = all.iter().filter(|it| it.kind == kind).collect();
        Self {
            kind,
            count: mine.len(),
            failed: mine.iter().filter(|it| it.failed).count(),
            quantiles: Quantiles::of(mine.iter().map(|it| it.took)),
        }
    }
}

/// Those that differ, and the last: what a line needs.
fn thinned(looks: &[Look]) -> Vec<Look> {
    let mut kept: Vec<Look> = Vec::new();
    for look in looks {
        let news = kept.last().is_none_or(|last| {
            last.usage.size != look.usage.size || look.at - last.at >= SLICE.as_secs_f64() / 2.0
        });
        if news {
            kept.push(Look { at: rounded(look.at), usage: look.usage });
        }
    }
    kept
}

/// Bytes in the unit that suits them, such as `1.5 GiB` and `512 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    ByteSize::b(bytes).to_string().replace(".0 ", " ")
}

/// A growth on one line.
pub(crate) fn growth(it: &Growth) -> String {
    format!(
        "{:6.2} s  {} % full: grown from {} to {} in {:.2} s",
        it.at,
        it.full,
        size(it.from),
        size(it.to),
        it.done - it.at
    )
}

/// A swap on one line.
pub(crate) fn swap(it: &Swap) -> String {
    format!("{:6.2} s  backend {} -> {} in {:.2} s", it.at, it.from, it.to, it.done - it.at)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["STATEMENT", "COUNT", "FAILED", "P50", "P99", "MAX"]);
        for it in &self.statements {
            let ms = |number: f64| format!("{number:.2} ms");
            let Quantiles { p50, p99, max } = it.quantiles;
            table.add_row([
                it.kind.name().to_owned(),
                it.count.to_string(),
                it.failed.to_string(),
                ms(p50),
                ms(p99),
                ms(max),
            ]);
        }
        writeln!(f, "{table}\n")?;
        for it in &self.growths {
            writeln!(f, "{}", growth(it))?;
        }
        for it in &self.swaps {
            writeln!(f, "{}", swap(it))?;
        }
        let [size, used, first] = [self.last.size, self.last.used, self.first.size].map(size);
        writeln!(
            f,
            "\n{:.1} s of load. In the end {used} of the file system's {size} are in use.",
            self.lasted
        )?;
        if self.last.used > self.first.size {
            writeln!(f, "It had {first} at first, and would have been full.")?;
        }
        writeln!(
            f,
            "How full it is was asked {} times meanwhile, and answered each time.",
            self.looked
        )?;
        for it in self.failures.iter().take(FAILURES) {
            writeln!(f, "failed: {it}")?;
        }
        match (self.rows, self.reading) {
            (Some(rows), Some(took)) => write!(
                f,
                "{rows} rows read in {took:.1} s, each with the checksum that its client made; the same after \
                 the volume was off the node and back, and CHECK TABLE found nothing."
            ),
            _ => write!(f, "The rows were not read."),
        }
    }
}
