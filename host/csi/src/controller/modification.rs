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
    let secrets = request.secrets.clone();
    let modified = service.backend.modify(call, request).await;
    modified.map_err(|error| conceal(error, &secrets))?;
    Ok(pb::ControllerModifyVolumeResponse {})
}
