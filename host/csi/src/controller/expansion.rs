//! Growing volumes in the storage.

use mooring_proto::csi::v1 as pb;
use mooring_volume::backend::{Backend, Expanded};
use mooring_volume::{Ability, Call, Result};

use super::ControllerService;
use crate::busy::{Key, Mode};
use crate::conceal::conceal;
use crate::convert::{size, volume as convert};
use crate::unary::about;

pub(super) async fn expand<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::ControllerExpandVolumeRequest,
) -> Result<pb::ControllerExpandVolumeResponse> {
    service.needs(Ability::Expansion, "grow volumes")?;
    let request = convert::expand(message)?;
    about(&request.volume_id);
    let _held = service.busy.hold([(Key::Volume(request.volume_id.clone()), Mode::Alone)])?;
    let secrets = request.secrets.clone();
    let expanded = service.backend.expand(call, request).await;
    let Expanded { capacity, node_expansion_required } =
        expanded.map_err(|error| conceal(error, &secrets))?;
    Ok(pb::ControllerExpandVolumeResponse {
        capacity_bytes: size::wire(capacity),
        node_expansion_required,
    })
}
