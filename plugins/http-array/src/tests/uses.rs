//! What volumes are used for: publications, devices, sandboxes; room and health.

use mooring_sdk::attachments::{Attachment, Content, DirectDevice};
use mooring_sdk::capacity::{self, Capacity};
use mooring_sdk::health::{Health, StorageFault, VolumeFault};
use mooring_sdk::listing::Listing;
use mooring_sdk::publishing::Publishing;
use mooring_sdk::volumes::Verdict;

use super::*;

#[test]
fn a_published_volume_is_a_device_with_its_serial_on_that_node_alone() {
    let scene = Scene::plain();
    let backend = scene.on();
    let id = backend.create(&request("pvc-1", 4 * MIB)).unwrap().id;
    assert_eq!(
        refused(Attachments::describe(&backend, &staging(&id, "n1"))),
        Code::FailedPrecondition
    );
    assert_eq!(backend.publish(&publication(&id, "n1")), Ok(Vec::new()));
    assert_eq!(backend.publish(&publication(&id, "n1")), Ok(Vec::new()));
    let serial = scene.there("volumes")[0]["serial"].as_str().unwrap().to_owned();
    let answer = Attachments::describe(&backend, &staging(&id, "n1")).unwrap();
    let Attachment::BlockDevice(device) = answer.attachment else { panic!("{answer:?}") };
    assert_eq!(device.links, [format!("by-id/scsi-SMOORING_{serial}")]);
    assert_eq!((device.serial, device.rescan), (Some(serial), true));
    assert_eq!((answer.content, answer.minimum_size), (Content::Blank, Some(4 * MIB)));
    assert_eq!(Listing::get(&backend, &id).unwrap().published_nodes, Some(vec!["n1".to_owned()]));
    backend.describe_node("n2").unwrap();
    assert_eq!(refused(backend.publish(&publication(&id, "n2"))), Code::FailedPrecondition);
    let readonly = publishing::Request { readonly: true, ..publication(&id, "n1") };
    assert_eq!(refused(backend.publish(&readonly)), Code::AlreadyExists);
    assert_eq!(
        refused(Attachments::describe(&backend, &staging(&id, "n2"))),
        Code::FailedPrecondition
    );
    assert_eq!(refused(backend.delete(&id, &none())), Code::FailedPrecondition);
    for node in [Some("n2"), Some("n1"), Some("n1"), None] {
        assert_eq!(backend.unpublish(&id, node, &none()), Ok(()));
    }
    backend.publish(&readonly).unwrap();
    assert_eq!(
        refused(Attachments::describe(&backend, &staging(&id, "n1"))),
        Code::FailedPrecondition
    );
    let reading = attachments::Request { readonly: true, ..staging(&id, "n1") };
    assert!(Attachments::describe(&backend, &reading).is_ok());
    assert_eq!(backend.unpublish(&id, None, &none()), Ok(()));
    assert_eq!(scene.there("volumes")[0]["mappings"], json!([]));
}

#[test]
fn copies_are_never_called_blank() {
    let scene = Scene::plain();
    let backend = scene.on();
    let id = backend.create(&request("pvc-1", MIB)).unwrap().id;
    let copy = backend.create(&from("pvc-2", MIB, ContentSource::Volume(id))).unwrap().id;
    backend.publish(&publication(&copy, "n1")).unwrap();
    let answer = Attachments::describe(&backend, &staging(&copy, "n1")).unwrap();
    assert_eq!(answer.content, Content::Copied);
}

#[test]
fn nodes_are_known_or_made_and_hold_so_many_volumes() {
    let scene = Scene::new(|_| (), json!({ "maxVolumesPerNode": 1 }));
    let backend = scene.on();
    let ids: Vec<_> =
        ["a", "b"].iter().map(|name| backend.create(&request(name, MIB)).unwrap().id).collect();
    assert_eq!(refused(backend.publish(&publication(&ids[0], "stranger"))), Code::NotFound);
    assert_eq!(backend.publish(&publication(&ids[0], "n1")), Ok(Vec::new()));
    assert_eq!(refused(backend.publish(&publication(&ids[1], "n1"))), Code::ResourceExhausted);
    assert_eq!(backend.describe_node("n1").unwrap().max_volumes, Some(1));
    let config = json!({ "apiUrl": scene.url(), "createHosts": true });
    scene.bench.machine.set_config(&config.to_string());
    assert_eq!(backend.publish(&publication(&ids[1], "stranger")), Ok(Vec::new()));
    // An id that cannot stand in a path is told in another form.
    let odd = backend.describe_node("a/../b").unwrap().id;
    assert!(odd.starts_with("node-"), "{odd}");
}

#[test]
fn a_direct_volume_is_for_one_pod_and_its_device_goes_to_the_sandbox() {
    let scene = Scene::plain();
    let backend = scene.on();
    let parameters = pairs(&[("directVolume", "true")]);
    let alone = mount(AccessMode::SingleNodeSingleWriter);
    let direct = |capability: Capability| CreateRequest {
        parameters: parameters.clone(),
        capabilities: vec![capability],
        ..request("pvc-1", MIB)
    };
    let block = Capability { access: AccessType::Block, ..alone.clone() };
    for wrong in [writer(), block, mount(AccessMode::SingleNodeReaderOnly)] {
        assert_eq!(refused(backend.create(&direct(wrong))), Code::InvalidArgument);
    }
    let volume = backend.create(&direct(alone.clone())).unwrap();
    let id = &volume.id;
    assert!(volume.context.contains(&("directVolume".to_owned(), "true".to_owned())));
    assert_eq!(refused(backend.publish(&publication(id, "n1"))), Code::InvalidArgument);
    let publish = publishing::Request { capability: alone.clone(), ..publication(id, "n1") };
    assert_eq!(backend.publish(&publish), Ok(Vec::new()));
    let stage = attachments::Request { capability: alone.clone(), ..staging(id, "n1") };
    let answer = Attachments::describe(&backend, &stage).unwrap();
    let Attachment::KataDirect(sandbox) = answer.attachment else { panic!("{answer:?}") };
    assert!(matches!(sandbox.device, DirectDevice::BlockDevice(device) if device.serial.is_some()));
    let validate = |capability| {
        let validation = ValidateRequest {
            id: id.clone(),
            context: volume.context.clone(),
            capabilities: vec![capability],
            parameters: parameters.clone(),
            mutable_parameters: Vec::new(),
            secrets: none(),
        };
        backend.validate(&validation).unwrap()
    };
    assert_eq!(validate(alone), Verdict::Confirmed);
    assert!(matches!(validate(writer()), Verdict::Refused(_)));
}

#[test]
fn the_node_finds_the_array_by_the_volumes_context() {
    let scene = Scene::plain();
    let further = Scene::plain();
    let elsewhere = CreateRequest {
        parameters: pairs(&[("api_url", &further.url())]),
        ..request("pvc-1", MIB)
    };
    let volume = scene.on().create(&elsewhere).unwrap();
    scene.on().publish(&publication(&volume.id, "n1")).unwrap();
    // Beside the node: the same configuration, and a store of its own.
    let node = HttpArray(Bench::new(network(), &json!({ "apiUrl": scene.url() })));
    let stage = staging(&volume.id, "n1");
    assert_eq!(refused(Attachments::describe(&node, &stage)), Code::FailedPrecondition);
    let told = attachments::Request { volume_context: volume.context, ..stage };
    assert!(Attachments::describe(&node, &told).is_ok());
    // A context that names another array than the id does is not believed.
    let forged = pairs(&[("apiUrl", "http://127.0.0.1:1")]);
    let forged = attachments::Request { volume_context: forged, ..told };
    assert_eq!(refused(Attachments::describe(&node, &forged)), Code::FailedPrecondition);
}

#[test]
fn parameters_that_cannot_be_are_refused_and_make_nothing() {
    let scene = Scene::plain();
    for wrong in [
        [("storage_pool", "none")],
        [("directVolume", "yes")],
        [("api_url", "ftp://array")],
        [("api_url", "http://user:password@array")],
        [("colour", "blue")],
    ] {
        let asked = CreateRequest { parameters: pairs(&wrong), ..request("pvc-1", MIB) };
        assert_eq!(refused(scene.on().create(&asked)), Code::InvalidArgument, "{wrong:?}");
    }
    let shared = CreateRequest {
        capabilities: vec![mount(AccessMode::MultiNodeMultiWriter)],
        ..request("pvc-1", MIB)
    };
    assert_eq!(refused(scene.on().create(&shared)), Code::InvalidArgument);
    assert_eq!(scene.there("volumes").len(), 0);
    let alone = HttpArray(Bench::new(network(), &json!({})));
    assert_eq!(refused(alone.create(&request("pvc-1", MIB))), Code::InvalidArgument);
}

#[test]
fn room_is_the_pools_and_a_full_pool_says_so() {
    let scene = Scene::new(
        |options| options.pools = vec![("a".to_owned(), 64 * MIB), ("b".to_owned(), 32 * MIB)],
        json!({ "storagePool": "a" }),
    );
    let room = |parameters: &[(&str, &str)], capabilities| {
        let request =
            capacity::Request { capabilities, parameters: pairs(parameters), topology: None };
        Capacity::get(&scene.on(), &request).unwrap()
    };
    let a = room(&[], Vec::new());
    assert_eq!(
        (a.available, a.maximum_volume, a.minimum_volume),
        (64 * MIB, Some(64 * MIB), Some(MIB))
    );
    assert_eq!(room(&[("storage_pool", "b")], vec![writer()]).available, 32 * MIB);
    assert_eq!(room(&[], vec![mount(AccessMode::MultiNodeMultiWriter)]).available, 0);
    assert_eq!(refused(scene.on().create(&request("pvc-1", 65 * MIB))), Code::OutOfRange);
    let thick = json!({ "name": "fill", "pool": "a", "size": 63 * MIB });
    assert_eq!(scene.ask(Method::Post, "/api/v1/volumes", &thick).0, 201);
    let findings = scene.on().backend(None, &none()).unwrap();
    assert_eq!((findings.len(), findings[0].fault), (1, StorageFault::Degraded));
}

#[test]
fn health_is_what_the_array_says() {
    let scene = Scene::plain();
    let backend = scene.on();
    let id = backend.create(&request("pvc-1", MIB)).unwrap().id;
    backend.create(&request("pvc-2", MIB)).unwrap();
    assert_eq!(Health::get(&backend, &id, &none()), Ok(Vec::new()));
    let local = id.split_once('.').unwrap().1;
    let lost = json!({ "state": "lost", "message": "two disks\nare gone" });
    let path = format!("/admin/volumes/{local}/condition");
    assert_eq!(scene.ask(Method::Put, &path, &lost).0, 204);
    let findings = Health::get(&backend, &id, &none()).unwrap();
    assert_eq!((findings.len(), findings[0].fault), (1, VolumeFault::DataLoss));
    assert!(findings[0].message.contains("two disks are gone"), "{findings:?}");
    let ill = Health::list(&backend, &Page::default(), &none()).unwrap();
    assert_eq!(ill.entries.iter().map(|entry| &entry.volume_id).collect::<Vec<_>>(), [&id]);
    assert_eq!(backend.backend(Some("n1"), &none()), Ok(Vec::new()));
    assert_eq!(refused(backend.backend(Some("stranger"), &none())), Code::NotFound);
    assert_eq!(backend.probe(), Ok(true));
    let gone = HttpArray(Bench::new(network(), &json!({ "apiUrl": "http://127.0.0.1:1" })));
    assert_eq!(refused(gone.probe()), Code::Unavailable);
    let finding = gone.backend(None, &none()).unwrap();
    assert_eq!(finding[0].fault, StorageFault::Unreachable);
}
