//! Changing volumes while they live.

use mooring_proto::csi::v1 as pb;
use mooring_volume::backend::Backend;
use mooring_volume::{Ability, Call, Result};

use super::ControllerService;
use crate::busy::{Key, Mode};
use crate::conceal::conceal;
use crate::convert::modification as convert;
use crate::unary::about;

pub(super) async fn modify<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::ControllerModifyVolumeRequest,
) -> Result<pb::ControllerModifyVolumeResponse> {
    service.needs(Ability::Modification, "modify volumes")?;
    let request = convert::modify(message)?;
    about(&request.volume);
    let _held = service.busy.hold([(Key::Volume(request.volume.clone()), Mode::Alone)])?;
    let (volume, secrets) = (request.volume.clone(), request.secrets.clone());
    let modified = service.backend.modify(call, request).await;
    modified.map_err(|error| conceal(error, &secrets))?;
    // Again, too: an earlier call may have failed at a node. A node that connects later asks when it stages.
    if service.hub.connected() > 0 {
        let limits = service.backend.limits(call, volume.clone()).await?;
        service.hub.apply_limits(&volume, limits, call.deadline).await.map_err(|error| {
            error.context("the volume was modified, and a node does not enforce that yet")
        })?;
    }
    Ok(pb::ControllerModifyVolumeResponse {})
}
