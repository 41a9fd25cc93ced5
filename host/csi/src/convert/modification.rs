//! Changing what a volume can do.

use mooring_proto::csi::v1 as pb;
use mooring_volume::modification::ModifyVolume;
use mooring_volume::{Result, VolumeId};

use super::map;

/// A request to modify.
pub(crate) fn modify(request: pb::ControllerModifyVolumeRequest) -> Result<ModifyVolume> {
    let pb::ControllerModifyVolumeRequest { volume_id, secrets, mutable_parameters } = request;
    Ok(ModifyVolume {
        volume: VolumeId::new(volume_id)?,
        mutable_parameters: map::checked("mutable_parameters", mutable_parameters)?,
        secrets: map::secrets(secrets)?,
    })
}
