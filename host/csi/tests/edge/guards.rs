//! One operation a volume at a time.

use mooring_proto::csi::v1 as pb;
use pb::volume_content_source::{Type as Source, VolumeSource};
use tokio::task::JoinSet;
use tonic::Code;

use crate::inputs::{good_create, good_expand, good_node_expand, good_publish, good_stage};
use crate::model::Gate;
use crate::setup::{Edge, Plan};

fn delete() -> pb::DeleteVolumeRequest {
    pb::DeleteVolumeRequest { volume_id: "id-0".into(), ..Default::default() }
}

async fn shut_backend() -> Edge {
    Edge::planned(Plan { backend_gate: Gate::shut(), ..Plan::default() }).await
}

#[tokio::test]
async fn a_hundred_identical_callers_have_one_effect() {
    let edge = shut_backend().await;
    let client = edge.controller().await;
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        let mut client = client.clone();
        callers.spawn(async move { client.create_volume(good_create()).await });
    }
    // The one that is in holds its place until all others have been turned away.
    edge.model.stage.gate.entered(1).await;
    for _ in 0..99 {
        let status = callers.join_next().await.unwrap().unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Aborted);
        assert!(status.message().contains("pvc-1"), "{status:?}");
        assert!(status.message().contains("is pending"), "{status:?}");
    }
    edge.model.stage.gate.release();
    callers.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(edge.model.stage.effects(), ["create pvc-1"]);
    client.clone().create_volume(good_create()).await.expect("the name is free again");
    assert_eq!(edge.model.stage.effects().len(), 1, "and the volume is the same");
}

#[tokio::test]
async fn the_same_on_a_node_without_a_gate() {
    let edge = Edge::start().await;
    let client = edge.node().await;
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        let mut client = client.clone();
        callers.spawn(async move { client.node_stage_volume(good_stage()).await });
    }
    let mut done = 0;
    while let Some(answer) = callers.join_next().await {
        match answer.unwrap() {
            Ok(_) => done += 1,
            Err(status) => assert_eq!(status.code(), Code::Aborted),
        }
    }
    assert!(done >= 1);
    assert_eq!(edge.node.stage.effects(), ["stage id-0"]);
}

#[tokio::test]
async fn conflicting_operations_are_aborted_and_others_are_not() {
    let edge = shut_backend().await;
    let client = edge.controller().await;
    let mut first = client.clone();
    let deleting = tokio::spawn(async move { first.delete_volume(delete()).await });
    edge.model.stage.gate.entered(1).await;

    let mut client = client;
    let expand = client.controller_expand_volume(good_expand()).await.unwrap_err();
    assert_eq!(expand.code(), Code::Aborted);
    assert!(expand.message().contains("volume \"id-0\""), "{expand:?}");
    let source = Source::Volume(VolumeSource { volume_id: "id-0".into() });
    let clone = pb::CreateVolumeRequest {
        volume_content_source: Some(pb::VolumeContentSource { r#type: Some(source) }),
        ..good_create()
    };
    let cloning = client.create_volume(clone).await.unwrap_err();
    assert_eq!(cloning.code(), Code::Aborted, "a source must not go while it is copied");

    // Reading goes on, and so does work on another volume: both get as far as the gate.
    let mut reader = client.clone();
    let get = pb::ControllerGetVolumeRequest { volume_id: "id-0".into() };
    let reading = tokio::spawn(async move { reader.controller_get_volume(get).await });
    let mut other = client.clone();
    let another = pb::DeleteVolumeRequest { volume_id: "id-1".into(), ..Default::default() };
    let deleting_another = tokio::spawn(async move { other.delete_volume(another).await });
    edge.model.stage.gate.entered(2).await;

    edge.model.stage.gate.release();
    deleting.await.unwrap().unwrap();
    deleting_another.await.unwrap().unwrap();
    assert_eq!(reading.await.unwrap().unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn clones_of_one_source_go_side_by_side_and_keep_it() {
    let edge = shut_backend().await;
    let client = edge.controller().await;
    let mut cloning = JoinSet::new();
    for number in 0..3 {
        let source = Source::Volume(VolumeSource { volume_id: "id-0".into() });
        let request = pb::CreateVolumeRequest {
            name: format!("clone-{number}"),
            volume_content_source: Some(pb::VolumeContentSource { r#type: Some(source) }),
            ..good_create()
        };
        let mut client = client.clone();
        cloning.spawn(async move { client.create_volume(request).await });
    }
    edge.model.stage.gate.entered(3).await;
    let refused = client.clone().delete_volume(delete()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Aborted);
    edge.model.stage.gate.release();
    while let Some(answer) = cloning.join_next().await {
        answer.unwrap().unwrap();
    }
    client.clone().delete_volume(delete()).await.unwrap();
}

#[tokio::test]
async fn one_path_takes_one_volume_at_a_time() {
    let edge = Edge::planned(Plan { node_gate: Gate::shut(), ..Plan::default() }).await;
    let client = edge.node().await;
    let mut first = client.clone();
    let publishing = tokio::spawn(async move { first.node_publish_volume(good_publish()).await });
    edge.node.stage.gate.entered(1).await;
    let mut client = client;
    let other = pb::NodePublishVolumeRequest {
        volume_id: "id-1".into(),
        staging_target_path: "/staging/id-1".into(),
        // The same path, written otherwise.
        target_path: "/pods//p1/mount/".into(),
        ..good_publish()
    };
    let refused = client.node_publish_volume(other).await.unwrap_err();
    assert_eq!(refused.code(), Code::Aborted);
    assert!(refused.message().contains("the path \"/pods/p1/mount\""), "{refused:?}");
    let same = client.node_expand_volume(good_node_expand()).await.unwrap_err();
    assert_eq!(same.code(), Code::Aborted);
    edge.node.stage.gate.release();
    publishing.await.unwrap().unwrap_err();
    // The refused one had taken its volume before it met the path, and has let it go.
    let free = pb::NodeStageVolumeRequest {
        volume_id: "id-1".into(),
        staging_target_path: "/staging/id-1".into(),
        ..good_stage()
    };
    client.node_stage_volume(free).await.unwrap();
}
