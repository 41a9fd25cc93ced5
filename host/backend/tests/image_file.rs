//! The shipped image-file backend, end to end: engine, component, store, pool.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod stand;

use std::path::Path;

use mooring_backend::{EngineConfig, Limits, LoadError, Outcome, inspect};
use mooring_volume::attachment::{Attachment, Content};
use mooring_volume::backend::{
    Attachments, ExpandVolume, Expansion, GetCapacity, Identity, Listing, NodeFacts, Nodes, Page,
    PublishVolume, Publishing, Space, ValidateVolume, Verdict, Volumes,
};
use mooring_volume::capacity::CapacityRange;
use mooring_volume::{Ability, Code, NodeId, Secrets, StringMap, VolumeId};
use stand::{MIB, Stand, call, capability, create, describe, plugin};

/// Lengths of all files below a directory.
fn files(dir: &Path) -> Vec<u64> {
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    let length = |entry: std::fs::DirEntry| match entry.metadata().unwrap() {
        data if data.is_dir() => files(&entry.path()),
        data => vec![data.len()],
    };
    entries.flat_map(length).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_lives_and_dies() {
    let stand = Stand::new();
    let driver = stand.load("image.mooring.dev", plugin("image_file"), Limits::default()).await;
    assert!(driver.probe(&call()).await.unwrap());

    let volume = driver.create(&call(), create("pvc-1")).await.unwrap();
    assert_eq!(volume.capacity, 8 << 20);
    assert_eq!(driver.create(&call(), create("pvc-1")).await.unwrap(), volume);
    let mut larger = create("pvc-1");
    larger.capacity = Some(CapacityRange::new(64 * MIB, 0).unwrap());
    assert_eq!(driver.create(&call(), larger).await.unwrap_err().code, Code::AlreadyExists);

    let listed = driver.list(&call(), Page::default()).await.unwrap();
    assert_eq!(listed.entries.len(), 1);
    assert_eq!(driver.get(&call(), volume.id.clone()).await.unwrap().volume, volume);

    let attached = driver.describe_attachment(&call(), describe(volume.id.clone())).await.unwrap();
    let Attachment::ImageFile(item) = &attached.attachment else {
        panic!("{:?}", attached.attachment)
    };
    assert_eq!((item.pool.as_str(), attached.content), ("default", Content::Blank));
    assert_eq!(files(&stand.pool()), [8 << 20], "the image was made");

    let wanted = CapacityRange::new(16 * MIB, 0).unwrap();
    let request = ExpandVolume {
        volume_id: volume.id.clone(),
        capacity: wanted,
        capability: None,
        secrets: Secrets::default(),
    };
    assert_eq!(driver.expand(&call(), request).await.unwrap().capacity, 16 << 20);

    driver.delete(&call(), volume.id.clone(), Secrets::default()).await.unwrap();
    driver.delete(&call(), volume.id.clone(), Secrets::default()).await.unwrap();
    let gone = driver.describe_attachment(&call(), describe(volume.id)).await.unwrap_err();
    assert_eq!(gone.code, Code::NotFound);
    assert_eq!(stand.meter.last(), Outcome::Refused(Code::NotFound));
}

#[tokio::test(flavor = "multi_thread")]
async fn abilities_are_the_exports() {
    let stand = Stand::new();
    let driver = stand.load("image.mooring.dev", plugin("image_file"), Limits::default()).await;
    let abilities = driver.abilities();
    let exported = [
        Ability::Publishing,
        Ability::ReadonlyPublishing,
        Ability::Listing,
        Ability::Capacity,
        Ability::Expansion,
        Ability::OnlineExpansion,
        Ability::Modification,
        Ability::Snapshots,
        Ability::GroupSnapshots,
        Ability::ChangedBlocks,
        Ability::RestoreSnapshot,
        Ability::CloneVolume,
        Ability::Health,
        Ability::Nodes,
        Ability::AccessibilityConstraints,
    ];
    for there in exported {
        assert!(abilities.contains(&there), "{there:?} is missing");
    }
    let driver = stand.load("dir.mooring.dev", plugin("directory"), Limits::default()).await;
    let abilities = driver.abilities();
    for absent in [Ability::Publishing, Ability::Nodes, Ability::GroupSnapshots] {
        assert!(!abilities.contains(&absent), "{absent:?} is advertised");
    }
    let id = VolumeId::new("any").unwrap();
    let refused = driver.unpublish(&call(), id, None, Secrets::default()).await.unwrap_err();
    assert_eq!(refused.code, Code::Unimplemented);
    let node = driver.describe_node(&call(), worker()).await.unwrap();
    assert_eq!((node.id.as_str(), node.topology, node.max_volumes), ("worker-1", None, None));
}

fn worker() -> NodeFacts {
    NodeFacts { id: "worker-1".to_owned(), ..NodeFacts::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_is_published_to_the_node_that_registered() {
    let stand = Stand::new();
    let driver = stand.load("image.mooring.dev", plugin("image_file"), Limits::default()).await;
    let node = driver.describe_node(&call(), worker()).await.unwrap();
    let segments = node.topology.unwrap().0;
    assert_eq!(segments["topology.mooring.dev/node"], "worker-1");
    let volume = driver.create(&call(), create("pvc-1")).await.unwrap();
    assert_eq!(volume.topology.len(), 1);
    let request = PublishVolume {
        volume_id: volume.id.clone(),
        node_id: node.id.clone(),
        capability: capability(),
        readonly: false,
        volume_context: StringMap::new(),
        secrets: Secrets::default(),
    };
    let elsewhere = PublishVolume { node_id: NodeId::new("worker-2").unwrap(), ..request.clone() };
    let refused = driver.publish(&call(), elsewhere).await.unwrap_err();
    assert_eq!(refused.code, Code::NotFound);
    driver.publish(&call(), request).await.unwrap();
    let listed = driver.get(&call(), volume.id.clone()).await.unwrap();
    assert_eq!(listed.published_nodes, Some(vec![node.id]));
    let refused = driver.delete(&call(), volume.id.clone(), Secrets::default()).await.unwrap_err();
    assert_eq!(refused.code, Code::FailedPrecondition);
    driver.unpublish(&call(), volume.id.clone(), None, Secrets::default()).await.unwrap();
    driver.delete(&call(), volume.id, Secrets::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_do_not_fit_never_reach_the_component() {
    let stand = Stand::new();
    let driver = stand.load("image.mooring.dev", plugin("image_file"), Limits::default()).await;
    let mut request = create("pvc-1");
    request.parameters.insert("flavour".to_owned(), "vanilla".to_owned());
    let refused = driver.create(&call(), request).await.unwrap_err();
    assert_eq!(refused.code, Code::InvalidArgument);
    assert!(refused.message.contains("flavour"), "{}", refused.message);
    assert!(stand.meter.calls.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn room_and_validation_are_answered() {
    let stand = Stand::new();
    let driver = stand.load("image.mooring.dev", plugin("image_file"), Limits::default()).await;
    let room = driver.capacity(&call(), GetCapacity::default()).await.unwrap();
    assert!(room.available > 0);
    let volume = driver.create(&call(), create("pvc-1")).await.unwrap();
    let request = ValidateVolume {
        id: volume.id,
        context: volume.context,
        capabilities: vec![capability()],
        parameters: StringMap::new(),
        mutable_parameters: StringMap::new(),
        secrets: Secrets::default(),
    };
    assert_eq!(driver.validate(&call(), request).await.unwrap(), Verdict::Confirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_and_config_decide_at_load() {
    let stand = Stand::new();
    let mut config = stand.config("image.mooring.dev", Limits::default());
    config.grants.pools.clear();
    let refused = stand.try_load(config, plugin("image_file")).await.err().unwrap();
    assert!(matches!(refused, LoadError::Import { grant: "grants.pools", .. }), "{refused}");
    let mut config = stand.config("image.mooring.dev", Limits::default());
    config.config = serde_json::json!({ "nonsense": true });
    let refused = stand.try_load(config, plugin("image_file")).await.err().unwrap();
    assert!(
        matches!(&refused, LoadError::Config { reason } if reason.contains("nonsense")),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attachment_that_is_not_granted_is_denied() {
    let stand = Stand::new();
    let mut config = stand.config("image.mooring.dev", Limits::default());
    config.grants.attachments.clear();
    let driver = stand.try_load(config, plugin("image_file")).await.unwrap();
    let volume = driver.create(&call(), create("pvc-1")).await.unwrap();
    let denied = driver.describe_attachment(&call(), describe(volume.id)).await.unwrap_err();
    assert_eq!(denied.code, Code::PermissionDenied);
    assert!(denied.message.contains("grants.attachments"), "{}", denied.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_can_be_inspected_without_grants() {
    let stand = Stand::new();
    let inspection = inspect(&stand.engine, plugin("image_file")).await.unwrap();
    assert_eq!(inspection.contract_version.as_deref(), Some("0.1.0"));
    assert_eq!(inspection.grants_needed, ["grants.pools"]);
    assert_eq!(inspection.info.as_ref().unwrap().name, "image-file");
    assert_eq!(inspection.problem, None);
    assert!(inspection.abilities.contains(&Ability::Listing));
    assert!(inspection.digest.len() == 64 && inspection.size > 0);
    let json = serde_json::to_value(&inspection).unwrap();
    assert_eq!(json["contractVersion"], "0.1.0");
    assert!(inspect(&stand.engine, b"\x7fELF".as_slice().into()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn compiled_code_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let cache_dir = Some(dir.path().join("code"));
    for round in 0..2 {
        let stand = Stand::with(EngineConfig {
            calls: 4,
            cache_dir: cache_dir.clone(),
            ..EngineConfig::default()
        });
        let driver = stand.load("image.mooring.dev", plugin("image_file"), Limits::default()).await;
        driver.create(&call(), create("pvc-1")).await.unwrap();
        let kept = std::fs::read_dir(dir.path().join("code")).unwrap().count();
        assert_eq!(kept, 2, "the code and the key, in round {round}");
    }
}
