//! Groups of snapshots.

use mooring_proto::csi::v1 as pb;
use mooring_volume::id::{GroupSnapshotId, GroupSnapshotName};
use mooring_volume::snapshot::GroupSnapshot;
use tonic::Code;

use crate::model::Gate;
use crate::setup::{Edge, Plan};

pub(crate) fn good_group() -> pb::CreateVolumeGroupSnapshotRequest {
    let source_volume_ids = vec!["id-0".into(), "id-1".into()];
    pb::CreateVolumeGroupSnapshotRequest {
        name: "group".into(),
        source_volume_ids,
        ..Default::default()
    }
}

pub(crate) fn good_delete() -> pb::DeleteVolumeGroupSnapshotRequest {
    pb::DeleteVolumeGroupSnapshotRequest {
        group_snapshot_id: "group-0".into(),
        snapshot_ids: vec!["group-0-id-0".into(), "group-0-id-1".into()],
        ..Default::default()
    }
}

fn get() -> pb::GetVolumeGroupSnapshotRequest {
    pb::GetVolumeGroupSnapshotRequest { group_snapshot_id: "group-0".into(), ..Default::default() }
}

#[tokio::test]
async fn a_life() {
    let edge = Edge::start().await;
    let mut client = edge.groups().await;
    let request = pb::GroupControllerGetCapabilitiesRequest {};
    let can = client.group_controller_get_capabilities(request).await.unwrap().into_inner();
    assert_eq!(can.capabilities.len(), 1);
    let taken = client.create_volume_group_snapshot(good_group()).await.unwrap().into_inner();
    let group = taken.group_snapshot.unwrap();
    assert_eq!((group.group_snapshot_id.as_str(), group.ready_to_use), ("group-0", true));
    assert_eq!(group.creation_time.unwrap().seconds, 0);
    let members: Vec<_> = group
        .snapshots
        .iter()
        .map(|one| (&*one.source_volume_id, &*one.group_snapshot_id))
        .collect();
    assert_eq!(members, [("id-0", "group-0"), ("id-1", "group-0")], "each says its group");
    let again = client.create_volume_group_snapshot(good_group()).await.unwrap().into_inner();
    assert_eq!(again.group_snapshot.as_ref(), Some(&group));
    let got = client.get_volume_group_snapshot(get()).await.unwrap().into_inner();
    assert_eq!(got.group_snapshot, Some(group));
    client.delete_volume_group_snapshot(good_delete()).await.unwrap();
    client.delete_volume_group_snapshot(good_delete()).await.unwrap();
    let gone = client.get_volume_group_snapshot(get()).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    let effects = ["group group", "delete group group-0 2", "delete group group-0 2"];
    assert_eq!(edge.model.stage.effects(), effects);
}

#[tokio::test]
async fn a_group_holds_its_volumes_and_its_members() {
    let edge = Edge::planned(Plan { backend_gate: Gate::shut(), ..Plan::default() }).await;
    let (mut groups, mut client) = (edge.groups().await, edge.controller().await);
    let mut first = groups.clone();
    let taking =
        tokio::spawn(async move { first.create_volume_group_snapshot(good_group()).await });
    let mut second = groups.clone();
    let deleting =
        tokio::spawn(async move { second.delete_volume_group_snapshot(good_delete()).await });
    edge.model.stage.gate.entered(2).await;
    let volume = pb::DeleteVolumeRequest { volume_id: "id-1".into(), ..Default::default() };
    let member =
        pb::DeleteSnapshotRequest { snapshot_id: "group-0-id-1".into(), ..Default::default() };
    for refused in [
        groups.create_volume_group_snapshot(good_group()).await.unwrap_err(),
        groups.delete_volume_group_snapshot(good_delete()).await.unwrap_err(),
        client.delete_volume(volume).await.unwrap_err(),
        client.delete_snapshot(member).await.unwrap_err(),
    ] {
        assert_eq!(refused.code(), Code::Aborted, "{refused:?}");
    }
    edge.model.stage.gate.release();
    taking.await.unwrap().unwrap();
    deleting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_group_that_breaks_the_rules_is_the_backend_s_fault() {
    let edge = Edge::start().await;
    let mut client = edge.groups().await;
    client.create_volume_group_snapshot(good_group()).await.unwrap();
    let name = GroupSnapshotName::new("group").unwrap();
    let good = edge.model.optional.groups.lock().unwrap()[&name].clone();
    let spoils: [fn(&mut GroupSnapshot); 5] = [
        |group| drop(group.members.pop()),
        |group| group.members[1] = group.members[0].clone(),
        |group| group.members[0].id = group.members[1].id.clone(),
        |group| group.members[0].ready = false,
        |group| group.members[0].group = Some(GroupSnapshotId::new("other").unwrap()),
    ];
    for (number, spoil) in spoils.into_iter().enumerate() {
        let mut group = good.clone();
        spoil(&mut group);
        edge.model.optional.groups.lock().unwrap().insert(name.clone(), group);
        let status = client.create_volume_group_snapshot(good_group()).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{number}");
        assert!(status.message().contains("fault of the backend"), "{number}: {status:?}");
    }
}
