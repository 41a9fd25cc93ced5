//! Room for new volumes.

use mooring_proto::csi::v1 as pb;
use mooring_volume::backend::{Backend, Capacity};
use mooring_volume::{Ability, Call, Result};

use super::ControllerService;
use crate::convert::{size, volume as convert};

pub(super) async fn get<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::GetCapacityRequest,
) -> Result<pb::GetCapacityResponse> {
    service.needs(Ability::Capacity, "tell its capacity")?;
    let request = convert::get_capacity(message, &service.backend.abilities())?;
    let Capacity { available, maximum_volume, minimum_volume } =
        service.backend.capacity(call, request).await?;
    Ok(pb::GetCapacityResponse {
        available_capacity: size::wire(available),
        maximum_volume_size: maximum_volume.map(size::wire),
        minimum_volume_size: minimum_volume.map(size::wire),
    })
}
