//! What a host's answer makes of an object's entry.

use super::*;
use crate::host::Swap;

const NAME: &str = "a.example";

fn served() -> Served {
    Served {
        name: NAME.to_owned(),
        serving: true,
        version: "1.0.0".to_owned(),
        digest: "sha256:aa".to_owned(),
        since: "2026-01-01T00:00:00Z".to_owned(),
        ..Served::default()
    }
}

fn status(served: Option<Served>) -> Status {
    Status {
        drivers: served.into_iter().collect(),
        problem: None,
        configuration: Some("new".to_owned()),
    }
}

fn judged(generation: i64) -> Judged {
    Judged { generation, fate: Fate::Taken }
}

fn standing(
    host: Result<&Status, &str>,
    judged: &Judged,
    before: Option<&NodeStatus>,
) -> NodeStatus {
    Known { node: "n", name: NAME, judged, written: "new", host, sidecars: None, before }.standing()
}

#[test]
fn what_serves_as_configured_is_told_with_all_that_is_known() {
    let found = standing(Ok(&status(Some(served()))), &judged(2), None);
    assert!(found.ready && found.up_to_date);
    assert_eq!((found.reason, found.observed_generation), (Reason::AsConfigured, 2));
    assert_eq!((found.version.as_str(), found.digest.as_str()), ("1.0.0", "sha256:aa"));
}

#[test]
fn what_the_host_refuses_is_told_and_what_serves_serves_on() {
    let refusing = Served { problem: Some("no such file".to_owned()), ..served() };
    let found = standing(Ok(&status(Some(refusing))), &judged(3), None);
    assert!(found.ready && !found.up_to_date);
    assert_eq!((found.reason, found.message.as_str()), (Reason::Refused, "no such file"));
    assert_eq!(found.observed_generation, 3);

    let absent = Served { serving: false, problem: Some("no such file".to_owned()), ..served() };
    let found = standing(Ok(&status(Some(absent))), &judged(3), None);
    assert!(!found.ready);
    assert_eq!((found.reason, found.version.as_str()), (Reason::NotServed, ""));
}

#[test]
fn what_the_check_refuses_is_told_before_the_host_is_asked_about_it() {
    let refused = Judged { generation: 3, fate: Fate::Refused("line 4".to_owned()) };
    let found = standing(Ok(&status(Some(served()))), &refused, None);
    assert_eq!(
        (found.reason, found.message.as_str(), found.ready),
        (Reason::Refused, "line 4", true)
    );
    assert_eq!(standing(Ok(&status(None)), &refused, None).reason, Reason::NotServed);
}

#[test]
fn a_change_is_not_told_done_before_the_host_has_read_it() {
    let behind = Status { configuration: Some("old".to_owned()), ..status(Some(served())) };
    let first = standing(Ok(&behind), &judged(1), None);
    assert_eq!(
        (first.reason, first.observed_generation, first.ready),
        (Reason::Progressing, 0, true)
    );
    let done = standing(Ok(&status(Some(served()))), &judged(1), None);
    let next = standing(Ok(&behind), &judged(2), Some(&done));
    assert_eq!((next.reason, next.observed_generation), (Reason::Progressing, 1));
    // Another object changed the file: of this one all is known.
    assert_eq!(standing(Ok(&behind), &judged(1), Some(&done)), done);
}

#[test]
fn a_host_that_does_not_tell_which_file_it_read_is_taken_at_its_word() {
    let older = Status { configuration: None, ..status(Some(served())) };
    assert_eq!(standing(Ok(&older), &judged(1), None).reason, Reason::AsConfigured);
    assert_eq!(standing(Ok(&Status::default()), &judged(1), None).reason, Reason::Progressing);
}

#[test]
fn a_configuration_that_is_refused_as_a_whole_is_every_objects_matter() {
    let whole = Status { problem: Some("line 9".to_owned()), ..status(Some(served())) };
    let found = standing(Ok(&whole), &judged(1), None);
    assert_eq!(found.reason, Reason::Refused);
    assert!(found.message.ends_with("line 9"), "{}", found.message);
}

#[test]
fn a_host_that_is_away_leaves_what_was_known() {
    let before = standing(Ok(&status(Some(served()))), &judged(2), None);
    let found = standing(Err("nothing answers"), &judged(2), Some(&before));
    assert!(!found.ready && !found.up_to_date);
    assert_eq!((found.reason, found.version.as_str()), (Reason::HostAway, "1.0.0"));
    assert_eq!(found.observed_generation, 2);
    // And what was away is not what was judged.
    let behind = Status { configuration: Some("old".to_owned()), ..status(Some(served())) };
    assert_eq!(standing(Ok(&behind), &judged(2), Some(&found)).reason, Reason::Progressing);
}

#[test]
fn the_file_wins() {
    let shadowed = Judged { generation: 1, fate: Fate::Shadowed };
    let found = standing(Ok(&status(Some(served()))), &shadowed, None);
    assert!(found.ready && !found.up_to_date);
    assert_eq!(found.reason, Reason::NamedInFile);
}

#[test]
fn a_roll_back_is_told_until_the_object_is_another_one() {
    let swap = Swap { outcome: "rolled-back".to_owned(), detail: "9 of 9 failed".to_owned() };
    let good = standing(Ok(&status(Some(served()))), &judged(1), None);
    let tried = Served {
        since: "2026-01-01T00:01:00Z".to_owned(),
        version: "2.0.0".to_owned(),
        ..served()
    };
    let on_trial = standing(Ok(&status(Some(tried))), &judged(2), Some(&good));
    assert_eq!(on_trial.reason, Reason::AsConfigured);

    let since = "2026-01-01T00:02:00Z".to_owned();
    let back = Served { since, last_swap: Some(swap), ..served() };
    let rolled = standing(Ok(&status(Some(back.clone()))), &judged(2), Some(&on_trial));
    assert_eq!((rolled.reason, rolled.message.as_str()), (Reason::RolledBack, "9 of 9 failed"));
    // It stays so, also when the host says why it is not tried again.
    assert_eq!(standing(Ok(&status(Some(back.clone()))), &judged(2), Some(&rolled)), rolled);
    let again = Served { problem: Some("it served, failed".to_owned()), ..back.clone() };
    assert_eq!(
        standing(Ok(&status(Some(again))), &judged(2), Some(&rolled)).reason,
        Reason::RolledBack
    );
    // Changed back to what serves: nothing is swapped, and the host's last swap is still that one.
    let reverted = standing(Ok(&status(Some(back))), &judged(3), Some(&rolled));
    assert_eq!((reverted.reason, reverted.observed_generation), (Reason::AsConfigured, 3));
}

#[test]
fn a_host_that_was_taken_over_cannot_fill_the_status() {
    let long = "ä".repeat(2000);
    let abilities =
        (0..1000).map(|at| format!("{at}{long}")).chain(["a".to_owned(), "a".to_owned()]);
    let served = Served {
        version: long.clone(),
        digest: long.clone(),
        since: long.clone(),
        problem: Some(long.clone()),
        abilities: abilities.collect(),
        ..served()
    };
    let found = standing(Ok(&status(Some(served))), &judged(1), None);
    assert_eq!(found.abilities.len(), MOST_ABILITIES);
    assert!(serde_json::to_string(&found).unwrap().len() < 20_000);
}

#[test]
fn a_message_is_no_longer_than_a_status_should_hold() {
    let refused = Judged { generation: 1, fate: Fate::Refused("ä".repeat(5000)) };
    assert_eq!(standing(Ok(&status(None)), &refused, None).message.chars().count(), LONGEST);
}
