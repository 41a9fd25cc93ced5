//! Mutable parameters: at creation, by modification, and as the node is told of them.

use mooring_sdk::modification::{Modification, NodeLimits};
use mooring_sdk::types::StringMap;

use super::death::at_each_point;
use super::*;

fn map(pairs: &[(&str, &str)]) -> StringMap {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn with(parameters: &[(&str, &str)], mutable: &[(&str, &str)]) -> CreateRequest {
    CreateRequest {
        parameters: map(parameters),
        mutable_parameters: map(mutable),
        ..request("pvc-1", GIB)
    }
}

fn modify(machine: &Machine, id: &str, given: &[(&str, &str)]) -> Result<()> {
    on(machine).modify(id, &map(given), &Secrets::default())
}

const NONE: NodeLimits = NodeLimits {
    read_iops: 0,
    write_iops: 0,
    read_bandwidth: 0,
    write_bandwidth: 0,
    discard: None,
};

#[test]
fn mutable_parameters_override_those_of_the_class() {
    let machine = Machine::with_pool();
    let asked = with(&[("readIops", "100"), ("writeIops", "7")], &[("readIops", "2k")]);
    let id = on(&machine).create(&asked).unwrap().id;
    let limits = NodeLimits { read_iops: 2000, write_iops: 7, ..NONE };
    assert_eq!(on(&machine).limits(&id), Ok(Some(limits)));
    assert!(on(&machine).create(&asked).is_ok());
    for other in [with(&[], &[]), with(&[("readIops", "100"), ("writeIops", "7")], &[])] {
        assert_eq!(refused(on(&machine).create(&other)), Code::AlreadyExists);
    }
    // Spelled otherwise, it is the same.
    assert!(on(&machine).create(&with(&[("writeIops", "7")], &[("readIops", "2000")])).is_ok());
}

#[test]
fn a_volume_keeps_what_is_not_changed_and_is_still_the_one_that_was_created() {
    let machine = Machine::with_pool();
    let asked = with(&[], &[("readBandwidth", "64Mi")]);
    let id = on(&machine).create(&asked).unwrap().id;
    modify(&machine, &id, &[("writeBandwidth", "32Mi"), ("discard", "false")]).unwrap();
    let limits = NodeLimits {
        read_bandwidth: 64 << 20,
        write_bandwidth: 32 << 20,
        discard: Some(false),
        ..NONE
    };
    assert_eq!(on(&machine).limits(&id), Ok(Some(limits)));
    modify(&machine, &id, &[("readBandwidth", "0")]).unwrap();
    let limits = NodeLimits { read_bandwidth: 0, ..limits };
    assert_eq!(on(&machine).limits(&id), Ok(Some(limits)));
    assert_eq!(on(&machine).create(&asked).unwrap().id, id, "the same request, the same volume");
    let validate = |parameters: &[(&str, &str)]| ValidateRequest {
        mutable_parameters: map(parameters),
        ..validation(&id)
    };
    for good in [&[("readBandwidth", "64Mi")][..], &[("discard", "false")], &[]] {
        assert_eq!(on(&machine).validate(&validate(good)), Ok(Verdict::Confirmed), "{good:?}");
    }
    let verdict = on(&machine).validate(&validate(&[("discard", "true")])).unwrap();
    assert!(matches!(verdict, Verdict::Refused(_)));
}

#[test]
fn all_are_changed_or_none() {
    let machine = Machine::with_pool();
    let id = on(&machine).create(&request("pvc-1", GIB)).unwrap().id;
    for bad in [
        &[("readIops", "5"), ("colour", "blue")][..],
        &[("readIops", "5"), ("writeIops", "many")],
        &[("readIops", "5"), ("discard", "yes")],
        &[("readIops", "5"), ("pool", "default")],
    ] {
        assert_eq!(refused(modify(&machine, &id, bad)), Code::InvalidArgument, "{bad:?}");
        assert_eq!(refused(on(&machine).create(&with(&[], bad))), Code::InvalidArgument);
        assert_eq!(on(&machine).limits(&id), Ok(None), "{bad:?}");
    }
    assert_eq!(refused(modify(&machine, "img-0", &[("readIops", "5")])), Code::NotFound);
    assert_eq!(refused(on(&machine).limits("img-0")), Code::NotFound);
    modify(&machine, &id, &[]).unwrap();
    modify(&machine, &id, &[("readIops", "0")]).unwrap();
    assert_eq!(on(&machine).limits(&id), Ok(None), "no limit is nothing to enforce");
}

#[test]
fn modification_that_died_can_be_repeated() {
    let id = mooring_sdk::ids::derive("img-", "pvc-1");
    let change =
        |backend: &Backend| backend.modify(&id, &map(&[("readIops", "5")]), &Secrets::default());
    let points = at_each_point(
        |machine| drop(on(machine).create(&request("pvc-1", GIB)).unwrap()),
        change,
        |machine| {
            change(&on(machine)).unwrap();
            let limits = on(machine).limits(&id).unwrap();
            assert_eq!(limits, Some(NodeLimits { read_iops: 5, ..NONE }));
        },
    );
    assert_eq!(points, 1);
    let machine = Machine::with_pool();
    on(&machine).create(&request("pvc-1", GIB)).unwrap();
    change(&on(&machine)).unwrap();
    machine.stop_after(0);
    let again = on(&machine).modify(&id, &map(&[("readIops", "5")]), &Secrets::default());
    assert_eq!(refused(again), Code::Unavailable, "even reading is over");
}

#[test]
fn the_schema_takes_what_is_read_and_nothing_else() {
    let schema = on(&Machine::default()).config_schema();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let mutable = &schema["$defs"]["mutable-parameters"];
    assert_eq!(mutable["additionalProperties"], false);
    for name in mutable["properties"].as_object().unwrap().keys() {
        let value = if name == "discard" { "true" } else { "64Mi" };
        assert!(crate::tuning::Tuning::read(&map(&[(name, value)])).is_ok(), "{name}");
        assert!(schema["$defs"]["parameters"]["properties"][name].is_object(), "{name}");
    }
}
