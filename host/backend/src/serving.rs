//! A driver whose version changes while it serves: the version that new calls go to, behind one
//! pointer, and how another takes its place.
//!
//! ```text
//! outline ─ grants ─ compile, link ─ config against schema ─ probe ─ difference ─┬─ switch ─ trial ─┬─ stays
//!    └──────────┴─────────┴────────────────┴──────────────────┴──► refused       │                  └─ rolled back
//!                                            migrate the state, nothing running ─┘
//! ```
//! Until the switch the old version serves, untouched. Running calls finish on it, and it is dropped
//! when the last has ended. Which version a repetition goes to is [`bindings`]'s rule, and how a
//! version is judged [`trial`]'s.
//!
//! Invariant: no component is called over a state whose schema is not its own.

mod backend;
mod bindings;
mod difference;
mod error;
mod status;
mod trial;
mod turn;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use mooring_store::Scoped;
use mooring_volume::DriverName;
use tokio::sync::RwLock;

use crate::driver::{Driver, DriverConfig, Probed};
use crate::engine::Engine;
use crate::load;
use crate::log::clean;
use crate::meter::{Meter, SwapOutcome};
use crate::outline::Outline;
use bindings::{Bindings, Subject};
use difference::Side;
pub use difference::{Changes, Difference, Ungranted};
pub use error::SwapError;
pub use status::{LastSwap, ServingStatus};
use trial::{Rate, TRIAL, Tallied, Tally};

/// How long a migration waits, beyond the driver's own limit, for running calls to end.
const DRAIN: Duration = Duration::from_secs(5);

/// What shall serve: a component and what the operator says of it.
#[derive(Clone)]
pub struct Candidate {
    /// As configured.
    pub config: DriverConfig,
    /// The component's bytes, whose origin was verified.
    pub component: Arc<[u8]>,
    /// The driver's part of the store, with the pools of the grants.
    pub store: Arc<Scoped>,
}

/// One driver and the version that serves it. Implements
/// [`mooring_volume::backend::Backend`] by handing each call to a version.
pub struct Serving {
    name: DriverName,
    engine: Arc<Engine>,
    meter: Arc<dyn Meter>,
    state: Mutex<State>,
    /// Calls hold it shared; who migrates, alone.
    gate: RwLock<()>,
    /// One swap at a time.
    swapping: tokio::sync::Mutex<()>,
}

/// A loaded component, and what it did.
struct Version {
    driver: Driver,
    config: DriverConfig,
    tally: Arc<Tally>,
}

struct State {
    current: Arc<Version>,
    since: SystemTime,
    bindings: Bindings<Subject, Version>,
    trial: Option<Trial>,
    last: Option<LastSwap>,
    /// What was rolled back, and should not be tried again unasked.
    rejected: Option<(String, DriverConfig)>,
}

/// A version is judged by how the one before did.
struct Trial {
    before: Arc<Version>,
    rate: Rate,
    until: Instant,
}

impl Version {
    fn component(&self) -> String {
        let description = mooring_volume::backend::Identity::description(&self.driver);
        named(&description.name, &description.version, self.driver.digest())
    }

    fn side(&self) -> Side<'_> {
        let imports = &self.driver.outline().imports;
        Side { component: self.component(), imports, config: &self.config }
    }
}

fn named(name: &str, version: &str, digest: &str) -> String {
    format!(
        "{} {} (sha256:{})",
        clean(name, 64),
        clean(version, 64),
        digest.get(..12).unwrap_or(digest)
    )
}

impl Serving {
    /// Loads the first version, and brings the driver's state to its schema.
    ///
    /// # Errors
    /// `Load`, `Schema`, `Migration`, `Store`. Of these the state is as it was.
    pub async fn start(
        engine: &Arc<Engine>,
        candidate: Candidate,
        meter: Arc<dyn Meter>,
    ) -> Result<Arc<Self>, SwapError> {
        let name = candidate.config.name.clone();
        let version = Version::load(engine, candidate, &meter).await?;
        if let Some([from, to]) = version.migration()? {
            let migrated = version.driver.migrate(from, |_| Ok(())).await;
            migrated.map_err(|reason| SwapError::Migration { from, to, reason })?;
            tracing::info!(driver = %name, from, to, "the state was migrated");
        }
        Ok(Arc::new(Self {
            name,
            engine: Arc::clone(engine),
            meter,
            state: Mutex::new(State {
                current: Arc::new(version),
                since: SystemTime::now(),
                bindings: Bindings::new(),
                trial: None,
                last: None,
                rejected: None,
            }),
            gate: RwLock::new(()),
            swapping: tokio::sync::Mutex::default(),
        }))
    }

    /// Has the candidate serve, if it can. Answers what changed; nothing did where it is what serves
    /// already.
    ///
    /// # Errors
    /// [`SwapError`], for the operator. The version that served serves on.
    pub async fn swap(self: &Arc<Self>, candidate: Candidate) -> Result<Difference, SwapError> {
        let _one = self.swapping.lock().await;
        if self.is_serving(&candidate) {
            return Ok(Difference::default());
        }
        let outcome = self.exchange(candidate).await;
        match &outcome {
            Ok(difference) => {
                tracing::info!(driver = %self.name, %difference, "another version serves");
                self.note(SwapOutcome::Switched, difference.to_string());
                self.end_trial_in_time();
            }
            Err(error) => {
                tracing::error!(driver = %self.name, %error, "the version is refused, and the one before serves on");
                self.note(SwapOutcome::Refused, error.to_string());
            }
        }
        outcome
    }

    /// As [`Self::swap`] up to the switch, which is left out; a migration is not tried.
    ///
    /// # Errors
    /// As there.
    pub async fn rehearse(&self, candidate: Candidate) -> Result<Difference, SwapError> {
        if self.is_serving(&candidate) {
            return Ok(Difference::default());
        }
        Ok(self.prepare(candidate).await?.1)
    }

    /// Whether this very component serves under this very configuration.
    #[must_use]
    pub fn is_serving(&self, candidate: &Candidate) -> bool {
        let current = self.current();
        current.config == candidate.config
            && current.driver.digest() == crate::outline::digest(&candidate.component)
    }

    /// Whether this very candidate served, and was rolled back.
    #[must_use]
    pub fn was_rolled_back(&self, candidate: &Candidate) -> bool {
        self.state().rejected.as_ref().is_some_and(|(digest, config)| {
            *config == candidate.config && *digest == crate::outline::digest(&candidate.component)
        })
    }

    async fn exchange(&self, candidate: Candidate) -> Result<Difference, SwapError> {
        let (next, difference) = self.prepare(candidate).await?;
        let next = Arc::new(next);
        let Some([from, to]) = difference.state_schema else {
            self.switch(next, false);
            return Ok(difference);
        };
        let before = self.current();
        let readiness = before.driver.probed().await;
        let patience = before.config.limits.deadline + DRAIN;
        let Ok(_alone) = tokio::time::timeout(patience, self.gate.write()).await else {
            return Err(SwapError::Draining { patience });
        };
        let fit = |probed| no_worse(probed, &readiness);
        let migrated = next.driver.migrate(from, fit).await;
        migrated.map_err(|reason| SwapError::Migration { from, to, reason })?;
        self.switch(next, true);
        Ok(difference)
    }

    /// Everything that can be found out without touching what serves.
    async fn prepare(&self, candidate: Candidate) -> Result<(Version, Difference), SwapError> {
        let before = self.current();
        let outline = load::outline(&self.engine, &candidate.component)?;
        let ungranted = outline.ungranted(&candidate.config.grants);
        if !ungranted.is_empty() {
            let difference = unstarted(&before, &candidate.config, &outline, ungranted);
            return Err(SwapError::Ungranted { difference: Box::new(difference) });
        }
        let next = Version::load(&self.engine, candidate, &self.meter).await?;
        let state_schema = next.migration()?;
        // One whose state is to be migrated is asked over the migrated state.
        if state_schema.is_none() {
            let readiness = before.driver.probed().await;
            let fit = no_worse(next.driver.probed().await, &readiness);
            fit.map_err(|reason| SwapError::Probe { reason })?;
        }
        let abilities = mooring_volume::backend::Identity::abilities;
        let difference = Difference::of_outlines(&before.side(), &next.side())
            .with_abilities(&abilities(&before.driver), &abilities(&next.driver));
        Ok((next, Difference { state_schema, ..difference }))
    }

    /// From here on, new calls go to `next`. `alone`: the state is no longer what the one before
    /// reads.
    fn switch(&self, next: Arc<Version>, alone: bool) {
        let mut state = self.state();
        let before = std::mem::replace(&mut state.current, next);
        if alone {
            state.bindings.release(&before);
        }
        state.since = SystemTime::now();
        state.rejected = None;
        self.reset_breaker(&before);
        let rate = before.tally.rate();
        state.trial = Some(Trial { before, rate, until: Instant::now() + TRIAL });
    }

    /// A breaker that was open goes with its version.
    fn reset_breaker(&self, gone: &Version) {
        if gone.driver.breaker_is_open() {
            self.meter.breaker(&self.name, false);
        }
    }

    /// Judges the version of a call that ended; the one before takes over where it has to go.
    fn judge(&self, judged: &Arc<Version>) {
        let rate = judged.tally.rate();
        if rate.failures == 0 {
            return;
        }
        let (mut guard, now) = (self.state(), Instant::now());
        let State { current, trial, .. } = &mut *guard;
        let on_trial = trial.take_if(|trial| {
            let worse = Arc::ptr_eq(current, judged) && rate.is_worse_than(trial.rate);
            worse || trial.until <= now
        });
        let Some(Trial { before, until, .. }) = on_trial else { return };
        if until <= now {
            return;
        }
        let failed = format!("{} of its last {} calls failed", rate.failures, rate.calls);
        if before.driver.state_schema() != judged.driver.state_schema() {
            drop(guard);
            tracing::error!(
                driver = %self.name, failed,
                "the new version fails, and the one before cannot read the state that it migrated; it stays"
            );
            return;
        }
        guard.bindings.release(judged);
        guard.current = Arc::clone(&before);
        guard.since = SystemTime::now();
        guard.rejected = Some((judged.driver.digest().to_owned(), judged.config.clone()));
        drop(guard);
        self.reset_breaker(judged);
        tracing::error!(driver = %self.name, failed, "the new version fails; the one before serves again");
        self.note(
            SwapOutcome::RolledBack,
            format!("{failed}; {} serves again", before.component()),
        );
    }

    /// Lets the version before go when the trial is over, should no call come by then.
    fn end_trial_in_time(self: &Arc<Self>) {
        let serving = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep(TRIAL.max(bindings::STAY)).await;
            if let Some(serving) = serving.upgrade() {
                let (mut state, now) = (serving.state(), Instant::now());
                state.trial.take_if(|trial| trial.until <= now);
                state.bindings.purge(now);
            }
        });
    }

    fn note(&self, outcome: SwapOutcome, detail: String) {
        self.meter.swap(&self.name, outcome);
        self.state().last = Some(LastSwap { at: SystemTime::now(), outcome, detail });
    }

    fn current(&self) -> Arc<Version> {
        Arc::clone(&self.state().current)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Version {
    async fn load(
        engine: &Arc<Engine>,
        candidate: Candidate,
        meter: &Arc<dyn Meter>,
    ) -> Result<Self, SwapError> {
        let Candidate { config, component, store } = candidate;
        let tally = Arc::<Tally>::default();
        let limit = config.limits.deadline;
        let meter = Tallied { tally: Arc::clone(&tally), meter: Arc::clone(meter), limit };
        let driver =
            Driver::load(engine, config.clone(), component, store, Arc::new(meter)).await?;
        Ok(Self { driver, config, tally })
    }

    /// The step that the state has to take, if any.
    fn migration(&self) -> Result<Option<[u32; 2]>, SwapError> {
        let (stored, own) = (self.driver.stored_schema()?, self.driver.state_schema());
        match stored.cmp(&own) {
            std::cmp::Ordering::Less => Ok(Some([stored, own])),
            std::cmp::Ordering::Equal => Ok(None),
            std::cmp::Ordering::Greater => Err(SwapError::Schema { stored, own }),
        }
    }
}

fn unstarted(
    before: &Version,
    config: &DriverConfig,
    outline: &Outline,
    ungranted: Vec<(String, &'static str)>,
) -> Difference {
    let digest = outline.digest.get(..12).unwrap_or_default();
    let component = format!("sha256:{digest}, not started");
    let side = Side { component, imports: &outline.imports, config };
    let difference = Difference::of_outlines(&before.side(), &side);
    let ungranted = ungranted
        .into_iter()
        .map(|(import, grant)| Ungranted { import, grant: grant.to_owned() })
        .collect();
    Difference { ungranted, ..difference }
}

/// Whether a version can serve as well as the one before. Where both cannot, it is the storage that
/// is out of reach, and no reason to refuse.
fn no_worse(probed: Probed, before: &Probed) -> Result<(), String> {
    match (probed, before) {
        (Probed::Ready, _)
        | (Probed::Starting, Probed::Starting | Probed::Unfit(_))
        | (Probed::Unfit(_), Probed::Unfit(_)) => Ok(()),
        (Probed::Starting, Probed::Ready) => {
            Err("it is not ready, and the one before is".to_owned())
        }
        (Probed::Unfit(why), Probed::Ready | Probed::Starting) => Err(why),
    }
}
