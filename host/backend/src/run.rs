//! One call: a fresh store and instance, under a budget of time by two clocks. The epoch stops a
//! guest that computes, the time-out stops one that waits in the host.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::{Instance, InstancePre, ResourceTableError};
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};
use wasmtime_wasi::I32Exit;

use crate::engine::{Engine, reason};
use crate::limits::{Account, Limits};
use crate::log::CallLog;
use crate::pace::Lane;
use crate::sandbox::{Budget, Sandbox, Surroundings, TimeOver};

/// What an instance is made of.
pub(crate) struct Recipe {
    pub(crate) engine: Arc<Engine>,
    pub(crate) pre: InstancePre<Sandbox>,
    pub(crate) surroundings: Arc<Surroundings>,
    pub(crate) limits: Limits,
    pub(crate) lane: Lane,
}

/// An instance and its store, made for one call.
pub(crate) struct Guest {
    pub(crate) store: Store<Sandbox>,
    pub(crate) instance: Instance,
}

/// A component did not answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Its time ended first.
    TimeOver,
    /// It hit a limit, in words.
    Exhausted(String),
    /// It broke off, in words.
    Trapped(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeOver => f.write_str("its time was over"),
            Self::Exhausted(why) | Self::Trapped(why) => f.write_str(why),
        }
    }
}

impl Recipe {
    /// Makes an instance and lets `body` call it. Dropping the future ends the guest; its places are
    /// given back when it is gone.
    pub(crate) async fn run<A, F, Fut>(
        &self,
        deadline: Instant,
        account: &Arc<Account>,
        log: CallLog,
        places: impl Send + 'static,
        body: F,
    ) -> Result<A, Failure>
    where
        A: Send + 'static,
        F: FnOnce(Guest) -> Fut + Send + 'static,
        Fut: Future<Output = wasmtime::Result<A>> + Send,
    {
        let ticking = self.engine.running();
        let pace = self.lane.call(log.dropped());
        let budget = Budget { deadline, account: Arc::clone(account), pace: Arc::clone(&pace) };
        let surroundings = Arc::clone(&self.surroundings);
        let mut store = Sandbox::store(&self.engine, surroundings, &self.limits, log, budget);
        let pre = self.pre.clone();
        let work = async move {
            let _until_it_is_gone = (ticking, places);
            let instance = pre.instantiate_async(&mut store).await?;
            body(Guest { store, instance }).await
        };
        match tokio::time::timeout_at(deadline.into(), pace.run(work)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(failure(&error, account)),
            Err(_) => Err(Failure::TimeOver),
        }
    }
}

/// What an error of the runtime means. The guest's stack goes to the debug log alone.
fn failure(error: &wasmtime::Error, account: &Account) -> Failure {
    tracing::debug!(error = ?error, "a component broke off");
    if error.is::<TimeOver>() {
        return Failure::TimeOver;
    }
    // A guest that cannot go on without more memory ends in a trap of its own choice.
    if let Some(refusal) = account.refusal() {
        return Failure::Exhausted(refusal.to_owned());
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Failure::Exhausted(format!("the pool of instances is used up: {}", reason(error)));
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref() {
        return Failure::Exhausted("it holds more handles than are allowed".to_owned());
    }
    if let Some(I32Exit(code)) = error.downcast_ref() {
        return Failure::Trapped(format!("it exited with code {code}"));
    }
    match error.downcast_ref::<Trap>() {
        Some(trap) => Failure::Trapped(trap_name(*trap)),
        None => host_failure(error.root_cause().to_string()),
    }
}

/// An error without a type of its own. The limit on what is handed over is told by its text alone;
/// a test notices when the runtime words it otherwise.
fn host_failure(text: String) -> Failure {
    if text.starts_with("too much data is being copied") || text.contains("handle limit exceeded") {
        Failure::Exhausted(text)
    } else {
        Failure::Trapped(format!("it broke off: {text}"))
    }
}

/// Traps in an operator's words where the runtime's are too much its own.
fn trap_name(trap: Trap) -> String {
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign, non-exhaustive enum")]
    match trap {
        Trap::UnreachableCodeReached => "it panicked".to_owned(),
        Trap::StackOverflow => "its stack overflowed".to_owned(),
        // What languages with a stack of their own in memory run into.
        Trap::MemoryOutOfBounds => "it left its memory, or its stack overflowed".to_owned(),
        other => format!("it broke off: {other}"),
    }
}

#[cfg(test)]
mod tests;
