//! What a platform team reads off an object, for each way in which its nodes can stand.

use super::*;

fn node(name: &str, reason: Reason) -> NodeStatus {
    let served = !matches!(reason, Reason::NotServed | Reason::HostAway);
    NodeStatus {
        node: name.to_owned(),
        ready: served,
        up_to_date: reason == Reason::AsConfigured,
        version: if served { "1.0.0".to_owned() } else { String::new() },
        digest: if served { "sha256:aa".to_owned() } else { String::new() },
        abilities: vec!["listing".to_owned(), "snapshots".to_owned()],
        reason,
        message: format!("why {name}"),
        observed_generation: 4,
        ..NodeStatus::default()
    }
}

fn of<'a>(status: &'a DriverStatus, kind: &str) -> &'a Condition {
    status.conditions.iter().find(|it| it.kind == kind).unwrap()
}

fn words(status: &DriverStatus, kind: &str) -> (String, String) {
    let it = of(status, kind);
    (it.status.clone(), it.reason.clone())
}

fn pair(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

const NOW: &str = "2026-01-02T00:00:00Z";

#[test]
fn each_way_to_stand_has_its_words() {
    for (reasons, ready, current) in [
        (vec![Reason::AsConfigured], pair("True", "Serving"), pair("True", "AsConfigured")),
        (vec![Reason::Refused], pair("True", "Serving"), pair("False", "Refused")),
        (vec![Reason::RolledBack], pair("True", "Serving"), pair("False", "RolledBack")),
        (vec![Reason::NamedInFile], pair("True", "Serving"), pair("False", "NamedInFile")),
        (vec![Reason::NotServed], pair("False", "NotServed"), pair("False", "NotServed")),
        (vec![Reason::HostAway], pair("Unknown", "HostAway"), pair("Unknown", "HostAway")),
        (vec![], pair("Unknown", "NoHost"), pair("Unknown", "NoHost")),
        (
            vec![Reason::AsConfigured, Reason::NotServed],
            pair("False", "NotServed"),
            pair("False", "NotServed"),
        ),
        (
            vec![Reason::AsConfigured, Reason::Progressing],
            pair("True", "Serving"),
            pair("False", "Progressing"),
        ),
        (
            vec![Reason::HostAway, Reason::Refused],
            pair("Unknown", "HostAway"),
            pair("False", "Refused"),
        ),
    ] {
        let nodes: Vec<_> =
            reasons.iter().enumerate().map(|(at, it)| node(&format!("n{at}"), *it)).collect();
        let found = summary(&nodes, 4, &[], NOW);
        assert_eq!(words(&found, "Ready"), ready, "{reasons:?}");
        assert_eq!(words(&found, "UpToDate"), current, "{reasons:?}");
    }
}

#[test]
fn a_new_generation_is_not_up_to_date_before_it_is_judged() {
    let found = summary(&[node("a", Reason::AsConfigured)], 5, &[], NOW);
    assert_eq!(words(&found, "UpToDate"), pair("False", "Progressing"));
    assert!(of(&found, "UpToDate").message.contains("not yet on a"));
}

#[test]
fn a_time_changes_with_the_status_and_with_nothing_else() {
    let old = "2026-01-01T00:00:00Z";
    let first = summary(&[node("a", Reason::AsConfigured)], 4, &[], old);
    // Another generation, reason and message, and the same status.
    let mut moved = node("a", Reason::Refused);
    moved.observed_generation = 5;
    let second = summary(&[moved], 5, &first.conditions, NOW);
    assert_eq!(of(&second, "Ready").last_transition_time, old);
    assert_eq!(of(&second, "Ready").observed_generation, 5);
    assert_eq!(of(&second, "UpToDate").last_transition_time, NOW);
    let third =
        summary(&[node("a", Reason::RolledBack)], 5, &second.conditions, "2026-01-03T00:00:00Z");
    assert_eq!(of(&third, "UpToDate").last_transition_time, NOW);
    assert_eq!(of(&third, "UpToDate").reason, "RolledBack");
}

#[test]
fn the_order_of_the_entries_says_nothing() {
    let nodes =
        [node("b", Reason::Refused), node("c", Reason::HostAway), node("a", Reason::Refused)];
    let mut turned = nodes.clone();
    turned.reverse();
    let found = summary(&nodes, 4, &[], NOW);
    assert_eq!(found, summary(&turned, 4, &[], NOW));
    assert_eq!(of(&found, "UpToDate").message, "3 of 3 hosts (a, b, c): why a");
}

#[test]
fn what_nodes_differ_in_is_told_as_such() {
    let mut other = node("b", Reason::AsConfigured);
    other.version = "1.1.0".to_owned();
    other.digest = "sha256:bb".to_owned();
    other.abilities.pop();
    let found = summary(&[node("a", Reason::AsConfigured), other], 4, &[], NOW);
    assert_eq!(found.version, "1.0.0, 1.1.0");
    assert_eq!(found.digest, "");
    assert_eq!(found.abilities, ["listing"]);
    let same =
        summary(&[node("a", Reason::AsConfigured), node("b", Reason::NotServed)], 4, &[], NOW);
    assert_eq!((same.version.as_str(), same.digest.as_str()), ("1.0.0", "sha256:aa"));
    assert_eq!(same.abilities, ["listing", "snapshots"]);
}

#[test]
fn a_driver_without_sidecars_says_what_to_do() {
    assert!(
        summary(&[node("a", Reason::AsConfigured)], 4, &[], NOW)
            .conditions
            .iter()
            .all(|it| it.kind != "Sidecars")
    );
    for (known, status) in [(true, "True"), (false, "False")] {
        let entry = NodeStatus { sidecars: Some(known), ..node("a", Reason::AsConfigured) };
        let found = summary(&[entry], 4, &[], NOW);
        assert_eq!(of(&found, "Sidecars").status, status);
        assert_eq!(of(&found, "Sidecars").message.contains("kubernetes.resource: true"), !known);
    }
}

#[test]
fn many_nodes_are_counted() {
    let nodes: Vec<_> = (0..9).map(|at| node(&format!("n{at}"), Reason::Refused)).collect();
    let found = summary(&nodes, 4, &[], NOW);
    assert_eq!(of(&found, "UpToDate").message, "9 of 9 hosts (n0, n1, n2 and 6 more): why n0");
}
