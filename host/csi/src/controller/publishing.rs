//! Making volumes reachable from nodes.

use mooring_proto::csi::v1 as pb;
use mooring_volume::backend::Backend;
use mooring_volume::node::READONLY;
use mooring_volume::{Ability, Call, Result};

use super::ControllerService;
use crate::busy::{Key, Mode};
use crate::conceal::conceal;
use crate::convert::{map, publishing as convert};
use crate::unary::about;

pub(super) async fn publish<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::ControllerPublishVolumeRequest,
) -> Result<pb::ControllerPublishVolumeResponse> {
    service.needs(Ability::Publishing, "publish volumes to nodes")?;
    let request = convert::publish(message, &service.backend.abilities())?;
    about(&request.volume_id);
    let _held = service.busy.hold([(Key::Volume(request.volume_id.clone()), Mode::Alone)])?;
    let (secrets, readonly) = (request.secrets.clone(), request.readonly);
    let context = service.backend.publish(call, request).await;
    let mut context = context.map_err(|error| conceal(error, &secrets))?;
    if readonly {
        // The node hears of it in no other way, whatever the storage enforces.
        context.insert(READONLY.to_owned(), "true".to_owned());
    }
    let publish_context = map::wire("publish_context", context)?;
    Ok(pb::ControllerPublishVolumeResponse { publish_context })
}

pub(super) async fn unpublish<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::ControllerUnpublishVolumeRequest,
) -> Result<pb::ControllerUnpublishVolumeResponse> {
    service.needs(Ability::Publishing, "publish volumes to nodes")?;
    let (volume, node, secrets) = convert::unpublish(message)?;
    about(&volume);
    let _held = service.busy.hold([(Key::Volume(volume.clone()), Mode::Alone)])?;
    let done = service.backend.unpublish(call, volume, node, secrets.clone()).await;
    done.map_err(|error| conceal(error, &secrets))?;
    Ok(pb::ControllerUnpublishVolumeResponse {})
}
