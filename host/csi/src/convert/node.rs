//! What is asked of a node, and what it answers.

use std::path::PathBuf;

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::volume_usage::Unit;
use mooring_volume::backend::NodeDescription;
use mooring_volume::health::VolumeFinding;
use mooring_volume::node::{
    ExpandNode, GetStats, GetVolumeHealth, Publish, PublishInline, Stage, Stats, Usage,
};
use mooring_volume::{Error, Result, VolumeId};

use super::{capability, health, map, path, size, topology};

/// A request to stage.
pub(crate) fn stage(request: pb::NodeStageVolumeRequest) -> Result<Stage> {
    let pb::NodeStageVolumeRequest {
        volume_id,
        publish_context,
        staging_target_path,
        volume_capability,
        secrets,
        volume_context,
    } = request;
    Ok(Stage {
        volume_id: VolumeId::new(volume_id)?,
        staging_path: path::absolute("staging_target_path", &staging_target_path)?,
        capability: capability::required(volume_capability)?,
        volume_context: map::checked("volume_context", volume_context)?,
        publish_context: map::checked("publish_context", publish_context)?,
        secrets: map::secrets(secrets)?,
    })
}

/// A request to unstage: the volume, and where it is staged.
pub(crate) fn unstage(request: pb::NodeUnstageVolumeRequest) -> Result<(VolumeId, PathBuf)> {
    let pb::NodeUnstageVolumeRequest { volume_id, staging_target_path } = request;
    Ok((VolumeId::new(volume_id)?, path::absolute("staging_target_path", &staging_target_path)?))
}

/// Which of two things a request to publish asks for.
#[derive(Debug)]
pub(crate) enum Publication {
    /// A volume that is staged.
    Staged(Publish),
    /// One that is to be made for its pod.
    Inline(PublishInline),
}

/// What kubelet says of a volume that a pod describes itself, and `false` of others.
///
/// Source: kubernetes `pkg/volume/csi/csi_mounter.go`.
const EPHEMERAL: &str = "csi.storage.k8s.io/ephemeral";

/// A request to publish.
pub(crate) fn publish(request: pb::NodePublishVolumeRequest) -> Result<Publication> {
    let pb::NodePublishVolumeRequest {
        volume_id,
        publish_context,
        staging_target_path,
        target_path,
        volume_capability,
        readonly,
        secrets,
        volume_context,
    } = request;
    let volume_id = VolumeId::new(volume_id)?;
    let target_path = path::absolute("target_path", &target_path)?;
    let capability = capability::required(volume_capability)?;
    let volume_context = map::published("volume_context", volume_context)?;
    let publish_context = map::checked("publish_context", publish_context)?;
    let secrets = map::secrets(secrets)?;
    let staging_path = path::optional("staging_target_path", &staging_target_path)?;
    if volume_context.get(EPHEMERAL).is_some_and(|value| value == "true") {
        if staging_path.is_some() || !publish_context.is_empty() {
            return Err(Error::invalid(
                "volume_context says that the volume is ephemeral, and such a one is neither staged nor \
                 published by a controller; leave staging_target_path and publish_context empty",
            ));
        }
        let attributes = volume_context;
        return Ok(Publication::Inline(PublishInline {
            volume_id,
            target_path,
            capability,
            readonly,
            attributes,
            secrets,
        }));
    }
    // Last: it alone has another code. Source: CSI NodePublishVolume errors.
    let staging_path = staging_path.ok_or_else(|| {
        Error::precondition(
            "staging_target_path is empty; stage the volume first, and say where it is staged",
        )
    })?;
    path::apart(("target_path", &target_path), ("staging_target_path", &staging_path))?;
    Ok(Publication::Staged(Publish {
        volume_id,
        staging_path,
        target_path,
        capability,
        readonly,
        volume_context,
        publish_context,
        secrets,
    }))
}

/// A request to unpublish: the volume, and where it is published.
pub(crate) fn unpublish(request: pb::NodeUnpublishVolumeRequest) -> Result<(VolumeId, PathBuf)> {
    let pb::NodeUnpublishVolumeRequest { volume_id, target_path } = request;
    Ok((VolumeId::new(volume_id)?, path::absolute("target_path", &target_path)?))
}

/// A question how full a volume is.
pub(crate) fn stats(request: pb::NodeGetVolumeStatsRequest) -> Result<GetStats> {
    let pb::NodeGetVolumeStatsRequest { volume_id, volume_path, staging_target_path } = request;
    Ok(GetStats {
        volume_id: VolumeId::new(volume_id)?,
        staging_path: path::optional("staging_target_path", &staging_target_path)?,
        volume_path: path::of_volume("volume_path", &volume_path)?,
    })
}

/// A question what is wrong with a volume.
pub(crate) fn volume_health(request: pb::NodeGetVolumeHealthRequest) -> Result<GetVolumeHealth> {
    let pb::NodeGetVolumeHealthRequest { volume_id, volume_publish_path, staging_target_path } =
        request;
    Ok(GetVolumeHealth {
        volume_id: VolumeId::new(volume_id)?,
        publish_path: path::optional("volume_publish_path", &volume_publish_path)?,
        staging_path: path::optional("staging_target_path", &staging_target_path)?,
    })
}

/// A request to take a grown device into use.
pub(crate) fn expand(request: pb::NodeExpandVolumeRequest) -> Result<ExpandNode> {
    let pb::NodeExpandVolumeRequest {
        volume_id,
        volume_path,
        capacity_range,
        staging_target_path,
        volume_capability,
        secrets,
    } = request;
    Ok(ExpandNode {
        volume_id: VolumeId::new(volume_id)?,
        capacity: size::range(capacity_range)?,
        staging_path: path::optional("staging_target_path", &staging_target_path)?,
        capability: capability::optional(volume_capability)?,
        secrets: map::secrets(secrets)?,
        volume_path: path::of_volume("volume_path", &volume_path)?,
    })
}

/// How full a volume is, where that could be told, and what is wrong with it.
pub(crate) fn wire_stats(
    stats: Option<Stats>,
    findings: &[VolumeFinding],
) -> pb::NodeGetVolumeStatsResponse {
    let entries = stats.map(|Stats { bytes, inodes }| {
        let inodes = inodes.map(|inodes| usage(inodes, Unit::Inodes));
        [Some(usage(bytes, Unit::Bytes)), inodes]
    });
    pb::NodeGetVolumeStatsResponse {
        usage: entries.into_iter().flatten().flatten().collect(),
        volume_condition: Some(health::condition(findings)),
    }
}

fn usage(usage: Usage, unit: Unit) -> pb::VolumeUsage {
    let Usage { total, available, used } = usage;
    pb::VolumeUsage {
        available: size::wire(available.unwrap_or_default()),
        total: size::wire(total),
        used: size::wire(used.unwrap_or_default()),
        unit: unit.into(),
    }
}

/// How the vendor describes this node.
///
/// # Errors
/// `FailedPrecondition` where the node can hold no volume: CSI's 0 would say that it has no bound.
pub(crate) fn wire_info(description: NodeDescription) -> Result<pb::NodeGetInfoResponse> {
    let NodeDescription { id, topology, max_volumes } = description;
    if max_volumes == Some(0) {
        return Err(Error::precondition(
            "the backend says that this node can hold no volumes of this driver, so it is not registered; \
             see the backend's documentation for the kinds of node that it serves",
        ));
    }
    Ok(pb::NodeGetInfoResponse {
        node_id: id.into(),
        max_volumes_per_node: size::wire(max_volumes.unwrap_or_default()),
        accessible_topology: topology.map(topology::wire).transpose()?,
    })
}
