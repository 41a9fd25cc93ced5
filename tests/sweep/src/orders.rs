//! What the sweep asks of its workers and what they answer: a line of JSON each.

use serde::{Deserialize, Serialize};

use crate::points::Point;

/// A life to be lived.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Whose.
    pub(crate) subject: String,
    /// What goes wrong in it; nothing: all points are recorded.
    pub(crate) faults: Vec<String>,
}

/// How it went.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Where nothing was to go wrong: each call's points.
    pub(crate) passed: Vec<(String, Vec<Noted>)>,
    /// Which of the faults happened.
    pub(crate) hit: Vec<usize>,
    /// Most repetitions that a call took to succeed.
    pub(crate) repeated: u32,
    /// What went wrong that must not.
    pub(crate) finding: Option<String>,
    /// The end of the program's log, where there is a finding.
    pub(crate) log: String,
}

/// A point and what its call works on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Noted {
    /// Where.
    #[serde(flatten)]
    pub(crate) point: Point,
    /// For people.
    pub(crate) about: String,
}
