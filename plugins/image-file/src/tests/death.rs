//! Each call dies after each of its effects in turn; then it, or the reverse of it, is repeated.

use super::*;

/// Runs a call once for each point at which it can die, on a machine of its own each time, and
/// then looks at what is left. Answers how many points there were.
pub(super) fn at_each_point(
    prepare: impl Fn(&Machine),
    call: impl Fn(&Backend) -> Result<()>,
    look: impl Fn(&Machine),
) -> u64 {
    for effects in 0.. {
        let machine = Machine::with_pool();
        prepare(&machine);
        machine.stop_after(effects);
        let outcome = call(&on(&machine));
        machine.restart();
        look(&machine);
        if outcome.is_ok() {
            return effects;
        }
        assert_eq!(refused(outcome), Code::Unavailable, "a call that died is to be repeated");
    }
    unreachable!("a call has an end")
}

fn id() -> String {
    mooring_sdk::ids::derive("img-", "pvc-1")
}

fn create(backend: &Backend) -> Result<()> {
    backend.create(&request("pvc-1", GIB)).map(drop)
}

fn delete(backend: &Backend) -> Result<()> {
    backend.delete(&id(), &Secrets::default())
}

fn expand(backend: &Backend) -> Result<()> {
    backend.expand(&expansion(&id(), 2 * GIB)).map(drop)
}

fn created(machine: &Machine) {
    create(&on(machine)).unwrap();
}

fn no_image_without_a_record(machine: &Machine) {
    assert!(machine.items("default").len() <= machine.keys().len());
}

pub(super) fn nothing_is_left(machine: &Machine) {
    assert_eq!((machine.keys(), machine.items("default")), (vec![], vec![]));
}

#[test]
fn creation_converges_when_repeated() {
    let points = at_each_point(
        |_| {},
        create,
        |machine| {
            no_image_without_a_record(machine);
            create(&on(machine)).unwrap();
            assert_eq!(machine.items("default"), [(id(), GIB)]);
            assert_eq!(machine.keys().len(), 1);
        },
    );
    assert_eq!(points, 2);
}

#[test]
fn creation_that_died_can_be_deleted() {
    at_each_point(
        |_| {},
        create,
        |machine| {
            delete(&on(machine)).unwrap();
            nothing_is_left(machine);
        },
    );
}

#[test]
fn deletion_converges_when_repeated() {
    let points = at_each_point(created, delete, |machine| {
        no_image_without_a_record(machine);
        delete(&on(machine)).unwrap();
        nothing_is_left(machine);
    });
    assert_eq!(points, 2);
}

#[test]
fn expansion_converges_when_repeated() {
    let points = at_each_point(created, expand, |machine| {
        let told = Listing::get(&on(machine), &id()).unwrap().volume.capacity;
        let real = machine.items("default")[0].1;
        assert!(told <= real, "no more is told than there is");
        expand(&on(machine)).unwrap();
        assert_eq!(machine.items("default"), [(id(), 2 * GIB)]);
        assert_eq!(Listing::get(&on(machine), &id()).unwrap().volume.capacity, 2 * GIB);
    });
    assert_eq!(points, 2);
}

#[test]
fn creation_repeated_after_an_expansion_died_finds_the_volume() {
    at_each_point(created, expand, |machine| create(&on(machine)).unwrap());
}

#[test]
fn growth_that_died_can_be_asked_for_with_less() {
    at_each_point(created, expand, |machine| {
        let backend = on(machine);
        let less = expansion(&id(), GIB + GIB / 2);
        let size = backend.expand(&less).unwrap().capacity;
        assert_eq!(machine.items("default"), [(id(), size)], "the record says what is there");
        assert!(size == GIB + GIB / 2 || size == 2 * GIB, "{size}");
        assert_eq!(Listing::get(&backend, &id()).unwrap().volume.capacity, size);
    });
}

#[test]
fn growth_that_died_beyond_a_limit_that_was_lowered_is_refused() {
    let machine = Machine::with_pool();
    created(&machine);
    machine.stop_after(1);
    expand(&on(&machine)).unwrap_err();
    machine.restart();
    let mut less = expansion(&id(), GIB + GIB / 2);
    less.capacity.limit = less.capacity.required;
    assert_eq!(refused(on(&machine).expand(&less)), Code::OutOfRange);
    expand(&on(&machine)).unwrap();
}
