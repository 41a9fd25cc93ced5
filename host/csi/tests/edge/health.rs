//! The health of volumes: as CSI 1.13 tells it, and as the condition of CSI up to 1.12.

use mooring_proto::csi::v1 as pb;
use mooring_volume::health::{Finding, StorageFault, VolumeFault, VolumeFinding, VolumeHealth};
use mooring_volume::{Ability, Error, VolumeId};
use tonic::Code;

use crate::inputs::{good_create, good_stage};
use crate::setup::Edge;

fn finding(fault: VolumeFault, reason: &str) -> VolumeFinding {
    VolumeFinding { fault, reason: reason.into(), message: "look at it".into() }
}

fn sick(edge: &Edge, findings: Vec<VolumeFinding>) {
    let volume = VolumeId::new("id-0").unwrap();
    *edge.model.optional.health.lock().unwrap() = vec![VolumeHealth { volume, findings }];
}

fn ask() -> pb::ControllerGetVolumeHealthRequest {
    pb::ControllerGetVolumeHealthRequest { volume_id: "id-0".into(), ..Default::default() }
}

fn every() -> pb::ControllerListVolumeHealthRequest {
    pb::ControllerListVolumeHealthRequest::default()
}

#[tokio::test]
async fn a_list_tells_the_condition_of_each_volume() {
    let edge = Edge::start().await;
    let mut client = edge.controller().await;
    client.create_volume(good_create()).await.unwrap();
    let two = [(VolumeFault::Degraded, "PathLost"), (VolumeFault::DataLoss, "ImageCut")];
    sick(&edge, two.map(|(fault, reason)| finding(fault, reason)).into());
    let listed = client.list_volumes(pb::ListVolumesRequest::default()).await.unwrap();
    let entry = listed.into_inner().entries.remove(0);
    let condition = entry.status.unwrap().volume_condition.unwrap();
    assert!(condition.abnormal);
    assert_eq!(condition.message, "PathLost: look at it; ImageCut: look at it");

    edge.model.can(&[Ability::Listing]);
    let listed = client.list_volumes(pb::ListVolumesRequest::default()).await.unwrap();
    let status = listed.into_inner().entries.remove(0).status;
    assert!(status.is_none_or(|status| status.volume_condition.is_none()), "nothing is claimed");
}

#[tokio::test]
async fn of_one_and_of_all_and_as_a_condition() {
    let edge = Edge::start().await;
    let mut client = edge.controller().await;
    client.create_volume(good_create()).await.unwrap();
    let get = || pb::ControllerGetVolumeRequest { volume_id: "id-0".into() };

    let sound = client.controller_get_volume_health(ask()).await.unwrap().into_inner();
    assert!(sound.volume_health.unwrap().health_statuses.is_empty());
    let volume = client.controller_get_volume(get()).await.unwrap().into_inner();
    let condition = volume.status.unwrap().volume_condition.unwrap();
    assert!(!condition.abnormal && !condition.message.is_empty());
    let none = client.controller_list_volume_health(every()).await.unwrap();
    assert!(none.into_inner().entries.is_empty());

    let two = [(VolumeFault::Degraded, "PathLost"), (VolumeFault::DataLoss, "ImageCut")];
    sick(&edge, two.map(|(fault, reason)| finding(fault, reason)).into());
    let health = client.controller_get_volume_health(ask()).await.unwrap().into_inner();
    let health = health.volume_health.unwrap();
    let told: Vec<_> = health.health_statuses.iter().map(|it| (it.status, &*it.reason)).collect();
    assert_eq!(told, [(1, "PathLost"), (3, "ImageCut")]);
    let all = client.controller_list_volume_health(every()).await.unwrap();
    assert_eq!(all.into_inner().entries, [health]);
    let volume = client.controller_get_volume(get()).await.unwrap().into_inner();
    let condition = volume.status.unwrap().volume_condition.unwrap();
    assert!(condition.abnormal);
    assert_eq!(condition.message, "PathLost: look at it; ImageCut: look at it");

    edge.model.can(&[Ability::Listing]);
    let volume = client.controller_get_volume(get()).await.unwrap().into_inner();
    assert_eq!(volume.status.unwrap().volume_condition, None, "nothing is claimed");
    edge.model.can(&[Ability::Health]);
    let unknown = pb::ControllerGetVolumeHealthRequest { volume_id: "x".into(), ..ask() };
    let refused = client.controller_get_volume_health(unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test]
async fn findings_that_break_the_rules_are_the_backend_s_fault() {
    let edge = Edge::start().await;
    let mut client = edge.controller().await;
    client.create_volume(good_create()).await.unwrap();
    let one = |reason: &str| finding(VolumeFault::Degraded, reason);
    for findings in [
        vec![],
        vec![one("")],
        vec![one("path lost")],
        vec![one("pathLost")],
        vec![one(&"X".repeat(129))],
        vec![one("PathLost"), one("PathLost")],
    ] {
        sick(&edge, findings.clone());
        let status = client.controller_list_volume_health(every()).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{findings:?}");
        assert!(status.message().contains("fault of the backend"), "{status:?}");
    }
}

fn of_node() -> pb::NodeGetVolumeHealthRequest {
    pb::NodeGetVolumeHealthRequest {
        volume_id: "id-0".into(),
        volume_publish_path: "/pods/p1/mount".into(),
        ..Default::default()
    }
}

fn stats() -> pb::NodeGetVolumeStatsRequest {
    pb::NodeGetVolumeStatsRequest {
        volume_id: "id-0".into(),
        volume_path: "/pods/p1/mount".into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn of_a_volume_as_its_node_sees_it_and_as_a_condition_of_stats() {
    let edge = Edge::start().await;
    let mut client = edge.node().await;
    let unknown = client.node_get_volume_health(of_node()).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    client.node_stage_volume(good_stage()).await.unwrap();

    let sound = client.node_get_volume_health(of_node()).await.unwrap().into_inner();
    let sound = sound.volume_health.unwrap();
    assert_eq!((sound.volume_id.as_str(), sound.health_statuses.len()), ("id-0", 0));
    let answer = client.node_get_volume_stats(stats()).await.unwrap().into_inner();
    let condition = answer.volume_condition.unwrap();
    assert!(!condition.abnormal && !condition.message.is_empty());

    let two = [(VolumeFault::Inaccessible, "NotMounted"), (VolumeFault::DataLoss, "ImageDeleted")];
    *edge.node.findings.lock().unwrap() = two.map(|(fault, why)| finding(fault, why)).into();
    let sick = client.node_get_volume_health(of_node()).await.unwrap().into_inner();
    let told = sick.volume_health.unwrap().health_statuses;
    let told: Vec<_> = told.iter().map(|it| (it.status, &*it.reason, &*it.message)).collect();
    assert_eq!(told, [(2, "NotMounted", "look at it"), (3, "ImageDeleted", "look at it")]);
    let answer = client.node_get_volume_stats(stats()).await.unwrap().into_inner();
    assert_eq!(answer.usage.len(), 2);
    let condition = answer.volume_condition.unwrap();
    assert!(condition.abnormal);
    assert_eq!(condition.message, "NotMounted: look at it; ImageDeleted: look at it");
}

#[tokio::test]
async fn stats_that_storage_fails_tell_the_condition_where_one_is_known() {
    let edge = Edge::start().await;
    let mut client = edge.node().await;
    client.node_stage_volume(good_stage()).await.unwrap();
    *edge.node.stats.lock().unwrap() = Some(Error::unavailable("an I/O error"));
    let failed = client.node_get_volume_stats(stats()).await.unwrap_err();
    assert_eq!(failed.code(), Code::Unavailable, "no finding explains it");
    *edge.node.findings.lock().unwrap() =
        vec![finding(VolumeFault::Inaccessible, "FilesystemShutDown")];
    let answer = client.node_get_volume_stats(stats()).await.unwrap().into_inner();
    assert!(answer.usage.is_empty());
    assert!(answer.volume_condition.unwrap().abnormal);
    *edge.node.stats.lock().unwrap() = Some(Error::not_found("not at that path"));
    let failed = client.node_get_volume_stats(stats()).await.unwrap_err();
    assert_eq!(failed.code(), Code::NotFound);
}

#[tokio::test]
async fn of_the_storage_behind_a_node() {
    let edge = Edge::start().await;
    let mut client = edge.node().await;
    let ask = pb::NodeGetStorageHealthRequest::default;
    let sound = client.node_get_storage_health(ask()).await.unwrap().into_inner();
    assert!(sound.backend_health.is_empty());
    let one = |fault, reason: &str| Finding {
        fault,
        reason: reason.into(),
        message: "look at it".into(),
    };
    *edge.node.storage.lock().unwrap() = vec![
        one(StorageFault::Degraded, "PoolNearlyFull"),
        one(StorageFault::Unreachable, "PoolUnreachable"),
    ];
    let sick = client.node_get_storage_health(ask()).await.unwrap().into_inner();
    let told: Vec<_> =
        sick.backend_health.iter().map(|it| (it.status, &*it.reason, &*it.message)).collect();
    let wanted = [(1, "PoolNearlyFull", "look at it"), (2, "PoolUnreachable", "look at it")];
    assert_eq!(told, wanted);
    let twice = one(StorageFault::Degraded, "PoolNearlyFull");
    *edge.node.storage.lock().unwrap() = vec![twice.clone(), twice];
    let status = client.node_get_storage_health(ask()).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
}
