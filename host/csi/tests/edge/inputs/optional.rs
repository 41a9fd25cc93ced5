//! Bad inputs of the optional services.

use super::*;
use crate::groups::{good_delete, good_group};
use crate::metadata::{good_allocated, good_delta};
use crate::snapshots::good_snapshot;

#[tokio::test]
async fn snapshots() {
    type Create = pb::CreateSnapshotRequest;
    let edge = Edge::start().await;
    let client = edge.controller().await;
    let mut cases = ids("name", 128, |r: &mut Create, id| r.name = id);
    cases.extend(ids("source_volume_id", 128, |r: &mut Create, id| r.source_volume_id = id));
    cases.extend(maps("parameters", |r: &mut Create, map| r.parameters = map));
    cases.extend(secret_maps(|r: &mut Create, map| r.secrets = map));
    cases.push(spoilt("accessibility_requirements", |r: &mut Create| {
        r.accessibility_requirements = Some(pb::TopologyRequirement::default());
    }));
    refused(&edge, good_snapshot(), cases, async |r| client.clone().create_snapshot(r).await).await;

    type Get = pb::GetSnapshotRequest;
    let mut cases = ids("snapshot_id", 128, |r: &mut Get, id| r.snapshot_id = id);
    cases.extend(secret_maps(|r: &mut Get, map| r.secrets = map));
    let good = Get { snapshot_id: "snap-0".into(), ..Default::default() };
    refused(&edge, good, cases, async |r| client.clone().get_snapshot(r).await).await;

    type List = pb::ListSnapshotsRequest;
    // Empty ones mean every snapshot.
    let mut cases = ids("snapshot_id", 128, |r: &mut List, id| r.snapshot_id = id).split_off(1);
    cases.extend(
        ids("source_volume_id", 128, |r: &mut List, id| r.source_volume_id = id).split_off(1),
    );
    cases.push(spoilt("max_entries", |r: &mut List| r.max_entries = -1));
    cases.push(spoilt("starting_token", |r: &mut List| r.starting_token = "x".repeat(129)));
    cases.extend(secret_maps(|r: &mut List, map| r.secrets = map));
    let send = async |r| client.clone().list_snapshots(r).await;
    refused(&edge, List::default(), cases, send).await;

    type Delete = pb::DeleteSnapshotRequest;
    let mut cases = ids("snapshot_id", 128, |r: &mut Delete, id| r.snapshot_id = id);
    cases.extend(secret_maps(|r: &mut Delete, map| r.secrets = map));
    let good = Delete { snapshot_id: "snap-0".into(), ..Default::default() };
    refused(&edge, good, cases, async |r| client.clone().delete_snapshot(r).await).await;
}

#[tokio::test]
async fn groups() {
    type Create = pb::CreateVolumeGroupSnapshotRequest;
    let edge = Edge::start().await;
    let client = edge.groups().await;
    let mut cases = ids("name", 128, |r: &mut Create, id| r.name = id);
    cases.extend(ids("source_volume_ids[1]", 128, |r: &mut Create, id| {
        r.source_volume_ids[1] = id;
    }));
    cases.push(spoilt("source_volume_ids is empty", |r: &mut Create| r.source_volume_ids.clear()));
    cases.push(spoilt("source_volume_ids[2]", |r: &mut Create| {
        r.source_volume_ids.push("id-0".into());
    }));
    cases.extend(maps("parameters", |r: &mut Create, map| r.parameters = map));
    cases.extend(secret_maps(|r: &mut Create, map| r.secrets = map));
    let send = async |r| client.clone().create_volume_group_snapshot(r).await;
    refused(&edge, good_group(), cases, send).await;

    type Delete = pb::DeleteVolumeGroupSnapshotRequest;
    let mut cases = ids("group_snapshot_id", 128, |r: &mut Delete, id| r.group_snapshot_id = id);
    cases.extend(ids("snapshot_ids[1]", 128, |r: &mut Delete, id| r.snapshot_ids[1] = id));
    cases.extend(secret_maps(|r: &mut Delete, map| r.secrets = map));
    let send = async |r| client.clone().delete_volume_group_snapshot(r).await;
    refused(&edge, good_delete(), cases, send).await;
}

#[tokio::test]
async fn modification_and_health() {
    type Modify = pb::ControllerModifyVolumeRequest;
    let edge = Edge::start().await;
    let client = edge.controller().await;
    client.clone().create_volume(good_create()).await.unwrap();
    let mut cases = ids("volume_id", 128, |r: &mut Modify, id| r.volume_id = id);
    cases.extend(maps("mutable_parameters", |r: &mut Modify, map| r.mutable_parameters = map));
    cases.extend(secret_maps(|r: &mut Modify, map| r.secrets = map));
    let good = Modify { volume_id: "id-0".into(), ..Default::default() };
    refused(&edge, good, cases, async |r| client.clone().controller_modify_volume(r).await).await;

    type Get = pb::ControllerGetVolumeHealthRequest;
    let mut cases = ids("volume_id", 128, |r: &mut Get, id| r.volume_id = id);
    cases.extend(secret_maps(|r: &mut Get, map| r.secrets = map));
    let good = Get { volume_id: "id-0".into(), ..Default::default() };
    let send = async |r| client.clone().controller_get_volume_health(r).await;
    refused(&edge, good, cases, send).await;

    type List = pb::ControllerListVolumeHealthRequest;
    let mut cases = secret_maps(|r: &mut List, map| r.secrets = map);
    cases.push(spoilt("max_entries", |r: &mut List| r.max_entries = i32::MIN));
    let send = async |r| client.clone().controller_list_volume_health(r).await;
    refused(&edge, List::default(), cases, send).await;
}

#[tokio::test]
async fn health_on_the_node() {
    type Get = pb::NodeGetVolumeHealthRequest;
    let edge = Edge::start().await;
    let client = edge.node().await;
    client.clone().node_stage_volume(good_stage()).await.unwrap();
    let mut cases = ids("volume_id", 128, |r: &mut Get, id| r.volume_id = id);
    // Both paths may be left out: the first bad path is the empty one.
    let publish = paths("volume_publish_path", |r: &mut Get, path| r.volume_publish_path = path);
    let staging = paths("staging_target_path", |r: &mut Get, path| r.staging_target_path = path);
    for all in [publish, staging] {
        cases.extend(all.into_iter().skip(1));
    }
    let good = Get { volume_id: "id-0".into(), ..Default::default() };
    let send = async |r| client.clone().node_get_volume_health(r).await;
    refused(&edge, good, cases, send).await;

    type Storage = pb::NodeGetStorageHealthRequest;
    let cases = secret_maps(|r: &mut Storage, map| r.secrets = map);
    let send = async |r| client.clone().node_get_storage_health(r).await;
    refused(&edge, Storage::default(), cases, send).await;
}

#[tokio::test]
async fn blocks() {
    type Allocated = pb::GetMetadataAllocatedRequest;
    let edge = Edge::start().await;
    let client = edge.metadata().await;
    let mut cases = ids("snapshot_id", 128, |r: &mut Allocated, id| r.snapshot_id = id);
    cases.push(spoilt("max_results", |r: &mut Allocated| r.max_results = -1));
    cases.extend(secret_maps(|r: &mut Allocated, map| r.secrets = map));
    let send = async |r| client.clone().get_metadata_allocated(r).await;
    refused(&edge, good_allocated(), cases, send).await;

    type Delta = pb::GetMetadataDeltaRequest;
    let mut cases = ids("base_snapshot_id", 128, |r: &mut Delta, id| r.base_snapshot_id = id);
    cases.extend(ids("target_snapshot_id", 128, |r: &mut Delta, id| r.target_snapshot_id = id));
    cases.push(spoilt("max_results", |r: &mut Delta| r.max_results = i32::MIN));
    cases.extend(secret_maps(|r: &mut Delta, map| r.secrets = map));
    let send = async |r| client.clone().get_metadata_delta(r).await;
    refused(&edge, good_delta(), cases, send).await;
}
