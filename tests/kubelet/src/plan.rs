//! What a seed decides: the users' and the world's events, and what goes wrong with which call.

use std::collections::BTreeSet;
use std::fmt;

use fastrand::Rng;

/// What users and the world do. Whom it meets is picked, by a number, from those that it can meet
/// when its time comes; where there is nobody nothing happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Event {
    MakeClaim,
    /// From a snapshot, as large or larger.
    Restore,
    /// From a claim, as large or larger.
    Clone,
    StartPod,
    /// A pod is deleted and one with the same claim is made on another node.
    MovePod,
    DeletePod,
    /// From the API server, at once, whatever its node does.
    ForceDeletePod,
    Grow,
    TakeSnapshot,
    DeleteClaim,
    DeleteSnapshot,
    KubeletRestarts,
    HostDies,
    ControllerDies,
    MachineReboots,
    /// kubelet is cut off, long enough for what is on its node to be taken away.
    NodeIsLost,
}

/// Events by how often they come.
const EVENTS: [(u32, Event); 16] = [
    (14, Event::StartPod),
    (10, Event::DeletePod),
    (8, Event::MovePod),
    (9, Event::MakeClaim),
    (5, Event::Grow),
    (4, Event::KubeletRestarts),
    (4, Event::HostDies),
    (4, Event::ForceDeletePod),
    (3, Event::TakeSnapshot),
    (3, Event::Restore),
    (3, Event::Clone),
    (1, Event::DeleteClaim),
    (2, Event::ControllerDies),
    (2, Event::MachineReboots),
    (2, Event::NodeIsLost),
    (1, Event::DeleteSnapshot),
];

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// One of the calls that the host makes to its machine fails; how, this number picks.
    Fails(u8),
    /// It takes effect and fails all the same.
    FailsLate(u8),
    /// It fails, and all after it in this RPC.
    StaysBroken(u8),
    /// The host dies before it.
    Dies,
    /// The host dies after it, before it sees the answer.
    DiesLate,
    /// The caller never sees the RPC's answer.
    AnswerLost,
    /// kubelet dies before it notes the RPC's answer.
    KubeletDies,
}

/// What goes wrong with one RPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mishap {
    /// At which of the calls that the host makes to its machine, from 0.
    pub at: u32,
    /// How.
    pub how: How,
}

impl fmt::Display for Mishap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match self.how {
            How::Fails(kind) => write!(f, "machine call {at} fails ({kind})"),
            How::FailsLate(kind) => write!(f, "machine call {at} fails late ({kind})"),
            How::StaysBroken(kind) => write!(f, "machine calls fail from {at} on ({kind})"),
            How::Dies => write!(f, "the host dies before machine call {at}"),
            How::DiesLate => write!(f, "the host dies after machine call {at}"),
            How::AnswerLost => write!(f, "the answer is lost"),
            How::KubeletDies => write!(f, "kubelet dies before it notes the answer"),
        }
    }
}

/// How much happens.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Turns of all loops while things go wrong.
    pub ticks: u32,
    /// Machine calls of an RPC that mishaps spread over.
    pub machine_calls: u32,
}

/// A run, to be.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Decides all else.
    pub seed: u64,
    /// After so many turns nothing goes wrong any more.
    pub ticks: u32,
    /// What happens when, by turns.
    pub events: Vec<(u32, Event, u32)>,
    /// RPCs that go wrong, of a thousand.
    pub rate: u32,
    /// The RPCs that may go wrong, by their numbers; none: all.
    pub only: Option<BTreeSet<u32>>,
    extent: Extent,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn of(seed: u64, extent: Extent) -> Self {
        let mut rng = Rng::with_seed(seed);
        let ticks = extent.ticks / 2 + rng.u32(..=extent.ticks / 2);
        let rate = rng.choice([0, 50, 150, 300]).unwrap_or_default();
        let busy = 1 + rng.u32(..2);
        let all: u32 = EVENTS.iter().map(|(weight, _)| weight).sum();
        let first = [Event::MakeClaim, Event::MakeClaim, Event::StartPod, Event::StartPod];
        let mut events: Vec<_> = first.map(|event| (0, event, rng.u32(..))).into();
        for tick in 1..ticks {
            for _ in 0..rng.u32(..=busy) {
                let mut at = rng.u32(..all);
                let picked = EVENTS.iter().find(|(weight, _)| {
                    let here = at < *weight;
                    at = at.saturating_sub(*weight);
                    here
                });
                events.extend(picked.map(|(_, event)| (tick, *event, rng.u32(..))));
            }
        }
        Self { seed, ticks, events, rate, only: None, extent }
    }

    /// What goes wrong with an RPC, by its number.
    #[must_use]
    pub fn mishap(&self, call: u32) -> Option<Mishap> {
        if self.only.as_ref().is_some_and(|only| !only.contains(&call)) {
            return None;
        }
        let mut rng = Rng::with_seed(self.seed ^ (u64::from(call) + 1).wrapping_mul(0x9E37_79B9));
        if rng.u32(..1000) >= self.rate {
            return None;
        }
        let at = rng.u32(..self.extent.machine_calls);
        let how = match rng.u32(..10) {
            0 | 1 => How::Fails(rng.u8(..)),
            2 => How::FailsLate(rng.u8(..)),
            3 => How::StaysBroken(rng.u8(..)),
            4 | 5 => How::Dies,
            6 | 7 => How::DiesLate,
            8 => How::AnswerLost,
            _ => How::KubeletDies,
        };
        Some(Mishap { at, how })
    }
}
