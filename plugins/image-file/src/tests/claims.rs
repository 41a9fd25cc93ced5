//! A creation comes by a name and a deletion by an id: neither touches what the other is at.

use mooring_sdk::group_snapshots::GroupSnapshots;
use mooring_sdk::ids::derive;

use super::points::{drop_snapshot, from_snapshot, make, take, with_volume};
use super::{groups, *};

/// Another call has the record meanwhile.
fn is_left_alone(machine: &Machine, key: &str, call: impl Fn() -> Result<()>) {
    let stands = || (machine.keys(), machine.items("default"));
    let before = stands();
    machine.set_claimed(key, true);
    assert_eq!(refused(call()), Code::Aborted, "{key}");
    assert_eq!(stands(), before, "{key}");
    machine.set_claimed(key, false);
    call().unwrap();
}

#[test]
fn a_volume() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let id = derive("img-", "pvc-1");
    let key = format!("volume/{id}");
    is_left_alone(&machine, &key, || make(&backend, &request("pvc-1", GIB)).map(drop));
    is_left_alone(&machine, &key, || make(&backend, &request("pvc-1", GIB)).map(drop));
    is_left_alone(&machine, &key, || Volumes::delete(&backend, &id, &Secrets::default()));
}

#[test]
fn a_snapshot_and_what_is_made_of_it() {
    let machine = Machine::with_pool();
    let (backend, volume) = (on(&machine), with_volume(&machine));
    let (id, restored) = (derive("snap-", "one"), derive("img-", "pvc-2"));
    let key = format!("snapshot/{id}");
    is_left_alone(&machine, &key, || take(&backend, "one", &volume).map(drop));
    let restore = from_snapshot("pvc-2", GIB, &id);
    is_left_alone(&machine, &format!("volume/{restored}"), || make(&backend, &restore).map(drop));
    is_left_alone(&machine, &key, || drop_snapshot(&backend, &id));
}

#[test]
fn a_group() {
    let machine = Machine::with_pool();
    let (backend, volume) = (on(&machine), with_volume(&machine));
    let id = derive("group-", "all");
    let key = format!("group/{id}");
    let taking = groups::taking("all", vec![volume]);
    is_left_alone(&machine, &key, || GroupSnapshots::create(&backend, &taking).map(drop));
    let delete = || GroupSnapshots::delete(&backend, &id, &[], &Secrets::default());
    is_left_alone(&machine, &key, delete);
}
