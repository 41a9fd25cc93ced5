//! What is advertised, ability by ability; and that what is not advertised is not served.

use std::collections::BTreeSet;

use mooring_proto::csi::v1 as pb;
use mooring_volume::Ability;
use pb::controller_service_capability::{Type as Controller, rpc::Type as Rpc};
use pb::plugin_capability::{Type as Plugin, service, volume_expansion};
use tonic::Code;

use crate::inputs::{good_controller_publish, good_create, good_expand};
use crate::model::every_ability;
use crate::setup::Edge;

/// Names of all that the driver advertises: RPCs, services, ways of expanding.
async fn advertised(edge: &Edge) -> BTreeSet<&'static str> {
    let request = pb::ControllerGetCapabilitiesRequest {};
    let of_controller =
        edge.controller().await.controller_get_capabilities(request).await.unwrap().into_inner();
    let request = pb::GetPluginCapabilitiesRequest {};
    let of_plugin =
        edge.identity().await.get_plugin_capabilities(request).await.unwrap().into_inner();
    let mut names = BTreeSet::new();
    for capability in of_controller.capabilities {
        let Some(Controller::Rpc(rpc)) = capability.r#type else { panic!("{capability:?}") };
        assert!(names.insert(rpc.r#type().as_str_name()), "twice");
    }
    for capability in of_plugin.capabilities {
        assert!(names.insert(match capability.r#type.unwrap() {
            Plugin::Service(it) => service::Type::try_from(it.r#type).unwrap().as_str_name(),
            Plugin::VolumeExpansion(it) => {
                volume_expansion::Type::try_from(it.r#type).unwrap().as_str_name()
            }
        }));
    }
    names
}

const ALWAYS: [&str; 3] =
    ["CONTROLLER_SERVICE", "CREATE_DELETE_VOLUME", "SINGLE_NODE_MULTI_WRITER"];

#[tokio::test]
async fn each_ability_gives_what_it_should() {
    use Ability::*;
    let edge = Edge::start().await;
    let table: &[(&[Ability], &[&str])] = &[
        (&[], &[]),
        (&[Publishing], &["PUBLISH_UNPUBLISH_VOLUME"]),
        (&[Publishing, ReadonlyPublishing], &["PUBLISH_UNPUBLISH_VOLUME", "PUBLISH_READONLY"]),
        (&[Listing], &["LIST_VOLUMES", "GET_VOLUME"]),
        (
            &[Listing, Publishing],
            &[
                "LIST_VOLUMES",
                "GET_VOLUME",
                "LIST_VOLUMES_PUBLISHED_NODES",
                "PUBLISH_UNPUBLISH_VOLUME",
            ],
        ),
        (&[Capacity], &["GET_CAPACITY"]),
        (&[Expansion], &["EXPAND_VOLUME", "OFFLINE"]),
        (&[Expansion, OnlineExpansion], &["EXPAND_VOLUME", "ONLINE"]),
        (&[OnlineExpansion], &[]),
        (&[CloneVolume], &["CLONE_VOLUME"]),
        (&[AccessibilityConstraints], &["VOLUME_ACCESSIBILITY_CONSTRAINTS"]),
        (&[Nodes], &[]),
        (&[RestoreSnapshot], &[]),
        (&[Modification], &["MODIFY_VOLUME"]),
        (&[Snapshots], &["CREATE_DELETE_SNAPSHOT", "LIST_SNAPSHOTS", "GET_SNAPSHOT"]),
        (&[GroupSnapshots], &["GROUP_CONTROLLER_SERVICE"]),
        (&[ChangedBlocks], &["SNAPSHOT_METADATA_SERVICE"]),
        (&[Health], &["GET_VOLUME_HEALTH", "LIST_VOLUME_HEALTH"]),
        (
            &[Health, Listing],
            &[
                "GET_VOLUME_HEALTH",
                "LIST_VOLUME_HEALTH",
                "VOLUME_CONDITION",
                "LIST_VOLUMES",
                "GET_VOLUME",
            ],
        ),
    ];
    for (abilities, wanted) in table {
        edge.model.can(abilities);
        let wanted: BTreeSet<_> = ALWAYS.iter().chain(*wanted).copied().collect();
        assert_eq!(advertised(&edge).await, wanted, "{abilities:?}");
    }
    let tried: BTreeSet<_> = table.iter().flat_map(|(abilities, _)| *abilities).copied().collect();
    assert_eq!(tried, every_ability(), "every ability is in the table");
}

#[tokio::test]
async fn what_is_not_advertised_is_unimplemented() {
    let edge = Edge::start().await;
    edge.model.can(&[]);
    let mut client = edge.controller().await;
    let bad_publish = pb::ControllerPublishVolumeRequest::default();
    let codes = [
        client.controller_publish_volume(good_controller_publish()).await.unwrap_err(),
        client.controller_publish_volume(bad_publish).await.unwrap_err(),
        client
            .controller_unpublish_volume(pb::ControllerUnpublishVolumeRequest::default())
            .await
            .unwrap_err(),
        client.controller_expand_volume(good_expand()).await.unwrap_err(),
        client.list_volumes(pb::ListVolumesRequest::default()).await.unwrap_err(),
        client.controller_get_volume(pb::ControllerGetVolumeRequest::default()).await.unwrap_err(),
        client.get_capacity(pb::GetCapacityRequest::default()).await.unwrap_err(),
        client
            .controller_modify_volume(pb::ControllerModifyVolumeRequest::default())
            .await
            .unwrap_err(),
        client.create_snapshot(pb::CreateSnapshotRequest::default()).await.unwrap_err(),
        client.delete_snapshot(pb::DeleteSnapshotRequest::default()).await.unwrap_err(),
        client.list_snapshots(pb::ListSnapshotsRequest::default()).await.unwrap_err(),
        client.get_snapshot(pb::GetSnapshotRequest::default()).await.unwrap_err(),
        client
            .controller_list_volume_health(pb::ControllerListVolumeHealthRequest::default())
            .await
            .unwrap_err(),
        client
            .controller_get_volume_health(pb::ControllerGetVolumeHealthRequest::default())
            .await
            .unwrap_err(),
    ];
    for status in codes {
        assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
        assert!(status.message().ends_with("which say what it serves"), "{status:?}");
    }
    assert!(edge.model.stage.effects().is_empty());
    let plain = pb::CreateVolumeRequest {
        mutable_parameters: Default::default(),
        accessibility_requirements: None,
        ..good_create()
    };
    client.create_volume(plain).await.expect("the required interfaces are always there");
}

#[tokio::test]
async fn a_swap_to_other_abilities_shows_at_the_next_call() {
    let edge = Edge::start().await;
    edge.model.can(&[]);
    assert!(!advertised(&edge).await.contains(Rpc::GetCapacity.as_str_name()));
    edge.model.can(&[Ability::Capacity]);
    assert!(advertised(&edge).await.contains(Rpc::GetCapacity.as_str_name()));
}

#[tokio::test]
async fn of_the_node() {
    let edge = Edge::start().await;
    let request = pb::NodeGetCapabilitiesRequest {};
    let answer = edge.node().await.node_get_capabilities(request).await.unwrap().into_inner();
    let names: Vec<_> = answer
        .capabilities
        .into_iter()
        .map(|capability| {
            let pb::node_service_capability::Type::Rpc(rpc) = capability.r#type.unwrap();
            rpc.r#type().as_str_name()
        })
        .collect();
    let wanted = [
        "STAGE_UNSTAGE_VOLUME",
        "GET_VOLUME_STATS",
        "EXPAND_VOLUME",
        "SINGLE_NODE_MULTI_WRITER",
        "VOLUME_MOUNT_GROUP",
        "VOLUME_CONDITION",
        "GET_VOLUME_HEALTH",
        "GET_STORAGE_HEALTH",
    ];
    assert_eq!(names, wanted);
}

#[tokio::test]
async fn who_it_is() {
    let edge = Edge::start().await;
    let mut client = edge.identity().await;
    let info = client.get_plugin_info(pb::GetPluginInfoRequest {}).await.unwrap().into_inner();
    assert_eq!(info.name, "model.mooring.dev");
    assert_eq!(info.vendor_version, "1.2.3");
    assert_eq!(info.manifest["home"], "https://mooring.dev");
    assert_eq!(info.manifest["mooring.dev/backend"], "model");
    assert_eq!(info.manifest["mooring.dev/host-version"], env!("CARGO_PKG_VERSION"));
    let probe = client.probe(pb::ProbeRequest {}).await.unwrap().into_inner();
    assert_eq!(probe.ready, Some(true));
}
