//! What the array has, in the form in which it is stored and told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// Room for volumes. Sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// All there is.
    pub total: u64,
    /// What is left: less the sizes of thick volumes and the written blocks of all else.
    #[serde(default)]
    pub available: u64,
    /// The smallest volume.
    #[serde(default)]
    pub smallest: u64,
    /// The largest volume.
    #[serde(default)]
    pub largest: u64,
}

/// Where the life of a volume or a snapshot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A job makes it.
    Creating,
    /// It can be used.
    Ready,
    /// A job removes it.
    Deleting,
}

/// How a volume is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "message")]
pub enum Condition {
    /// As it should be.
    #[default]
    Good,
    /// Usable, and not as it should be.
    Degraded(String),
    /// Out of reach.
    Offline(String),
    /// Data are gone.
    Lost(String),
}

/// What a volume begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A snapshot's bytes, by its id.
    Snapshot(String),
    /// Another volume's bytes, by its id.
    Volume(String),
}

/// A volume that a host sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mapping {
    /// Which host.
    pub host: String,
    /// The unit's number at that host.
    pub lun: u32,
    /// The device refuses writes.
    pub readonly: bool,
    /// What the client noted of it, such as how the volume is used.
    pub note: String,
}

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// The array's own id; never used again.
    pub id: String,
    /// The client's name for it, unique in the array.
    pub name: String,
    /// The pool that holds it.
    pub pool: String,
    /// Bytes.
    pub size: u64,
    /// Whether it takes room only as it is written.
    pub thin: bool,
    /// What the device tells of itself; unique.
    pub serial: String,
    /// What it began with.
    pub source: Option<Source>,
    /// The client's notes.
    pub tags: BTreeMap<String, String>,
    /// Where its life stands.
    pub state: State,
    /// The job that works on it.
    pub job: Option<String>,
    /// The size that a job gives it.
    pub resizing: Option<u64>,
    /// Milliseconds since 1970.
    pub created: u64,
    /// The hosts that see it.
    pub mappings: Vec<Mapping>,
    /// How it is.
    #[serde(default)]
    pub condition: Condition,
}

/// A point in time of a volume, which needs the volume no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The array's own id; never used again.
    pub id: String,
    /// The client's name for it, unique among snapshots.
    pub name: String,
    /// Of which volume, by id.
    pub volume: String,
    /// The pool that holds it.
    pub pool: String,
    /// The volume's bytes at that time.
    pub size: u64,
    /// The client's notes.
    pub tags: BTreeMap<String, String>,
    /// Where its life stands; what it holds is fixed from the beginning.
    pub state: State,
    /// The job that works on it.
    pub job: Option<String>,
    /// Milliseconds since 1970.
    pub created: u64,
}

/// A machine to which volumes can be mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Host {
    /// Its name.
    pub name: String,
    /// How many volumes it can see; none: no bound.
    pub slots: Option<u32>,
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Operation {
    CreateVolume,
    ExpandVolume,
    DeleteVolume,
    CreateSnapshot,
    DeleteSnapshot,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum JobState {
    Running,
    Done,
    Failed,
    Cancelled,
}

/// Work that outlives its request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What it does.
    pub operation: Operation,
    /// To which volume or snapshot.
    pub resource: String,
    /// How it stands.
    pub state: JobState,
    /// Milliseconds since 1970.
    pub started: u64,
    /// How long it has been running, in milliseconds; told, not stored.
    #[serde(default)]
    pub age: u64,
    /// When it will be done, in milliseconds since 1970; none: never.
    pub due: Option<u64>,
    /// Why it failed.
    pub error: Option<Problem>,
}
