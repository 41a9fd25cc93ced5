//! Histories of a lamp that can be switched on and off.

use super::*;

struct Lamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Do {
    On,
    Off,
    Look,
}

impl Specification for Lamp {
    type State = bool;
    type Call = Do;
    type Answer = bool;

    /// Every call answers whether it shines afterwards.
    fn answered(&self, state: &bool, call: &Do, answer: &bool) -> Option<bool> {
        self.happened(state, call).filter(|after| after == answer)
    }

    fn happened(&self, state: &bool, call: &Do) -> Option<bool> {
        Some(match call {
            Do::On => true,
            Do::Off => false,
            Do::Look => *state,
        })
    }
}

fn seen(call: Do, begun: u64, ended: u64, answer: Option<bool>) -> Seen<Do, bool> {
    Seen { call, begun, ended, answer }
}

fn fits(history: &[Seen<Do, bool>]) -> bool {
    check(&Lamp, false, history).is_ok()
}

#[test]
fn calls_at_the_same_time_have_any_order() {
    let history = [
        seen(Do::On, 1, 9, Some(true)),
        seen(Do::Look, 2, 3, Some(false)),
        seen(Do::Look, 4, 5, Some(true)),
    ];
    assert!(fits(&history));
}

#[test]
fn what_was_over_has_its_effect() {
    let stale = [seen(Do::On, 1, 2, Some(true)), seen(Do::Look, 3, 4, Some(false))];
    assert!(!fits(&stale));
    let back = [
        seen(Do::On, 1, 9, Some(true)),
        seen(Do::Look, 2, 3, Some(true)),
        seen(Do::Look, 4, 5, Some(false)),
    ];
    let contradiction = check(&Lamp, false, &back).unwrap_err();
    assert!(!contradiction.stuck.is_empty(), "{contradiction:?}");
}

#[test]
fn what_nobody_knows_may_have_happened_or_not_but_not_before_it_began() {
    for answer in [false, true] {
        assert!(fits(&[seen(Do::On, 1, 2, None), seen(Do::Look, 3, 4, Some(answer))]));
    }
    assert!(!fits(&[seen(Do::Look, 1, 2, Some(true)), seen(Do::On, 3, 4, None)]));
}

#[test]
fn hundreds_of_callers_are_no_matter() {
    let mut history = Vec::new();
    for at in 0..200 {
        history.push(seen(Do::On, at, 1000 + at, Some(true)));
        history.push(seen(Do::Off, at, 1000 + at, if at % 2 == 0 { None } else { Some(false) }));
        history.push(seen(Do::Look, at, 1000 + at, Some(at % 3 == 0)));
    }
    history.push(seen(Do::Off, 2000, 2001, Some(false)));
    assert!(fits(&history));
    history.push(seen(Do::Look, 2002, 2003, Some(true)));
    assert!(!fits(&history));
}
