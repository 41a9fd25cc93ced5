//! Nodes that register, pools that have places, and volumes that are made where they must be.

use mooring_sdk::identity::Identity;
use mooring_sdk::nodes::{Description, Facts, Nodes};
use mooring_sdk::state::State;
use mooring_sdk::types::{Topology, TopologyRequirement};

use super::*;
use crate::places::NODE;

const ZONE: &str = "topology.kubernetes.io/zone";

/// Two pools with a place, one without.
const THREE_POOLS: &str = r#"{
    "pools": {
        "east": {"topology": {"topology.kubernetes.io/zone": "e", "example.com/Rack": "1"}},
        "west": {"topology": {"Topology.Kubernetes.io/Zone": "w"}}
    },
    "maxVolumesPerNode": 7
}"#;

pub(super) fn facts(id: &str, labels: &[(&str, &str)]) -> Facts {
    Facts {
        id: id.to_owned(),
        hostname: id.to_owned(),
        system_uuid: None,
        system_serial: None,
        board_asset_tag: None,
        product_name: None,
        asset_tag: None,
        iscsi_initiator: None,
        nvme_host_nqn: None,
        fc_port_names: Vec::new(),
        addresses: Vec::new(),
        labels: place(labels),
    }
}

pub(super) fn register(machine: &Machine, id: &str, labels: &[(&str, &str)]) -> Description {
    Nodes::describe(&on(machine), &facts(id, labels)).unwrap()
}

fn place(segments: &[(&str, &str)]) -> Topology {
    segments.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn three_pools() -> Machine {
    let machine = Machine::with_pool();
    machine.grant("east", 1 << 40);
    machine.grant("west", 2 << 40);
    machine.set_config(THREE_POOLS);
    machine
}

fn at(name: &str, requisite: &[Topology], preferred: &[Topology]) -> CreateRequest {
    let (requisite, preferred) = (requisite.to_vec(), preferred.to_vec());
    CreateRequest {
        accessibility: Some(TopologyRequirement { requisite, preferred }),
        ..request(name, GIB)
    }
}

#[test]
fn a_node_is_where_its_labels_say_and_at_itself() {
    let machine = Machine::with_pool();
    let plain = register(&machine, "n1", &[(ZONE, "e")]);
    assert_eq!(plain.topology, Some(place(&[(NODE, "n1")])), "no pool has a place by zone");
    assert_eq!((&*plain.id, plain.max_volumes), ("n1", None));
    let machine = three_pools();
    let labels = [("TOPOLOGY.kubernetes.io/zone", "e"), ("other", "x"), ("example.com/rack", "")];
    let described = register(&machine, "n1", &labels);
    assert_eq!(described.topology, Some(place(&[(ZONE, "e"), (NODE, "n1")])));
    assert_eq!(described.max_volumes, Some(7));
    assert_eq!(machine.keys(), ["node/n1"]);
}

#[test]
fn registering_again_writes_only_what_has_changed() {
    let machine = three_pools();
    let first = register(&machine, "n1", &[(ZONE, "e")]);
    machine.stop_after(0);
    assert_eq!(
        refused(Nodes::describe(&on(&machine), &facts("n1", &[(ZONE, "e")]))),
        Code::Unavailable
    );
    machine.restart();
    let before = State::get(&machine, "node/n1").unwrap();
    assert_eq!(register(&machine, "n1", &[(ZONE, "e")]), first);
    assert_eq!(State::get(&machine, "node/n1").unwrap(), before, "the version stands, too");
    let moved = register(&machine, "n1", &[(ZONE, "w")]);
    assert_eq!(moved.topology, Some(place(&[(ZONE, "w"), (NODE, "n1")])));
    assert_eq!(machine.keys(), ["node/n1"]);
}

#[test]
fn an_id_that_is_no_segment_has_one_of_its_own_and_a_label_that_is_none_is_told() {
    let machine = three_pools();
    let odd = "worker 1/ü".repeat(9);
    let described = register(&machine, &odd, &[]);
    assert_eq!(described.id, odd);
    let segments = described.topology.unwrap();
    assert!(segments[0].1.starts_with("node-") && segments[0].1.len() < 64, "{segments:?}");
    let error =
        Nodes::describe(&on(&machine), &facts("n1", &[(ZONE, "not a segment")])).unwrap_err();
    assert_eq!(error.code, Code::FailedPrecondition);
    assert!(error.message.contains(ZONE) && error.message.contains("n1"), "{error}");
}

#[test]
fn a_local_pool_is_reachable_from_the_nodes_that_registered() {
    let machine = Machine::with_pool();
    let backend = on(&machine);
    let volume = backend.create(&request("pvc-1", GIB)).unwrap();
    assert_eq!(volume.topology, Vec::<Topology>::new(), "nothing is known yet");
    let here = at("pvc-2", &[place(&[(NODE, "n1")])], &[]);
    assert_eq!(refused(backend.create(&here)), Code::ResourceExhausted);
    register(&machine, "n1", &[]);
    let made = backend.create(&here).unwrap();
    assert_eq!(made.topology, [place(&[(NODE, "n1")])]);
    assert_eq!(Listing::get(&backend, &made.id).unwrap().volume, made);
    let listed = backend.list(&Page::default()).unwrap().entries;
    assert!(listed.iter().all(|entry| entry.volume.topology == made.topology), "{listed:?}");
    let elsewhere = at("pvc-3", &[place(&[(NODE, "n2")])], &[]);
    assert_eq!(refused(backend.create(&elsewhere)), Code::ResourceExhausted);
    assert_eq!(machine.items("default").len(), 2);
}

#[test]
fn a_volume_is_made_in_the_pool_that_is_where_it_must_be() {
    let machine = three_pools();
    register(&machine, "n1", &[(ZONE, "e"), ("example.com/rack", "1")]);
    let backend = on(&machine);
    let (east, west) = (place(&[(ZONE, "e")]), place(&[(ZONE, "w")]));
    let rack = place(&[("EXAMPLE.com/rack", "1"), (ZONE, "e"), (NODE, "n7")]);
    let other_rack = place(&[("example.com/rack", "2"), (ZONE, "e")]);
    let node = place(&[(NODE, "n1")]);
    let nowhere = place(&[("planet", "mars")]);
    let both = [west.clone(), east.clone()];
    for (number, (requisite, preferred, pool)) in [
        (&[east.clone()][..], &[][..], Some("east")),
        (&both[..], &[], Some("west")),
        (&both[..], &both[1..], Some("east")),
        (&both[..], &[nowhere.clone(), west.clone()], Some("west")),
        (&both[..], std::slice::from_ref(&nowhere), Some("west")),
        (&[rack][..], &[], Some("east")),
        (&[other_rack][..], &[], None),
        // Of the two pools that the node reaches, the one that is taken without being asked.
        (&[node][..], &[], Some("default")),
        (&[nowhere.clone()][..], &[], None),
        // Mere preferences: any place will do.
        (&[][..], std::slice::from_ref(&nowhere), Some("default")),
        (&[place(&[(ZONE, "E")])][..], &[], None),
    ]
    .into_iter()
    .enumerate()
    {
        let asked = at(&format!("pvc-{number}"), requisite, preferred);
        match pool {
            Some(pool) => {
                let made = backend.create(&asked).unwrap();
                assert!(machine.items(pool).iter().any(|(name, _)| *name == made.id), "{number}");
                assert_eq!(backend.create(&asked), Ok(made), "{number}");
            }
            None => assert_eq!(refused(backend.create(&asked)), Code::ResourceExhausted),
        }
    }
    let made = backend.create(&at("pvc-0", std::slice::from_ref(&east), &[])).unwrap();
    assert_eq!(made.topology, [place(&[(ZONE, "e"), ("example.com/Rack", "1")])]);
    let moved = at("pvc-0", std::slice::from_ref(&west), &[]);
    assert_eq!(refused(backend.create(&moved)), Code::AlreadyExists);
}

#[test]
fn a_pool_that_is_asked_for_has_to_be_where_the_volume_must_be() {
    let machine = three_pools();
    let backend = on(&machine);
    let east = [place(&[(ZONE, "e")])];
    let wrong = with_pool("west", at("pvc-1", &east, &[]));
    assert_eq!(refused(backend.create(&wrong)), Code::ResourceExhausted);
    let absent = with_pool("south", at("pvc-1", &east, &[]));
    assert_eq!(refused(backend.create(&absent)), Code::InvalidArgument);
    assert_eq!(machine.keys(), Vec::<String>::new());
    let made = backend.create(&with_pool("east", at("pvc-1", &east, &[]))).unwrap();
    let copy = CreateRequest {
        source: Some(ContentSource::Volume(made.id.clone())),
        ..at("pvc-2", &[place(&[(ZONE, "w")])], &[])
    };
    assert_eq!(refused(backend.create(&copy)), Code::ResourceExhausted, "a copy stays");
    assert_eq!(machine.keys().len(), 1);
    let copy = CreateRequest { accessibility: None, ..copy };
    assert_eq!(backend.create(&copy).unwrap().topology, made.topology);
}

#[test]
fn room_is_told_of_the_pool_that_a_volume_would_be_made_in() {
    let machine = three_pools();
    register(&machine, "n1", &[(ZONE, "e")]);
    let backend = on(&machine);
    let room = |topology: Option<Topology>, pool: Option<&str>| {
        let parameters = pool.map(|pool| ("pool".to_owned(), pool.to_owned()));
        let parameters = parameters.into_iter().collect();
        let request = capacity::Request { capabilities: Vec::new(), parameters, topology };
        Capacity::get(&backend, &request).map(|answer| answer.available)
    };
    let zone = |zone| Some(place(&[(ZONE, zone)]));
    assert_eq!(room(zone("w"), None), Ok(2 << 40));
    assert_eq!(room(zone("w"), Some("west")), Ok(2 << 40));
    assert_eq!(room(zone("w"), Some("east")), Ok(0));
    assert_eq!(room(zone("n"), None), Ok(0));
    assert_eq!(room(Some(place(&[(NODE, "n1")])), None), Ok(1 << 40));
    assert_eq!(room(Some(place(&[(NODE, "n2")])), None), Ok(0));
    assert_eq!(room(None, None), Ok(1 << 40));
    assert_eq!(refused(room(zone("w"), Some("south"))), Code::InvalidArgument);
}

#[test]
fn a_configuration_that_cannot_be_is_told_by_the_probe() {
    let machine = three_pools();
    assert_eq!(on(&machine).probe(), Ok(true));
    for (config, named) in [
        (r#"{"pools": {"south": {}}}"#, "south"),
        (r#"{"pools": {"east": {"topology": {"zone": "a", "Zone": "b"}}}}"#, "Zone"),
        (r#"{"pols": {}}"#, "config"),
        ("[]", "config"),
    ] {
        machine.set_config(config);
        let error = on(&machine).probe().unwrap_err();
        assert_eq!(error.code, Code::FailedPrecondition, "{config}");
        assert!(error.message.to_lowercase().contains(&named.to_lowercase()), "{error}");
    }
}
