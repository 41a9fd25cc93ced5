//! Creating, deleting and validating volumes.

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::validate_volume_capabilities_response::Confirmed;
use mooring_volume::backend::{Backend, ContentSource, Verdict};
use mooring_volume::{Call, Result};

use super::ControllerService;
use crate::busy::{Key, Mode};
use crate::conceal::conceal;
use crate::convert::volume as convert;
use crate::unary::about;

pub(super) async fn create<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::CreateVolumeRequest,
) -> Result<pb::CreateVolumeResponse> {
    let request = convert::create(message, &service.backend.abilities())?;
    let name = [(Key::Name(request.name.clone()), Mode::Alone)];
    let _held = service.busy.hold(name)?;
    // Several may be made from one source at once, but none while it is deleted or grown.
    let _source = match &request.source {
        Some(ContentSource::Volume(id)) => {
            Some(service.busy.hold([(Key::Volume(id.clone()), Mode::Shared)])?)
        }
        Some(ContentSource::Snapshot(id)) => {
            Some(service.busy.hold([(Key::Snapshot(id.clone()), Mode::Shared)])?)
        }
        None => None,
    };
    let secrets = request.secrets.clone();
    let volume = service.backend.create(call, request).await;
    let volume = volume.map_err(|error| conceal(error, &secrets))?;
    about(&volume.id);
    Ok(pb::CreateVolumeResponse { volume: Some(convert::wire(volume)?) })
}

pub(super) async fn delete<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::DeleteVolumeRequest,
) -> Result<pb::DeleteVolumeResponse> {
    let (volume, secrets) = convert::delete(message)?;
    about(&volume);
    let _held = service.busy.hold([(Key::Volume(volume.clone()), Mode::Alone)])?;
    let deleted = service.backend.delete(call, volume, secrets.clone()).await;
    deleted.map_err(|error| conceal(error, &secrets))?;
    Ok(pb::DeleteVolumeResponse {})
}

/// Changes nothing, so that no guard is needed.
pub(super) async fn validate<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::ValidateVolumeCapabilitiesRequest,
) -> Result<pb::ValidateVolumeCapabilitiesResponse> {
    let echo = Confirmed {
        volume_context: message.volume_context.clone(),
        volume_capabilities: message.volume_capabilities.clone(),
        parameters: message.parameters.clone(),
        mutable_parameters: message.mutable_parameters.clone(),
    };
    let request = convert::validate(message)?;
    about(&request.id);
    let secrets = request.secrets.clone();
    let verdict = service.backend.validate(call, request).await;
    let verdict = verdict.map_err(|error| conceal(error, &secrets))?;
    let (confirmed, message) = match verdict {
        Verdict::Confirmed => (Some(echo), String::new()),
        Verdict::Refused(why) => (None, why),
    };
    Ok(pb::ValidateVolumeCapabilitiesResponse { confirmed, message })
}
