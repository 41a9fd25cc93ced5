//! As `death`, for snapshots and for volumes that are made of them.

use super::death::{at_each_point, nothing_is_left};
use super::points::{drop_snapshot, from_snapshot, make, take, with_volume};
use super::*;

fn volume() -> String {
    mooring_sdk::ids::derive("img-", "pvc-1")
}

fn copy() -> String {
    mooring_sdk::ids::derive("img-", "copy")
}

fn snapshot() -> String {
    mooring_sdk::ids::derive("snap-", "s1")
}

fn restore(backend: &Backend) -> Result<()> {
    make(backend, &from_snapshot("copy", 2 * GIB, &snapshot())).map(drop)
}

fn with_snapshot(machine: &Machine) {
    with_volume(machine);
    take(&on(machine), "s1", &volume()).unwrap();
}

fn delete_volume(machine: &Machine, id: &str) {
    Volumes::delete(&on(machine), id, &Secrets::default()).unwrap();
}

fn delete_all(machine: &Machine) {
    drop_snapshot(&on(machine), &snapshot()).unwrap();
    delete_volume(machine, &volume());
    delete_volume(machine, &copy());
    nothing_is_left(machine);
}

fn taking(backend: &Backend) -> Result<()> {
    take(backend, "s1", &volume()).map(drop)
}

#[test]
fn taking_converges_when_repeated_at_the_time_of_the_image() {
    for reflink in [true, false] {
        let prepare = |machine: &Machine| {
            with_volume(machine);
            machine.set_reflink("default", reflink);
        };
        let points = at_each_point(prepare, taking, |machine| {
            let taken = machine.items("default").len() == 2;
            machine.set_time(2000);
            machine.write_block("default", &volume(), 3, 9);
            let answer = take(&on(machine), "s1", &volume()).unwrap();
            assert_eq!(answer.ready, reflink);
            machine.end_copy("default", &snapshot(), Ok(()));
            let held = machine.blocks("default", &snapshot());
            assert_eq!(held, [(3, if answer.created == 1000 { 7 } else { 9 })], "of its time");
            assert!(taken || answer.created == 2000);
            assert!(!reflink || !taken || answer.created == 1000);
            assert_eq!((machine.keys().len(), machine.items("default").len()), (2, 2));
            delete_all(machine);
        });
        assert_eq!(points, 3, "the record, the image, the record");
    }
}

#[test]
fn taking_that_died_can_be_deleted_or_given_up() {
    at_each_point(|machine| drop(with_volume(machine)), taking, delete_all);
    at_each_point(
        |machine| drop(with_volume(machine)),
        taking,
        |machine| {
            delete_volume(machine, &volume());
            // Without its volume it is either there as a whole, or refused without a trace.
            match take(&on(machine), "s1", &volume()) {
                Ok(found) => assert!(found.ready && machine.items("default").len() == 1),
                Err(error) => {
                    assert_eq!(error.code, Code::NotFound);
                    nothing_is_left(machine);
                }
            }
        },
    );
}

#[test]
fn deletion_of_a_snapshot_converges_and_is_never_half_a_snapshot() {
    let delete = |backend: &Backend| drop_snapshot(backend, &snapshot());
    let points = at_each_point(with_snapshot, delete, delete_all);
    assert_eq!(points, 3, "the record, the image, the record");
    at_each_point(with_snapshot, delete, |machine| {
        let whole = machine.items("default").len() == 2;
        if restore(&on(machine)).is_ok() {
            assert!(whole);
        }
        assert!(take(&on(machine), "s1", &volume()).unwrap().ready, "taken anew, or still there");
        assert_eq!(machine.blocks("default", &snapshot()), [(3, 7)]);
        delete_all(machine);
    });
}

#[test]
fn restoring_converges_when_repeated() {
    let points = at_each_point(with_snapshot, restore, |machine| {
        restore(&on(machine)).unwrap();
        assert!(machine.items("default").contains(&(copy(), 2 * GIB)));
        assert_eq!(machine.blocks("default", &copy()), [(3, 7)]);
        delete_all(machine);
    });
    assert_eq!(points, 4, "the record, the image, its growth, the record");
    at_each_point(with_snapshot, restore, delete_all);
}

#[test]
fn what_is_not_restored_whole_is_not_attached() {
    at_each_point(with_snapshot, restore, |machine| {
        let stage = staging(&copy(), AccessMode::SingleNodeWriter);
        if on(machine).describe(&stage).is_ok() {
            assert!(machine.items("default").contains(&(copy(), 2 * GIB)));
        }
    });
}

#[test]
fn restoring_that_died_and_lost_its_snapshot_leaves_nothing_unless_it_was_copied() {
    at_each_point(with_snapshot, restore, |machine| {
        drop_snapshot(&on(machine), &snapshot()).unwrap();
        if let Err(error) = restore(&on(machine)) {
            assert_eq!(error.code, Code::NotFound);
            assert_eq!((machine.keys().len(), machine.items("default").len()), (1, 1));
        }
        delete_all(machine);
    });
}

#[test]
fn a_restored_volume_whose_deletion_died_is_made_anew() {
    let prepare = |machine: &Machine| {
        with_snapshot(machine);
        restore(&on(machine)).unwrap();
    };
    let delete = |backend: &Backend| Volumes::delete(backend, &copy(), &Secrets::default());
    let points = at_each_point(prepare, delete, |machine| {
        restore(&on(machine)).unwrap();
        assert_eq!(machine.blocks("default", &copy()), [(3, 7)]);
        delete_all(machine);
    });
    assert_eq!(points, 2);
}
