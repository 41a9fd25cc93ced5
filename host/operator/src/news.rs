//! Which events a change of an entry makes. Pure: only what is another thing than before is news.

use kube::runtime::events::{Event, EventType};

use crate::driver::{NodeStatus, Reason};

/// Source: events.k8s.io/v1, `note`: 1 kB at most.
const LONGEST: usize = 1000;

/// The events of one host's change from `before` (none: it is the first word of it) to `now`.
#[must_use]
pub fn news(before: Option<&NodeStatus>, now: &NodeStatus) -> Vec<Event> {
    let nothing = NodeStatus::default();
    let was = before.unwrap_or(&nothing);
    let mut told = Vec::new();
    let shown = |it: &NodeStatus| {
        let digest = it.digest.trim_start_matches("sha256:").get(..12).unwrap_or_default();
        format!("version {} ({digest})", it.version)
    };
    if now.ready && !was.ready && was.version.is_empty() {
        told.push(event(EventType::Normal, "Serving", now, &format!("serves {}", shown(now))));
    } else if now.ready && !was.ready && was.digest == now.digest {
        told.push(event(EventType::Normal, "Ready", now, &format!("serves {} again", shown(now))));
    } else if now.ready && (was.since != now.since || was.digest != now.digest) {
        let changed = if was.digest == now.digest {
            format!("serves {} under another configuration", shown(now))
        } else {
            format!("swapped {} for {}", shown(was), shown(now))
        };
        // A roll-back is a swap, too, and told as what it is below.
        if now.reason != Reason::RolledBack {
            told.push(event(EventType::Normal, "Swapped", now, &changed));
        }
    }
    let another = was.reason != now.reason || was.message != now.message;
    match now.reason {
        Reason::Refused
        | Reason::NotServed
        | Reason::RolledBack
        | Reason::NamedInFile
        | Reason::HostAway
            if another =>
        {
            told.push(event(EventType::Warning, now.reason.word(), now, &now.message));
        }
        Reason::AsConfigured if was.reason != now.reason && told.is_empty() && before.is_some() => {
            // After a refusal that swapped nothing. Of a change that swapped nothing there is nothing to say.
            if matches!(was.reason, Reason::Refused | Reason::RolledBack | Reason::NamedInFile) {
                let note = format!("serves the object as it is: {}", shown(now));
                told.push(event(EventType::Normal, "AsConfigured", now, &note));
            }
        }
        Reason::AsConfigured
        | Reason::Progressing
        | Reason::HostAway
        | Reason::NamedInFile
        | Reason::RolledBack
        | Reason::Refused
        | Reason::NotServed => {}
    }
    told
}

fn event(type_: EventType, reason: &str, now: &NodeStatus, note: &str) -> Event {
    let mut note = format!("{}: {note}", now.node);
    note.truncate(note.floor_char_boundary(LONGEST));
    Event {
        type_,
        reason: reason.to_owned(),
        note: Some(note),
        action: "Serve".to_owned(),
        secondary: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(reason: Reason, version: &str, since: &str) -> NodeStatus {
        NodeStatus {
            node: "n".to_owned(),
            ready: !version.is_empty(),
            up_to_date: reason == Reason::AsConfigured,
            version: version.to_owned(),
            digest: format!("sha256:{version}{version}{version}"),
            since: since.to_owned(),
            reason,
            message: if reason == Reason::AsConfigured { String::new() } else { "why".to_owned() },
            ..NodeStatus::default()
        }
    }

    fn reasons(before: Option<&NodeStatus>, now: &NodeStatus) -> Vec<String> {
        news(before, now).into_iter().map(|event| event.reason).collect()
    }

    #[test]
    fn each_change_is_told_once_and_nothing_else_is() {
        let good = node(Reason::AsConfigured, "1.0.0", "a");
        let swapped = node(Reason::AsConfigured, "2.0.0", "b");
        let refused = node(Reason::Refused, "1.0.0", "a");
        let back = node(Reason::RolledBack, "1.0.0", "c");
        let unserved = node(Reason::NotServed, "", "");
        let mut away = node(Reason::HostAway, "1.0.0", "a");
        away.ready = false;
        for (before, now, wanted) in [
            (None, &good, vec!["Serving"]),
            (None, &unserved, vec!["NotServed"]),
            (Some(&good), &good, vec![]),
            (Some(&good), &swapped, vec!["Swapped"]),
            (Some(&good), &refused, vec!["Refused"]),
            (Some(&refused), &refused, vec![]),
            (Some(&refused), &swapped, vec!["Swapped"]),
            (Some(&refused), &good, vec!["AsConfigured"]),
            (Some(&swapped), &back, vec!["RolledBack"]),
            (Some(&good), &away, vec!["HostAway"]),
            (Some(&away), &good, vec!["Ready"]),
            (Some(&away), &node(Reason::AsConfigured, "1.0.0", "started again"), vec!["Ready"]),
            (Some(&away), &swapped, vec!["Swapped"]),
            // Two within a second.
            (Some(&good), &node(Reason::AsConfigured, "2.0.0", "a"), vec!["Swapped"]),
            (Some(&unserved), &good, vec!["Serving"]),
            (Some(&node(Reason::Progressing, "", "")), &good, vec!["Serving"]),
        ] {
            assert_eq!(reasons(before, now), wanted, "{before:?} → {now:?}");
        }
    }

    #[test]
    fn a_note_says_where_and_what_and_fits() {
        let good = node(Reason::AsConfigured, "1.0.0", "a");
        let note = news(Some(&good), &node(Reason::AsConfigured, "2.0.0", "b"))
            .pop()
            .unwrap()
            .note
            .unwrap();
        assert_eq!(
            note,
            "n: swapped version 1.0.0 (1.0.01.0.01.) for version 2.0.0 (2.0.02.0.02.)"
        );
        let mut long = node(Reason::Refused, "1.0.0", "a");
        long.message = "ä".repeat(2000);
        assert!(news(Some(&good), &long).pop().unwrap().note.unwrap().len() <= LONGEST);
    }
}
