use mooring_sdk::Code;
use mooring_sdk::attachments::{self, Attachments};
use mooring_sdk::capacity::{self, Capacity};
use mooring_sdk::listing::Listing;
use mooring_sdk::testing::Machine;
use mooring_sdk::types::{AccessMode, AccessType, Capability, CapacityRange, ContentSource, Page};
use mooring_sdk::volumes::{CreateRequest, ValidateRequest, Verdict, Volumes};
use mooring_sdk::{Result, Secrets};

use super::*;

type Backend = Directory<Machine>;

fn on(machine: &Machine) -> Backend {
    Directory(machine.clone())
}

fn mount(mode: AccessMode) -> Capability {
    Capability { access: AccessType::Mount(String::new()), mode }
}

fn request(required: u64) -> CreateRequest {
    CreateRequest {
        name: "pvc-1".to_owned(),
        capacity: Some(CapacityRange { required: Some(required), limit: Some(required) }),
        capabilities: vec![mount(AccessMode::SingleNodeWriter)],
        parameters: Vec::new(),
        mutable_parameters: Vec::new(),
        source: None,
        accessibility: None,
        secrets: Secrets::default(),
    }
}

fn validation(id: &str, capability: Capability) -> ValidateRequest {
    ValidateRequest {
        id: id.to_owned(),
        context: Vec::new(),
        capabilities: vec![capability],
        parameters: Vec::new(),
        mutable_parameters: Vec::new(),
        secrets: Secrets::default(),
    }
}

fn staging(id: &str) -> attachments::Request {
    attachments::Request {
        volume_id: id.to_owned(),
        volume_context: Vec::new(),
        publish_context: Vec::new(),
        capability: mount(AccessMode::SingleNodeWriter),
        readonly: false,
        node_id: "n1".to_owned(),
        secrets: Secrets::default(),
    }
}

fn refused(result: Result<impl std::fmt::Debug>) -> Code {
    result.unwrap_err().code
}

#[test]
fn a_volume_is_a_directory_without_a_bound() {
    let machine = Machine::with_pool();
    let volume = on(&machine).create(&request(1 << 30)).unwrap();
    assert_eq!(volume.capacity, 0, "no size is promised, since none is enforced");
    assert_eq!(machine.items("default"), [(volume.id.clone(), 0)]);
    assert_eq!(machine.keys(), [format!("volume/{}", volume.id)]);
    let answer = on(&machine).describe(&staging(&volume.id)).unwrap();
    let item = attachments::PoolItem { pool: "default".to_owned(), name: volume.id };
    assert_eq!(answer.attachment, attachments::Attachment::Directory(item));
    assert_eq!(answer.content, attachments::Content::Unknown);
}

#[test]
fn the_same_request_answers_the_same_and_another_is_told_apart() {
    let machine = Machine::with_pool();
    machine.grant("fast", 1 << 40);
    let backend = on(&machine);
    let volume = backend.create(&request(1 << 30)).unwrap();
    assert_eq!(backend.create(&request(1 << 30)), Ok(volume));
    let elsewhere = CreateRequest {
        parameters: vec![("pool".to_owned(), "fast".to_owned())],
        ..request(1 << 30)
    };
    for other in [request(2 << 30), elsewhere, CreateRequest { capacity: None, ..request(1) }] {
        assert_eq!(refused(backend.create(&other)), Code::AlreadyExists, "{other:?}");
    }
}

#[test]
fn raw_devices_several_nodes_sources_and_unknown_parameters_are_refused() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let block = Capability { access: AccessType::Block, mode: AccessMode::SingleNodeWriter };
    for bad in [
        CreateRequest { capabilities: vec![block.clone()], ..request(1) },
        CreateRequest { capabilities: vec![mount(AccessMode::MultiNodeMultiWriter)], ..request(1) },
        CreateRequest { source: Some(ContentSource::Volume("v".to_owned())), ..request(1) },
        CreateRequest { parameters: vec![("size".to_owned(), "1".to_owned())], ..request(1) },
    ] {
        assert_eq!(refused(backend.create(&bad)), Code::InvalidArgument, "{bad:?}");
    }
    assert_eq!((machine.keys(), machine.items("default")), (vec![], vec![]));
    let id = backend.create(&request(1)).unwrap().id;
    let good = validation(&id, mount(AccessMode::SingleNodeMultiWriter));
    assert_eq!(backend.validate(&good), Ok(Verdict::Confirmed));
    assert!(matches!(backend.validate(&validation(&id, block)), Ok(Verdict::Refused(_))));
}

#[test]
fn every_call_that_dies_converges_when_repeated() {
    let id = mooring_sdk::ids::derive("dir-", "pvc-1");
    let delete = |machine: &Machine| on(machine).delete(&id, &Secrets::default());
    let create = |machine: &Machine| on(machine).create(&request(1)).map(drop);
    for effects in 0..3 {
        let machine = Machine::with_pool();
        machine.stop_after(effects);
        assert_eq!(create(&machine).is_ok(), effects == 2);
        machine.restart();
        assert!(machine.items("default").len() <= machine.keys().len());
        create(&machine).unwrap();
        assert_eq!(machine.items("default").len(), 1);
        machine.stop_after(effects);
        assert_eq!(delete(&machine).is_ok(), effects == 2);
        machine.restart();
        assert!(machine.items("default").len() <= machine.keys().len());
        delete(&machine).unwrap();
        assert_eq!((machine.keys(), machine.items("default")), (vec![], vec![]));
    }
}

#[test]
fn unknown_volumes_are_told() {
    let backend = on(&Machine::with_pool());
    assert_eq!(backend.delete("dir-0", &Secrets::default()), Ok(()));
    assert_eq!(refused(Listing::get(&backend, "dir-0")), Code::NotFound);
    assert_eq!(refused(backend.describe(&staging("dir-0"))), Code::NotFound);
    let validation = validation("dir-0", mount(AccessMode::SingleNodeWriter));
    assert_eq!(refused(backend.validate(&validation)), Code::NotFound);
}

#[test]
fn listing_and_capacity_tell_what_is_there() {
    let machine = Machine::with_pool();
    machine.set_available("default", 12_345);
    let backend = on(&machine);
    let volume = backend.create(&request(1)).unwrap();
    let page = backend.list(&Page { max_entries: 0, token: None }).unwrap();
    assert_eq!(page.entries, [Listing::get(&backend, &volume.id).unwrap()]);
    let ask = |capability| capacity::Request {
        capabilities: vec![capability],
        parameters: Vec::new(),
        topology: None,
    };
    let room = |capability| Capacity::get(&backend, &ask(capability)).unwrap().available;
    assert_eq!(room(mount(AccessMode::SingleNodeWriter)), 12_345);
    assert_eq!(room(mount(AccessMode::MultiNodeMultiWriter)), 0);
}

#[test]
fn the_schema_names_the_parameters_that_are_read() {
    let schema = on(&Machine::default()).config_schema();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let names = schema["$defs"]["parameters"]["properties"].as_object().unwrap();
    let given = names.keys().map(|name| (name.clone(), "x".to_owned())).collect();
    assert!(asked_pool(&[&given]).is_ok(), "{names:?}");
}

#[test]
fn a_record_that_another_call_is_at_is_left_alone() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let id = mooring_sdk::ids::derive("dir-", "pvc-1");
    let key = format!("volume/{id}");
    let create = || backend.create(&request(1 << 30)).map(drop);
    let delete = || backend.delete(&id, &Secrets::default());
    for (call, there) in [(&create as &dyn Fn() -> Result<()>, 1), (&delete, 0)] {
        machine.set_claimed(&key, true);
        let before = machine.items("default");
        assert_eq!(refused(call()), Code::Aborted);
        assert_eq!(machine.items("default"), before);
        machine.set_claimed(&key, false);
        call().unwrap();
        assert_eq!(machine.items("default").len(), there);
    }
}
