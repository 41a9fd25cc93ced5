//! The drivers as the admin socket tells of them.

use std::time::{Duration, SystemTime};

use mooring_backend::{LastSwap, ServingStatus, SwapOutcome};
use mooring_volume::{Abilities, Ability};

use super::Drivers;
use super::served::Served;
use crate::run::admin::model::{DriverStatus, Status, SwapStatus};

impl Drivers {
    /// All of the configuration, served or not.
    pub(crate) fn status(&self) -> Status {
        // First: a change that ends meanwhile is told of the next time.
        let configuration = self.followed().clone().unwrap_or_default();
        let (served, problems) = (self.served().clone(), self.problems());
        let mut drivers: Vec<DriverStatus> = served
            .iter()
            .map(|(name, served)| {
                let problem = problems.drivers.get(name).cloned();
                told(name.as_str(), served, problem)
            })
            .collect();
        let absent = problems.drivers.iter().filter(|(name, _)| !served.contains_key(*name));
        drivers.extend(absent.map(|(name, reason)| DriverStatus {
            name: name.to_string(),
            problem: Some(reason.clone()),
            ..DriverStatus::default()
        }));
        Status { drivers, problem: problems.configuration.clone(), configuration }
    }
}

fn told(name: &str, served: &Served, problem: Option<String>) -> DriverStatus {
    let ServingStatus {
        backend,
        version,
        digest,
        since,
        abilities,
        calls,
        failures,
        breaker_open,
        peak_memory,
        state_schema,
        on_trial,
        last_swap,
    } = served.serving().status();
    DriverStatus {
        name: name.to_owned(),
        serving: true,
        source: served.origin().to_string(),
        backend,
        version,
        digest: format!("sha256:{digest}"),
        since: instant(since),
        abilities: words(&abilities),
        calls,
        failures,
        breaker: if breaker_open { "open" } else { "closed" }.to_owned(),
        memory: peak_memory,
        state_schema,
        on_trial,
        nodes: served.nodes(),
        last_swap: last_swap.map(|LastSwap { at, outcome, detail }| SwapStatus {
            at: instant(at),
            outcome: word(outcome).to_owned(),
            detail,
        }),
        registered: None,
        registration_problem: None,
        problem,
    }
}

fn words(abilities: &Abilities) -> Vec<String> {
    let word = |ability: &Ability| serde_json::to_value(ability).ok()?.as_str().map(str::to_owned);
    abilities.iter().filter_map(word).collect()
}

pub(crate) fn word(outcome: SwapOutcome) -> &'static str {
    match outcome {
        SwapOutcome::Switched => "switched",
        SwapOutcome::Refused => "refused",
        SwapOutcome::RolledBack => "rolled-back",
    }
}

/// RFC 3339 in UTC, to the second.
fn instant(at: SystemTime) -> String {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let whole = SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs());
    humantime::format_rfc3339_seconds(whole).to_string()
}
