//! A driver: one loaded component under an operator's name, grants and limits, as a
//! [`mooring_volume::backend::Backend`].
//!
//! Each call: breaker → a place among the driver's calls → a slot of the pool → a fresh instance
//! under the call's budget → the answer checked → what the call read or wrote made durable.
//! Nothing is retried: a call that broke off may have done part of its work.

mod attempt;
mod calls;
mod migrate;

pub(crate) use migrate::Probed;

use attempt::{Asked, Attempt, CallBudget};

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Instant;

use mooring_egress::{Counts, Egress};
use mooring_store::Scoped;
use mooring_volume::backend::Description;
use mooring_volume::http::withheld_keys;
use mooring_volume::policy::Grants;
use mooring_volume::{Abilities, Call, DriverName, Result, Secrets};
use tokio::sync::Semaphore;
use tracing::Instrument as _;
use wasmtime::component::Component;

use crate::bindings::mooring::backend::types;
use crate::breaker::Breaker;
use crate::check::Malformed;
use crate::engine::Engine;
use crate::exports::Exports;
use crate::limits::{Account, Limits};
use crate::load::{self, LoadError, Loaded};
use crate::log::DriverLog;
use crate::meter::{GuestCall, Meter, Outcome};
use crate::outline::Outline;
use crate::run::{Guest, Recipe};
use crate::sandbox::Surroundings;
use crate::schema::Schema;
use crate::traced;

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
        A: Send + 'static,
        F: FnOnce(Guest) -> Fut + Send + 'static,
        Fut: Future<Output = wasmtime::Result<Result<A, types::Error>>> + Send,
    {
        let begun = Instant::now();
        let span = traced::guest(&self.name, asked.function);
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
        traced::guest_ended(&span, outcome, account.peak_memory());
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
