//! One call of a driver, from the breaker to what is durable, and what is said where it ends early.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mooring_volume::{Call, Code, Error, Result, Secrets};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Driver;
use crate::bindings::mooring::backend::types;
use crate::breaker::{Change, Turned};
use crate::check::Malformed;
use crate::convert;
use crate::limits::Account;
use crate::meter::Outcome;
use crate::run::{Failure, Guest};

/// Calls that may wait for each one that may run; further ones are turned away at once.
const WAITING_PER_RUNNING: u32 = 16;
/// How long a call waits before it is told that the breaker turns it away: callers that try again
/// at once would take the processors from the other drivers.
const TURNED_AWAY: Duration = Duration::from_secs(1);

/// A function that a caller asks for.
pub(super) struct Asked<'a> {
    pub(super) call: &'a Call,
    /// Interface and function, such as `volumes.create`.
    pub(super) function: &'static str,
    /// What must not be logged.
    pub(super) secrets: Option<Arc<Secrets>>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(call: &'a Call, function: &'static str) -> Self {
        Self { call, function, secrets: None }
    }

    /// What a component that broke off, or answered what cannot be, is answered for. It may have made what it was asked
    /// for before that, and after a final code the orchestrator would never ask for it again, nor have it deleted
    /// (CSI specification, "CreateVolume Errors"; external-provisioner, `isFinalError`).
    fn code_of_a_break(&self) -> Code {
        if self.function.ends_with(".create") { Code::Unavailable } else { Code::Internal }
    }
}

/// Until when a call may run, and who says so.
#[derive(Clone, Copy)]
pub(super) struct CallBudget {
    deadline: Instant,
    /// The driver's whole limit, and not the caller's deadline, is what ends it.
    by_limit: bool,
}

impl CallBudget {
    pub(super) fn new(now: Instant, call: &Call, limit: Duration) -> Self {
        let ours = now + limit;
        Self { deadline: call.deadline.min(ours), by_limit: ours <= call.deadline }
    }
}

/// A call ended without the answer that was asked for.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) error: Error,
}

impl Ended {
    fn new(outcome: Outcome, code: Code, message: String) -> Self {
        Self { outcome, error: Error::new(code, message) }
    }
}

/// One call on its way.
pub(super) struct Attempt<'a> {
    pub(super) driver: &'a Driver,
    pub(super) asked: &'a Asked<'a>,
    pub(super) budget: CallBudget,
}

impl Attempt<'_> {
    pub(super) async fn run<A, F, Fut>(&self, account: &Arc<Account>, body: F) -> Result<A, Ended>
    where
        A: Send + 'static,
        F: FnOnce(Guest) -> Fut + Send + 'static,
        Fut: Future<Output = wasmtime::Result<Result<A, types::Error>>> + Send,
    {
        let driver = self.driver;
        let pass = match driver.breaker.admit(Instant::now()) {
            Ok(pass) => pass,
            Err(turned) => return Err(self.turned_away(turned).await),
        };
        let places = self.admitted().await?;
        let log = driver.log.of_call(self.asked.call.id, self.asked.secrets.clone());
        match driver.recipe.run(self.budget.deadline, account, log, places, body).await {
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

    async fn turned_away(&self, turned: Turned) -> Ended {
        let until = Instant::now() + turned.retry_after.min(TURNED_AWAY);
        tokio::time::sleep_until(until.min(self.budget.deadline).into()).await;
        let message = self.say(format_args!(
            "is not called for now, because it broke off several times in a row; the last time: {}",
            turned.reason
        ));
        let mut ended = Ended::new(Outcome::Shed, Code::Unavailable, message);
        ended.error.retry_after = Some(turned.retry_after);
        ended
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

    pub(super) fn accept<A, B>(
        &self,
        answer: A,
        accept: impl FnOnce(A) -> Result<B, Malformed>,
    ) -> Result<B, Ended> {
        accept(answer).map_err(|Malformed(what)| {
            let message = self.say(format_args!("answered wrongly: the backend returned {what}"));
            Ended::new(Outcome::Malformed, self.asked.code_of_a_break(), message)
        })
    }

    /// Waits until what the call read and wrote is on stable storage.
    pub(super) async fn durable(&self) -> Result<(), Ended> {
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
                Ended::new(Outcome::Trapped, self.asked.code_of_a_break(), message)
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
