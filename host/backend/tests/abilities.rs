//! The optional interfaces of snapshots, groups, changed blocks, health and modification: good
//! answers arrive, those that cannot be are named, and what is absent is said.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod stand;

use std::time::{Duration, SystemTime};

use mooring_backend::{Driver, Limits, Outcome};
use mooring_volume::backend::{Identity, Page, Volumes};
use mooring_volume::blocks::{Block, BlockKind, BlockRange, ChangedBlocks};
use mooring_volume::health::{Health, StorageFault, VolumeFault};
use mooring_volume::id::{GroupSnapshotId, GroupSnapshotName, SnapshotId, SnapshotName};
use mooring_volume::modification::{Modification, ModifyVolume};
use mooring_volume::snapshot::{
    CreateGroupSnapshot, CreateSnapshot, GroupReference, GroupSnapshots, ListSnapshots, Snapshots,
};
use mooring_volume::{Ability, Code, Error, NodeId, Secrets, StringMap, VolumeId};
use stand::{Stand, call, guest};

const SECRET: &str = "hunter2\n";

async fn able(stand: &Stand) -> Driver {
    stand.load("able.example.com", guest("abilities"), Limits::default()).await
}

fn volume(id: &str) -> VolumeId {
    VolumeId::new(id).unwrap()
}

fn snapshot(id: &str) -> SnapshotId {
    SnapshotId::new(id).unwrap()
}

fn secrets() -> Secrets {
    [("token".to_owned(), SECRET.to_owned())].into_iter().collect()
}

fn take(name: &str) -> CreateSnapshot {
    CreateSnapshot {
        name: SnapshotName::new(name).unwrap(),
        source: volume("vol"),
        parameters: StringMap::new(),
        secrets: secrets(),
    }
}

fn list(token: &str, max_entries: u32, source: Option<&str>) -> ListSnapshots {
    ListSnapshots {
        page: page(token, max_entries),
        source: source.map(volume),
        secrets: Secrets::default(),
    }
}

fn page(token: &str, max_entries: u32) -> Page {
    Page { max_entries, token: Some(token.to_owned()) }
}

fn take_group(name: &str) -> CreateGroupSnapshot {
    CreateGroupSnapshot {
        name: GroupSnapshotName::new(name).unwrap(),
        sources: vec![volume("b"), volume("a")],
        parameters: StringMap::new(),
        secrets: Secrets::default(),
    }
}

fn group(id: &str, members: &[&str]) -> GroupReference {
    GroupReference {
        id: GroupSnapshotId::new(id).unwrap(),
        members: members.iter().map(|id| snapshot(id)).collect(),
        secrets: Secrets::default(),
    }
}

fn range(offset: u64, limit: u32) -> BlockRange {
    BlockRange { offset, limit, secrets: Secrets::default() }
}

fn modify(id: &str, key: &str) -> ModifyVolume {
    ModifyVolume {
        volume: volume(id),
        mutable_parameters: [(key.to_owned(), "fast".to_owned())].into(),
        secrets: Secrets::default(),
    }
}

/// A malformed answer: whose fault it is, what it is, and nothing that was secret.
#[track_caller]
fn named(stand: &Stand, fault: &str, error: &Error, says: &str) {
    let ended = (error.code, stand.meter.last());
    // What was to be created may be there.
    let created = stand.meter.calls.lock().unwrap().last().unwrap().1.ends_with(".create");
    let code = if created { Code::Unavailable } else { Code::Internal };
    assert_eq!(ended, (code, Outcome::Malformed), "{fault}: {error}");
    let returned = error.message.contains("the backend returned");
    assert!(returned && error.message.contains(says), "{fault}: {error}");
    assert!(!error.message.contains(SECRET.trim()), "{fault}: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_taken_and_found() {
    let stand = Stand::new();
    let driver = able(&stand).await;
    let taken = driver.create_snapshot(&call(), take("snap-1")).await.unwrap();
    assert_eq!((taken.id.as_str(), taken.source.as_str()), ("snap-1", "vol"));
    let created = taken.created.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(created, Duration::from_millis(1_700_000_000_123));
    assert_eq!((taken.size, taken.ready, &taken.group), (65_536, true, &None));

    let found = driver.get_snapshot(&call(), snapshot("snap-1"), secrets()).await.unwrap();
    assert_eq!(found.id, taken.id);
    let member = driver.get_snapshot(&call(), snapshot("group-member"), secrets()).await.unwrap();
    assert_eq!(member.group.unwrap().as_str(), "group");
    let listed = driver.list_snapshots(&call(), list("three", 3, Some("vol"))).await.unwrap();
    assert_eq!((listed.entries.len(), listed.next), (3, None));
    assert_eq!(listed.entries[0].source, taken.source);

    driver.delete_snapshot(&call(), snapshot("snap-1"), secrets()).await.unwrap();
    let used = driver.delete_snapshot(&call(), snapshot("in-use"), secrets()).await.unwrap_err();
    assert_eq!(used.code, Code::FailedPrecondition);
    let gone = driver.get_snapshot(&call(), snapshot("gone"), secrets()).await.unwrap_err();
    assert_eq!(gone.code, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_that_cannot_be_are_named() {
    let stand = Stand::new();
    let driver = able(&stand).await;
    for (fault, says) in [
        ("id-empty", "snapshot id"),
        ("id-secret", "snapshot id"),
        ("source-empty", "volume id"),
        ("source-other", "another volume"),
        ("source-secret", "volume id"),
        ("created-huge", "created"),
        ("size-huge", "size"),
        ("group-empty", "group snapshot id"),
        ("group-member", "a group's member"),
    ] {
        let error = driver.create_snapshot(&call(), take(fault)).await.unwrap_err();
        named(&stand, fault, &error, says);
    }
    let error = driver.get_snapshot(&call(), snapshot("id-other"), secrets()).await.unwrap_err();
    named(&stand, "id-other", &error, "another snapshot");
    for (fault, most, says) in [
        ("too-many", 0, "10001 entries"),
        ("three", 2, "3 entries"),
        ("token-empty", 0, "page token"),
        ("id-empty", 0, "snapshot id"),
        ("source-other", 0, "another volume"),
    ] {
        let asked = list(fault, most, Some("vol"));
        let error = driver.list_snapshots(&call(), asked).await.unwrap_err();
        named(&stand, fault, &error, says);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_whole() {
    let stand = Stand::new();
    let driver = able(&stand).await;
    let taken = driver.create_group(&call(), take_group("group")).await.unwrap();
    assert_eq!((taken.id.as_str(), taken.members.len(), taken.ready), ("group", 2, true));
    for members in [&[][..], &["of-b", "of-a"]] {
        let found = driver.get_group(&call(), group("group", members)).await.unwrap();
        assert_eq!(found.id, taken.id);
    }
    let other = driver.get_group(&call(), group("group", &["of-a"])).await.unwrap_err();
    assert_eq!(other.code, Code::InvalidArgument, "{other}");
    driver.delete_group(&call(), group("group", &[])).await.unwrap();
    let refused = driver.delete_group(&call(), group("group", &["x"])).await.unwrap_err();
    assert_eq!(refused.code, Code::InvalidArgument);
    assert!(refused.message.contains("\"x\""), "{refused}");

    for (fault, says) in [
        ("id-empty", "group snapshot id"),
        ("created-huge", "created"),
        ("none", "0 members"),
        ("one-less", "other volumes"),
        ("one-more", "other volumes"),
        ("twice", "a member twice"),
        ("one-volume", "two members of one volume"),
        ("groupless", "does not name the group"),
        ("of-another", "does not name the group"),
        ("unready-member", "ready"),
    ] {
        let error = driver.create_group(&call(), take_group(fault)).await.unwrap_err();
        named(&stand, fault, &error, says);
    }
    let error = driver.get_group(&call(), group("id-other", &[])).await.unwrap_err();
    named(&stand, "id-other", &error, "another group");
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_arrive_in_order_or_not_at_all() {
    let stand = Stand::new();
    let driver = able(&stand).await;
    let page = driver.allocated(&call(), snapshot("snap"), range(4095, 2)).await.unwrap();
    let block = |offset| Block { offset, size: 4096 };
    assert_eq!((page.kind, page.volume_capacity), (BlockKind::Fixed, 65_536));
    assert_eq!(page.blocks, [block(0), block(4096)]);
    let page = driver.delta(&call(), snapshot("base"), snapshot("snap"), range(61_440, 9)).await;
    assert_eq!(page.unwrap().blocks, [block(61_440)]);
    let end = driver.allocated(&call(), snapshot("snap"), range(65_536, 9)).await.unwrap();
    assert_eq!(end.blocks, []);
    let foreign = driver.delta(&call(), snapshot("foreign"), snapshot("snap"), range(0, 1)).await;
    assert_eq!(foreign.unwrap_err().code, Code::InvalidArgument);

    for (fault, says) in [
        ("empty-block", "empty"),
        ("past-the-end", "past the volume's 65536 bytes"),
        ("past-all", "past the volume's 65536 bytes"),
        ("descending", "starts before"),
        ("overlapping", "starts before"),
        ("uneven", "fixed length"),
        ("unaligned", "fixed length"),
        ("too-many", "at most 3"),
        ("capacity-huge", "volume-capacity"),
    ] {
        let error = driver.allocated(&call(), snapshot(fault), range(0, 3)).await.unwrap_err();
        named(&stand, fault, &error, says);
        let delta = driver.delta(&call(), snapshot("base"), snapshot(fault), range(0, 3)).await;
        named(&stand, fault, &delta.unwrap_err(), says);
    }
    let early = driver.allocated(&call(), snapshot("before-the-offset"), range(4096, 3)).await;
    named(&stand, "before-the-offset", &early.unwrap_err(), "after byte 4096");
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_have_reasons() {
    let stand = Stand::new();
    let driver = able(&stand).await;
    let sound = driver.volume_health(&call(), volume("sound"), secrets()).await.unwrap();
    assert!(sound.is_empty());
    let findings = driver.volume_health(&call(), volume("vol"), secrets()).await.unwrap();
    let faults: Vec<_> = findings.iter().map(|finding| finding.fault).collect();
    assert_eq!(faults, [VolumeFault::DataLoss, VolumeFault::Inaccessible]);
    assert_eq!(findings[0].to_string(), "ImageMissing: the image is gone\\u{a}restore it");
    for (fault, says) in [
        ("reason-empty", "a bad reason"),
        ("reason-snake", "a bad reason"),
        ("reason-long", "a bad reason"),
        ("reason-secret", "a bad reason"),
        ("twice", "same fault and reason"),
        ("many", "257 findings"),
    ] {
        let error = driver.volume_health(&call(), volume(fault), secrets()).await.unwrap_err();
        named(&stand, fault, &error, says);
    }

    let listed = driver.list_health(&call(), page("", 1), secrets()).await.unwrap();
    assert_eq!((listed.entries[0].volume.as_str(), listed.next), ("vol", None));
    let empty = driver.list_health(&call(), page("nothing-yet", 1), secrets()).await.unwrap();
    assert_eq!((empty.entries.len(), empty.next.as_deref()), (0, Some("more")));
    for (fault, says) in [
        ("sound", "without findings"),
        ("id-empty", "volume id"),
        ("three", "3 entries"),
        ("token-empty", "page token"),
        ("twice", "same fault and reason"),
    ] {
        let error = driver.list_health(&call(), page(fault, 2), secrets()).await.unwrap_err();
        named(&stand, fault, &error, says);
    }

    let all = driver.storage_health(&call(), None, secrets()).await.unwrap();
    assert_eq!((all[1].fault, all[1].message.as_str()), (StorageFault::Unreachable, "behind all"));
    let node = |id: &str| Some(NodeId::new(id).unwrap());
    let one = driver.storage_health(&call(), node("node-1"), secrets()).await.unwrap();
    assert_eq!((one[0].fault, one[0].message.as_str()), (StorageFault::Degraded, "behind node-1"));
    for (fault, says) in [("reason-snake", "a bad reason"), ("twice", "same fault and reason")] {
        let error = driver.storage_health(&call(), node(fault), secrets()).await.unwrap_err();
        named(&stand, fault, &error, says);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_go_by_the_schema() {
    let stand = Stand::new();
    let driver = able(&stand).await;
    driver.modify(&call(), modify("good", "tier")).await.unwrap();
    let refused = driver.modify(&call(), modify("echo", "tier")).await.unwrap_err();
    assert_eq!(refused.code, Code::FailedPrecondition);
    assert!(refused.message.contains(r#"echo: [("tier", "fast")]"#), "{refused}");
    let gone = driver.modify(&call(), modify("gone", "tier")).await.unwrap_err();
    assert_eq!(gone.code, Code::NotFound);

    let called = stand.meter.calls.lock().unwrap().len();
    let parameters: StringMap = [("flavour".to_owned(), "vanilla".to_owned())].into();
    let snapshot = CreateSnapshot { parameters: parameters.clone(), ..take("snap-1") };
    let group = CreateGroupSnapshot { parameters, ..take_group("group") };
    for refused in [
        driver.modify(&call(), modify("good", "flavour")).await.unwrap_err(),
        driver.create_snapshot(&call(), snapshot).await.unwrap_err(),
        driver.create_group(&call(), group).await.unwrap_err(),
    ] {
        assert_eq!(refused.code, Code::InvalidArgument);
        assert!(refused.message.contains("parameters.flavour"), "{refused}");
    }
    assert_eq!(stand.meter.calls.lock().unwrap().len(), called, "nothing reached the component");
}

#[tokio::test(flavor = "multi_thread")]
async fn traps_of_any_interface_open_the_breaker() {
    let stand = Stand::new();
    let driver = able(&stand).await;
    for _ in 0..5 {
        let error = driver.delete_snapshot(&call(), snapshot("panic"), secrets()).await;
        assert_eq!(error.unwrap_err().code, Code::Internal);
    }
    let turned = driver.modify(&call(), modify("good", "tier")).await.unwrap_err();
    assert_eq!((turned.code, stand.meter.last()), (Code::Unavailable, Outcome::Shed));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_is_advertised_and_nothing_else_is_called() {
    let stand = Stand::new();
    let driver = able(&stand).await;
    let exported = [
        Ability::Snapshots,
        Ability::GroupSnapshots,
        Ability::ChangedBlocks,
        Ability::Health,
        Ability::Modification,
        Ability::RestoreSnapshot,
    ];
    assert_eq!(driver.abilities(), exported.into());

    let minimal = stand.load("good.example.com", guest("minimal"), Limits::default()).await;
    let call = &call();
    let none = Secrets::default;
    for (interface, error) in [
        ("snapshots", minimal.create_snapshot(call, take("s")).await.err()),
        ("snapshots", minimal.delete_snapshot(call, snapshot("s"), none()).await.err()),
        ("snapshots", minimal.list_snapshots(call, ListSnapshots::default()).await.err()),
        ("snapshots", minimal.get_snapshot(call, snapshot("s"), none()).await.err()),
        ("group-snapshots", minimal.create_group(call, take_group("g")).await.err()),
        ("group-snapshots", minimal.delete_group(call, group("g", &[])).await.err()),
        ("group-snapshots", minimal.get_group(call, group("g", &[])).await.err()),
        ("changed-blocks", minimal.allocated(call, snapshot("s"), range(0, 1)).await.err()),
        (
            "changed-blocks",
            minimal.delta(call, snapshot("s"), snapshot("t"), range(0, 1)).await.err(),
        ),
        ("health", minimal.volume_health(call, volume("v"), none()).await.err()),
        ("health", minimal.list_health(call, Page::default(), none()).await.err()),
        ("health", minimal.storage_health(call, None, none()).await.err()),
        ("modification", minimal.modify(call, modify("v", "tier")).await.err()),
    ] {
        let error = error.unwrap();
        assert_eq!(error.code, Code::Unimplemented, "{interface}: {error}");
        let says = format!("does not export {interface}");
        assert!(error.message.contains(&says), "{error}");
    }
    assert!(minimal.delete(call, volume("v"), none()).await.is_ok());
}
