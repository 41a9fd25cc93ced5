//! The database's clients: writers that insert at a pace, readers that query what was acknowledged, and more readers
//! while there is a surge. Each notes every statement; the first that fails ends the load.
//!
//! They have threads of their own, so that what happens to the volume meanwhile does not delay their clocks.

mod ledger;
mod reader;
mod rows;
mod writer;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts};
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) use ledger::Ledger;
pub(crate) use rows::TABLE;

use crate::options::Plan;

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Many rows in one statement, which is one transaction.
    Insert,
    /// One row by its key.
    Point,
    /// Up to two hundred rows by a range of keys.
    Range,
}

impl Kind {
    /// In words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Insert => "bulk insert",
            Self::Point => "point query",
            Self::Range => "range query",
        }
    }
}

/// One statement, as its client saw it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statement {
    pub(crate) kind: Kind,
    /// When it was sent, since the load began.
    pub(crate) at: Duration,
    /// Until all of its answer was there, and was right.
    pub(crate) took: Duration,
    pub(crate) failed: bool,
}

/// What a client asks of its load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Usual,
    Surge,
    Over,
}

/// What all clients share.
#[derive(Debug)]
struct Shared {
    opts: Opts,
    begun: Instant,
    ledger: Ledger,
    phase: watch::Sender<Phase>,
    /// Seeds handed out.
    seeds: AtomicU64,
}

/// Clients that run.
#[derive(Debug)]
pub(crate) struct Load {
    begun: Instant,
    phase: watch::Sender<Phase>,
    /// Until it is stopped.
    thread: Option<JoinHandle<Result<Outcome>>>,
}

/// Ends the load where nobody waits for it any more.
impl Drop for Load {
    fn drop(&mut self) {
        self.phase.send_replace(Phase::Over);
    }
}

/// What the clients did.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// In no order.
    pub(crate) statements: Vec<Statement>,
    /// Why those failed that did.
    pub(crate) failures: Vec<String>,
    /// What must be in the database.
    pub(crate) ledger: Ledger,
}

impl Load {
    /// Makes the table and starts the clients.
    pub(crate) async fn start(opts: Opts, plan: Plan) -> Result<Self> {
        make_table(&opts).await?;
        let phase = watch::channel(Phase::Usual).0;
        let shared = Arc::new(Shared {
            opts,
            begun: Instant::now(),
            ledger: Ledger::of(plan.writers),
            phase: phase.clone(),
            seeds: AtomicU64::new(0),
        });
        let begun = shared.begun;
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let thread = std::thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || Self::run(&runtime, shared, plan))?;
        Ok(Self { begun, phase, thread: Some(thread) })
    }

    /// When it began.
    pub(crate) fn begun(&self) -> Instant {
        self.begun
    }

    /// Begins or ends the surge of queries.
    pub(crate) fn surge(&self, surge: bool) {
        let phase = if surge { Phase::Surge } else { Phase::Usual };
        self.phase.send_if_modified(|now| {
            let changes = *now != Phase::Over && *now != phase;
            if changes {
                *now = phase;
            }
            changes
        });
    }

    /// Waits until a client failed; for ever where none does.
    pub(crate) async fn failed(&self) {
        let mut phase = self.phase.subscribe();
        // The sender is this load's own, so it is there.
        let _ = phase.wait_for(|phase| *phase == Phase::Over).await;
    }

    /// Lets the clients end what they do, and answers what that was.
    pub(crate) async fn stop(mut self) -> Result<Outcome> {
        self.phase.send_replace(Phase::Over);
        let thread = self.thread.take().ok_or_else(|| anyhow!("stopped before"))?;
        tokio::task::spawn_blocking(move || thread.join())
            .await?
            .map_err(|_| anyhow!("the load panicked"))?
    }

    fn run(runtime: &Runtime, shared: Arc<Shared>, plan: Plan) -> Result<Outcome> {
        runtime.block_on(async {
            let mut clients = JoinSet::new();
            for number in 0..plan.writers {
                clients.spawn(writer::run(Arc::clone(&shared), number, plan));
            }
            for number in 0..plan.surge.max(plan.readers) {
                let from = if number < plan.readers { Phase::Usual } else { Phase::Surge };
                clients.spawn(reader::run(Arc::clone(&shared), from));
            }
            let (mut statements, mut failures) = (Vec::new(), Vec::new());
            while let Some(notes) = clients.join_next().await {
                let notes = notes?;
                statements.extend(notes.statements);
                failures.extend(notes.failure);
            }
            let shared = Arc::into_inner(shared).ok_or_else(|| anyhow!("a client still runs"))?;
            Ok(Outcome { statements, failures, ledger: shared.ledger })
        })
    }
}

/// What one client noted.
#[derive(Debug, Default)]
struct Notes {
    statements: Vec<Statement>,
    failure: Option<String>,
}

impl Notes {
    /// Notes a statement; answers whether the client may go on.
    fn take(&mut self, shared: &Shared, kind: Kind, sent: Instant, answer: Result<()>) -> bool {
        let (at, took) = (sent.duration_since(shared.begun), sent.elapsed());
        self.statements.push(Statement { kind, at, took, failed: answer.is_err() });
        if let Err(error) = answer {
            self.fail(shared, &format!("{} at {:.2} s", kind.name(), at.as_secs_f64()), &error);
            return false;
        }
        true
    }

    /// Notes that the client can't go on, and ends the load. (The client's errors have their sources in their own words.)
    fn fail(&mut self, shared: &Shared, what: &str, error: &anyhow::Error) {
        self.failure = Some(format!("{what}: {error}"));
        shared.phase.send_replace(Phase::Over);
    }
}

async fn make_table(opts: &Opts) -> Result<()> {
    let mut connection = Conn::new(opts.clone()).await?;
    connection.query_drop(format!("CREATE TABLE {TABLE}")).await?;
    connection.disconnect().await?;
    Ok(())
}
