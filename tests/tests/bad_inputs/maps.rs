//! Parameters, contexts, secrets, and asking for what is not there.

use std::collections::BTreeMap;

use mooring_proto::csi::v1::*;
use mooring_tests::case;
use mooring_tests::life::at_least;
use tonic::Code;

use crate::calls::Call;
use crate::scene::{INVALID, LEFT_ALONE, NO_ROOM, Row, Scene, UNKNOWN, row};

type Map = BTreeMap<String, String>;

fn map(key: &str, value: &str) -> Map {
    [(key.to_owned(), value.to_owned())].into()
}

/// Maps that no field takes.
fn bad() -> Vec<(&'static str, Map)> {
    let many = (0..600).map(|number| (format!("key-{number}"), "value".to_owned())).collect();
    vec![
        ("over 4 KiB", map("key", &"x".repeat(4097))),
        ("1 MiB", map("key", &"x".repeat(1 << 20))),
        ("600 entries", many),
        ("an empty key", map("", "value")),
        ("a NUL", map("key", "a\0b")),
    ]
}

/// What only kubelet says, and only when it publishes.
const SPOOFED: [&str; 4] = [
    "csi.storage.k8s.io/ephemeral",
    "csi.storage.k8s.io/pod.name",
    "csi.storage.k8s.io/pod.uid",
    "csi.storage.k8s.io/serviceAccount.tokens",
];

#[test]
fn parameters_and_contexts_are_bounded() {
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let mut all = bad();
        all.extend(SPOOFED.map(|key| (key, map(key, "true"))));
        let mut rows = Vec::new();
        for (what, bad) in all {
            let create = CreateVolumeRequest {
                name: "never".into(),
                parameters: bad.clone(),
                volume_capabilities: vec![scene.made.kind.capability()],
                ..Default::default()
            };
            rows.push(row(what, create, INVALID, &["parameters"]));
            let room = GetCapacityRequest { parameters: bad.clone(), ..Default::default() };
            rows.push(row(what, room, INVALID, &["parameters"]));
            let validate = ValidateVolumeCapabilitiesRequest {
                volume_id: scene.made.id(),
                volume_context: bad.clone(),
                volume_capabilities: vec![scene.made.kind.capability()],
                ..Default::default()
            };
            rows.push(row(what, validate, INVALID, &["volume_context"]));
            let stage = scene.made.stage_request();
            let of_volume = NodeStageVolumeRequest { volume_context: bad.clone(), ..stage.clone() };
            rows.push(row(what, of_volume, INVALID, &["volume_context"]));
            let of_publish = NodeStageVolumeRequest { publish_context: bad.clone(), ..stage };
            rows.push(row(what, of_publish, INVALID, &["publish_context"]));
            if !SPOOFED.contains(&what) {
                let target_path = scene.target("free/target");
                let request = scene.live.publish_request();
                let publish =
                    NodePublishVolumeRequest { target_path, volume_context: bad, ..request };
                rows.push(row(what, publish, INVALID, &["volume_context"]));
            }
        }
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

/// The calls that take secrets, with these.
fn with_secrets(scene: &Scene<'_>, secrets: &Map) -> Vec<Call> {
    let secrets = || secrets.clone();
    let (made, live) = (&scene.made, &scene.live);
    let capabilities = vec![made.kind.capability()];
    let validate = ValidateVolumeCapabilitiesRequest {
        volume_id: made.id(),
        volume_capabilities: capabilities.clone(),
        secrets: secrets(),
        ..Default::default()
    };
    let create = CreateVolumeRequest {
        name: "never".into(),
        volume_capabilities: capabilities,
        secrets: secrets(),
        ..Default::default()
    };
    let grow = ControllerExpandVolumeRequest {
        volume_id: made.id(),
        capacity_range: at_least(1 << 30),
        secrets: secrets(),
        ..Default::default()
    };
    let target_path = scene.target("free/target");
    vec![
        validate.into(),
        create.into(),
        grow.into(),
        DeleteVolumeRequest { volume_id: made.id(), secrets: secrets() }.into(),
        NodeStageVolumeRequest { secrets: secrets(), ..made.stage_request() }.into(),
        NodePublishVolumeRequest { target_path, secrets: secrets(), ..live.publish_request() }
            .into(),
        NodeExpandVolumeRequest { secrets: secrets(), ..live.node_expand_request() }.into(),
    ]
}

#[test]
fn secrets_are_bounded() {
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let mut rows: Vec<Row> = Vec::new();
        for (what, secrets) in bad() {
            let calls = with_secrets(&scene, &secrets).into_iter();
            rows.extend(calls.map(|call| row(what, call, INVALID, &["secrets"])));
        }
        let secrets = map("pem", "-----BEGIN-----\nAAAA\n-----END-----\n");
        let lines = DeleteVolumeRequest { volume_id: "unknown".into(), secrets };
        rows.push(row("lines are allowed", lines, &[Code::Ok], &[]));
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

#[test]
fn what_the_driver_cannot_do_is_refused() {
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let create = CreateVolumeRequest {
            name: "never".into(),
            volume_capabilities: vec![scene.made.kind.capability()],
            ..Default::default()
        };
        let from = |source| CreateVolumeRequest {
            volume_content_source: Some(VolumeContentSource { r#type: source }),
            ..create.clone()
        };
        let mutable =
            CreateVolumeRequest { mutable_parameters: map("iops", "1"), ..create.clone() };
        let unknown = CreateVolumeRequest { parameters: map("colour", "red"), ..create.clone() };
        let snapshot = volume_content_source::SnapshotSource { snapshot_id: "s".into() };
        let volume = volume_content_source::VolumeSource { volume_id: "nowhere".into() };
        let snapshot = from(Some(volume_content_source::Type::Snapshot(snapshot)));
        let clone = from(Some(volume_content_source::Type::Volume(volume)));
        let place = Topology { segments: map("example.com/zone", "a") };
        let place = TopologyRequirement { requisite: vec![place], preferred: vec![] };
        let there =
            CreateVolumeRequest { accessibility_requirements: Some(place), ..create.clone() };
        let volume_id = scene.made.id();
        let attach = ControllerPublishVolumeRequest {
            volume_id: volume_id.clone(),
            node_id: "nobody".into(),
            volume_capability: Some(scene.made.kind.capability()),
            ..Default::default()
        };
        let detach = ControllerUnpublishVolumeRequest {
            volume_id: volume_id.clone(),
            node_id: "nobody".into(),
            ..Default::default()
        };
        let modify = ControllerModifyVolumeRequest {
            volume_id: volume_id.clone(),
            mutable_parameters: map("iops", "1"),
            ..Default::default()
        };
        let take = CreateSnapshotRequest {
            source_volume_id: "nowhere".into(),
            name: "s".into(),
            ..Default::default()
        };
        let group = CreateVolumeGroupSnapshotRequest {
            name: "g".into(),
            source_volume_ids: vec![volume_id, "nowhere".into()],
            ..Default::default()
        };
        let fewer = ListSnapshotsRequest { max_entries: -1, ..Default::default() };
        scene
            .refuses(vec![
                row("an unknown mutable parameter", mutable, INVALID, &["iops"]),
                row("an unknown parameter", unknown, INVALID, &["colour"]),
                row("a snapshot that is not there", snapshot, UNKNOWN, &["\"s\""]),
                row("a volume that is not there", clone, UNKNOWN, &["nowhere"]),
                row("no source", from(None), INVALID, &["volume_content_source"]),
                row("a place that no pool is at", there, NO_ROOM, &["pool"]),
                row("to a node that is not there", attach, UNKNOWN, &["nobody"]),
                row("from a node that is not there", detach, LEFT_ALONE, &[]),
                row("an unknown parameter", modify, INVALID, &["iops"]),
                row("of a volume that is not there", take, UNKNOWN, &["nowhere"]),
                row("no id", DeleteSnapshotRequest::default(), INVALID, &["snapshot_id"]),
                row("fewer than none", fewer, INVALID, &["max_entries"]),
                row("no id", GetMetadataAllocatedRequest::default(), INVALID, &["snapshot_id"]),
                row("of a volume that is not there", group, UNKNOWN, &["nowhere"]),
            ])
            .await;
        scene.strike().await;
    });
}
