//! Volumes in use: on one node at a time, in one way.

use mooring_sdk::nodes::Nodes;
use mooring_sdk::publishing::{Publishing, Request};

use super::death::at_each_point;
use super::places::{facts, register};
use super::*;

fn publication(volume: &str, node: &str) -> Request {
    Request {
        volume_id: volume.to_owned(),
        node_id: node.to_owned(),
        capability: capability(AccessMode::SingleNodeWriter),
        readonly: false,
        volume_context: Vec::new(),
        secrets: Secrets::default(),
    }
}

fn publish(machine: &Machine, volume: &str, node: &str) -> Result<()> {
    on(machine).publish(&publication(volume, node)).map(drop)
}

fn unpublish(machine: &Machine, volume: &str, node: Option<&str>) -> Result<()> {
    on(machine).unpublish(volume, node, &Secrets::default())
}

fn volume(machine: &Machine, name: &str) -> String {
    on(machine).create(&request(name, GIB)).unwrap().id
}

fn nodes_of(machine: &Machine, volume: &str) -> Vec<String> {
    Listing::get(&on(machine), volume).unwrap().published_nodes.unwrap()
}

fn slots(machine: &Machine) -> usize {
    machine.keys().iter().filter(|key| key.starts_with("slot/")).count()
}

/// Two nodes and a volume.
fn prepared() -> (Machine, String) {
    let machine = Machine::with_pool();
    register(&machine, "n1", &[]);
    register(&machine, "n2", &[]);
    let id = volume(&machine, "pvc-1");
    (machine, id)
}

#[test]
fn a_published_volume_is_listed_at_its_node_and_cannot_be_deleted() {
    let (machine, id) = prepared();
    assert_eq!(nodes_of(&machine, &id), Vec::<String>::new());
    for _ in 0..2 {
        publish(&machine, &id, "n1").unwrap();
        assert_eq!((nodes_of(&machine, &id), slots(&machine)), (vec!["n1".to_owned()], 1));
    }
    let listed = on(&machine).list(&Page::default()).unwrap().entries;
    assert_eq!(listed[0].published_nodes, Some(vec!["n1".to_owned()]));
    let error = on(&machine).delete(&id, &Secrets::default()).unwrap_err();
    assert_eq!(error.code, Code::FailedPrecondition);
    assert!(error.message.contains("n1"), "{error}");
    unpublish(&machine, &id, Some("n1")).unwrap();
    on(&machine).delete(&id, &Secrets::default()).unwrap();
    assert_eq!(machine.keys(), ["node/n1", "node/n2"]);
}

#[test]
fn what_is_not_there_is_not_found_and_what_is_otherwise_is_told() {
    let (machine, id) = prepared();
    assert_eq!(refused(publish(&machine, "img-0", "n1")), Code::NotFound);
    assert_eq!(refused(publish(&machine, &id, "n3")), Code::NotFound);
    publish(&machine, &id, "n1").unwrap();
    let error = publish(&machine, &id, "n2").unwrap_err();
    assert_eq!(error.code, Code::FailedPrecondition);
    assert!(error.message.contains("\"n1\""), "{error}");
    let base = || publication(&id, "n1");
    let block = Capability { access: AccessType::Block, ..base().capability };
    for (other, code) in [
        (Request { readonly: true, ..base() }, Code::AlreadyExists),
        (Request { capability: block, ..base() }, Code::AlreadyExists),
        (
            Request { capability: capability(AccessMode::SingleNodeSingleWriter), ..base() },
            Code::AlreadyExists,
        ),
        (
            Request { capability: capability(AccessMode::MultiNodeMultiWriter), ..base() },
            Code::InvalidArgument,
        ),
    ] {
        assert_eq!(refused(on(&machine).publish(&other)), code, "{other:?}");
    }
    assert_eq!((nodes_of(&machine, &id), slots(&machine)), (vec!["n1".to_owned()], 1));
}

#[test]
fn unpublishing_takes_back_what_is_meant_and_is_ok_where_nothing_is() {
    let (machine, id) = prepared();
    for node in [None, Some("n1"), Some("n9")] {
        unpublish(&machine, &id, node).unwrap();
        unpublish(&machine, "img-0", node).unwrap();
    }
    publish(&machine, &id, "n1").unwrap();
    unpublish(&machine, &id, Some("n2")).unwrap();
    assert_eq!(nodes_of(&machine, &id), ["n1"]);
    unpublish(&machine, &id, None).unwrap();
    assert_eq!((nodes_of(&machine, &id), slots(&machine)), (vec![], 0));
    publish(&machine, &id, "n2").unwrap();
}

#[test]
fn a_node_holds_as_many_volumes_as_the_operator_lets_it() {
    let (machine, first) = prepared();
    machine.set_config(r#"{"maxVolumesPerNode": 2}"#);
    machine.shorten_scans(1);
    let (second, third) = (volume(&machine, "pvc-2"), volume(&machine, "pvc-3"));
    publish(&machine, &first, "n1").unwrap();
    publish(&machine, &second, "n1").unwrap();
    let before = machine.keys();
    assert_eq!(refused(publish(&machine, &third, "n1")), Code::ResourceExhausted);
    assert_eq!((machine.keys(), nodes_of(&machine, &third)), (before, vec![]));
    publish(&machine, &second, "n1").unwrap();
    publish(&machine, &third, "n2").unwrap();
    unpublish(&machine, &third, None).unwrap();
    unpublish(&machine, &first, None).unwrap();
    publish(&machine, &third, "n1").unwrap();
    machine.set_config(r#"{"maxVolumesPerNode": 1}"#);
    publish(&machine, &second, "n1").unwrap();
}

#[test]
fn a_pool_elsewhere_is_not_published_to_a_node() {
    let machine = Machine::with_pool();
    machine.set_config(r#"{"pools": {"default": {"topology": {"zone": "a"}}}}"#);
    register(&machine, "near", &[("zone", "a")]);
    register(&machine, "far", &[("zone", "b")]);
    let id = volume(&machine, "pvc-1");
    assert_eq!(refused(publish(&machine, &id, "far")), Code::FailedPrecondition);
    publish(&machine, &id, "near").unwrap();
}

#[test]
fn a_volume_that_was_never_published_can_be_attached_and_a_published_one_only_there_and_so() {
    let (machine, id) = prepared();
    let stage = |node: &str, readonly| attachments::Request {
        node_id: node.to_owned(),
        readonly,
        ..staging(&id, AccessMode::SingleNodeWriter)
    };
    assert!(
        Attachments::describe(&on(&machine), &stage("n9", false)).is_ok(),
        "no one publishes here"
    );
    assert!(on(&machine).supports_readonly());
    on(&machine).publish(&Request { readonly: true, ..publication(&id, "n1") }).unwrap();
    let elsewhere = Attachments::describe(&on(&machine), &stage("n2", true));
    assert_eq!(refused(elsewhere), Code::FailedPrecondition);
    let writing = Attachments::describe(&on(&machine), &stage("n1", false));
    assert_eq!(refused(writing), Code::FailedPrecondition, "it is published for reading");
    assert!(Attachments::describe(&on(&machine), &stage("n1", true)).is_ok());
    unpublish(&machine, &id, None).unwrap();
    publish(&machine, &id, "n1").unwrap();
    assert!(Attachments::describe(&on(&machine), &stage("n1", false)).is_ok());
}

fn id() -> String {
    mooring_sdk::ids::derive("img-", "pvc-1")
}

fn prepare(machine: &Machine) {
    machine.set_config(r#"{"maxVolumesPerNode": 1}"#);
    register(machine, "n1", &[]);
    volume(machine, "pvc-1");
}

fn publishing(backend: &Backend) -> Result<()> {
    backend.publish(&publication(&id(), "n1")).map(drop)
}

fn nothing_is_published(machine: &Machine) {
    assert_eq!((nodes_of(machine, &id()), slots(machine)), (vec![], 0));
    on(machine).delete(&id(), &Secrets::default()).unwrap();
    assert_eq!(machine.keys(), ["node/n1"]);
}

#[test]
fn publishing_that_died_can_be_repeated_or_taken_back_in_either_way() {
    let points = at_each_point(prepare, publishing, |machine| {
        publishing(&on(machine)).unwrap();
        assert_eq!((nodes_of(machine, &id()), slots(machine)), (vec!["n1".to_owned()], 1));
    });
    assert_eq!(points, 3, "the record, the slot, the count of slots");
    for node in [None, Some("n1")] {
        at_each_point(prepare, publishing, |machine| {
            unpublish(machine, &id(), node).unwrap();
            nothing_is_published(machine);
        });
    }
}

#[test]
fn unpublishing_that_died_can_be_repeated_or_undone() {
    let published = |machine: &Machine| {
        prepare(machine);
        publishing(&on(machine)).unwrap();
    };
    let back = |backend: &Backend| backend.unpublish(&id(), None, &Secrets::default());
    let points = at_each_point(published, back, |machine| {
        unpublish(machine, &id(), None).unwrap();
        nothing_is_published(machine);
    });
    assert_eq!(points, 2, "the slot, the record");
    at_each_point(published, back, |machine| publishing(&on(machine)).unwrap());
    at_each_point(published, back, |machine| {
        if on(machine).delete(&id(), &Secrets::default()).is_ok() {
            assert_eq!(slots(machine), 0, "no volume leaves a slot behind");
        }
    });
}

#[test]
fn registering_that_died_can_be_repeated() {
    let describe = |backend: &Backend| Nodes::describe(backend, &facts("n1", &[])).map(drop);
    let points = at_each_point(
        |_| {},
        describe,
        |machine| {
            describe(&on(machine)).unwrap();
            assert_eq!(machine.keys(), ["node/n1"]);
        },
    );
    assert_eq!(points, 1);
}
