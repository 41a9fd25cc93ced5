//! What the array answers, and whether it can be. Keys that are not known are passed over: arrays
//! learn; values that cannot be are errors: what is believed of them ends up in device names and
//! sizes.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mooring_sdk::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::identifiers::is_plain;

/// Something that the array answers and that can be checked.
pub(crate) trait Checked {
    /// What cannot be, if anything.
    fn flaw(&self) -> Option<&'static str>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    Creating,
    Ready,
    Deleting,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "message")]
pub(crate) enum Condition {
    #[default]
    Good,
    Degraded(String),
    Offline(String),
    Lost(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Source {
    Snapshot(String),
    Volume(String),
}

impl Source {
    pub(crate) fn local(&self) -> &str {
        match self {
            Self::Snapshot(id) | Self::Volume(id) => id,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Mapping {
    pub(crate) host: String,
    #[serde(default)]
    pub(crate) readonly: bool,
    #[serde(default)]
    pub(crate) note: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Volume {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) pool: String,
    pub(crate) size: u64,
    pub(crate) serial: String,
    pub(crate) source: Option<Source>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) state: State,
    pub(crate) job: Option<String>,
    pub(crate) mappings: Vec<Mapping>,
    #[serde(default)]
    pub(crate) condition: Condition,
}

impl Checked for Volume {
    fn flaw(&self) -> Option<&'static str> {
        let Self { id, name, pool, size, serial, source, tags: _, state: _, .. } = self;
        let Self { job, mappings, .. } = self;
        if !is_plain(id) {
            Some("a volume's id")
        } else if name.is_empty() || pool.is_empty() {
            Some("a volume without name or pool")
        } else if *size == 0 || i64::try_from(*size).is_err() {
            Some("a volume's size")
        } else if !is_plain(serial) {
            Some("a volume's serial")
        } else if source.as_ref().is_some_and(|source| !is_plain(source.local())) {
            Some("a volume's source")
        } else if job.as_deref().is_some_and(|job| !is_plain(job)) {
            Some("a job's id")
        } else if mappings.iter().any(|mapping| mapping.host.is_empty()) {
            Some("a mapping without a host")
        } else {
            None
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) volume: String,
    pub(crate) pool: String,
    pub(crate) size: u64,
    pub(crate) state: State,
    pub(crate) job: Option<String>,
    pub(crate) created: u64,
}

impl Checked for Snapshot {
    fn flaw(&self) -> Option<&'static str> {
        let Self { id, name, volume, pool, size, state: _, job, created } = self;
        if !is_plain(id) || !is_plain(volume) {
            Some("a snapshot's id")
        } else if name.is_empty() || pool.is_empty() {
            Some("a snapshot without name or pool")
        } else if *size == 0 || i64::try_from(*size).is_err() {
            Some("a snapshot's size")
        } else if job.as_deref().is_some_and(|job| !is_plain(job)) {
            Some("a job's id")
        } else if *created == 0 || i64::try_from(*created).is_err() {
            Some("a snapshot's time")
        } else {
            None
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Pool {
    pub(crate) name: String,
    pub(crate) total: u64,
    pub(crate) available: u64,
    pub(crate) smallest: u64,
    pub(crate) largest: u64,
}

impl Checked for Pool {
    fn flaw(&self) -> Option<&'static str> {
        let Self { name, total, available, smallest, largest } = self;
        if name.is_empty() {
            Some("a pool without a name")
        } else if available > total || smallest > largest || i64::try_from(*total).is_err() {
            Some("a pool's sizes")
        } else {
            None
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum JobState {
    Running,
    Done,
    Failed,
    Cancelled,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Job {
    pub(crate) state: JobState,
    /// Milliseconds for which it has been running.
    pub(crate) age: u64,
    pub(crate) error: Option<Refusal>,
}

impl Checked for Job {
    fn flaw(&self) -> Option<&'static str> {
        (self.state == JobState::Failed && self.error.is_none()).then_some("a failed job's error")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Begun {
    pub(crate) job: String,
}

impl Checked for Begun {
    fn flaw(&self) -> Option<&'static str> {
        (!is_plain(&self.job)).then_some("a job's id")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Login {
    pub(crate) token: String,
}

impl Checked for Login {
    fn flaw(&self) -> Option<&'static str> {
        let fits = |b: u8| b.is_ascii_graphic();
        let plain = (1..=4096).contains(&self.token.len()) && self.token.bytes().all(fits);
        (!plain).then_some("a token")
    }
}

/// Part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    #[serde(default = "none")]
    pub(crate) next: Option<String>,
}

fn none() -> Option<String> {
    None
}

impl<T: Checked> Checked for Page<T> {
    fn flaw(&self) -> Option<&'static str> {
        match self.next.as_deref().is_some_and(|next| !is_plain(next)) {
            true => Some("where a list goes on"),
            false => self.items.iter().find_map(Checked::flaw),
        }
    }
}

/// Why the array refuses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) message: String,
}

#[derive(Debug, Deserialize)]
struct Refused {
    error: Refusal,
}

impl Refusal {
    /// Reads a refusal; none where something else than the array has answered.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let Refused { error } = serde_json::from_slice(body).ok()?;
        is_plain(&error.code).then_some(error)
    }

    /// As the orchestrator has to take it.
    pub(crate) fn error(&self) -> Error {
        let Self { code, message } = self;
        let text = format!("the array says {code}: {}", printable(message));
        match code.as_str() {
            "unauthorized" => Error::unauthenticated(text),
            "volume-not-found" | "snapshot-not-found" | "host-not-found" => Error::not_found(text),
            "pool-not-found" => Error::invalid_argument(text),
            "mapped" | "mapped-elsewhere" | "in-use" | "cannot-copy-in-use" => {
                Error::failed_precondition(text)
            }
            "mapped-otherwise" | "name-in-use" => Error::already_exists(text),
            "size-out-of-range" => Error::out_of_range(text),
            "no-space" | "no-slot" => Error::resource_exhausted(text),
            "busy" => Error::aborted(text),
            "not-ready" | "route-not-found" => Error::unavailable(text),
            // Of a code that is not known it is not known either whether anything has happened.
            _ => Error::internal(text),
        }
    }
}

/// The array's words on one line of a log.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

/// Reads an answer.
///
/// # Errors
/// `Internal` for what cannot be.
pub(crate) fn read<'a, T: Checked + Deserialize<'a>>(body: &'a [u8]) -> Result<T> {
    let value: T = serde_json::from_slice(body)
        .map_err(|error| Error::internal(format!("the array's answer cannot be read: {error}")))?;
    match value.flaw() {
        None => Ok(value),
        Some(flaw) => Err(Error::internal(format!("the array's answer cannot be: {flaw}"))),
    }
}
