//! What is wrong with volumes. Reading takes no guard.

use mooring_proto::csi::v1 as pb;
use mooring_volume::backend::Backend;
use mooring_volume::{Ability, Call, Result};

use super::ControllerService;
use crate::conceal::conceal;
use crate::convert::health as convert;
use crate::unary::about;

pub(super) async fn list<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::ControllerListVolumeHealthRequest,
) -> Result<pb::ControllerListVolumeHealthResponse> {
    service.needs(Ability::Health, "watch the health of volumes")?;
    let (page, secrets) = convert::list(message)?;
    let paged = service.backend.list_health(call, page.clone(), secrets.clone()).await;
    convert::wire_page(paged.map_err(|error| conceal(error, &secrets))?, &page)
}

pub(super) async fn get<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::ControllerGetVolumeHealthRequest,
) -> Result<pb::ControllerGetVolumeHealthResponse> {
    service.needs(Ability::Health, "watch the health of volumes")?;
    let (volume, secrets) = convert::get(message)?;
    about(&volume);
    let findings = service.backend.volume_health(call, volume.clone(), secrets.clone()).await;
    let findings = findings.map_err(|error| conceal(error, &secrets))?;
    let volume_health = Some(convert::wire(volume, findings)?);
    Ok(pb::ControllerGetVolumeHealthResponse { volume_health })
}
