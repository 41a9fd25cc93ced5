//! Volumes and snapshots, made, found again, copied, grown and removed.

use mooring_sdk::expansion::Expansion;
use mooring_sdk::listing::Listing;
use mooring_sdk::snapshots::{ListRequest, Snapshots};

use super::*;

#[test]
fn the_same_request_answers_the_same_and_another_is_told_apart() {
    let scene = Scene::plain();
    let volume = scene.on().create(&request("pvc-1", 5 * MIB + 1)).unwrap();
    assert_eq!(volume.capacity, 6 * MIB);
    assert_eq!(volume.context, pairs(&[("apiUrl", &scene.url())]));
    assert_eq!(scene.on().create(&request("pvc-1", 5 * MIB + 1)), Ok(volume.clone()));
    let direct = CreateRequest {
        parameters: pairs(&[("directVolume", "true")]),
        capabilities: vec![mount(AccessMode::SingleNodeSingleWriter)],
        ..request("pvc-1", MIB)
    };
    let pool =
        CreateRequest { parameters: pairs(&[("storage_pool", "other")]), ..request("pvc-1", MIB) };
    let copy = from("pvc-1", MIB, ContentSource::Volume(volume.id.clone()));
    for other in [request("pvc-1", 7 * MIB), direct, pool, copy] {
        assert_eq!(refused(scene.on().create(&other)), Code::AlreadyExists, "{other:?}");
    }
    assert_eq!((scene.there("volumes").len(), scene.images()), (1, 1));
    assert_eq!(scene.on().delete(&volume.id, &none()), Ok(()));
    assert_eq!(scene.on().delete(&volume.id, &none()), Ok(()));
    assert_eq!((scene.there("volumes").len(), scene.images()), (0, 0));
}

#[test]
fn copies_are_of_their_source_and_as_large_at_least() {
    let scene = Scene::plain();
    let backend = scene.on();
    let volume = backend.create(&request("pvc-1", 4 * MIB)).unwrap();
    let taken = Snapshots::create(&backend, &snapshot("s-1", &volume.id)).unwrap();
    assert!(taken.ready && taken.created > 0 && taken.size == 4 * MIB);
    assert_eq!(taken.source_volume_id, volume.id);
    assert_eq!(Snapshots::create(&backend, &snapshot("s-1", &volume.id)), Ok(taken.clone()));
    let source = ContentSource::Snapshot(taken.id.clone());
    let restored = backend.create(&from("pvc-2", 8 * MIB, source.clone())).unwrap();
    assert_eq!((restored.capacity, restored.source.clone()), (8 * MIB, Some(source.clone())));
    let source_volume = ContentSource::Volume(restored.id.clone());
    let same = CreateRequest { capacity: None, ..from("pvc-3", 0, source_volume) };
    assert_eq!(backend.create(&same).unwrap().capacity, 8 * MIB);
    assert_eq!(refused(backend.create(&from("pvc-4", MIB, source.clone()))), Code::OutOfRange);
    // What a copy was made of may go; asking for the copy again finds it.
    assert_eq!(
        refused(Snapshots::create(&backend, &snapshot("s-1", &restored.id))),
        Code::AlreadyExists
    );
    assert_eq!(Snapshots::delete(&backend, &taken.id, &none()), Ok(()));
    assert_eq!(Snapshots::delete(&backend, &taken.id, &none()), Ok(()));
    assert_eq!(backend.create(&from("pvc-2", 8 * MIB, source.clone())), Ok(restored));
    assert_eq!(refused(backend.create(&from("pvc-5", 8 * MIB, source))), Code::NotFound);
    assert_eq!(refused(Snapshots::get(&backend, &taken.id, &none())), Code::NotFound);
}

#[test]
fn volumes_grow_and_never_shrink() {
    let scene = Scene::plain();
    let volume = scene.on().create(&request("pvc-1", 4 * MIB)).unwrap();
    for (wanted, is) in [(6 * MIB, 6 * MIB), (MIB, 6 * MIB), (6 * MIB, 6 * MIB)] {
        let answer = scene.on().expand(&growth(&volume.id, wanted)).unwrap();
        assert_eq!((answer.capacity, answer.node_expansion_required), (is, true));
    }
    assert_eq!(refused(scene.on().expand(&growth(&volume.id, 1 << 60))), Code::OutOfRange);
    assert_eq!(refused(scene.on().expand(&growth(&volume.id, 1 << 45))), Code::OutOfRange);
    assert_eq!(
        refused(scene.on().expand(&growth("00000000.vol-0", MIB))),
        Code::FailedPrecondition
    );
}

#[test]
fn jobs_are_waited_for_and_taken_up_by_the_repeated_call() {
    let long = Duration::from_millis(1500);
    let scene = Scene::new(|options| options.jobs = Some(long), json!({ "patience": 1 }));
    // The call's own second passes faster than the array's clock: it gives up, and is repeated.
    let until_done = |call: &dyn Fn() -> Result<()>| {
        let mut repeated = 0;
        while let Err(error) = call() {
            assert_eq!(error.code, Code::Unavailable, "{error}");
            assert!(error.retry_after.is_some());
            repeated += 1;
        }
        repeated
    };
    let id = RefCell::new(String::new());
    let create = || {
        scene.on().create(&request("pvc-1", 4 * MIB)).map(|volume| {
            id.replace(volume.id);
        })
    };
    assert!(until_done(&create) > 0);
    let id = id.into_inner();
    assert_eq!((scene.there("volumes").len(), scene.images()), (1, 1));
    until_done(&|| scene.on().expand(&growth(&id, 8 * MIB)).map(drop));
    assert_eq!(scene.there("volumes")[0]["size"], json!(8 * MIB));
    until_done(&|| Snapshots::create(&scene.on(), &snapshot("s-1", &id)).map(drop));
    assert_eq!(scene.there("snapshots").len(), 1);
    until_done(&|| scene.on().delete(&id, &none()));
    assert_eq!((scene.there("volumes").len(), scene.images()), (0, 1));
}

#[test]
fn lists_go_through_all_arrays_and_tell_each_volume_once() {
    let scene = Scene::new(|_| (), json!({ "pageSize": 2 }));
    let further = Scene::plain();
    let mut made = Vec::new();
    for number in 0..5 {
        let elsewhere = CreateRequest {
            parameters: pairs(&[("api_url", &further.url())]),
            ..request(&format!("far-{number}"), MIB)
        };
        made.push(scene.on().create(&elsewhere).unwrap().id);
        made.push(scene.on().create(&request(&format!("near-{number}"), MIB)).unwrap().id);
    }
    // Another cluster's volume is not this driver's.
    let foreign = json!({ "name": "other-1", "pool": "default", "size": MIB });
    assert_eq!(scene.ask(Method::Post, "/api/v1/volumes", &foreign).0, 201);
    let (mut listed, mut token, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = Listing::list(&scene.on(), &Page { max_entries: 0, token }).unwrap();
        listed.extend(page.entries.into_iter().map(|entry| entry.volume.id));
        pages += 1;
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    made.sort();
    listed.sort();
    assert_eq!(listed, made);
    assert!(pages >= 6, "{pages}");
    for token in ["x", "..:", "00000000:a/b"] {
        let page = Page { max_entries: 1, token: Some(token.to_owned()) };
        assert_eq!(refused(Listing::list(&scene.on(), &page)), Code::Aborted, "{token}");
    }
    // What was made elsewhere is found by its id alone, and deleted there.
    assert_eq!(further.there("volumes").len(), 5);
    for id in &made {
        assert_eq!(Listing::get(&scene.on(), id).unwrap().volume.id, *id);
        assert_eq!(scene.on().delete(id, &none()), Ok(()));
    }
    assert_eq!((further.there("volumes").len(), scene.there("volumes").len()), (0, 1));
}

#[test]
fn snapshots_are_listed_by_their_volume() {
    let scene = Scene::plain();
    let backend = scene.on();
    let ids: Vec<_> =
        ["a", "b"].iter().map(|name| backend.create(&request(name, MIB)).unwrap().id).collect();
    for (number, id) in ids.iter().enumerate() {
        Snapshots::create(&backend, &snapshot(&format!("s-{number}"), id)).unwrap();
    }
    let listed = |source: Option<&str>| {
        let request = ListRequest {
            page: Page::default(),
            source_volume_id: source.map(str::to_owned),
            secrets: none(),
        };
        Snapshots::list(&backend, &request).unwrap().entries
    };
    assert_eq!(listed(None).len(), 2);
    assert_eq!(listed(Some(&ids[1])).len(), 1);
    assert_eq!(listed(Some(&ids[1]))[0].source_volume_id, ids[1]);
    assert_eq!((listed(Some("unknown")).len(), listed(Some("00000000.vol-1")).len()), (0, 0));
}

#[test]
fn what_was_never_given_is_unknown_and_what_cannot_be_known_is_not_forgotten() {
    let scene = Scene::plain();
    let known = scene.on().create(&request("pvc-1", MIB)).unwrap().id;
    for never in ["", "vol-1", "../../etc", "x.y.z"] {
        assert_eq!(scene.on().delete(never, &none()), Ok(()), "{never}");
        assert_eq!(refused(Listing::get(&scene.on(), never)), Code::NotFound, "{never}");
    }
    let absent = known.replace("vol-", "vol-f");
    assert_eq!(refused(Listing::get(&scene.on(), &absent)), Code::NotFound);
    // An array whose address was lost may have that volume.
    let lost = "00000000.vol-00000001";
    assert_eq!(refused(scene.on().delete(lost, &none())), Code::FailedPrecondition);
}
