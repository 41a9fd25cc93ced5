//! How calls end: hung up on, too late, in a panic, too many, and at shutdown.

use std::time::Duration;

use mooring_csi::{Listener, Peers, Settings, SocketError};
use mooring_proto::csi::v1 as pb;
use pb::controller_client::ControllerClient;
use pb::node_client::NodeClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tonic::{Code, Request};

use crate::inputs::{good_create, good_stage};
use crate::model::{Gate, Mood};
use crate::setup::{Edge, Plan, settings};

fn shut_node() -> Plan {
    Plan { node_gate: Gate::shut(), ..Plan::default() }
}

/// Asks again until the volume is no longer busy.
async fn until_free(edge: &Edge) {
    let mut client = edge.node().await;
    while let Err(status) = client.node_stage_volume(good_stage()).await {
        assert_eq!(status.code(), Code::Aborted);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_neither_stops_the_operation_nor_frees_the_volume() {
    let edge = Edge::planned(shut_node()).await;
    let mut leaving = edge.node().await;
    let call = tokio::spawn(async move { leaving.node_stage_volume(good_stage()).await });
    edge.node.stage.gate.entered(1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    // The server has noticed when it has measured it.
    while edge.measured.rpcs().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(edge.measured.rpcs(), [("NodeStageVolume", "CANCELLED")]);

    let busy = edge.node().await.node_stage_volume(good_stage()).await.unwrap_err();
    assert_eq!(busy.code(), Code::Aborted, "the operation still holds its volume");
    assert!(edge.node.stage.effects().is_empty());
    edge.node.stage.gate.release();
    until_free(&edge).await;
    assert_eq!(edge.node.stage.effects(), ["stage id-0"], "it ran to its end");
}

#[tokio::test]
async fn a_deadline_answers_the_caller_and_leaves_the_operation_to_end() {
    let edge = Edge::planned(shut_node()).await;
    let mut client = NodeClient::new(edge.patient());
    let mut request = Request::new(good_stage());
    request.metadata_mut().insert("grpc-timeout", "50m".parse().unwrap());
    let late = client.node_stage_volume(request).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded, "{late:?}");
    assert!(late.message().contains("may still be running"), "{late:?}");
    let busy = client.node_stage_volume(good_stage()).await.unwrap_err();
    assert_eq!(busy.code(), Code::Aborted);
    edge.node.stage.gate.release();
    until_free(&edge).await;
    assert_eq!(edge.node.stage.effects(), ["stage id-0"]);
    assert_eq!(edge.measured.rpcs().first(), Some(&("NodeStageVolume", "DEADLINE_EXCEEDED")));
}

#[tokio::test]
async fn a_deadline_that_has_passed_already_does_nothing() {
    let edge = Edge::start().await;
    let mut client = ControllerClient::new(edge.patient());
    for timeout in ["0n", "1n", "0S"] {
        let mut request = Request::new(good_create());
        request.metadata_mut().insert("grpc-timeout", timeout.parse().unwrap());
        let late = client.create_volume(request).await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded, "{timeout}: {late:?}");
    }
    let mut request = Request::new(good_create());
    request.metadata_mut().insert("grpc-timeout", "soon".parse().unwrap());
    let refused = client.create_volume(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("grpc-timeout"), "{refused:?}");
    assert!(edge.model.stage.effects().is_empty());
}

#[tokio::test]
async fn the_work_learns_the_deadline_and_no_deadline_means_the_default() {
    let edge = Edge::start().await;
    let mut client = edge.node().await;
    client.node_stage_volume(good_stage()).await.unwrap();
    for timeout in ["30S", "99999999H"] {
        let mut request = Request::new(good_stage());
        request.metadata_mut().insert("grpc-timeout", timeout.parse().unwrap());
        client.node_stage_volume(request).await.unwrap();
    }
    let budgets = edge.node.stage.budgets.lock().unwrap().clone();
    let Settings { default_deadline, longest_deadline, .. } = edge.settings;
    let wanted = [default_deadline.as_secs_f64(), 30.0, longest_deadline.as_secs_f64()];
    for (found, wanted) in budgets.iter().zip(wanted) {
        assert!(*found <= wanted && *found > wanted - 20.0, "{found} for {wanted}");
    }
    assert_eq!(budgets.len(), wanted.len());
}

#[tokio::test]
async fn a_panic_ends_its_own_call_alone_and_frees_the_volume() {
    let edge = Edge::start().await;
    let mut client = edge.controller().await;
    edge.model.stage.set(Mood::Panics);
    let failed = client.create_volume(good_create()).await.unwrap_err();
    assert_eq!(failed.code(), Code::Internal);
    assert!(failed.message().contains("the host failed in this call"), "{failed:?}");
    edge.model.stage.set(Mood::Well);
    client.create_volume(good_create()).await.expect("same connection, same name");
}

#[tokio::test]
async fn too_many_are_turned_away_while_probes_are_answered() {
    let settings = Settings { in_flight: 2, ..settings() };
    let edge = Edge::planned(Plan { settings, ..shut_node() }).await;
    let stage = |number: u32| pb::NodeStageVolumeRequest {
        volume_id: format!("id-{number}"),
        staging_target_path: format!("/staging/id-{number}"),
        ..good_stage()
    };
    let mut running = Vec::new();
    for number in 0..2 {
        let mut client = edge.node().await;
        running.push(tokio::spawn(async move { client.node_stage_volume(stage(number)).await }));
    }
    edge.node.stage.gate.entered(2).await;
    let mut client = edge.node().await;
    let refused = client.node_stage_volume(stage(2)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(refused.message().contains("2 operations are running"), "{refused:?}");
    edge.identity().await.probe(pb::ProbeRequest {}).await.unwrap();
    edge.node.stage.gate.release();
    for call in running {
        call.await.unwrap().unwrap();
    }
    client.node_stage_volume(stage(2)).await.unwrap();
}

/// Callers that leave at once must not pile up work beyond the limit.
#[tokio::test]
async fn an_operation_counts_until_it_has_ended_not_until_its_caller_has_left() {
    let settings = Settings { in_flight: 1, ..settings() };
    let edge = Edge::planned(Plan { settings, ..shut_node() }).await;
    let mut client = NodeClient::new(edge.patient());
    let mut request = Request::new(good_stage());
    request.metadata_mut().insert("grpc-timeout", "20m".parse().unwrap());
    let late = client.node_stage_volume(request).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    let other = pb::NodeUnstageVolumeRequest {
        volume_id: "id-9".into(),
        staging_target_path: "/staging/id-9".into(),
    };
    let refused = client.node_unstage_volume(other).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    edge.node.stage.gate.release();
}

#[tokio::test]
async fn shutting_down_waits_for_running_calls_and_removes_the_socket() {
    let mut edge = Edge::planned(shut_node()).await;
    let mut client = edge.node().await;
    let mut waiting = client.clone();
    let call = tokio::spawn(async move { waiting.node_stage_volume(good_stage()).await });
    // And one whose caller leaves.
    let mut leaving = edge.node().await;
    let other = pb::NodeUnstageVolumeRequest {
        volume_id: "id-9".into(),
        staging_target_path: "/staging/id-9".into(),
    };
    let left = tokio::spawn(async move { leaving.node_unstage_volume(other).await });
    edge.node.stage.gate.entered(2).await;
    left.abort();

    let ended = edge.node_server.take().unwrap().begin_stop();
    while edge.node_socket().exists() {
        tokio::task::yield_now().await;
    }
    assert!(!ended.is_finished());
    let taken = Listener::bind(edge.node_socket(), &Peers::default()).unwrap_err();
    assert!(matches!(taken, SocketError::Taken { .. }), "not before the last operation has ended");
    edge.node.stage.gate.release();
    call.await.unwrap().expect("a running call is answered");
    drop(client.node_get_info(pb::NodeGetInfoRequest {}).await);
    drop(client);
    assert_eq!(ended.await.unwrap().unfinished, 0);
    Listener::bind(edge.node_socket(), &Peers::default()).expect("the place is free");
}

#[tokio::test]
async fn shutting_down_does_not_wait_for_ever() {
    let drain = Duration::from_millis(50);
    let mut edge = Edge::planned(Plan { drain, ..shut_node() }).await;
    let mut client = edge.node().await;
    let call = tokio::spawn(async move { client.node_stage_volume(good_stage()).await });
    edge.node.stage.gate.entered(1).await;
    assert_eq!(edge.node_server.take().unwrap().stop().await.unfinished, 1);
    edge.node.stage.gate.release();
    call.await.unwrap().expect("the process is still there in this test");
}

/// As that of a process that was killed and that storage keeps in the kernel: it is open, and nobody is there.
#[tokio::test]
async fn shutting_down_does_not_wait_for_a_connection_that_nobody_reads() {
    // Longer than any test takes.
    let drain = Duration::from_secs(3600);
    let mut edge = Edge::planned(Plan { drain, ..Plan::default() }).await;
    let mut silent = UnixStream::connect(edge.node_socket()).await.unwrap();
    silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    // Empty SETTINGS (RFC 9113, 6.5), which the server answers with its own: it knows the peer now.
    silent.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    silent.read_exact(&mut [0; 9]).await.unwrap();
    let ended = edge.node_server.take().unwrap().stop();
    let ended = tokio::time::timeout(Duration::from_secs(60), ended).await;
    assert_eq!(ended.expect("it waits for the silent peer").unfinished, 0);
}
