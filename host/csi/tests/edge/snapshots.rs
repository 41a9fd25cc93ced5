//! Snapshots, and changing volumes.

use mooring_proto::csi::v1 as pb;
use mooring_volume::VolumeId;
use mooring_volume::id::SnapshotName;
use pb::volume_content_source::{SnapshotSource, Type as Source};
use tonic::Code;

use crate::inputs::good_create;
use crate::model::{Gate, Mood};
use crate::setup::{Edge, Plan};

pub(crate) fn good_snapshot() -> pb::CreateSnapshotRequest {
    let (source_volume_id, name) = ("id-0".into(), "snap".into());
    pb::CreateSnapshotRequest { source_volume_id, name, ..Default::default() }
}

fn delete(id: &str) -> pb::DeleteSnapshotRequest {
    pb::DeleteSnapshotRequest { snapshot_id: id.into(), ..Default::default() }
}

fn listed(answer: pb::ListSnapshotsResponse) -> Vec<String> {
    answer.entries.into_iter().map(|entry| entry.snapshot.unwrap().snapshot_id).collect()
}

#[tokio::test]
async fn a_life() {
    let edge = Edge::start().await;
    let mut client = edge.controller().await;
    let taken = client.create_snapshot(good_snapshot()).await.unwrap().into_inner();
    let snapshot = taken.snapshot.unwrap();
    assert_eq!((snapshot.snapshot_id.as_str(), snapshot.size_bytes), ("snap-0", 4096));
    assert_eq!((snapshot.source_volume_id.as_str(), snapshot.ready_to_use), ("id-0", true));
    let time = snapshot.creation_time.unwrap();
    assert_eq!((time.seconds, time.nanos), (1000, 7));

    let again = client.create_snapshot(good_snapshot()).await.unwrap().into_inner();
    assert_eq!(again.snapshot.as_ref(), Some(&snapshot));
    let other = pb::CreateSnapshotRequest { source_volume_id: "id-1".into(), ..good_snapshot() };
    let refused = client.create_snapshot(other).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);

    let get = pb::GetSnapshotRequest { snapshot_id: "snap-0".into(), ..Default::default() };
    let got = client.get_snapshot(get.clone()).await.unwrap().into_inner();
    assert_eq!(got.snapshot, Some(snapshot));
    client.delete_snapshot(delete("snap-0")).await.unwrap();
    client.delete_snapshot(delete("snap-0")).await.expect("it is gone, which was wanted");
    assert_eq!(client.get_snapshot(get).await.unwrap_err().code(), Code::NotFound);
    let effects = ["snapshot snap", "delete snapshot snap-0", "delete snapshot snap-0"];
    assert_eq!(edge.model.stage.effects(), effects);
}

#[tokio::test]
async fn lists_by_id_by_source_and_page_by_page() {
    let edge = Edge::start().await;
    let mut client = edge.controller().await;
    for number in 0..5 {
        let source_volume_id = format!("id-{}", number % 2);
        let name = format!("snap-{number}");
        let request = pb::CreateSnapshotRequest { source_volume_id, name, ..good_snapshot() };
        client.create_snapshot(request).await.unwrap();
    }
    let ask = |id: &str, source: &str, token: &str, max_entries| pb::ListSnapshotsRequest {
        max_entries,
        starting_token: token.into(),
        source_volume_id: source.into(),
        snapshot_id: id.into(),
        ..Default::default()
    };
    for (request, wanted) in [
        (ask("snap-3", "", "", 0), vec!["snap-3"]),
        (ask("snap-3", "id-1", "", 1), vec!["snap-3"]),
        (ask("snap-3", "id-0", "", 0), vec![]),
        (ask("unknown", "", "", 0), vec![]),
        (ask("", "id-1", "", 0), vec!["snap-1", "snap-3"]),
        (ask("", "unknown", "", 0), vec![]),
        (ask("", "", "", 2), vec!["snap-0", "snap-1"]),
        (ask("", "", "2", 2), vec!["snap-2", "snap-3"]),
        (ask("", "", "4", 2), vec!["snap-4"]),
    ] {
        let answer = client.list_snapshots(request.clone()).await.unwrap().into_inner();
        assert_eq!(listed(answer), wanted, "{request:?}");
    }
    for bad in [ask("", "", "bad", 0), ask("snap-3", "", "2", 0)] {
        assert_eq!(client.list_snapshots(bad).await.unwrap_err().code(), Code::Aborted);
    }
    // An error that is not NOT_FOUND is no empty list.
    edge.model.stage.set(Mood::Fails(mooring_volume::Error::unavailable("no")));
    let failed = client.list_snapshots(ask("snap-3", "", "", 0)).await.unwrap_err();
    assert_eq!(failed.code(), Code::Unavailable);
}

#[tokio::test]
async fn one_call_a_name_and_a_snapshot_and_none_while_the_volume_goes() {
    let edge = Edge::planned(Plan { backend_gate: Gate::shut(), ..Plan::default() }).await;
    let mut client = edge.controller().await;
    let mut first = client.clone();
    let taking = tokio::spawn(async move { first.create_snapshot(good_snapshot()).await });
    let mut second = client.clone();
    let deleting = tokio::spawn(async move { second.delete_snapshot(delete("snap-7")).await });
    edge.model.stage.gate.entered(2).await;
    let volume = || "id-0".to_owned();
    let source = Source::Snapshot(SnapshotSource { snapshot_id: "snap-7".into() });
    let restore = pb::CreateVolumeRequest {
        volume_content_source: Some(pb::VolumeContentSource { r#type: Some(source) }),
        ..good_create()
    };
    let modify = pb::ControllerModifyVolumeRequest { volume_id: volume(), ..Default::default() };
    let gone = pb::DeleteVolumeRequest { volume_id: volume(), ..Default::default() };
    for (refused, what) in [
        (client.create_snapshot(good_snapshot()).await.unwrap_err(), "the snapshot named \"snap\""),
        (client.delete_snapshot(delete("snap-7")).await.unwrap_err(), "snapshot \"snap-7\""),
        (client.create_volume(restore).await.unwrap_err(), "snapshot \"snap-7\""),
        (client.delete_volume(gone).await.unwrap_err(), "volume \"id-0\""),
        (client.controller_modify_volume(modify).await.unwrap_err(), "volume \"id-0\""),
    ] {
        assert_eq!(refused.code(), Code::Aborted, "{refused:?}");
        assert!(refused.message().contains(what), "{refused:?}");
    }
    edge.model.stage.gate.release();
    taking.await.unwrap().unwrap();
    deleting.await.unwrap().unwrap();
    client.delete_snapshot(delete("snap-7")).await.expect("free again");
}

#[tokio::test]
async fn an_answer_that_was_not_asked_for_is_the_backend_s_fault() {
    let edge = Edge::start().await;
    let mut client = edge.controller().await;
    client.create_snapshot(good_snapshot()).await.unwrap();
    let change = |how: &dyn Fn(&mut mooring_volume::snapshot::Snapshot)| {
        let mut snapshots = edge.model.optional.snapshots.lock().unwrap();
        how(snapshots.get_mut(&SnapshotName::new("snap").unwrap()).unwrap());
    };
    change(&|one| one.created = std::time::UNIX_EPOCH - std::time::Duration::from_secs(1));
    let status = client.create_snapshot(good_snapshot()).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("fault of the backend"), "{status:?}");
    change(&|one| one.source = VolumeId::new("other").unwrap());
    let same_name =
        pb::CreateSnapshotRequest { source_volume_id: "id-0".into(), ..good_snapshot() };
    let status = client.create_snapshot(same_name).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists, "as the model itself finds");
}

#[tokio::test]
async fn volumes_are_modified() {
    let edge = Edge::start().await;
    let mut client = edge.controller().await;
    client.create_volume(good_create()).await.unwrap();
    let mutable_parameters = [("iops".to_owned(), "5".to_owned())].into();
    let volume_id = "id-0".to_owned();
    let request =
        pb::ControllerModifyVolumeRequest { volume_id, mutable_parameters, ..Default::default() };
    client.controller_modify_volume(request.clone()).await.unwrap();
    assert_eq!(edge.model.stage.effects()[1], "modify id-0 {\"iops\": \"5\"}");
    let unknown = pb::ControllerModifyVolumeRequest { volume_id: "x".into(), ..request };
    let refused = client.controller_modify_volume(unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}
