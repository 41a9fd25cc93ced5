//! Volumes as they are. Reading takes no guard.

use mooring_proto::csi::v1 as pb;
use mooring_volume::backend::Backend;
use mooring_volume::{Ability, Call, Result};

use super::ControllerService;
use crate::convert::listing as convert;
use crate::unary::about;

pub(super) async fn list<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::ListVolumesRequest,
) -> Result<pb::ListVolumesResponse> {
    service.needs(Ability::Listing, "list volumes")?;
    let page = convert::page(message)?;
    let paged = service.backend.list(call, page.clone()).await?;
    convert::wire(paged, &page)
}

pub(super) async fn get<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::ControllerGetVolumeRequest,
) -> Result<pb::ControllerGetVolumeResponse> {
    service.needs(Ability::Listing, "show a volume")?;
    let volume = convert::get(message)?;
    about(&volume);
    convert::wire_one(service.backend.get(call, volume).await?)
}
