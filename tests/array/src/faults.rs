//! What goes wrong, and when: rules that a test sets for the next requests, and a share of all
//! requests that a seed repeats.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use http::Method;
use serde::{Deserialize, Serialize};

/// One way in which a request goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Served, half a second late.
    Slow,
    /// 500 in plain text; nothing has happened.
    Error,
    /// 500 in plain text; it has happened all the same.
    LateError,
    /// 429 with `Retry-After: 1`; nothing has happened.
    Throttled,
    /// It has happened, and the connection is reset without an answer.
    Reset,
    /// It has happened, and the answer ends in the middle.
    Truncated,
    /// What it begins is a job that never ends; where it begins none, nothing is wrong.
    Stuck,
    /// All logins end, this one's too; nothing has happened.
    Expired,
}

/// All of them.
const KINDS: [Fault; 8] = [
    Fault::Slow,
    Fault::Error,
    Fault::LateError,
    Fault::Throttled,
    Fault::Reset,
    Fault::Truncated,
    Fault::Stuck,
    Fault::Expired,
];

/// A fault for requests that fit, so many times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// What goes wrong.
    pub fault: Fault,
    /// Only requests of this method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only requests with this in their path.
    #[serde(default)]
    pub path: Option<String>,
    /// How many requests; then the rule is gone.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

/// What is set, as the admin's endpoint takes and tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Faults {
    /// How many of a hundred requests go wrong at random.
    pub percent: u8,
    /// In which ways; empty: all of them.
    pub kinds: Vec<Fault>,
    /// The same seed and the same requests in the same order go wrong in the same way.
    pub seed: u64,
    /// Looked at first, in order.
    pub rules: VecDeque<Rule>,
}

/// Decides which request goes wrong.
#[derive(Debug)]
pub(crate) struct Fate(Mutex<(Faults, fastrand::Rng, u64)>);

impl Fate {
    pub(crate) fn new(faults: Faults) -> Self {
        let random = fastrand::Rng::with_seed(faults.seed);
        Self(Mutex::new((faults, random, 0)))
    }

    /// Sets what goes wrong from here on.
    pub(crate) fn set(&self, faults: Faults) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let random = fastrand::Rng::with_seed(faults.seed);
        (held.0, held.1) = (faults, random);
    }

    /// What is set, and how many requests went wrong so far.
    pub(crate) fn told(&self) -> (Faults, u64) {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (held.0.clone(), held.2)
    }

    /// What goes wrong with a request, if anything.
    pub(crate) fn draw(&self, method: &Method, path: &str) -> Option<Fault> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (faults, random, count) = &mut *held;
        let fits = |rule: &Rule| {
            rule.method.as_deref().is_none_or(|asked| asked == method.as_str())
                && rule.path.as_deref().is_none_or(|part| path.contains(part))
        };
        let fault = match faults.rules.iter().position(fits) {
            Some(at) => {
                let rule = faults.rules.get_mut(at)?;
                rule.times = rule.times.saturating_sub(1);
                let (fault, spent) = (rule.fault, rule.times == 0);
                if spent {
                    faults.rules.remove(at);
                }
                Some(fault)
            }
            None if random.u8(0..100) < faults.percent => {
                let kinds = if faults.kinds.is_empty() { &KINDS[..] } else { &faults.kinds };
                kinds.get(random.usize(0..kinds.len())).copied()
            }
            None => None,
        };
        *count += u64::from(fault.is_some());
        fault
    }
}
