use mooring_sdk::attachments::{self, Attachments};
use mooring_sdk::capacity::{self, Capacity};
use mooring_sdk::changed_blocks::{ChangedBlocks, Window};
use mooring_sdk::expansion::{self, Expansion};
use mooring_sdk::listing::Listing;
use mooring_sdk::pool::Pools;
use mooring_sdk::testing::Machine;
use mooring_sdk::types::{
    AccessMode, AccessType, Capability, CapacityRange, ContentSource, Page, Snapshot, Volume,
};
use mooring_sdk::volumes::{CreateRequest, ValidateRequest, Verdict, Volumes};
use mooring_sdk::{Code, Secrets};

use super::*;

mod claims;
mod death;
mod direct;
mod groups;
mod places;
mod points;
mod points_death;
mod publications;
mod sickness;
mod tuning;

const GIB: u64 = 1 << 30;

type Backend = ImageFile<Machine>;

fn on(machine: &Machine) -> Backend {
    ImageFile(machine.clone())
}

fn capability(mode: AccessMode) -> Capability {
    Capability { access: AccessType::Mount("ext4".to_owned()), mode }
}

fn request(name: &str, required: u64) -> CreateRequest {
    CreateRequest {
        name: name.to_owned(),
        capacity: Some(CapacityRange { required: Some(required), limit: None }),
        capabilities: vec![capability(AccessMode::SingleNodeWriter)],
        parameters: Vec::new(),
        mutable_parameters: Vec::new(),
        source: None,
        accessibility: None,
        secrets: Secrets::default(),
    }
}

fn with_pool(pool: &str, request: CreateRequest) -> CreateRequest {
    CreateRequest { parameters: vec![("pool".to_owned(), pool.to_owned())], ..request }
}

fn expansion(id: &str, required: u64) -> expansion::Request {
    expansion::Request {
        volume_id: id.to_owned(),
        capacity: CapacityRange { required: Some(required), limit: None },
        capability: None,
        secrets: Secrets::default(),
    }
}

fn validation(id: &str) -> ValidateRequest {
    ValidateRequest {
        id: id.to_owned(),
        context: Vec::new(),
        capabilities: vec![capability(AccessMode::SingleNodeWriter)],
        parameters: Vec::new(),
        mutable_parameters: Vec::new(),
        secrets: Secrets::default(),
    }
}

fn staging(id: &str, mode: AccessMode) -> attachments::Request {
    attachments::Request {
        volume_id: id.to_owned(),
        volume_context: Vec::new(),
        publish_context: Vec::new(),
        capability: capability(mode),
        readonly: false,
        node_id: "n1".to_owned(),
        secrets: Secrets::default(),
    }
}

fn refused(result: Result<impl std::fmt::Debug>) -> Code {
    result.unwrap_err().code
}

#[test]
fn a_new_volume_is_one_record_and_one_image() {
    let machine = Machine::with_pool();
    let volume = on(&machine).create(&request("pvc-1", 10 * GIB)).unwrap();
    assert_eq!(volume.capacity, 10 * GIB);
    assert_eq!(machine.items("default"), [(volume.id.clone(), 10 * GIB)]);
    assert_eq!(machine.keys(), [format!("volume/{}", volume.id)]);
    assert_eq!(machine.calls(), 5, "the nodes, the pools, one claim, one insert, one image");
}

#[test]
fn the_same_request_again_answers_the_same_volume() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let first = backend.create(&request("pvc-1", GIB)).unwrap();
    assert_eq!(backend.create(&request("pvc-1", GIB)), Ok(first.clone()));
    // Spelling the default out, or asking for less than is there, asks for the same volume.
    assert_eq!(backend.create(&with_pool("default", request("pvc-1", 5))), Ok(first.clone()));
    let open = CreateRequest { capacity: None, ..request("pvc-1", 0) };
    assert_eq!(backend.create(&open), Ok(first));
}

#[test]
fn another_request_of_the_same_name_is_told_apart() {
    let machine = Machine::with_pool();
    machine.grant("fast", 1 << 40);
    let backend = on(&machine);
    backend.create(&request("pvc-1", GIB)).unwrap();
    let limited = CreateRequest {
        capacity: Some(CapacityRange { required: None, limit: Some(GIB / 2) }),
        ..request("pvc-1", 0)
    };
    for other in [request("pvc-1", 2 * GIB), with_pool("fast", request("pvc-1", GIB)), limited] {
        assert_eq!(refused(backend.create(&other)), Code::AlreadyExists, "{other:?}");
    }
    assert_eq!(machine.items("default").len(), 1);
    assert_eq!(machine.items("fast"), []);
}

#[test]
fn a_volume_stays_in_its_pool_when_the_default_changes() {
    let machine = Machine::default();
    machine.grant("fast", 1 << 40);
    let backend = on(&machine);
    let first = backend.create(&request("pvc-1", GIB)).unwrap();
    machine.grant("default", 1 << 40);
    assert_eq!(backend.create(&request("pvc-1", GIB)), Ok(first));
    assert_eq!(machine.items("default"), []);
}

#[test]
fn two_names_with_one_id_are_noticed() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let id = backend.create(&request("pvc-1", GIB)).unwrap().id;
    let found = record::VOLUMES.find(&machine, &id).unwrap();
    let other = record::Volume { name: "pvc-2".to_owned(), ..found.value };
    record::VOLUMES.replace(&machine, &id, &other, found.version).unwrap();
    assert_eq!(refused(backend.create(&request("pvc-1", GIB))), Code::Internal);
}

#[test]
fn what_cannot_be_served_is_refused_without_a_trace() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let base = || request("pvc-1", GIB);
    let several = |mode| CreateRequest { capabilities: vec![capability(mode)], ..base() };
    let parameter = |name: &str| CreateRequest {
        parameters: vec![(name.to_owned(), "x".to_owned())],
        ..base()
    };
    let source = ContentSource::Snapshot("s".to_owned());
    for (bad, code) in [
        (several(AccessMode::MultiNodeMultiWriter), Code::InvalidArgument),
        (several(AccessMode::MultiNodeReaderOnly), Code::InvalidArgument),
        (parameter("colour"), Code::InvalidArgument),
        (parameter("pool"), Code::InvalidArgument),
        (CreateRequest { source: Some(source), ..base() }, Code::NotFound),
        (request("pvc-1", (16 << 40) + 1), Code::OutOfRange),
    ] {
        assert_eq!(refused(backend.create(&bad)), code, "{bad:?}");
    }
    assert_eq!((machine.keys(), machine.items("default")), (vec![], vec![]));
}

#[test]
fn an_unknown_parameter_is_answered_with_the_known_ones() {
    let bad = CreateRequest {
        parameters: vec![("colour".to_owned(), "x".to_owned())],
        ..request("pvc-1", GIB)
    };
    let error = on(&Machine::with_pool()).create(&bad).unwrap_err();
    assert!(error.message.contains("colour") && error.message.contains("pool"), "{error}");
}

#[test]
fn a_foreign_item_in_the_pool_is_left_alone() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let id = mooring_sdk::ids::derive("img-", "pvc-1");
    machine.create_directory("default", &id).unwrap();
    assert_eq!(refused(backend.create(&request("pvc-1", GIB))), Code::AlreadyExists);
    assert_eq!(machine.keys(), Vec::<String>::new(), "no volume is listed that is not there");
    backend.delete(&id, &Secrets::default()).unwrap();
    assert_eq!(machine.items("default").len(), 1);
}

#[test]
fn deletion_leaves_nothing_and_can_be_repeated() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let id = backend.create(&request("pvc-1", GIB)).unwrap().id;
    for _ in 0..2 {
        backend.delete(&id, &Secrets::default()).unwrap();
        assert_eq!((machine.keys(), machine.items("default")), (vec![], vec![]));
    }
    backend.delete("../../etc", &Secrets::default()).unwrap();
}

#[test]
fn an_attached_volume_is_not_deleted() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let id = backend.create(&request("pvc-1", GIB)).unwrap().id;
    machine.set_busy("default", &id, true);
    assert_eq!(refused(backend.delete(&id, &Secrets::default())), Code::FailedPrecondition);
    assert!(Listing::get(&backend, &id).is_ok());
}

#[test]
fn growing_gives_exactly_what_is_asked_and_never_shrinks() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let id = backend.create(&request("pvc-1", GIB)).unwrap().id;
    for (asked, size) in [(2 * GIB, 2 * GIB), (2 * GIB, 2 * GIB), (GIB, 2 * GIB)] {
        let answer = backend.expand(&expansion(&id, asked)).unwrap();
        assert_eq!(answer, expansion::Answer { capacity: size, node_expansion_required: true });
        assert_eq!(machine.items("default"), [(id.clone(), size)]);
    }
    assert_eq!(Listing::get(&backend, &id).unwrap().volume.capacity, 2 * GIB);
    assert_eq!(refused(backend.expand(&expansion(&id, 17 << 40))), Code::OutOfRange);
    assert_eq!(refused(backend.expand(&expansion("img-0", GIB))), Code::NotFound);
}

#[test]
fn an_attachment_names_the_image_and_its_least_size() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let id = backend.create(&request("pvc-1", GIB)).unwrap().id;
    let answer = backend.describe(&staging(&id, AccessMode::SingleNodeWriter)).unwrap();
    let item = attachments::PoolItem { pool: "default".to_owned(), name: id.clone() };
    assert_eq!(
        answer,
        attachments::Answer {
            attachment: attachments::Attachment::ImageFile(item),
            content: attachments::Content::Blank,
            minimum_size: Some(GIB),
        }
    );
    let several = staging(&id, AccessMode::MultiNodeSingleWriter);
    assert_eq!(refused(backend.describe(&several)), Code::InvalidArgument);
    let unknown = staging("img-0", AccessMode::SingleNodeWriter);
    assert_eq!(refused(backend.describe(&unknown)), Code::NotFound);
}

#[test]
fn validation_confirms_or_says_why_not() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let id = backend.create(&request("pvc-1", GIB)).unwrap().id;
    assert_eq!(backend.validate(&validation(&id)), Ok(Verdict::Confirmed));
    let mode = capability(AccessMode::MultiNodeMultiWriter);
    let elsewhere = vec![("pool".to_owned(), "fast".to_owned())];
    let unknown = vec![("colour".to_owned(), "blue".to_owned())];
    for bad in [
        ValidateRequest { capabilities: vec![mode], ..validation(&id) },
        ValidateRequest { parameters: elsewhere, ..validation(&id) },
        ValidateRequest { mutable_parameters: unknown, ..validation(&id) },
    ] {
        let verdict = backend.validate(&bad);
        assert!(matches!(verdict, Ok(Verdict::Refused(_))), "{bad:?}: {verdict:?}");
    }
    assert_eq!(refused(backend.validate(&validation("img-0"))), Code::NotFound);
}

#[test]
fn listing_shows_every_volume_as_get_does() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    for number in 0..5 {
        backend.create(&request(&format!("pvc-{number}"), GIB)).unwrap();
    }
    let mut listed = Vec::new();
    let mut token = None;
    loop {
        let page = backend.list(&Page { max_entries: 2, token }).unwrap();
        listed.extend(page.entries);
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(listed.len(), 5);
    for entry in listed {
        assert_eq!(Listing::get(&backend, &entry.volume.id), Ok(entry));
    }
    let garbage = Page { max_entries: 0, token: Some("garbage".to_owned()) };
    assert_eq!(refused(backend.list(&garbage)), Code::Aborted);
    assert_eq!(refused(Listing::get(&backend, "img-0")), Code::NotFound);
}

#[test]
fn capacity_is_what_the_pool_has_left() {
    let machine = Machine::with_pool();
    machine.set_available("default", 5 * GIB + 7);
    let ask = |mode, parameters| capacity::Request {
        capabilities: vec![capability(mode)],
        parameters,
        topology: None,
    };
    let backend = on(&machine);
    let answer = Capacity::get(&backend, &ask(AccessMode::SingleNodeWriter, Vec::new())).unwrap();
    assert_eq!(answer.available, 5 * GIB + 7);
    assert_eq!(answer.maximum_volume, Some(5 * GIB));
    assert_eq!(answer.minimum_volume, Some(1 << 20));
    let none = Capacity::get(&backend, &ask(AccessMode::MultiNodeMultiWriter, Vec::new())).unwrap();
    assert_eq!(none.available, 0);
    let elsewhere = vec![("pool".to_owned(), "fast".to_owned())];
    let elsewhere = ask(AccessMode::SingleNodeWriter, elsewhere);
    assert_eq!(refused(Capacity::get(&backend, &elsewhere)), Code::InvalidArgument);
}

#[test]
fn without_a_pool_the_backend_is_not_healthy() {
    assert_eq!(refused(on(&Machine::default()).probe()), Code::FailedPrecondition);
    assert_eq!(on(&Machine::with_pool()).probe(), Ok(true));
    let stopped = Machine::with_pool();
    stopped.stop_after(0);
    assert_eq!(refused(on(&stopped).probe()), Code::Unavailable);
}

#[test]
fn the_schema_names_the_parameters_that_are_read() {
    let schema = on(&Machine::default()).config_schema();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let parameters = &schema["$defs"]["parameters"];
    assert_eq!(parameters["additionalProperties"], false);
    let names: Vec<_> = parameters["properties"].as_object().unwrap().keys().collect();
    let fit = |name: &str| match name {
        "pool" => "x",
        "discard" | "directVolume" => "true",
        _ => "64Mi",
    };
    let given = names.iter().map(|name| ((*name).clone(), fit(name).to_owned())).collect();
    assert!(crate::parameters::read(&given, &Vec::new()).is_ok(), "{names:?}");
    assert!(schema["$defs"]["config"].is_object());
}
