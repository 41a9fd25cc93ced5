//! What passes through the node's socket to the controller process, and what happens without one.

use std::time::{Duration, Instant};

use mooring_csi::{Audience, Controller, Settings, Telemetry};
use mooring_proto::csi::v1 as pb;
use mooring_proto::mooring::internal::v1 as internal;
use pb::group_controller_client::GroupControllerClient;
use pb::snapshot_metadata_client::SnapshotMetadataClient;
use tonic::{Code, Request};

use crate::inputs::{good_create, good_stage};
use crate::model::Gate;
use crate::setup::{Edge, Plan, channel, run};

#[tokio::test]
async fn errors_come_through_as_they_are() {
    let edge = Edge::start().await;
    let bad = pb::CreateVolumeRequest::default();
    let through = edge.controller().await.create_volume(bad.clone()).await.unwrap_err();
    let direct = channel(&edge.controller_socket()).await;
    let mut direct = pb::controller_client::ControllerClient::new(direct);
    let straight = direct.create_volume(bad).await.unwrap_err();
    assert_eq!(through.code(), straight.code());
    assert_eq!(through.message(), straight.message());
}

#[tokio::test]
async fn services_that_the_driver_lacks_are_refused_by_the_controller() {
    let edge = Edge::start().await;
    edge.model.can(&[]);
    let socket = channel(&edge.node_socket()).await;
    let mut groups = GroupControllerClient::new(socket.clone());
    let mut metadata = SnapshotMetadataClient::new(socket);
    let refused = [
        groups
            .group_controller_get_capabilities(pb::GroupControllerGetCapabilitiesRequest::default())
            .await
            .unwrap_err(),
        groups
            .create_volume_group_snapshot(pb::CreateVolumeGroupSnapshotRequest::default())
            .await
            .unwrap_err(),
        groups
            .delete_volume_group_snapshot(pb::DeleteVolumeGroupSnapshotRequest::default())
            .await
            .unwrap_err(),
        groups
            .get_volume_group_snapshot(pb::GetVolumeGroupSnapshotRequest::default())
            .await
            .unwrap_err(),
        metadata
            .get_metadata_allocated(pb::GetMetadataAllocatedRequest::default())
            .await
            .unwrap_err(),
        metadata.get_metadata_delta(pb::GetMetadataDeltaRequest::default()).await.unwrap_err(),
    ];
    for status in refused {
        assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
        assert!(status.message().ends_with("which say what it serves"), "{status:?}");
    }
    assert!(edge.model.stage.effects().is_empty());
}

#[tokio::test]
async fn the_internal_service_is_on_the_private_socket_alone() {
    let edge = Edge::start().await;
    let request = internal::DescribeNodeRequest::default;
    let client = internal::backend_client::BackendClient::new;
    let node = channel(&edge.node_socket()).await;
    let refused = client(node).describe_node(request()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);

    let telemetry = Telemetry::new(std::sync::Arc::new(()));
    let controller = Controller::new(edge.model.clone());
    let app = controller.app(Audience::Orchestrator, &telemetry, &Settings::controller());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("csi.sock");
    let server = run(&path, app, Duration::from_secs(5));
    let sidecars = channel(&path).await;
    let refused = client(sidecars.clone()).describe_node(request()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    let mut controller = pb::controller_client::ControllerClient::new(sidecars);
    controller.create_volume(good_create()).await.unwrap();
    drop(controller);
    server.stop().await;
}

#[tokio::test]
async fn without_a_controller_calls_are_unavailable_and_the_node_serves_on() {
    let mut edge = Edge::start().await;
    edge.controller_server.take().unwrap().stop().await;
    let client = edge.controller().await;
    let started = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let mut client = client.clone();
        calls.spawn(async move { client.create_volume(good_create()).await });
    }
    while let Some(answer) = calls.join_next().await {
        let status = answer.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        for part in ["model.mooring.dev", "controller.sock", "nothing was done"] {
            assert!(status.message().contains(part), "{status:?}");
        }
    }
    assert!(started.elapsed() < Duration::from_secs(10), "they wait together, not in a row");
    edge.node().await.node_stage_volume(good_stage()).await.unwrap();
    assert_eq!(edge.measured.rpcs().first(), Some(&("CreateVolume", "UNAVAILABLE")));
}

#[tokio::test]
async fn a_controller_that_starts_late_or_again_is_found() {
    let mut edge = Edge::start().await;
    let mut client = edge.controller().await;
    client.create_volume(good_create()).await.unwrap();
    edge.controller_server.take().unwrap().stop().await;
    let mut waiting = client.clone();
    let call = tokio::spawn(async move { waiting.create_volume(good_create()).await });
    tokio::task::yield_now().await;
    edge.start_controller(Duration::from_secs(5));
    call.await.unwrap().expect("it waits while the controller restarts");
    assert_eq!(edge.model.stage.effects(), ["create pvc-1"]);
}

#[tokio::test]
async fn a_controller_that_dies_in_a_call_is_told_and_the_call_is_not_sent_twice() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("controller.sock");
    let model = std::sync::Arc::new(crate::model::Model::new(Gate::shut()));
    // A process in miniature: a runtime of its own, with all its tasks.
    let process =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let telemetry = Telemetry::new(std::sync::Arc::new(()));
    let app = Controller::new(model.clone()).app(
        Audience::NodeProcess,
        &telemetry,
        &Settings::controller(),
    );
    let at = path.clone();
    let server = process.spawn(async move { run(&at, app, Duration::ZERO) }).await.unwrap();

    let driver = mooring_volume::DriverName::new("model.mooring.dev").unwrap();
    let link = mooring_csi::Link::new(driver.clone(), &path);
    let node = std::sync::Arc::new(crate::model::NodeModel::new(Gate::open()));
    let app = mooring_csi::node_app(driver, node, &link, &telemetry, &Settings::node());
    let front = directory.path().join("csi.sock");
    let _front = run(&front, app, Duration::ZERO);
    let mut client = pb::controller_client::ControllerClient::new(channel(&front).await);
    let call = tokio::spawn(async move { client.create_volume(good_create()).await });
    model.stage.gate.entered(1).await;
    process.shutdown_background();
    drop(server);
    let status = call.await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("went away during the call"), "{status:?}");
    assert_eq!(model.stage.budgets.lock().unwrap().len(), 1, "asked once");
}

#[tokio::test]
async fn the_caller_s_deadline_reaches_the_controller() {
    let edge = Edge::planned(Plan { backend_gate: Gate::shut(), ..Plan::default() }).await;
    let mut client = pb::controller_client::ControllerClient::new(edge.patient());
    let mut request = Request::new(good_create());
    request.metadata_mut().insert("grpc-timeout", "100m".parse().unwrap());
    let late = client.create_volume(request).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    let budgets = edge.model.stage.budgets.lock().unwrap().clone();
    assert!(matches!(budgets[..], [left] if left <= 0.1), "{budgets:?}");
    edge.model.stage.gate.release();
}
