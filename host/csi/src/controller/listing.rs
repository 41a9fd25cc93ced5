//! Volumes as they are. Reading takes no guard.

use std::sync::Arc;

use mooring_proto::csi::v1 as pb;
use mooring_volume::backend::Backend;
use mooring_volume::{Ability, Call, Result, Secrets};

use super::ControllerService;
use super::conditions::Ill;
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
    convert::wire(paged, &page, ill(service, call).await.as_deref())
}

/// The volumes with which something is wrong, where the backend can tell. A listing does not fail because that
/// cannot be told now.
async fn ill<B: Backend>(service: &ControllerService<B>, call: &Call) -> Option<Arc<Ill>> {
    if !service.backend.abilities().contains(&Ability::Health) {
        return None;
    }
    match service.conditions.ill(&*service.backend, call).await {
        Ok(ill) => Some(ill),
        Err(error) => {
            tracing::warn!(%error, "the volumes are listed without their condition");
            None
        }
    }
}

pub(super) async fn get<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::ControllerGetVolumeRequest,
) -> Result<pb::ControllerGetVolumeResponse> {
    service.needs(Ability::Listing, "show a volume")?;
    let volume = convert::get(message)?;
    about(&volume);
    let listed = service.backend.get(call, volume.clone()).await?;
    // Source: CSI up to 1.12: a driver with VOLUME_CONDITION must tell it.
    let findings = if service.backend.abilities().contains(&Ability::Health) {
        Some(service.backend.volume_health(call, volume, Secrets::default()).await?)
    } else {
        None
    };
    convert::wire_one(listed, findings)
}
