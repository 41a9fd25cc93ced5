//! A driver: one loaded component under an operator's name, grants and limits, as a
//! [`mooring_volume::backend::Backend`].
//!
//! Each call: breaker → a place among the driver's calls → a slot of the pool → a fresh instance
//! under the call's budget → the answer checked → what the call read or wrote made durable.
//! Nothing is retried: a call that broke off may have done part of its work.

mod calls;
mod migrate;
mod traced;

pub(crate) use migrate::Probed;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mooring_egress::{Counts, Egress};
use mooring_store::Scoped;
use mooring_volume::backend::Description;
use mooring_volume::http::withheld_keys;
use mooring_volume::policy::Grants;
use mooring_volume::{Abilities, Call, Code, DriverName, Error, Result, Secrets};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Instrument as _;
use wasmtime::component::Component;

use crate::bindings::mooring::backend::types;
use crate::breaker::{Breaker, Change};
use crate::check::Malformed;
use crate::convert;
use crate::engine::Engine;
use crate::exports::Exports;
use crate::limits::{Account, Limits};
use crate::load::{self, LoadError, Loaded};
use crate::log::DriverLog;
use crate::meter::{GuestCall, Meter, Outcome};
use crate::outline::Outline;
use crate::run::{Failure, Guest, Recipe};
use crate::sandbox::Surroundings;
use crate::schema::Schema;

/// Calls that may wait for each one that may run; further ones are turned away at once.
const WAITING_PER_RUNNING: u32 = 16;

/// What the operator says of one driver.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverConfig {
    /// The CSI driver name.
    pub name: DriverName,
    /// `config:` as JSON, an object.
    pub config: serde_json::Value,
    /// `grants:`.
    pub grants: Grants,
    /// `limits:`.
    pub limits: Limits,
}

/// A loaded component that serves calls. Dropping it lets running calls finish.
pub struct Driver {
    name: DriverName,
    recipe: Recipe,
    exports: Exports,
    description: Description,
    abilities: Abilities,
    schema: Schema,
    grants: Grants,
    store: Arc<Scoped>,
    egress: Option<Arc<Egress>>,
    /// Secrets that the host applies by itself.
    withheld: BTreeSet<String>,
    log: Arc<DriverLog>,
    meter: Arc<dyn Meter>,
    breaker: Breaker,
    places: Arc<Semaphore>,
    waiting: AtomicU32,
    outline: Outline,
    /// The schema of state that it reads and writes.
    state_schema: u32,
    /// Shared with the other drivers of the same component, for as long as one of them lives.
    _component: Arc<Component>,
}

impl Driver {
    /// Loads a component: checks its imports against the grants, compiles it (up to 20 s for a
    /// large one that was never compiled before), starts it once, and checks the configuration
    /// against its schema. `store` is the driver's part, with the same pools as the grants.
    ///
    /// # Errors
    /// [`LoadError`], in words for the operator. No other driver notices.
    pub async fn load(
        engine: &Arc<Engine>,
        config: DriverConfig,
        component: Arc<[u8]>,
        store: Arc<Scoped>,
        meter: Arc<dyn Meter>,
    ) -> Result<Self, LoadError> {
        let DriverConfig { name, config, grants, limits } = config;
        let outline = load::outline(engine, &component)?;
        let Loaded { pre, exports, component } =
            load::load(engine, component, &outline, &grants).await?;
        let egress = egress(&grants)?;
        let surroundings = Arc::new(Surroundings {
            config: config.to_string(),
            store: Some(Arc::clone(&store)),
            egress: egress.clone(),
            migration: None,
        });
        let lane = engine.lane();
        let recipe = Recipe { engine: Arc::clone(engine), pre, surroundings, limits, lane };
        let log = DriverLog::new(name.clone(), Arc::clone(&meter));
        let facts = load::start(&recipe, &exports, &log).await?;
        let schema =
            Schema::compile(&facts.schema).map_err(|reason| LoadError::Schema { reason })?;
        schema.check_config(&config).map_err(|reason| LoadError::Config { reason })?;
        Ok(Self {
            name,
            recipe,
            exports,
            description: facts.description,
            abilities: facts.abilities,
            schema,
            withheld: withheld_keys(&grants.http),
            grants,
            store,
            egress,
            log,
            meter,
            breaker: Breaker::new(),
            places: Arc::new(Semaphore::new(limits.concurrency.max(1) as usize)),
            waiting: AtomicU32::new(0),
            outline,
            state_schema: facts.state_schema,
            _component: component,
        })
    }

    /// SHA-256 of the component, 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.outline.digest
    }

    /// What its component sent and received by HTTP so far; none where that is not granted.
    #[must_use]
    pub fn http_counts(&self) -> Option<Counts> {
        self.egress.as_ref().map(|egress| egress.counts())
    }

    /// A call with secrets: the host keeps them all, to apply them and to keep them out of logs,
    /// and those that a grant names are taken away from what the component gets.
    fn asked<'a>(
        &self,
        call: &'a Call,
        function: &'static str,
        secrets: &mut Secrets,
    ) -> Asked<'a> {
        let whole = secrets.iter().next().is_some().then(|| Arc::new(secrets.clone()));
        if whole.is_some() && !self.withheld.is_empty() {
            *secrets = secrets.without(&self.withheld);
        }
        Asked { secrets: whole, ..Asked::new(call, function) }
    }

    /// Calls a function: `body` makes the call in a fresh instance, `accept` takes its answer.
    async fn call<A, B, F, Fut>(
        &self,
        asked: Asked<'_>,
        body: F,
        accept: impl FnOnce(A) -> Result<B, Malformed>,
    ) -> Result<B>
    where
        F: FnOnce(Guest) -> Fut,
        Fut: Future<Output = wasmtime::Result<Result<A, types::Error>>>,
    {
        let begun = Instant::now();
        let span = traced::span(&self.name, asked.function);
        let account = Arc::new(Account::default());
        let budget = CallBudget::new(begun, asked.call, self.recipe.limits.deadline);
        let attempt = Attempt { driver: self, asked: &asked, budget };
        let ended = match attempt.run(&account, body).instrument(span.clone()).await {
            Ok(answer) => attempt.accept(answer, accept),
            Err(ended) => Err(ended),
        };
        let ended = match ended {
            Err(ended) if !ended.outcome.answered() => Err(ended),
            ended => attempt.durable().instrument(span.clone()).await.and(ended),
        };
        let outcome = ended.as_ref().map_or_else(|ended| ended.outcome, |_| Outcome::Answered);
        traced::ended(&span, outcome, account.peak_memory());
        self.meter.guest_call(GuestCall {
            driver: &self.name,
            function: asked.function,
            outcome,
            duration: begun.elapsed(),
            peak_memory: account.peak_memory(),
        });
        ended.map_err(|ended| ended.error)
    }
}

/// The client of a driver that is granted HTTP.
fn egress(grants: &Grants) -> Result<Option<Arc<Egress>>, LoadError> {
    if grants.http.is_empty() {
        return Ok(None);
    }
    let egress = Egress::new(&grants.http);
    let egress = egress.map_err(|error| LoadError::Grant { reason: error.to_string() })?;
    Ok(Some(Arc::new(egress)))
}

/// A function that a caller asks for.
struct Asked<'a> {
    call: &'a Call,
    /// Interface and function, such as `volumes.create`.
    function: &'static str,
    /// What must not be logged.
    secrets: Option<Arc<Secrets>>,
}

impl<'a> Asked<'a> {
    fn new(call: &'a Call, function: &'static str) -> Self {
        Self { call, function, secrets: None }
    }
}

/// Until when a call may run, and who says so.
#[derive(Clone, Copy)]
struct CallBudget {
    deadline: Instant,
    /// The driver's whole limit, and not the caller's deadline, is what ends it.
    by_limit: bool,
}

impl CallBudget {
    fn new(now: Instant, call: &Call, limit: Duration) -> Self {
        let ours = now + limit;
        Self { deadline: call.deadline.min(ours), by_limit: ours <= call.deadline }
    }
}

/// A call ended without the answer that was asked for.
struct Ended {
    outcome: Outcome,
    error: Error,
}

impl Ended {
    fn new(outcome: Outcome, code: Code, message: String) -> Self {
        Self { outcome, error: Error::new(code, message) }
    }
}

/// One call on its way.
struct Attempt<'a> {
    driver: &'a Driver,
    asked: &'a Asked<'a>,
    budget: CallBudget,
}

impl Attempt<'_> {
    async fn run<A, F, Fut>(&self, account: &Arc<Account>, body: F) -> Result<A, Ended>
    where
        F: FnOnce(Guest) -> Fut,
        Fut: Future<Output = wasmtime::Result<Result<A, types::Error>>>,
    {
        let driver = self.driver;
        let pass = driver.breaker.admit(Instant::now()).map_err(|turned| {
            let message = self.say(format_args!(
                "is not called for now, because it broke off several times in a row; the last \
                 time: {}",
                turned.reason
            ));
            let mut ended = Ended::new(Outcome::Shed, Code::Unavailable, message);
            ended.error.retry_after = Some(turned.retry_after);
            ended
        })?;
        let _permits = self.admitted().await?;
        let log = driver.log.of_call(self.asked.call.id, self.asked.secrets.clone());
        match driver.recipe.run(self.budget.deadline, account, log, body).await {
            Ok(answer) => {
                self.note(pass.answered());
                answer.map_err(|mut error| {
                    // Before it is escaped and cut, which would hide them from whoever looks later.
                    if let Some(secrets) = &self.asked.secrets {
                        error.message = secrets.blot(&error.message).into_owned();
                    }
                    let error = convert::error(error);
                    Ended { outcome: Outcome::Refused(error.code), error }
                })
            }
            Err(failure) => {
                if failure != Failure::TimeOver || self.budget.by_limit {
                    self.note(pass.failed(Instant::now(), &failure.to_string()));
                }
                Err(self.failed(&failure))
            }
        }
    }

    /// Waits for a place among the driver's calls, then for a slot of the pool.
    async fn admitted(&self) -> Result<[OwnedSemaphorePermit; 2], Ended> {
        let driver = self.driver;
        let place = match Arc::clone(&driver.places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => {
                let _waiting = self.queue()?;
                self.wait_for(&driver.places).await?
            }
        };
        let slots = driver.recipe.engine.slots();
        let slot = match Arc::clone(slots).try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => self.wait_for(slots).await?,
        };
        Ok([place, slot])
    }

    fn queue(&self) -> Result<Waiting<'_>, Ended> {
        let waiting = Waiting::new(&self.driver.waiting);
        let most = self.driver.recipe.limits.concurrency.saturating_mul(WAITING_PER_RUNNING);
        if waiting.before < most { Ok(waiting) } else { Err(self.crowded()) }
    }

    async fn wait_for(&self, places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Ended> {
        let place = Arc::clone(places).acquire_owned();
        match tokio::time::timeout_at(self.budget.deadline.into(), place).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(self.crowded()),
        }
    }

    fn crowded(&self) -> Ended {
        let message = self.say(format_args!(
            "was not called: {} calls run and others wait; try again, or raise limits.concurrency",
            self.driver.recipe.limits.concurrency
        ));
        Ended::new(Outcome::Shed, Code::ResourceExhausted, message)
    }

    fn accept<A, B>(
        &self,
        answer: A,
        accept: impl FnOnce(A) -> Result<B, Malformed>,
    ) -> Result<B, Ended> {
        accept(answer).map_err(|Malformed(what)| {
            let message = self.say(format_args!("answered wrongly: the backend returned {what}"));
            Ended::new(Outcome::Malformed, Code::Internal, message)
        })
    }

    /// Waits until what the call read and wrote is on stable storage.
    async fn durable(&self) -> Result<(), Ended> {
        let barrier = self.driver.store.barrier();
        match tokio::time::timeout_at(self.budget.deadline.into(), barrier).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                let message =
                    self.say(format_args!("answered, but that could not be kept: {error}"));
                Err(Ended::new(Outcome::NotDurable, Code::Unavailable, message))
            }
            Err(_) => {
                let message = self.say(format_args!(
                    "answered, but the disk did not confirm it within the call's time"
                ));
                Err(Ended::new(Outcome::NotDurable, Code::DeadlineExceeded, message))
            }
        }
    }

    fn failed(&self, failure: &Failure) -> Ended {
        match failure {
            Failure::TimeOver if self.budget.by_limit => {
                let limit = self.driver.recipe.limits.deadline;
                let message = self.say(format_args!(
                    "did not answer within {limit:?} (limits.deadline); it may have done part of \
                     its work, and can be called again"
                ));
                Ended::new(Outcome::TimedOut, Code::DeadlineExceeded, message)
            }
            Failure::TimeOver => {
                let message = self.say(format_args!(
                    "did not answer within the caller's deadline; it may have done part of its \
                     work, and can be called again"
                ));
                Ended::new(Outcome::TimedOut, Code::DeadlineExceeded, message)
            }
            Failure::Exhausted(why) => {
                let message = self.say(format_args!("was stopped: {why}"));
                Ended::new(Outcome::Exhausted, Code::ResourceExhausted, message)
            }
            Failure::Trapped(why) => {
                let message = self.say(format_args!("failed: {why}"));
                Ended::new(Outcome::Trapped, Code::Internal, message)
            }
        }
    }

    fn say(&self, what: std::fmt::Arguments<'_>) -> String {
        format!("{} of driver {} {what}", self.asked.function, self.driver.name)
    }

    fn note(&self, change: Change) {
        let driver = &self.driver.name;
        match change {
            Change::None => {}
            Change::Opened => {
                tracing::error!(%driver, "the backend breaks off again and again; it is left alone for a while");
                self.driver.meter.breaker(driver, true);
            }
            Change::Closed => {
                tracing::info!(%driver, "the backend answers again");
                self.driver.meter.breaker(driver, false);
            }
        }
    }
}

/// Counts a call that waits.
struct Waiting<'a> {
    count: &'a AtomicU32,
    before: u32,
}

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicU32) -> Self {
        Self { count, before: count.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}
