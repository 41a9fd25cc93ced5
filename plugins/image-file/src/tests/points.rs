//! Points in time: snapshots, what is made of them, and what lies between two of them.

use mooring_sdk::changed_blocks::Block;
use mooring_sdk::snapshots::{CreateRequest as Taking, ListRequest, Snapshots};
use mooring_sdk::testing::BLOCK;

use super::*;

pub(super) fn taking(name: &str, volume: &str) -> Taking {
    Taking {
        name: name.to_owned(),
        source_volume_id: volume.to_owned(),
        parameters: Vec::new(),
        secrets: Secrets::default(),
    }
}

pub(super) fn take(backend: &Backend, name: &str, volume: &str) -> Result<Snapshot> {
    Snapshots::create(backend, &taking(name, volume))
}

pub(super) fn drop_snapshot(backend: &Backend, id: &str) -> Result<()> {
    Snapshots::delete(backend, id, &Secrets::default())
}

fn look(backend: &Backend, id: &str) -> Result<Snapshot> {
    Snapshots::get(backend, id, &Secrets::default())
}

pub(super) fn make(backend: &Backend, request: &CreateRequest) -> Result<Volume> {
    Volumes::create(backend, request)
}

pub(super) fn from_snapshot(name: &str, size: u64, id: &str) -> CreateRequest {
    CreateRequest { source: Some(ContentSource::Snapshot(id.to_owned())), ..request(name, size) }
}

fn from_volume(name: &str, size: u64, id: &str) -> CreateRequest {
    CreateRequest { source: Some(ContentSource::Volume(id.to_owned())), ..request(name, size) }
}

/// A machine with a volume `pvc-1` of 1 GiB with a block in it.
pub(super) fn with_volume(machine: &Machine) -> String {
    machine.set_time(1000);
    let id = make(&on(machine), &request("pvc-1", GIB)).unwrap().id;
    machine.write_block("default", &id, 3, 7);
    id
}

fn listed(backend: &Backend, source: Option<&str>, max_entries: u32) -> Vec<String> {
    let (mut ids, mut token) = (Vec::new(), None);
    loop {
        let request = ListRequest {
            page: Page { max_entries, token },
            source_volume_id: source.map(ToOwned::to_owned),
            secrets: Secrets::default(),
        };
        let page = Snapshots::list(backend, &request).unwrap();
        ids.extend(page.entries.into_iter().map(|snapshot| snapshot.id));
        token = page.next;
        if token.is_none() {
            return ids;
        }
    }
}

#[test]
fn a_snapshot_keeps_its_bytes_its_size_and_its_time() {
    let machine = Machine::with_pool();
    let (backend, volume) = (on(&machine), with_volume(&machine));
    let first = take(&backend, "s1", &volume).unwrap();
    assert_eq!((first.size, first.created, first.ready), (GIB, 1000, true));
    assert_eq!(first.source_volume_id, volume);
    machine.set_time(2000);
    machine.write_block("default", &volume, 3, 8);
    backend.expand(&expansion(&volume, 2 * GIB)).unwrap();
    assert_eq!(take(&backend, "s1", &volume), Ok(first.clone()));
    assert_eq!(look(&backend, &first.id), Ok(first.clone()));
    assert_eq!(machine.blocks("default", &first.id), [(3, 7)]);
    Volumes::delete(&backend, &volume, &Secrets::default()).unwrap();
    assert_eq!(take(&backend, "s1", &volume), Ok(first), "the volume is gone, it is not");
}

#[test]
fn a_snapshot_of_what_is_not_there_or_not_the_same_is_refused_without_a_trace() {
    let machine = Machine::with_pool();
    let (backend, volume) = (on(&machine), with_volume(&machine));
    let other = make(&backend, &request("pvc-2", GIB)).unwrap().id;
    assert_eq!(refused(take(&backend, "s1", "img-0")), Code::NotFound);
    let odd = Taking { parameters: vec![("a".to_owned(), "b".to_owned())], ..taking("s", &volume) };
    assert_eq!(refused(Snapshots::create(&backend, &odd)), Code::InvalidArgument);
    assert_eq!(machine.items("default").len(), 2);
    take(&backend, "s1", &volume).unwrap();
    assert_eq!(refused(take(&backend, "s1", &other)), Code::AlreadyExists);
    assert_eq!(refused(look(&backend, "snap-0")), Code::NotFound);
    drop_snapshot(&backend, "snap-0").unwrap();
    assert_eq!((machine.keys().len(), machine.items("default").len()), (3, 3));
}

#[test]
fn listing_holds_every_snapshot_once_and_knows_their_volumes() {
    let machine = Machine::with_pool();
    machine.shorten_scans(2);
    let (backend, volume) = (on(&machine), with_volume(&machine));
    let other = make(&backend, &request("pvc-2", GIB)).unwrap().id;
    for number in 0..7 {
        let of = if number % 3 == 0 { &other } else { &volume };
        take(&backend, &format!("s{number}"), of).unwrap();
    }
    for (source, count) in [(None, 7), (Some(&*volume), 4), (Some(&*other), 3), (Some("x"), 0)] {
        for page in [0, 1, 2, 3] {
            let ids = listed(&backend, source, page);
            assert_eq!(ids.len(), count, "{source:?} by {page}");
            assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
        }
    }
}

#[test]
fn a_restored_volume_holds_the_snapshot_and_is_never_blank() {
    let machine = Machine::with_pool();
    let (backend, volume) = (on(&machine), with_volume(&machine));
    let snapshot = take(&backend, "s1", &volume).unwrap().id;
    machine.write_block("default", &volume, 3, 8);
    for (name, size) in [("same", GIB), ("larger", 3 * GIB)] {
        let asked = from_snapshot(name, size, &snapshot);
        let made = make(&backend, &asked).unwrap();
        assert_eq!((made.capacity, &made.source), (size, &asked.source));
        assert_eq!(machine.blocks("default", &made.id), [(3, 7)]);
        assert!(machine.items("default").contains(&(made.id.clone(), size)));
        let answer = backend.describe(&staging(&made.id, AccessMode::SingleNodeWriter)).unwrap();
        assert_eq!(answer.content, attachments::Content::Copied);
        assert_eq!(answer.minimum_size, Some(size));
        assert_eq!(make(&backend, &asked), Ok(made));
    }
    let open = CreateRequest { capacity: None, ..from_snapshot("open", 0, &snapshot) };
    assert_eq!(make(&backend, &open).unwrap().capacity, GIB, "the source's size");
    drop_snapshot(&backend, &snapshot).unwrap();
    assert!(make(&backend, &open).is_ok(), "what was made does not need its source");
}

#[test]
fn a_clone_is_of_its_own_even_where_the_source_was_never_attached() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let source = make(&backend, &request("pvc-1", GIB)).unwrap().id;
    let copy = make(&backend, &from_volume("copy", GIB, &source)).unwrap().id;
    machine.write_block("default", &copy, 1, 1);
    assert_eq!(machine.blocks("default", &source), []);
    Volumes::delete(&backend, &source, &Secrets::default()).unwrap();
    assert_eq!(machine.blocks("default", &copy), [(1, 1)]);
}

#[test]
fn a_copy_that_cannot_be_is_refused_without_a_trace() {
    let machine = Machine::with_pool();
    machine.grant("fast", 1 << 40);
    let (backend, volume) = (on(&machine), with_volume(&machine));
    let limited = CreateRequest {
        capacity: Some(CapacityRange { required: None, limit: Some(GIB / 2) }),
        ..from_volume("copy", 0, &volume)
    };
    for (bad, code) in [
        (from_volume("copy", GIB / 2, &volume), Code::OutOfRange),
        (limited, Code::OutOfRange),
        (from_volume("copy", GIB, "img-0"), Code::NotFound),
        (from_snapshot("copy", GIB, "snap-0"), Code::NotFound),
        (with_pool("fast", from_volume("copy", GIB, &volume)), Code::InvalidArgument),
        (from_volume("copy", 2 << 40, &volume), Code::ResourceExhausted),
        (from_volume("pvc-1", GIB, &volume), Code::AlreadyExists),
    ] {
        assert_eq!(refused(make(&backend, &bad)), code, "{bad:?}");
        assert_eq!((machine.keys().len(), machine.items("default").len()), (1, 1), "{bad:?}");
    }
    make(&backend, &from_volume("copy", GIB, &volume)).unwrap();
    assert_eq!(refused(make(&backend, &request("copy", GIB))), Code::AlreadyExists);
}

#[test]
fn without_reflink_a_snapshot_is_ready_when_its_copy_is() {
    let machine = Machine::with_pool();
    machine.set_reflink("default", false);
    let (backend, volume) = (on(&machine), with_volume(&machine));
    machine.set_busy("default", &volume, true);
    assert_eq!(refused(take(&backend, "s1", &volume)), Code::FailedPrecondition);
    assert_eq!((machine.keys().len(), machine.items("default").len()), (1, 1));
    machine.set_busy("default", &volume, false);
    let first = take(&backend, "s1", &volume).unwrap();
    assert!(!first.ready);
    machine.set_time(5000);
    assert_eq!(take(&backend, "s1", &volume), Ok(first.clone()));
    let restore = from_snapshot("copy", GIB, &first.id);
    assert_eq!(refused(make(&backend, &restore)), Code::Unavailable);
    assert_eq!(machine.keys().len(), 2, "nothing was begun");
    machine.end_copy("default", &first.id, Ok(()));
    assert_eq!(look(&backend, &first.id), Ok(Snapshot { ready: true, ..first.clone() }));

    assert_eq!(refused(make(&backend, &restore)), Code::Unavailable, "being copied");
    let copy = mooring_sdk::ids::derive("img-", "copy");
    let stage = staging(&copy, AccessMode::SingleNodeWriter);
    assert_eq!(refused(backend.describe(&stage)), Code::Unavailable);
    machine.end_copy("default", &copy, Ok(()));
    assert_eq!(make(&backend, &restore).unwrap().id, copy);
    assert_eq!(machine.blocks("default", &copy), [(3, 7)]);
    assert!(backend.describe(&stage).is_ok());
}

#[test]
fn a_copy_that_failed_is_told_and_never_restored() {
    let machine = Machine::with_pool();
    machine.set_reflink("default", false);
    let (backend, volume) = (on(&machine), with_volume(&machine));
    let id = take(&backend, "s1", &volume).unwrap().id;
    machine.end_copy("default", &id, Err("no room"));
    let error = take(&backend, "s1", &volume).unwrap_err();
    assert!(error.code == Code::Internal && error.message.contains("no room"), "{error}");
    assert_eq!(refused(make(&backend, &from_snapshot("copy", GIB, &id))), Code::Unavailable);
    drop_snapshot(&backend, &id).unwrap();
    assert_eq!((machine.keys().len(), machine.items("default").len()), (1, 1));
}

#[test]
fn blocks_are_those_written_and_those_changed() {
    let machine = Machine::with_pool();
    let (backend, volume) = (on(&machine), with_volume(&machine));
    let none = Secrets::default();
    let window = |offset| Window { offset, limit: 10 };
    machine.write_block("default", &volume, 9, 1);
    let base = take(&backend, "s1", &volume).unwrap().id;
    machine.write_block("default", &volume, 3, 0);
    machine.write_block("default", &volume, 5, 5);
    let target = take(&backend, "s2", &volume).unwrap().id;
    let at = |number| Block { offset: number * BLOCK, size: BLOCK };
    let found = backend.allocated(&target, window(0), &none).unwrap();
    assert_eq!((found.volume_capacity, found.blocks), (GIB, vec![at(5), at(9)]));
    let found = backend.delta(&base, &target, window(0), &none).unwrap();
    assert_eq!(found.blocks, [at(3), at(5)], "also what was handed back");
    let one = Window { offset: 4 * BLOCK, limit: 1 };
    assert_eq!(backend.delta(&base, &target, one, &none).unwrap().blocks, [at(5)]);
    assert_eq!(backend.allocated(&target, window(GIB), &none).unwrap().blocks, []);
    let past = backend.allocated(&target, window(GIB + 1), &none);
    assert_eq!(refused(past), Code::OutOfRange);
    assert_eq!(refused(backend.delta(&base, "snap-0", window(0), &none)), Code::NotFound);
    let other = make(&backend, &request("pvc-2", GIB)).unwrap().id;
    let other = take(&backend, "s3", &other).unwrap().id;
    assert_eq!(refused(backend.delta(&base, &other, window(0), &none)), Code::InvalidArgument);
}
