//! Making volumes reachable from nodes.

use mooring_proto::csi::v1 as pb;
use mooring_volume::backend::PublishVolume;
use mooring_volume::{Abilities, Ability, Error, NodeId, Result, Secrets, VolumeId};

use super::{capability, map};

/// A request to publish.
pub(crate) fn publish(
    request: pb::ControllerPublishVolumeRequest,
    abilities: &Abilities,
) -> Result<PublishVolume> {
    let pb::ControllerPublishVolumeRequest {
        volume_id,
        node_id,
        volume_capability,
        readonly,
        secrets,
        volume_context,
    } = request;
    // Source: CSI: false if the driver has no PUBLISH_READONLY. To heed it not would let a writer in.
    if readonly && !abilities.contains(&Ability::ReadonlyPublishing) {
        return Err(Error::invalid(
            "readonly is set, and this driver's storage cannot enforce it (PUBLISH_READONLY); leave it out",
        ));
    }
    Ok(PublishVolume {
        volume_id: VolumeId::new(volume_id)?,
        node_id: NodeId::new(node_id)?,
        capability: capability::required(volume_capability)?,
        readonly,
        volume_context: map::checked("volume_context", volume_context)?,
        secrets: map::secrets(secrets)?,
    })
}

/// A request to unpublish; no node means every node.
pub(crate) fn unpublish(
    request: pb::ControllerUnpublishVolumeRequest,
) -> Result<(VolumeId, Option<NodeId>, Secrets)> {
    let pb::ControllerUnpublishVolumeRequest { volume_id, node_id, secrets } = request;
    let volume = VolumeId::new(volume_id)?;
    let node = if node_id.is_empty() { None } else { Some(NodeId::new(node_id)?) };
    Ok((volume, node, map::secrets(secrets)?))
}
