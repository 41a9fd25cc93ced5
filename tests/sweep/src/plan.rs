//! Which faults a sweep injects: from the points that a life without any passed.

use std::collections::BTreeSet;

use nix::errno::Errno;

use crate::points::{ERRORS, Fault, Kill, Point, Rpc, Subject, What};

/// What of all faults is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// Calls; none: all.
    pub(crate) rpcs: Vec<Rpc>,
    /// Of a hundred faults.
    pub(crate) percent: u8,
    /// Which ones: the same number, the same faults.
    pub(crate) seed: u64,
    /// Kills alone, or errors alone, or both.
    pub(crate) kills: bool,
    /// See `kills`.
    pub(crate) errors: bool,
}

impl Choice {
    fn only_some(&self) -> bool {
        !(self.kills && self.errors)
    }
}

/// How often each damage is done to the store's file, each time elsewhere.
const DAMAGES: u32 = 150;

/// All damages.
fn damages() -> Vec<Fault> {
    let mut faults = Vec::new();
    for (what, call) in [What::DamageKilled, What::DamageStopped]
        .into_iter()
        .flat_map(|it| crate::damage::DAMAGES.map(|call| (it, call)))
    {
        faults.extend((1..=DAMAGES).map(|nth| Fault {
            subject: Subject::Store,
            rpc: Rpc::Damage,
            point: Point { process: "state.redb".into(), call: call.into(), nth },
            what,
            back: false,
        }));
    }
    faults
}

/// All faults at one point.
fn at(subject: Subject, rpc: Rpc, point: &Point) -> Vec<Fault> {
    let mut whats = Vec::new();
    let kills: &[Kill] =
        if point.is_of_child() { Kill::ALL } else { &[Kill::NodeBefore, Kill::NodeAfter] };
    whats.extend(kills.iter().map(|kill| What::Kill(*kill)));
    for (_, errno) in ERRORS {
        whats.push(What::Fail(errno));
        // No kernel interrupts for ever.
        whats.extend(Some(What::FailOn(errno)).filter(|_| errno != Errno::EINTR));
    }
    let mut faults = Vec::new();
    for what in whats {
        // Taking it back is what follows a fault that passed; where all calls fail, or a store is
        // concerned, it is the same life.
        let ways: &[bool] = match what {
            What::FailOn(_) | What::DamageKilled | What::DamageStopped => &[false],
            _ if subject == Subject::Store => &[false],
            What::Kill(_) | What::Fail(_) => &[false, true],
        };
        let fault = |back: &bool| Fault { subject, rpc, point: point.clone(), what, back: *back };
        faults.extend(ways.iter().map(fault));
    }
    faults
}

/// The faults of a sweep, each for a life of its own, in an order that spreads subjects and calls.
pub(crate) fn faults(golden: &[(Subject, Rpc, Vec<Point>)], choice: &Choice) -> Vec<Fault> {
    let mut all = Vec::new();
    for (subject, rpc, points) in golden {
        if !choice.rpcs.is_empty() && !choice.rpcs.contains(rpc) {
            continue;
        }
        let points: BTreeSet<_> = points.iter().collect();
        all.extend(points.into_iter().flat_map(|point| at(*subject, *rpc, point)));
    }
    let stored = golden.iter().any(|(subject, ..)| *subject == Subject::Store);
    if stored && (choice.rpcs.is_empty() || choice.rpcs.contains(&Rpc::Damage)) {
        all.extend(damages());
    }
    all.retain(|fault| match fault.what {
        What::Kill(_) => choice.kills,
        What::Fail(_) | What::FailOn(_) => choice.errors,
        What::DamageKilled | What::DamageStopped => !choice.only_some(),
    });
    let mut random = fastrand::Rng::with_seed(choice.seed);
    random.shuffle(&mut all);
    all.truncate((all.len() * usize::from(choice.percent)).div_ceil(100));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden() -> Vec<(Subject, Rpc, Vec<Point>)> {
        let point =
            |process: &str, nth| Point { process: process.into(), call: "write".into(), nth };
        vec![
            (Subject::Ext4, Rpc::Stage, vec![point("mooring", 1), point("mkfs.ext4", 1)]),
            (Subject::Ext4, Rpc::Unstage, vec![point("mooring", 1)]),
        ]
    }

    fn choice(percent: u8) -> Choice {
        Choice { rpcs: vec![], percent, seed: 3, kills: true, errors: true }
    }

    #[test]
    fn each_point_meets_each_fault_and_a_seed_chooses_the_same() {
        let all = faults(&golden(), &choice(100));
        // Forwards and back: 2 or 6 kills, 7 errors; and each error for all calls.
        assert_eq!(all.len(), (2 + 7) * 2 + 6 + (6 + 7) * 2 + 6 + (2 + 7) * 2 + 6);
        let names: BTreeSet<_> = all.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), all.len(), "twice the same");
        let some = faults(&golden(), &choice(10));
        assert_eq!(some, faults(&golden(), &choice(10)));
        assert!(!some.is_empty() && some.len() < all.len() / 5);
    }
}
