//! Taking, deleting and finding snapshots. Reading takes no guard.

use mooring_proto::csi::v1 as pb;
use mooring_volume::backend::{Backend, Page, Paged};
use mooring_volume::{Ability, Call, Code, Result};

use super::ControllerService;
use crate::busy::{Key, Mode};
use crate::conceal::conceal;
use crate::convert::snapshot as convert;
use crate::unary::about;

pub(super) async fn create<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::CreateSnapshotRequest,
) -> Result<pb::CreateSnapshotResponse> {
    service.needs(Ability::Snapshots, "take snapshots")?;
    let request = convert::create(message)?;
    about(&request.source);
    // Several may be taken of one volume at once, but none while it is deleted or changed.
    let _held = service.busy.hold([
        (Key::SnapshotName(request.name.clone()), Mode::Alone),
        (Key::Volume(request.source.clone()), Mode::Shared),
    ])?;
    let (secrets, source) = (request.secrets.clone(), request.source.clone());
    let snapshot = service.backend.create_snapshot(call, request).await;
    let snapshot = snapshot.map_err(|error| conceal(error, &secrets))?;
    convert::of_source(&snapshot, &source)?;
    Ok(pb::CreateSnapshotResponse { snapshot: Some(convert::wire(snapshot)?) })
}

pub(super) async fn delete<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::DeleteSnapshotRequest,
) -> Result<pb::DeleteSnapshotResponse> {
    service.needs(Ability::Snapshots, "take snapshots")?;
    let (id, secrets) = convert::delete(message)?;
    let _held = service.busy.hold([(Key::Snapshot(id.clone()), Mode::Alone)])?;
    let deleted = service.backend.delete_snapshot(call, id, secrets.clone()).await;
    deleted.map_err(|error| conceal(error, &secrets))?;
    Ok(pb::DeleteSnapshotResponse {})
}

pub(super) async fn list<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::ListSnapshotsRequest,
) -> Result<pb::ListSnapshotsResponse> {
    service.needs(Ability::Snapshots, "list snapshots")?;
    match convert::list(message)? {
        convert::Listing::Many(request) => {
            let (page, source) = (request.page.clone(), request.source.clone());
            let secrets = request.secrets.clone();
            let paged = service.backend.list_snapshots(call, request).await;
            let paged = paged.map_err(|error| conceal(error, &secrets))?;
            convert::wire_page(paged, &page, source.as_ref())
        }
        convert::Listing::One(id, source, secrets) => {
            let found = service.backend.get_snapshot(call, id.clone(), secrets.clone()).await;
            let found = match found {
                Ok(snapshot) => {
                    convert::is(&snapshot, &id)?;
                    Some(snapshot)
                }
                // Source: CSI ListSnapshots: an unknown id is an empty list and no error.
                Err(error) if error.code == Code::NotFound => None,
                Err(error) => return Err(conceal(error, &secrets)),
            };
            let fits = found.filter(|one| source.is_none_or(|source| one.source == source));
            let paged = Paged { entries: fits.into_iter().collect(), next: None };
            convert::wire_page(paged, &Page::default(), None)
        }
    }
}

pub(super) async fn get<B: Backend>(
    service: &ControllerService<B>,
    call: &Call,
    message: pb::GetSnapshotRequest,
) -> Result<pb::GetSnapshotResponse> {
    service.needs(Ability::Snapshots, "show a snapshot")?;
    let (id, secrets) = convert::get(message)?;
    let snapshot = service.backend.get_snapshot(call, id.clone(), secrets.clone()).await;
    let snapshot = snapshot.map_err(|error| conceal(error, &secrets))?;
    convert::is(&snapshot, &id)?;
    Ok(pb::GetSnapshotResponse { snapshot: Some(convert::wire(snapshot)?) })
}
