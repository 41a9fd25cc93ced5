//! A failing plan made smaller: fewer mishaps, then fewer events, as long as it fails alike.

use crate::cluster::Report;
use crate::plan::Plan;

/// The smallest plan that was found within so many runs, and what it ends in.
pub fn shrink(
    plan: &Plan,
    report: Report,
    tries: u32,
    mut run: impl FnMut(&Plan) -> Report,
) -> (Plan, Report) {
    let (mut best, mut shown, mut left) = (plan.clone(), report, tries);
    best.only = Some(shown.fired.iter().copied().collect());
    let mut attempt = |candidate: Plan, best: &mut Plan, shown: &mut Report, left: &mut u32| {
        if *left == 0 {
            return false;
        }
        *left -= 1;
        let report = run(&candidate);
        let alike = report.is_like(shown);
        if alike {
            (*best, *shown) = (candidate, report);
        }
        alike
    };
    loop {
        let before = left;
        let mut smaller = false;
        for call in shown.fired.clone() {
            let mut candidate = best.clone();
            candidate.only.get_or_insert_default().remove(&call);
            smaller |= attempt(candidate, &mut best, &mut shown, &mut left);
        }
        let mut size = (best.events.len() / 2).max(1);
        while size > 0 {
            let mut at = 0;
            while at < best.events.len() {
                let mut candidate = best.clone();
                candidate.events.drain(at..(at + size).min(best.events.len()));
                if attempt(candidate, &mut best, &mut shown, &mut left) {
                    smaller = true;
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
        if !smaller || left == 0 || left == before {
            return (best, shown);
        }
    }
}
