//! What is wrong with volumes and pools.

use mooring_sdk::health::{Health, StorageFault, VolumeFault, VolumeFinding};

use super::places::register;
use super::*;

fn look(machine: &Machine, id: &str) -> Vec<VolumeFinding> {
    Health::get(&on(machine), id, &Secrets::default()).unwrap()
}

fn told(machine: &Machine, id: &str) -> Vec<(VolumeFault, String)> {
    look(machine, id).into_iter().map(|found| (found.fault, found.reason)).collect()
}

fn storage(machine: &Machine, node: Option<&str>) -> Vec<(StorageFault, String, String)> {
    let found = on(machine).backend(node, &Secrets::default()).unwrap();
    found.into_iter().map(|found| (found.fault, found.reason, found.message)).collect()
}

#[test]
fn an_image_that_is_lost_or_cut_off_is_lost_data() {
    let machine = Machine::with_pool();
    let id = on(&machine).create(&request("pvc-1", GIB)).unwrap().id;
    assert_eq!(told(&machine, &id), []);
    machine.damage("default", &id, Some(GIB / 2));
    assert_eq!(told(&machine, &id), [(VolumeFault::DataLoss, "ImageTruncated".to_owned())]);
    machine.damage("default", &id, Some(2 * GIB));
    assert_eq!(told(&machine, &id), [], "larger: an expansion died");
    machine.damage("default", &id, None);
    assert_eq!(told(&machine, &id), [(VolumeFault::DataLoss, "ImageMissing".to_owned())]);
    machine.set_broken("default", true);
    assert_eq!(told(&machine, &id), [(VolumeFault::Inaccessible, "PoolUnreachable".to_owned())]);
    let unknown = Health::get(&on(&machine), "img-0", &Secrets::default());
    assert_eq!(refused(unknown), Code::NotFound);
}

#[test]
fn listing_holds_each_sick_volume_once_and_asks_a_lost_pool_once() {
    let machine = Machine::with_pool();
    machine.grant("fast", 1 << 40);
    let mut sick = Vec::new();
    for number in 0..450 {
        let id = on(&machine).create(&request(&format!("pvc-{number}"), GIB)).unwrap().id;
        if number % 100 == 0 {
            machine.damage("default", &id, None);
            sick.push(id);
        }
    }
    sick.sort();
    for max_entries in [0, 1, 2, 100] {
        let (mut found, mut token) = (Vec::new(), None);
        loop {
            let before = machine.calls();
            let page = Page { max_entries, token };
            let page = Health::list(&on(&machine), &page, &Secrets::default()).unwrap();
            assert!(machine.calls() - before < 210, "a page costs what a page may");
            found.extend(page.entries.into_iter().map(|entry| {
                assert_eq!(entry.findings, look(&machine, &entry.volume_id));
                entry.volume_id
            }));
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(found, sick, "by {max_entries}");
    }
    machine.set_broken("default", true);
    let before = machine.calls();
    let page = Health::list(&on(&machine), &Page::default(), &Secrets::default()).unwrap();
    assert_eq!(page.entries.len(), 200);
    assert!(machine.calls() - before < 5, "one question to the pool");
    let garbage = Page { max_entries: 0, token: Some("garbage".to_owned()) };
    let refusal = Health::list(&on(&machine), &garbage, &Secrets::default());
    assert_eq!(refused(refusal.map(|page| page.next)), Code::Aborted);
}

#[test]
fn a_copy_that_failed_is_told_until_it_is_made() {
    let machine = Machine::with_pool();
    machine.set_reflink("default", false);
    let source = on(&machine).create(&request("pvc-1", GIB)).unwrap().id;
    let copy =
        CreateRequest { source: Some(ContentSource::Volume(source)), ..request("pvc-2", GIB) };
    assert_eq!(refused(on(&machine).create(&copy)), Code::Unavailable);
    let id = mooring_sdk::ids::derive("img-", "pvc-2");
    assert_eq!(told(&machine, &id), [], "on its way");
    machine.end_copy("default", &id, Err("no room"));
    for _ in 0..2 {
        let found = look(&machine, &id);
        assert_eq!((found[0].fault, &*found[0].reason), (VolumeFault::Inaccessible, "CopyFailed"));
        assert!(found[0].message.contains("no room"), "{}", found[0].message);
    }
    assert_eq!(refused(on(&machine).create(&copy)), Code::Unavailable, "anew");
    assert_eq!(told(&machine, &id), []);
    machine.end_copy("default", &id, Ok(()));
    on(&machine).create(&copy).unwrap();
    assert_eq!(told(&machine, &id), []);
}

#[test]
fn a_copy_that_was_never_begun_is_not_begun_by_looking() {
    let machine = Machine::with_pool();
    let source = on(&machine).create(&request("pvc-1", GIB)).unwrap().id;
    let copy =
        CreateRequest { source: Some(ContentSource::Volume(source)), ..request("pvc-2", GIB) };
    machine.stop_after(1);
    assert_eq!(refused(on(&machine).create(&copy)), Code::Unavailable);
    machine.restart();
    assert_eq!(told(&machine, &mooring_sdk::ids::derive("img-", "pvc-2")), []);
    assert_eq!(machine.items("default").len(), 1);
}

#[test]
fn a_pool_is_told_once_whatever_is_in_it() {
    let machine = Machine::with_pool();
    machine.grant("fast", 100 << 30);
    machine.set_config(r#"{"pools": {"fast": {"topology": {"zone": "a"}}}}"#);
    register(&machine, "n1", &[("zone", "a")]);
    register(&machine, "n2", &[]);
    assert_eq!(storage(&machine, None), []);
    machine.set_available("fast", 5 << 30);
    assert_eq!(storage(&machine, None), [], "one in twenty is free");
    machine.set_available("fast", (5 << 30) - 1);
    let found = storage(&machine, Some("n1"));
    assert_eq!((found[0].0, &*found[0].1), (StorageFault::Degraded, "PoolNearlyFull"));
    assert!(found.len() == 1 && found[0].2.contains("fast"), "{found:?}");
    assert_eq!(storage(&machine, Some("n2")), [], "it does not reach that pool");
    machine.set_broken("default", true);
    machine.set_broken("fast", true);
    let found = storage(&machine, None);
    assert_eq!(found.len(), 1, "a fault and a reason occur once");
    assert_eq!((found[0].0, &*found[0].1), (StorageFault::Unreachable, "PoolUnreachable"));
    assert!(found[0].2.contains("default") && found[0].2.contains("fast"), "{found:?}");
    let unknown = on(&machine).backend(Some("n9"), &Secrets::default());
    assert_eq!(refused(unknown), Code::NotFound);
}
