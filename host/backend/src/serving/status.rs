//! What a person may want to know of a driver: which version serves, since when, and how well.

use std::time::SystemTime;

use mooring_volume::Abilities;
use mooring_volume::backend::Identity as _;

use super::Serving;
use super::trial::Totals;
use crate::meter::SwapOutcome;

/// A driver at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServingStatus {
    /// The component's own name.
    pub backend: String,
    /// And version.
    pub version: String,
    /// SHA-256, 64 hexadecimal digits.
    pub digest: String,
    /// When it took over.
    pub since: SystemTime,
    /// What it can do.
    pub abilities: Abilities,
    /// Calls into it that ended and tell of it.
    pub calls: u64,
    /// Those of them that it is at fault for.
    pub failures: u64,
    /// Whether it is left alone for a while, because it broke off again and again.
    pub breaker_open: bool,
    /// Bytes of linear memory that the last call had.
    pub peak_memory: u64,
    /// The schema of the driver's state.
    pub state_schema: u32,
    /// Whether the version before would take over if this one fails.
    pub on_trial: bool,
    /// How the last swap ended, since the process started.
    pub last_swap: Option<LastSwap>,
}

/// The end of a swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSwap {
    /// When.
    pub at: SystemTime,
    /// How.
    pub outcome: SwapOutcome,
    /// The difference, or the reason; may have several lines.
    pub detail: String,
}

impl Serving {
    /// What there is to say now.
    #[must_use]
    pub fn status(&self) -> ServingStatus {
        let (current, since, on_trial, last_swap) = {
            let state = self.state();
            let current = std::sync::Arc::clone(&state.current);
            (current, state.since, state.trial.is_some(), state.last.clone())
        };
        let description = current.driver.description();
        let Totals { calls, failures, peak_memory } = current.tally.totals();
        ServingStatus {
            backend: description.name,
            version: description.version,
            digest: current.driver.digest().to_owned(),
            since,
            abilities: current.driver.abilities(),
            calls,
            failures,
            breaker_open: current.driver.breaker_is_open(),
            peak_memory,
            state_schema: current.driver.state_schema(),
            on_trial,
            last_swap,
        }
    }
}
