//! Bad inputs of every kind: INVALID_ARGUMENT, the field's name, and no effect.

use mooring_proto::csi::v1 as pb;
use pb::volume_capability::{AccessMode, AccessType, BlockVolume, MountVolume};
use pb::volume_content_source::{SnapshotSource, Type as Source, VolumeSource};
use tonic::{Code, Response, Status};

use crate::setup::Edge;

mod optional;

fn pair(key: &str, value: &str) -> std::collections::BTreeMap<String, String> {
    [(key.to_owned(), value.to_owned())].into()
}

pub(crate) fn capability() -> pb::VolumeCapability {
    let mount = MountVolume { fs_type: "ext4".into(), ..MountVolume::default() };
    pb::VolumeCapability {
        access_mode: Some(AccessMode { mode: 1 }),
        access_type: Some(AccessType::Mount(mount)),
    }
}

fn zone() -> pb::Topology {
    pb::Topology { segments: pair("zone", "a") }
}

pub(crate) fn good_create() -> pb::CreateVolumeRequest {
    pb::CreateVolumeRequest {
        name: "pvc-1".into(),
        capacity_range: Some(pb::CapacityRange { required_bytes: 1 << 30, limit_bytes: 0 }),
        volume_capabilities: vec![capability()],
        parameters: pair("csi.storage.k8s.io/pvc/name", "claim"),
        secrets: pair("password", "line 1\nline 2"),
        volume_content_source: None,
        accessibility_requirements: Some(pb::TopologyRequirement {
            requisite: vec![zone()],
            preferred: vec![zone()],
        }),
        mutable_parameters: pair("iops", "100"),
    }
}

pub(crate) fn good_validate() -> pb::ValidateVolumeCapabilitiesRequest {
    pb::ValidateVolumeCapabilitiesRequest {
        volume_id: "id-0".into(),
        volume_context: pair("pool", "default"),
        volume_capabilities: vec![capability()],
        parameters: pair("a", "b"),
        ..Default::default()
    }
}

pub(crate) fn good_controller_publish() -> pb::ControllerPublishVolumeRequest {
    pb::ControllerPublishVolumeRequest {
        volume_id: "id-0".into(),
        node_id: "n1".into(),
        volume_capability: Some(capability()),
        readonly: true,
        ..Default::default()
    }
}

pub(crate) fn good_expand() -> pb::ControllerExpandVolumeRequest {
    pb::ControllerExpandVolumeRequest {
        volume_id: "id-0".into(),
        capacity_range: Some(pb::CapacityRange { required_bytes: 2 << 30, limit_bytes: 0 }),
        ..Default::default()
    }
}

pub(crate) fn good_stage() -> pb::NodeStageVolumeRequest {
    pb::NodeStageVolumeRequest {
        volume_id: "id-0".into(),
        staging_target_path: "/staging/id-0".into(),
        volume_capability: Some(capability()),
        ..Default::default()
    }
}

pub(crate) fn good_publish() -> pb::NodePublishVolumeRequest {
    pb::NodePublishVolumeRequest {
        volume_id: "id-0".into(),
        staging_target_path: "/staging/id-0".into(),
        target_path: "/pods/p1/mount".into(),
        volume_capability: Some(capability()),
        volume_context: pair("csi.storage.k8s.io/pod.name", "p1"),
        ..Default::default()
    }
}

pub(crate) fn good_node_expand() -> pb::NodeExpandVolumeRequest {
    pb::NodeExpandVolumeRequest {
        volume_id: "id-0".into(),
        volume_path: "/pods/p1/mount".into(),
        staging_target_path: "/staging/id-0".into(),
        capacity_range: Some(pb::CapacityRange { required_bytes: 2 << 30, limit_bytes: 0 }),
        volume_capability: Some(capability()),
        ..Default::default()
    }
}

/// What the message must say, and how a good request is spoilt.
type Spoilt<R> = (&'static str, Box<dyn Fn(&mut R)>);

fn spoilt<R>(field: &'static str, how: impl Fn(&mut R) + 'static) -> Spoilt<R> {
    (field, Box::new(how))
}

/// Sends each, and asserts what all of them have in common.
async fn refused<R: Clone, T: std::fmt::Debug>(
    edge: &Edge,
    good: R,
    cases: Vec<Spoilt<R>>,
    send: impl AsyncFn(R) -> Result<Response<T>, Status>,
) {
    let effects = || (edge.model.stage.effects(), edge.node.stage.effects());
    let before = effects();
    for (number, (field, spoil)) in cases.iter().enumerate() {
        let mut request = good.clone();
        spoil(&mut request);
        let status = send(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "case {number}, {field}: {status:?}");
        let message = status.message();
        assert!(message.contains(field), "case {number}: {field} is not in {message:?}");
        assert!(message.len() < 400, "case {number}: {message}");
    }
    assert_eq!(effects(), before, "nothing was done");
    send(good).await.expect("the request that was spoilt is a good one");
}

/// Texts that are no ids.
fn bad_ids(longest: usize) -> Vec<String> {
    let mut bad: Vec<String> = ["", "a\0b", "a\nb", "a\u{7f}", "\u{85}"].map(Into::into).into();
    bad.extend(["x".repeat(longest + 1), "x".repeat(64 << 10)]);
    bad
}

fn ids<R: 'static>(
    field: &'static str,
    longest: usize,
    set: impl Fn(&mut R, String) + Copy + 'static,
) -> Vec<Spoilt<R>> {
    let each = |id: String| spoilt(field, move |request: &mut R| set(request, id.clone()));
    bad_ids(longest).into_iter().map(each).collect()
}

fn paths<R: 'static>(
    field: &'static str,
    set: impl Fn(&mut R, String) + Copy + 'static,
) -> Vec<Spoilt<R>> {
    let long = format!("/{}", "x/".repeat(2048));
    let segment = format!("/{}", "x".repeat(256));
    let bad = ["", "/", "//", "/a/../b", "/..", "/a/./b", "/a\0b", "/a\nb", &long, &segment];
    let each = |path: &str| {
        let path = path.to_owned();
        spoilt(field, move |request: &mut R| set(request, path.clone()))
    };
    bad.map(each).into()
}

type Map = std::collections::BTreeMap<String, String>;

fn maps<R: 'static>(
    field: &'static str,
    set: impl Fn(&mut R, Map) + Copy + 'static,
) -> Vec<Spoilt<R>> {
    let many = (0..1000).map(|number| (format!("key-{number}"), "v".to_owned())).collect();
    let bad = [
        pair("k", &"v".repeat(4096)),
        pair("", "v"),
        pair("a\nb", "v"),
        pair("k", "a\0b"),
        pair("k", &"v".repeat(1 << 20)),
        pair("csi.storage.k8s.io/pod.name", "p"),
        pair("csi.storage.k8s.io/serviceAccount.tokens", "t"),
        pair("csi.storage.k8s.io/ephemeral", "true"),
        many,
    ];
    let each = |map: Map| spoilt(field, move |request: &mut R| set(request, map.clone()));
    bad.map(each).into()
}

fn secret_maps<R: 'static>(set: impl Fn(&mut R, Map) + Copy + 'static) -> Vec<Spoilt<R>> {
    let bad = [
        pair("", "v"),
        pair("a b", "v"),
        pair("a/b", "v"),
        pair("k", "a\0b"),
        pair("k", &"v".repeat(1 << 20)),
    ];
    let each = |map: Map| spoilt("secrets", move |request: &mut R| set(request, map.clone()));
    bad.map(each).into()
}

/// Capabilities that can't be meant, with the field that the message names.
fn bad_capabilities() -> Vec<(&'static str, pb::VolumeCapability)> {
    let mode = |mode| pb::VolumeCapability { access_mode: mode, ..capability() };
    let mount = |mount| pb::VolumeCapability {
        access_type: Some(AccessType::Mount(mount)),
        ..capability()
    };
    let fs = |name: &str| mount(MountVolume { fs_type: name.into(), ..MountVolume::default() });
    let flags =
        |flags: Vec<String>| mount(MountVolume { mount_flags: flags, ..MountVolume::default() });
    let flag = |flag: &str| flags(vec!["noatime".into(), flag.into()]);
    let group = |group: &str| {
        mount(MountVolume { volume_mount_group: group.into(), ..MountVolume::default() })
    };
    let mut bad = vec![
        ("access_mode is missing", mode(None)),
        ("access_mode.mode", mode(Some(AccessMode { mode: 0 }))),
        ("access_mode.mode", mode(Some(AccessMode { mode: 99 }))),
        ("access_mode.mode", mode(Some(AccessMode { mode: -1 }))),
        ("neither block nor mount", pb::VolumeCapability { access_type: None, ..capability() }),
        ("mount_flags", flags(vec!["x".into(); 1000])),
        ("mount_flags", flag(&"x".repeat(4096))),
    ];
    bad.extend(
        ["../x", "proc", "overlay", "EXT4", "ext4 ", "nfs"].map(|name| ("fs_type", fs(name))),
    );
    bad.push(("fs_type", fs(&"x".repeat(64 << 10))));
    bad.extend(["", "a\0b", "a\nb", "ro,suid"].map(|text| ("mount_flags[1]", flag(text))));
    bad.extend(
        ["x", "-1", "+1", " 1", "4294967295", "4294967296", "00000000001"]
            .map(|text| ("volume_mount_group", group(text))),
    );
    bad
}

fn capability_lists<R: 'static>(
    set: impl Fn(&mut R, Vec<pb::VolumeCapability>) + Copy + 'static,
) -> Vec<Spoilt<R>> {
    let each = |(field, one): (_, pb::VolumeCapability)| {
        spoilt(field, move |request: &mut R| set(request, vec![capability(), one.clone()]))
    };
    let mut all: Vec<_> = bad_capabilities().into_iter().map(each).collect();
    all.push(spoilt("volume_capabilities is empty", move |request| set(request, vec![])));
    all
}

fn one_capability<R: 'static>(
    set: impl Fn(&mut R, Option<pb::VolumeCapability>) + Copy + 'static,
) -> Vec<Spoilt<R>> {
    let each = |(field, one): (_, pb::VolumeCapability)| {
        spoilt(field, move |request: &mut R| set(request, Some(one.clone())))
    };
    bad_capabilities().into_iter().map(each).collect()
}

fn ranges<R: 'static>(
    set: impl Fn(&mut R, Option<pb::CapacityRange>) + Copy + 'static,
) -> Vec<Spoilt<R>> {
    let bad = [(-1, 0), (0, -1), (i64::MIN, 0), (2, 1), (i64::MAX, 1), (0, 0)];
    let each = |(required_bytes, limit_bytes)| {
        let range = Some(pb::CapacityRange { required_bytes, limit_bytes });
        spoilt("capacity_range", move |request: &mut R| set(request, range))
    };
    bad.map(each).into()
}

#[tokio::test]
async fn create_volume() {
    let edge = Edge::start().await;
    let client = edge.controller().await;
    let mut cases = ids("name", 128, |r: &mut pb::CreateVolumeRequest, id| r.name = id);
    cases.extend(capability_lists(|r: &mut pb::CreateVolumeRequest, l| r.volume_capabilities = l));
    cases.extend(ranges(|r: &mut pb::CreateVolumeRequest, range| r.capacity_range = range));
    cases.extend(maps("parameters", |r: &mut pb::CreateVolumeRequest, m| r.parameters = m));
    cases.extend(maps("mutable_parameters", |r: &mut pb::CreateVolumeRequest, m| {
        r.mutable_parameters = m;
    }));
    cases.extend(secret_maps(|r: &mut pb::CreateVolumeRequest, m| r.secrets = m));
    let sources = [
        ("neither snapshot nor volume", None),
        ("snapshot_id", Some(Source::Snapshot(SnapshotSource::default()))),
        ("volume_id", Some(Source::Volume(VolumeSource { volume_id: "a\nb".into() }))),
    ];
    cases.extend(sources.map(|(field, source)| {
        spoilt(field, move |r: &mut pb::CreateVolumeRequest| {
            r.volume_content_source = Some(pb::VolumeContentSource { r#type: source.clone() });
        })
    }));
    let places = [
        Map::new(),
        pair("bad key", "a"),
        pair("zone", "not a value"),
        pair("", "a"),
        [("zone".to_owned(), "a".to_owned()), ("Zone".to_owned(), "a".to_owned())].into(),
    ];
    cases.extend(places.map(|segments| {
        spoilt("accessibility_requirements.preferred[0]", move |r: &mut pb::CreateVolumeRequest| {
            let preferred = vec![pb::Topology { segments: segments.clone() }];
            r.accessibility_requirements =
                Some(pb::TopologyRequirement { requisite: vec![], preferred });
        })
    }));
    refused(&edge, good_create(), cases, async |r| client.clone().create_volume(r).await).await;
}

#[tokio::test]
async fn what_the_driver_has_no_ability_for_is_refused_and_not_ignored() {
    let edge = Edge::start().await;
    edge.model.can(&[mooring_volume::Ability::Publishing]);
    let client = edge.controller().await;
    let plain = pb::CreateVolumeRequest {
        mutable_parameters: Map::new(),
        accessibility_requirements: None,
        ..good_create()
    };
    let source = |source: Source| Some(pb::VolumeContentSource { r#type: Some(source) });
    let cases = vec![
        spoilt("mutable_parameters", |r: &mut pb::CreateVolumeRequest| {
            r.mutable_parameters = pair("iops", "1");
        }),
        spoilt("accessibility_requirements", |r: &mut pb::CreateVolumeRequest| {
            r.accessibility_requirements =
                Some(pb::TopologyRequirement { requisite: vec![zone()], preferred: vec![] });
        }),
        spoilt("volume_content_source.snapshot", move |r: &mut pb::CreateVolumeRequest| {
            r.volume_content_source =
                source(Source::Snapshot(SnapshotSource { snapshot_id: "s".into() }));
        }),
        spoilt("volume_content_source.volume", move |r: &mut pb::CreateVolumeRequest| {
            r.volume_content_source =
                source(Source::Volume(VolumeSource { volume_id: "v".into() }));
        }),
    ];
    refused(&edge, plain, cases, async |r| client.clone().create_volume(r).await).await;
    let writable =
        pb::ControllerPublishVolumeRequest { readonly: false, ..good_controller_publish() };
    let cases = vec![spoilt("readonly", |r: &mut pb::ControllerPublishVolumeRequest| {
        r.readonly = true;
    })];
    let send = async |r| client.clone().controller_publish_volume(r).await;
    refused(&edge, writable, cases, send).await;
}

#[tokio::test]
async fn delete_volume() {
    let edge = Edge::start().await;
    let client = edge.controller().await;
    let mut cases = ids("volume_id", 128, |r: &mut pb::DeleteVolumeRequest, id| r.volume_id = id);
    cases.extend(secret_maps(|r: &mut pb::DeleteVolumeRequest, map| r.secrets = map));
    let good = pb::DeleteVolumeRequest { volume_id: "id-0".into(), ..Default::default() };
    refused(&edge, good, cases, async |r| client.clone().delete_volume(r).await).await;
    // Odd, and yet ids: unknown ones are gone already.
    for volume_id in [".", "..", "../../etc", "/", "-rf", "a,b=c", "ü", &"x".repeat(128)] {
        let request = pb::DeleteVolumeRequest { volume_id: volume_id.into(), ..Default::default() };
        client.clone().delete_volume(request).await.unwrap();
    }
}

#[tokio::test]
async fn validate_volume_capabilities() {
    type Request = pb::ValidateVolumeCapabilitiesRequest;
    let edge = Edge::start().await;
    let client = edge.controller().await;
    client.clone().create_volume(good_create()).await.unwrap();
    let mut cases = ids("volume_id", 128, |r: &mut Request, id| r.volume_id = id);
    cases.extend(capability_lists(|r: &mut Request, list| r.volume_capabilities = list));
    cases.extend(maps("volume_context", |r: &mut Request, map| r.volume_context = map));
    cases.extend(maps("parameters", |r: &mut Request, map| r.parameters = map));
    cases.extend(maps("mutable_parameters", |r: &mut Request, map| r.mutable_parameters = map));
    cases.extend(secret_maps(|r: &mut Request, map| r.secrets = map));
    let send = async |r| client.clone().validate_volume_capabilities(r).await;
    refused(&edge, good_validate(), cases, send).await;
}

#[tokio::test]
async fn controller_publish_volume() {
    type Request = pb::ControllerPublishVolumeRequest;
    let edge = Edge::start().await;
    let client = edge.controller().await;
    client.clone().create_volume(good_create()).await.unwrap();
    let mut cases = ids("volume_id", 128, |r: &mut Request, id| r.volume_id = id);
    cases.extend(ids("node_id", 256, |r: &mut Request, id| r.node_id = id));
    cases.extend(one_capability(|r: &mut Request, one| r.volume_capability = one));
    cases
        .push(spoilt("volume_capability is missing", |r: &mut Request| r.volume_capability = None));
    cases.extend(maps("volume_context", |r: &mut Request, map| r.volume_context = map));
    cases.extend(secret_maps(|r: &mut Request, map| r.secrets = map));
    let send = async |r| client.clone().controller_publish_volume(r).await;
    refused(&edge, good_controller_publish(), cases, send).await;
}

#[tokio::test]
async fn controller_unpublish_volume() {
    type Request = pb::ControllerUnpublishVolumeRequest;
    let edge = Edge::start().await;
    let client = edge.controller().await;
    let mut cases = ids("volume_id", 128, |r: &mut Request, id| r.volume_id = id);
    // An empty one means every node.
    cases.extend(ids("node_id", 256, |r: &mut Request, id| r.node_id = id).split_off(1));
    cases.extend(secret_maps(|r: &mut Request, map| r.secrets = map));
    let good = Request { volume_id: "id-0".into(), node_id: "n1".into(), ..Default::default() };
    let send = async |r| client.clone().controller_unpublish_volume(r).await;
    refused(&edge, good, cases, send).await;
}

#[tokio::test]
async fn controller_expand_volume() {
    type Request = pb::ControllerExpandVolumeRequest;
    let edge = Edge::start().await;
    let client = edge.controller().await;
    client.clone().create_volume(good_create()).await.unwrap();
    let mut cases = ids("volume_id", 128, |r: &mut Request, id| r.volume_id = id);
    cases.extend(ranges(|r: &mut Request, range| r.capacity_range = range));
    cases.push(spoilt("capacity_range is missing", |r: &mut Request| r.capacity_range = None));
    cases.extend(one_capability(|r: &mut Request, one| r.volume_capability = one));
    cases.extend(secret_maps(|r: &mut Request, map| r.secrets = map));
    let send = async |r| client.clone().controller_expand_volume(r).await;
    refused(&edge, good_expand(), cases, send).await;
}

#[tokio::test]
async fn questions() {
    let edge = Edge::start().await;
    let client = edge.controller().await;
    client.clone().create_volume(good_create()).await.unwrap();
    let list = |field, max_entries, starting_token: String| {
        spoilt(field, move |r: &mut pb::ListVolumesRequest| {
            *r = pb::ListVolumesRequest { max_entries, starting_token: starting_token.clone() };
        })
    };
    let cases = vec![
        list("max_entries", -1, String::new()),
        list("max_entries", i32::MIN, String::new()),
        list("starting_token", 0, "x".repeat(1 << 20)),
        list("starting_token", 0, "a\0b".into()),
    ];
    let send = async |r| client.clone().list_volumes(r).await;
    refused(&edge, pb::ListVolumesRequest::default(), cases, send).await;

    let cases =
        ids("volume_id", 128, |r: &mut pb::ControllerGetVolumeRequest, id| r.volume_id = id);
    let good = pb::ControllerGetVolumeRequest { volume_id: "id-0".into() };
    refused(&edge, good, cases, async |r| client.clone().controller_get_volume(r).await).await;

    type Room = pb::GetCapacityRequest;
    let mut cases = maps("parameters", |r: &mut Room, map| r.parameters = map);
    cases.extend(capability_lists(|r: &mut Room, list| r.volume_capabilities = list));
    // None means any.
    cases.pop();
    cases.push(spoilt("accessible_topology", |r: &mut Room| {
        r.accessible_topology = Some(pb::Topology { segments: pair("zone", "-") });
    }));
    refused(&edge, Room::default(), cases, async |r| client.clone().get_capacity(r).await).await;
}

#[tokio::test]
async fn node_stage_and_unstage() {
    type Request = pb::NodeStageVolumeRequest;
    let edge = Edge::start().await;
    let client = edge.node().await;
    let mut cases = ids("volume_id", 128, |r: &mut Request, id| r.volume_id = id);
    cases.extend(paths("staging_target_path", |r: &mut Request, p| r.staging_target_path = p));
    cases.push(spoilt("staging_target_path", |r: &mut Request| {
        r.staging_target_path = "relative".into();
    }));
    cases.extend(one_capability(|r: &mut Request, one| r.volume_capability = one));
    cases
        .push(spoilt("volume_capability is missing", |r: &mut Request| r.volume_capability = None));
    cases.extend(maps("volume_context", |r: &mut Request, map| r.volume_context = map));
    cases.extend(maps("publish_context", |r: &mut Request, map| r.publish_context = map));
    cases.extend(secret_maps(|r: &mut Request, map| r.secrets = map));
    refused(&edge, good_stage(), cases, async |r| client.clone().node_stage_volume(r).await).await;

    type Unstage = pb::NodeUnstageVolumeRequest;
    let mut cases = ids("volume_id", 128, |r: &mut Unstage, id| r.volume_id = id);
    cases.extend(paths("staging_target_path", |r: &mut Unstage, p| r.staging_target_path = p));
    let good = Unstage { volume_id: "id-0".into(), staging_target_path: "/staging/id-0".into() };
    refused(&edge, good, cases, async |r| client.clone().node_unstage_volume(r).await).await;
}

#[tokio::test]
async fn node_publish_and_unpublish() {
    type Request = pb::NodePublishVolumeRequest;
    let edge = Edge::start().await;
    let client = edge.node().await;
    client.clone().node_stage_volume(good_stage()).await.unwrap();
    let mut cases = ids("volume_id", 128, |r: &mut Request, id| r.volume_id = id);
    cases.extend(paths("target_path", |r: &mut Request, path| r.target_path = path));
    // An empty one has a code of its own, below.
    cases.extend(
        paths("staging_target_path", |r: &mut Request, p| r.staging_target_path = p).split_off(1),
    );
    cases.extend(
        ["relative", "/staging/id-0", "/staging/id-0/sub", "/staging", "/staging//id-0/"]
            .map(|path| spoilt("target_path", move |r: &mut Request| r.target_path = path.into())),
    );
    cases.extend(one_capability(|r: &mut Request, one| r.volume_capability = one));
    cases
        .push(spoilt("volume_capability is missing", |r: &mut Request| r.volume_capability = None));
    // Kubelet's own keys are welcome here.
    let mut contexts = maps("volume_context", |r: &mut Request, map| r.volume_context = map);
    contexts.drain(5..8);
    cases.extend(contexts);
    cases.extend(maps("publish_context", |r: &mut Request, map| r.publish_context = map));
    cases.extend(secret_maps(|r: &mut Request, map| r.secrets = map));
    let send = async |r| client.clone().node_publish_volume(r).await;
    refused(&edge, good_publish(), cases, send).await;

    let before = edge.node.stage.effects();
    let unstaged = Request { staging_target_path: String::new(), ..good_publish() };
    let status = client.clone().node_publish_volume(unstaged).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains("staging_target_path"), "{status:?}");
    assert_eq!(edge.node.stage.effects(), before);

    // A volume that a pod describes itself is neither staged nor published by a controller.
    let inline = Request {
        volume_context: pair("csi.storage.k8s.io/ephemeral", "true"),
        staging_target_path: String::new(),
        ..good_publish()
    };
    let mut cases = vec![
        spoilt("staging_target_path", |r: &mut Request| {
            r.staging_target_path = "/staging/id-0".into();
        }),
        spoilt("publish_context", |r: &mut Request| r.publish_context = pair("lun", "1")),
        spoilt("volume_capability is missing", |r: &mut Request| r.volume_capability = None),
    ];
    cases.extend(paths("target_path", |r: &mut Request, path| r.target_path = path));
    refused(&edge, inline, cases, async |r| client.clone().node_publish_volume(r).await).await;

    type Unpublish = pb::NodeUnpublishVolumeRequest;
    let mut cases = ids("volume_id", 128, |r: &mut Unpublish, id| r.volume_id = id);
    cases.extend(paths("target_path", |r: &mut Unpublish, path| r.target_path = path));
    let good = Unpublish { volume_id: "id-0".into(), target_path: "/pods/p1/mount".into() };
    refused(&edge, good, cases, async |r| client.clone().node_unpublish_volume(r).await).await;
}

#[tokio::test]
async fn node_stats_and_expansion() {
    type Request = pb::NodeGetVolumeStatsRequest;
    let edge = Edge::start().await;
    let client = edge.node().await;
    client.clone().node_stage_volume(good_stage()).await.unwrap();
    let mut cases = ids("volume_id", 128, |r: &mut Request, id| r.volume_id = id);
    cases.extend(paths("volume_path", |r: &mut Request, path| r.volume_path = path));
    cases.extend(
        paths("staging_target_path", |r: &mut Request, p| r.staging_target_path = p).split_off(1),
    );
    let good = Request {
        volume_id: "id-0".into(),
        volume_path: "/pods/p1/mount".into(),
        ..Default::default()
    };
    let send = async |r| client.clone().node_get_volume_stats(r).await;
    refused(&edge, good.clone(), cases, send).await;
    let relative = Request { volume_path: "some/path".into(), ..good };
    let status = client.clone().node_get_volume_stats(relative).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound, "as csi-sanity wants it");

    type Expand = pb::NodeExpandVolumeRequest;
    let mut cases = ids("volume_id", 128, |r: &mut Expand, id| r.volume_id = id);
    cases.extend(paths("volume_path", |r: &mut Expand, path| r.volume_path = path));
    cases.extend(ranges(|r: &mut Expand, range| r.capacity_range = range));
    cases.extend(one_capability(|r: &mut Expand, one| r.volume_capability = one));
    cases.extend(secret_maps(|r: &mut Expand, map| r.secrets = map));
    let send = async |r| client.clone().node_expand_volume(r).await;
    refused(&edge, good_node_expand(), cases, send).await;
}

#[tokio::test]
async fn good_capabilities_of_every_mode() {
    let edge = Edge::start().await;
    let client = edge.controller().await;
    let block = Some(AccessType::Block(BlockVolume {}));
    let mount = Some(AccessType::Mount(MountVolume {
        fs_type: "xfs".into(),
        mount_flags: vec!["noatime".into(); 64],
        volume_mount_group: "4294967294".into(),
    }));
    let modes = (1..=7).flat_map(|mode| {
        [block.clone(), mount.clone()].map(|access_type| pb::VolumeCapability {
            access_mode: Some(AccessMode { mode }),
            access_type,
        })
    });
    let request = pb::CreateVolumeRequest { volume_capabilities: modes.collect(), ..good_create() };
    client.clone().create_volume(request).await.unwrap();
    assert_eq!(edge.model.stage.effects(), ["create pvc-1"]);
}
