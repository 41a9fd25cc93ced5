//! From the model's calls to messages, and back.

use std::collections::BTreeMap;

use mooring_kubelet::{Call, Reply, Source};
use mooring_proto::csi::v1::volume_content_source::{SnapshotSource, Type, VolumeSource};
use mooring_proto::csi::v1::{
    ControllerExpandVolumeRequest, CreateSnapshotRequest, CreateVolumeRequest,
    DeleteSnapshotRequest, DeleteVolumeRequest, NodeExpandVolumeRequest, NodePublishVolumeRequest,
    NodeStageVolumeRequest, NodeUnpublishVolumeRequest, NodeUnstageVolumeRequest,
    VolumeContentSource,
};
use mooring_tests::life::{at_least, text};
use mooring_tests::{Clients, Kind};
use tonic::Status;

/// The model's sizes, times this: XFS wants 300 MiB.
const SCALE: u64 = 5;

/// What the orchestrator keeps of a volume.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// What its consumers see.
    pub(crate) kind: Kind,
    /// As CreateVolume answered.
    pub(crate) context: BTreeMap<String, String>,
}

/// The call itself.
pub(crate) async fn ask(
    mut clients: Clients,
    call: &Call,
    volumes: &BTreeMap<String, Kept>,
    kinds: &[Kind],
) -> Result<Reply, Status> {
    let of = |id: &String| {
        let kept = volumes.get(id).cloned();
        kept.unwrap_or(Kept { kind: Kind::Ext4, context: BTreeMap::default() })
    };
    let nothing = Reply::default();
    match call {
        Call::CreateVolume { name, bytes, source } => {
            let request = CreateVolumeRequest {
                name: name.clone(),
                capacity_range: at_least(i64::try_from(bytes * SCALE).unwrap()),
                volume_content_source: source.as_ref().map(content),
                volume_capabilities: vec![
                    kind_of(name, source.as_ref(), volumes, kinds).capability(),
                ],
                ..Default::default()
            };
            let volume = clients.controller.create_volume(request).await?.into_inner().volume;
            let volume = volume.expect("CreateVolume answers a volume");
            let bytes = u64::try_from(volume.capacity_bytes).unwrap() / SCALE;
            Ok(Reply { id: volume.volume_id, bytes })
        }
        Call::DeleteVolume { id } => {
            let request = DeleteVolumeRequest { volume_id: id.clone(), ..Default::default() };
            clients.controller.delete_volume(request).await.map(|_| nothing)
        }
        Call::ControllerExpand { id, bytes } => {
            let request = ControllerExpandVolumeRequest {
                volume_id: id.clone(),
                capacity_range: at_least(i64::try_from(bytes * SCALE).unwrap()),
                volume_capability: Some(of(id).kind.capability()),
                ..Default::default()
            };
            let grown = clients.controller.controller_expand_volume(request).await?.into_inner();
            let bytes = u64::try_from(grown.capacity_bytes).unwrap() / SCALE;
            Ok(Reply { bytes, ..nothing })
        }
        Call::CreateSnapshot { name, volume } => {
            let request = CreateSnapshotRequest {
                source_volume_id: volume.clone(),
                name: name.clone(),
                ..Default::default()
            };
            let made = clients.controller.create_snapshot(request).await?.into_inner().snapshot;
            let made = made.expect("CreateSnapshot answers a snapshot");
            if !made.ready_to_use {
                return Err(Status::aborted("it is not ready yet"));
            }
            Ok(Reply { id: made.snapshot_id, ..nothing })
        }
        Call::DeleteSnapshot { id } => {
            let request = DeleteSnapshotRequest { snapshot_id: id.clone(), ..Default::default() };
            clients.controller.delete_snapshot(request).await.map(|_| nothing)
        }
        Call::ControllerPublish { .. } | Call::ControllerUnpublish { .. } => Ok(nothing),
        Call::Stage { .. }
        | Call::Unstage { .. }
        | Call::Publish { .. }
        | Call::Unpublish { .. }
        | Call::NodeExpand { .. } => ask_node(clients, call, &of).await,
    }
}

async fn ask_node(
    mut clients: Clients,
    call: &Call,
    of: &dyn Fn(&String) -> Kept,
) -> Result<Reply, Status> {
    let nothing = Reply::default();
    match call {
        Call::Stage { id, staging } => {
            let request = NodeStageVolumeRequest {
                volume_id: id.clone(),
                staging_target_path: text(staging),
                volume_capability: Some(of(id).kind.capability()),
                volume_context: of(id).context,
                ..Default::default()
            };
            clients.node.node_stage_volume(request).await?;
        }
        Call::Unstage { id, staging } => {
            let staging_target_path = text(staging);
            let request = NodeUnstageVolumeRequest { volume_id: id.clone(), staging_target_path };
            clients.node.node_unstage_volume(request).await?;
        }
        Call::Publish { id, staging, target } => {
            let request = NodePublishVolumeRequest {
                volume_id: id.clone(),
                staging_target_path: text(staging),
                target_path: text(target),
                volume_capability: Some(of(id).kind.capability()),
                volume_context: of(id).context,
                ..Default::default()
            };
            clients.node.node_publish_volume(request).await?;
        }
        Call::Unpublish { id, target } => {
            let target_path = text(target);
            let request = NodeUnpublishVolumeRequest { volume_id: id.clone(), target_path };
            clients.node.node_unpublish_volume(request).await?;
        }
        Call::NodeExpand { id, staging, path, bytes } => {
            let request = NodeExpandVolumeRequest {
                volume_id: id.clone(),
                volume_path: text(path),
                staging_target_path: text(staging),
                capacity_range: at_least(i64::try_from(bytes * SCALE).unwrap()),
                volume_capability: Some(of(id).kind.capability()),
                ..Default::default()
            };
            clients.node.node_expand_volume(request).await?;
        }
        Call::CreateVolume { .. }
        | Call::DeleteVolume { .. }
        | Call::ControllerPublish { .. }
        | Call::ControllerUnpublish { .. }
        | Call::ControllerExpand { .. }
        | Call::CreateSnapshot { .. }
        | Call::DeleteSnapshot { .. } => unreachable!("{call} is not for a node"),
    }
    Ok(nothing)
}

fn content(source: &Source) -> VolumeContentSource {
    let source = match source {
        Source::Snapshot(id) => Type::Snapshot(SnapshotSource { snapshot_id: id.clone() }),
        Source::Volume(id) => Type::Volume(VolumeSource { volume_id: id.clone() }),
    };
    VolumeContentSource { r#type: Some(source) }
}

/// A copy is used as what it is a copy of; the others take turns, by their names.
pub(crate) fn kind_of(
    name: &str,
    source: Option<&Source>,
    volumes: &BTreeMap<String, Kept>,
    kinds: &[Kind],
) -> Kind {
    let of = match source {
        Some(Source::Volume(id)) => volumes.get(id),
        // Snapshots are kept by their ids, too.
        Some(Source::Snapshot(id)) => volumes.get(id),
        None => None,
    };
    let digits: usize =
        name.chars().filter_map(|c| c.to_digit(10)).filter_map(|d| usize::try_from(d).ok()).sum();
    of.map_or(kinds[digits % kinds.len()], |kept| kept.kind)
}
