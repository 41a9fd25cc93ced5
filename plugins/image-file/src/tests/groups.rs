//! Snapshots of several volumes at one point in time.

use mooring_sdk::group_snapshots::{CreateRequest as Taking, Group, GroupSnapshots};
use mooring_sdk::snapshots::{ListRequest, Snapshots};

use super::death::{at_each_point, nothing_is_left};
use super::points::{drop_snapshot, from_snapshot, make};
use super::*;

fn volume(number: u64) -> String {
    mooring_sdk::ids::derive("img-", &format!("pvc-{number}"))
}

fn volumes() -> Vec<String> {
    (0..3).map(volume).collect()
}

pub(super) fn taking(name: &str, sources: Vec<String>) -> Taking {
    Taking {
        name: name.to_owned(),
        source_volume_ids: sources,
        parameters: Vec::new(),
        secrets: Secrets::default(),
    }
}

fn take(backend: &Backend, sources: Vec<String>) -> Result<Group> {
    GroupSnapshots::create(backend, &taking("g1", sources))
}

fn get(backend: &Backend, id: &str, members: &[String]) -> Result<Group> {
    GroupSnapshots::get(backend, id, members, &Secrets::default())
}

fn drop_group(backend: &Backend, id: &str, members: &[String]) -> Result<()> {
    GroupSnapshots::delete(backend, id, members, &Secrets::default())
}

fn id() -> String {
    mooring_sdk::ids::derive("group-", "g1")
}

fn ids(group: &Group) -> Vec<String> {
    group.members.iter().map(|member| member.id.clone()).collect()
}

/// Three volumes, each with a block that says which moment it is.
fn prepare(machine: &Machine) {
    machine.set_time(1000);
    for number in 0..3 {
        make(&on(machine), &request(&format!("pvc-{number}"), GIB)).unwrap();
    }
    moment(machine, 1);
}

fn without_reflink(machine: &Machine) {
    prepare(machine);
    machine.set_reflink("default", false);
}

fn moment(machine: &Machine, value: u8) {
    for id in volumes() {
        machine.write_block("default", &id, 3, value);
    }
}

/// What the members hold of the volumes' block; all of them the same.
fn held(machine: &Machine, group: &Group) -> u8 {
    let of = |member: &Snapshot| machine.blocks("default", &member.id)[0].1;
    let first = of(&group.members[0]);
    assert!(group.members.iter().all(|member| of(member) == first), "of one moment");
    first
}

fn end_copies(machine: &Machine, group: &Group) {
    ids(group).iter().for_each(|id| machine.end_copy("default", id, Ok(())));
}

/// Deletes the group and the volumes, and sees that nothing is left.
fn delete_all(machine: &Machine) {
    drop_group(&on(machine), &id(), &[]).unwrap();
    for id in volumes() {
        Volumes::delete(&on(machine), &id, &Secrets::default()).unwrap();
    }
    nothing_is_left(machine);
}

#[test]
fn members_are_of_one_moment_also_while_they_are_written() {
    let machine = Machine::with_pool();
    prepare(&machine);
    machine.set_busy("default", &volume(1), true);
    let group = take(&on(&machine), volumes()).unwrap();
    assert!(group.ready && group.members.iter().all(|member| member.ready));
    assert_eq!((group.id.clone(), group.created), (id(), 1000));
    moment(&machine, 2);
    machine.set_time(2000);
    assert_eq!(held(&machine, &group), 1);
    let mut backwards = volumes();
    backwards.reverse();
    assert_eq!(take(&on(&machine), backwards), Ok(group.clone()), "the same volumes");
    assert_eq!(get(&on(&machine), &id(), &ids(&group)), Ok(group.clone()));
    let all =
        ListRequest { page: Page::default(), source_volume_id: None, secrets: Secrets::default() };
    let mut listed = Snapshots::list(&on(&machine), &all).unwrap().entries;
    assert!(listed.iter().all(|one| one.group_id == Some(id()) && one.created == 1000));
    let mut members = group.members.clone();
    listed.sort_by(|a, b| a.id.cmp(&b.id));
    members.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(listed, members);
    let restored = make(&on(&machine), &from_snapshot("copy", GIB, &members[0].id)).unwrap().id;
    assert_eq!(machine.blocks("default", &restored), [(3, 1)]);
}

#[test]
fn what_cannot_be_taken_together_is_not_taken_at_all() {
    let machine = Machine::with_pool();
    prepare(&machine);
    let with = |more: String| [volumes(), vec![more]].concat();
    let odd =
        Taking { parameters: vec![("a".to_owned(), "b".to_owned())], ..taking("g1", volumes()) };
    assert_eq!(refused(GroupSnapshots::create(&on(&machine), &odd)), Code::InvalidArgument);
    for (sources, code) in [
        (with("img-0".to_owned()), Code::NotFound),
        (with(volume(0)), Code::InvalidArgument),
        (Vec::new(), Code::InvalidArgument),
        ((0..65).map(volume).collect(), Code::InvalidArgument),
    ] {
        assert_eq!(refused(take(&on(&machine), sources)), code);
    }
    machine.set_busy("default", &volume(1), true);
    machine.set_freezable(false);
    assert_eq!(refused(take(&on(&machine), volumes())), Code::FailedPrecondition);
    machine.set_freezable(true);
    machine.set_reflink("default", false);
    assert_eq!(refused(take(&on(&machine), volumes())), Code::FailedPrecondition);
    assert_eq!((machine.keys().len(), machine.items("default").len()), (3, 3));
}

#[test]
fn other_volumes_or_other_members_are_told_apart() {
    let machine = Machine::with_pool();
    prepare(&machine);
    let group = take(&on(&machine), volumes()).unwrap();
    assert_eq!(refused(take(&on(&machine), volumes()[..2].to_vec())), Code::AlreadyExists);
    let members = ids(&group);
    for wrong in [&members[..2], &["snap-0".to_owned()], &[&members[..], &members[..1]].concat()] {
        assert_eq!(refused(get(&on(&machine), &id(), wrong)), Code::InvalidArgument);
        assert_eq!(refused(drop_group(&on(&machine), &id(), wrong)), Code::InvalidArgument);
    }
    assert_eq!(refused(drop_snapshot(&on(&machine), &members[0])), Code::InvalidArgument);
    assert_eq!(refused(get(&on(&machine), "group-0", &[])), Code::NotFound);
    drop_group(&on(&machine), "group-0", &members).unwrap();
    assert_eq!(machine.items("default").len(), 6);
    for _ in 0..2 {
        drop_group(&on(&machine), &id(), &members).unwrap();
    }
    assert_eq!((machine.keys().len(), machine.items("default").len()), (3, 3));
}

#[test]
fn without_reflink_members_are_copied_while_their_volumes_are_out_of_use() {
    let machine = Machine::with_pool();
    without_reflink(&machine);
    let group = take(&on(&machine), volumes()).unwrap();
    assert!(!group.ready && group.members.iter().all(|member| !member.ready));
    end_copies(&machine, &Group { members: group.members[..2].to_vec(), ..group.clone() });
    let now = get(&on(&machine), &id(), &[]).unwrap();
    let ready: Vec<_> = now.members.iter().map(|member| member.ready).collect();
    assert_eq!((now.ready, ready), (false, vec![true, true, false]));
    end_copies(&machine, &group);
    let now = take(&on(&machine), volumes()).unwrap();
    assert!(now.ready);
    assert_eq!(held(&machine, &now), 1);
    delete_all(&machine);
}

#[test]
fn a_member_whose_copying_failed_stays_so_and_goes_with_the_group() {
    let machine = Machine::with_pool();
    without_reflink(&machine);
    let group = take(&on(&machine), volumes()).unwrap();
    end_copies(&machine, &group);
    machine.damage("default", &group.members[1].id, None);
    let again = Machine::with_pool();
    without_reflink(&again);
    let group = take(&on(&again), volumes()).unwrap();
    again.end_copy("default", &group.members[0].id, Err("no room"));
    for _ in 0..2 {
        let error = take(&on(&again), volumes()).unwrap_err();
        assert!(error.code == Code::Internal && error.message.contains("no room"), "{error}");
        assert!(!get(&on(&again), &id(), &[]).unwrap().ready);
    }
    delete_all(&again);
}

fn taken(backend: &Backend) -> Result<()> {
    take(backend, volumes()).map(drop)
}

#[test]
fn taking_a_group_converges_when_repeated_and_is_of_one_moment() {
    for (with, effects) in [(prepare as fn(&Machine), 7), (without_reflink, 9)] {
        let points = at_each_point(with, taken, |machine| {
            machine.set_time(2000);
            let copying = machine.items("default").len() > 3;
            if !copying {
                moment(machine, 2);
            }
            let group = take(&on(machine), volumes()).unwrap();
            end_copies(machine, &group);
            held(machine, &group);
            assert_eq!((machine.keys().len(), machine.items("default").len()), (7, 6));
            delete_all(machine);
        });
        // The group, the images (one by one where they are copied), three records, the group; and
        // it dies while it reads what it answers.
        assert_eq!(points, effects);
    }
}

#[test]
fn a_group_whose_copying_died_half_way_begins_anew() {
    at_each_point(without_reflink, taken, |machine| {
        // Some are copied already, and their volumes are in use again.
        let begun = machine.items("default").len() - 3;
        for (name, _) in machine.items("default") {
            machine.end_copy("default", &name, Ok(()));
        }
        let taken_before = begun == 3;
        moment(machine, 2);
        let group = take(&on(machine), volumes()).unwrap();
        end_copies(machine, &group);
        assert_eq!(held(machine, &group), if taken_before { 1 } else { 2 });
    });
}

#[test]
fn a_group_that_died_can_be_deleted_or_given_up() {
    for with in [prepare as fn(&Machine), without_reflink] {
        at_each_point(with, taken, delete_all);
        at_each_point(with, taken, |machine| {
            for (name, _) in machine.items("default") {
                machine.end_copy("default", &name, Ok(()));
            }
            Volumes::delete(&on(machine), &volume(1), &Secrets::default()).unwrap();
            if let Err(error) = take(&on(machine), volumes()) {
                assert_eq!(error.code, Code::NotFound);
                assert_eq!((machine.keys().len(), machine.items("default").len()), (2, 2));
            }
            delete_all(machine);
        });
    }
}

#[test]
fn deleting_a_group_converges_and_leaves_no_half_of_it() {
    let with = |machine: &Machine| {
        prepare(machine);
        take(&on(machine), volumes()).unwrap();
    };
    let delete = |backend: &Backend| drop_group(backend, &id(), &[]);
    let points = at_each_point(with, delete, delete_all);
    assert_eq!(points, 11, "the group, three of each member, the group");
    at_each_point(with, delete, |machine| {
        moment(machine, 2);
        let whole = machine.items("default").len() == 6;
        let group = take(&on(machine), volumes()).unwrap();
        assert!(group.ready);
        if !whole {
            assert_eq!(held(machine, &group), 2, "taken anew");
        }
        delete_all(machine);
    });
}
