//! Bringing a driver's state to the schema of its component, and what else is asked of a version
//! before it serves.

use std::sync::Arc;
use std::time::Instant;

use mooring_store::StorageError;
use mooring_volume::backend::Identity as _;
use mooring_volume::{Call, CallId};

use super::Driver;
use crate::convert;
use crate::limits::Account;
use crate::load::START;
use crate::outline::Outline;
use crate::run::{Guest, Recipe};
use crate::sandbox::Surroundings;

/// What a component says when it is asked whether it can serve, the better the smaller.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Probed {
    Ready,
    Starting,
    /// And why.
    Unfit(String),
}

impl Driver {
    /// Its imports and exports.
    pub(crate) fn outline(&self) -> &Outline {
        &self.outline
    }

    /// The schema of state that it reads and writes; 0 where it does not say.
    #[must_use]
    pub fn state_schema(&self) -> u32 {
        self.state_schema
    }

    /// The schema that the driver's state has.
    pub(crate) fn stored_schema(&self) -> Result<u32, StorageError> {
        self.store.schema()
    }

    /// Whether its breaker turns calls away.
    #[must_use]
    pub fn breaker_is_open(&self) -> bool {
        self.breaker.is_open()
    }

    /// Asks it whether it can serve.
    pub(crate) async fn probed(&self) -> Probed {
        let call = Call { id: CallId(0), deadline: Instant::now() + START };
        match self.probe(&call).await {
            Ok(true) => Probed::Ready,
            Ok(false) => Probed::Starting,
            Err(error) => Probed::Unfit(error.message),
        }
    }

    /// Has the component bring the state from the schema `from` to its own, and asks it over the new
    /// state whether it can serve; then makes that the state, if `fit` says so of its answer.
    /// Nothing of the driver may run meanwhile.
    ///
    /// # Errors
    /// Why not, in words. The state is as it was.
    pub(crate) async fn migrate(
        &self,
        from: u32,
        fit: impl FnOnce(Probed) -> Result<(), String>,
    ) -> Result<(), String> {
        let migration = Arc::new(self.store.migration());
        let surroundings = Arc::new(Surroundings {
            config: self.recipe.surroundings.config.clone(),
            store: None,
            egress: self.recipe.surroundings.egress.clone(),
            migration: Some(Arc::clone(&migration)),
        });
        let recipe = Recipe {
            engine: Arc::clone(&self.recipe.engine),
            pre: self.recipe.pre.clone(),
            surroundings,
            limits: self.recipe.limits,
            lane: self.recipe.engine.lane(),
        };
        self.bring(&recipe, from).await?;
        fit(self.asked_over(&recipe).await)?;
        drop(recipe);
        let migration = Arc::into_inner(migration)
            .ok_or_else(|| "an instance of the component is still there; try again".to_owned())?;
        migration.commit(self.state_schema).await.map_err(|error| error.to_string())
    }

    async fn bring(&self, recipe: &Recipe, from: u32) -> Result<(), String> {
        let Some(interface) = &self.exports.migration else {
            return Err("the component does not export migration".to_owned());
        };
        let interface = interface.clone();
        let body = move |mut guest: Guest| async move {
            let migration = interface.load(&mut guest.store, &guest.instance)?;
            migration.call_migrate(&mut guest.store, from).await
        };
        let deadline = Instant::now() + START.max(recipe.limits.deadline);
        let log = self.log.of_call(CallId(0), None);
        let account = Arc::new(Account::default());
        match recipe.run(deadline, &account, log, (), body).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(convert::error(error).message),
            Err(failure) => Err(failure.to_string()),
        }
    }

    async fn asked_over(&self, recipe: &Recipe) -> Probed {
        let identity = self.exports.identity.clone();
        let body = move |mut guest: Guest| async move {
            let identity = identity.load(&mut guest.store, &guest.instance)?;
            identity.call_probe(&mut guest.store).await
        };
        let log = self.log.of_call(CallId(0), None);
        let account = Arc::new(Account::default());
        match recipe.run(Instant::now() + START, &account, log, (), body).await {
            Ok(Ok(true)) => Probed::Ready,
            Ok(Ok(false)) => Probed::Starting,
            Ok(Err(error)) => Probed::Unfit(convert::error(error).message),
            Err(failure) => Probed::Unfit(failure.to_string()),
        }
    }
}
