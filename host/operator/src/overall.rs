//! The summary of an object: a pure function of its `status.nodes`, so that all operators compute the same.

use std::collections::BTreeSet;

use crate::driver::{Condition, DriverStatus, NodeStatus, Reason};

/// Nodes that a message names; the rest are counted.
const NAMED: usize = 3;

/// The summary of these entries, for an object of this generation: all but `nodes`. The time of a condition whose status
/// is as `before` stays; `now` (RFC 3339) is for the others.
#[must_use]
pub fn summary(
    nodes: &[NodeStatus],
    generation: i64,
    before: &[Condition],
    now: &str,
) -> DriverStatus {
    let verdicts = [Some(ready(nodes)), Some(up_to_date(nodes, generation)), sidecars(nodes)];
    let conditions = verdicts.into_iter().flatten().map(|verdict| {
        let old =
            before.iter().find(|old| old.kind == verdict.kind && old.status == verdict.status);
        Condition {
            kind: verdict.kind.to_owned(),
            status: verdict.status.to_owned(),
            reason: verdict.reason.to_owned(),
            message: verdict.message,
            last_transition_time: old
                .map_or_else(|| now.to_owned(), |old| old.last_transition_time.clone()),
            observed_generation: generation,
        }
    });
    let distinct = |of: fn(&NodeStatus) -> &String| -> Vec<String> {
        let found: BTreeSet<&String> = nodes.iter().map(of).filter(|it| !it.is_empty()).collect();
        found.into_iter().cloned().collect()
    };
    let digests = distinct(|node| &node.digest);
    DriverStatus {
        version: distinct(|node| &node.version).join(", "),
        digest: if digests.len() == 1 { digests.concat() } else { String::new() },
        abilities: common_abilities(nodes),
        conditions: conditions.collect(),
        nodes: Vec::new(),
    }
}

struct Verdict {
    kind: &'static str,
    status: &'static str,
    reason: &'static str,
    message: String,
}

fn ready(nodes: &[NodeStatus]) -> Verdict {
    let kind = "Ready";
    let unready: Vec<_> = nodes.iter().filter(|node| !node.ready).collect();
    match worst(&unready) {
        None if nodes.is_empty() => nobody(kind),
        None => Verdict {
            kind,
            status: "True",
            reason: "Serving",
            message: everywhere(nodes, "it is served"),
        },
        Some(worst) => Verdict {
            kind,
            status: if worst.reason == Reason::HostAway { "Unknown" } else { "False" },
            reason: worst.reason.word(),
            message: told(&unready, nodes),
        },
    }
}

fn up_to_date(nodes: &[NodeStatus], generation: i64) -> Verdict {
    let kind = "UpToDate";
    let current = |node: &&NodeStatus| node.up_to_date && node.observed_generation == generation;
    let behind: Vec<_> = nodes.iter().filter(|node| !current(node)).collect();
    match worst(&behind) {
        None if nodes.is_empty() => nobody(kind),
        None => {
            let message = everywhere(nodes, "it is served as this object says");
            Verdict { kind, status: "True", reason: "AsConfigured", message }
        }
        // Of a generation before this one: a verdict on this one is still to come.
        Some(worst) if worst.up_to_date => Verdict {
            kind,
            status: "False",
            reason: Reason::Progressing.word(),
            message: format!("not yet on {}", names(&behind)),
        },
        Some(worst) => Verdict {
            kind,
            status: if worst.reason == Reason::HostAway { "Unknown" } else { "False" },
            reason: worst.reason.word(),
            message: told(&behind, nodes),
        },
    }
}

fn sidecars(nodes: &[NodeStatus]) -> Option<Verdict> {
    let known: Vec<bool> = nodes.iter().filter_map(|node| node.sidecars).collect();
    let all = known.iter().all(|known| *known);
    (!known.is_empty()).then(|| Verdict {
        kind: "Sidecars",
        status: if all { "True" } else { "False" },
        reason: if all { "Installed" } else { "NotInChart" },
        message: if all {
            String::new()
        } else {
            "the host serves it, but nothing in the cluster calls it: no CSIDriver object, no provisioner, no classes. Add \
             a driver of this name to the chart's `drivers`, with kubernetes.resource: true, and upgrade"
                .to_owned()
        },
    })
}

fn nobody(kind: &'static str) -> Verdict {
    let message = "no host tells of it; do the pods of Mooring run?".to_owned();
    Verdict { kind, status: "Unknown", reason: "NoHost", message }
}

/// What weighs most; among equals the first by name, whatever order the entries came in.
fn worst<'a>(of: &[&'a NodeStatus]) -> Option<&'a NodeStatus> {
    of.iter().copied().min_by_key(|node| (std::cmp::Reverse(node.reason.weight()), &node.node))
}

/// The worst one's message, with the names of all that it may concern.
fn told(of: &[&NodeStatus], all: &[NodeStatus]) -> String {
    let Some(worst) = worst(of) else { return String::new() };
    if all.len() == 1 {
        return worst.message.clone();
    }
    format!("{} of {} hosts ({}): {}", of.len(), all.len(), names(of), worst.message)
}

fn names(of: &[&NodeStatus]) -> String {
    let names: BTreeSet<&str> = of.iter().map(|node| node.node.as_str()).collect();
    let shown: Vec<&str> = names.iter().take(NAMED).copied().collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn everywhere(nodes: &[NodeStatus], what: &str) -> String {
    if nodes.len() == 1 { what.to_owned() } else { format!("{what} on {} hosts", nodes.len()) }
}

fn common_abilities(nodes: &[NodeStatus]) -> Vec<String> {
    let known = nodes.iter().filter(|node| !node.version.is_empty());
    let sets = known.map(|node| node.abilities.iter().cloned().collect::<BTreeSet<_>>());
    let common = sets.reduce(|common, next| common.intersection(&next).cloned().collect());
    common.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
