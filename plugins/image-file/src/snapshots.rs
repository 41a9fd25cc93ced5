//! Snapshots: images of their own, which neither need the volume's nor are needed by restored ones.
//!
//! The record says `Making` before the image is made and `Deleting` before it is deleted. So what
//! a call that died has left behind is never taken for a snapshot, and is found by the next one.
//! One that is still under way has claimed the record, and is not disturbed.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use mooring_sdk::logging::{Level, log};
use mooring_sdk::parameters::Parameters;
use mooring_sdk::pool::CopyState;
use mooring_sdk::records::{Found, Listed};
use mooring_sdk::snapshots::{CreateRequest, ListRequest, SnapshotPage, Snapshots};
use mooring_sdk::{Error, Result, Secrets, Services, ids, types};

use crate::ImageFile;
use crate::copies::{self, Begun, LATER};
use crate::record::{Phase, SNAPSHOTS, Snapshot, VOLUMES};
use crate::restore::check_made;

/// Ids are this and a hash of the name.
const PREFIX: &str = "snap-";

/// A snapshot's record and its version.
type Held = (Snapshot, u64);

impl<H: Services> Snapshots for ImageFile<H> {
    /// Takes a snapshot, or tells how an earlier call's stands.
    fn create(&self, request: &CreateRequest) -> Result<types::Snapshot> {
        let host = &self.0;
        Parameters::read(&[&request.parameters]).finish()?;
        let id = ids::derive(PREFIX, &request.name);
        SNAPSHOTS.claim(host, &id)?;
        let begun = match SNAPSHOTS.get(host, &id)? {
            None => begin(host, request, &id)?,
            Some(Found { value, version }) if value.phase == Phase::Deleting => {
                remove(host, &id, (value, version))?;
                begin(host, request, &id)?
            }
            Some(Found { value, version }) => {
                check_same(&value, request)?;
                match value.phase {
                    Phase::Making | Phase::Deleting => again(host, &id, (value, version))?,
                    Phase::Copying | Phase::Ready => return taken(host, id, (value, version)),
                }
            }
        };
        take(host, &id, begun)
    }

    /// Deletes a snapshot and its image.
    fn delete(&self, id: &str, _secrets: &Secrets) -> Result<()> {
        SNAPSHOTS.claim(&self.0, id)?;
        let Some(Found { value, version }) = SNAPSHOTS.get(&self.0, id)? else {
            return Ok(());
        };
        // Source: CSI DeleteSnapshot: a member of a group is INVALID_ARGUMENT.
        match &value.group {
            Some(group) => Err(Error::invalid_argument(format!(
                "snapshot {id} is a member of group {group} and goes with it; delete the group"
            ))),
            None => remove(&self.0, id, (value, version)),
        }
    }

    /// A page of snapshots, by id. One that is being copied is asked for on its own, and counts as
    /// not ready where that cannot be told.
    fn list(&self, request: &ListRequest) -> Result<SnapshotPage> {
        let source = request.source_volume_id.as_deref();
        let wanted = |one: &Snapshot| source.is_none_or(|source| one.source == source);
        let Listed { entries, next } = SNAPSHOTS.page_of(&self.0, &request.page, wanted)?;
        let now = |(id, listed): (String, Snapshot)| match listed.phase {
            Phase::Copying => get(&self.0, &id).unwrap_or_else(|error| {
                log(Level::Warn, format_args!("snapshot {id}: {error}"));
                listed.told(id)
            }),
            Phase::Making | Phase::Ready | Phase::Deleting => listed.told(id),
        };
        Ok(SnapshotPage { entries: entries.into_iter().map(now).collect(), next })
    }

    fn get(&self, id: &str, _secrets: &Secrets) -> Result<types::Snapshot> {
        get(&self.0, id)
    }
}

/// Whether a snapshot that is there is the one that is asked for.
fn check_same(existing: &Snapshot, request: &CreateRequest) -> Result<()> {
    let Snapshot { name, source, .. } = existing;
    if *name != request.name {
        return Err(Error::internal(format!(
            "the names {name:?} and {:?} have one id; choose another name",
            request.name
        )));
    }
    match *source == request.source_volume_id {
        true => Ok(()),
        false => Err(Error::already_exists(format!(
            "snapshot {name:?} exists, of volume {source}, another than is asked for"
        ))),
    }
}

/// What a snapshot of this volume that is taken now would be.
pub(crate) fn draft(host: &impl Services, name: &str, source: &str) -> Result<Snapshot> {
    let volume = VOLUMES.find(host, source)?.value;
    check_made(source, &volume)?;
    Ok(Snapshot {
        name: name.to_owned(),
        source: source.to_owned(),
        pool: volume.pool,
        size: volume.size,
        created: host.now(),
        phase: Phase::Making,
        failure: None,
        group: None,
    })
}

fn begin(host: &impl Services, request: &CreateRequest, id: &str) -> Result<Held> {
    let new = draft(host, &request.name, &request.source_volume_id)?;
    let version = SNAPSHOTS.insert(host, id, &new)?;
    Ok((new, version))
}

/// Takes up what a call that died began. Where that had not come to a whole image, the point in
/// time is now, and the volume is as it is now.
fn again(host: &impl Services, id: &str, (former, version): Held) -> Result<Held> {
    if host.item(&former.pool, id)?.is_some() {
        return Ok((former, version));
    }
    // It may be on its way already, of an earlier moment than the record will say.
    host.delete_image(&former.pool, id)?;
    let new = draft(host, &former.name, &former.source)
        .map_err(|error| taken_back(host, id, (&former, version), error))?;
    let version = SNAPSHOTS.replace(host, id, &new, version)?;
    Ok((new, version))
}

fn taken_back(
    host: &impl Services,
    id: &str,
    (snapshot, version): (&Snapshot, u64),
    error: Error,
) -> Error {
    Begun { table: &SNAPSHOTS, images: &[(&*snapshot.pool, id)], id, version }
        .take_back(host, error)
}

/// Makes the image and says so in the record.
fn take(host: &impl Services, id: &str, (snapshot, version): Held) -> Result<types::Snapshot> {
    let phase = match copies::copy(host, &snapshot.pool, &snapshot.source, id) {
        Ok(CopyState::Done) => Phase::Ready,
        Ok(CopyState::Running(_)) => Phase::Copying,
        Ok(CopyState::Failed(reason)) => {
            return Err(Error::unavailable(format!(
                "copying snapshot {id} failed and starts anew with the next call: {reason}"
            )));
        }
        Err(error) => return Err(taken_back(host, id, (&snapshot, version), error)),
    };
    let taken = Snapshot { phase, ..snapshot };
    SNAPSHOTS.replace(host, id, &taken, version)?;
    Ok(taken.told(id.to_owned()))
}

/// Tells of a snapshot whose point in time is fixed.
///
/// # Errors
/// `Internal` where its copying failed, which it does for good.
pub(crate) fn taken(host: &impl Services, id: String, held: Held) -> Result<types::Snapshot> {
    let (snapshot, _) = settle(host, &id, held)?;
    match snapshot.failure {
        Some(reason) => Err(Error::internal(format!(
            "copying snapshot {id} failed: {reason}; delete it and take another"
        ))),
        None => Ok(snapshot.told(id)),
    }
}

/// The snapshot as it is now. How its copying ended is written down: the pool tells a failure
/// once, and would begin anew, with other bytes.
pub(crate) fn settle(host: &impl Services, id: &str, (snapshot, version): Held) -> Result<Held> {
    if snapshot.phase != Phase::Copying || snapshot.failure.is_some() {
        return Ok((snapshot, version));
    }
    let settled = match copies::copy_slowly(host, &snapshot.pool, &snapshot.source, id)? {
        CopyState::Running(_) => return Ok((snapshot, version)),
        CopyState::Failed(reason) => {
            log(Level::Warn, format_args!("copying snapshot {id} failed: {reason}"));
            Snapshot { failure: Some(reason), ..snapshot }
        }
        CopyState::Done => Snapshot { phase: Phase::Ready, ..snapshot },
    };
    let version = SNAPSHOTS.replace(host, id, &settled, version)?;
    Ok((settled, version))
}

/// Deletes a snapshot's image and its record.
pub(crate) fn remove(host: &impl Services, id: &str, (snapshot, version): Held) -> Result<()> {
    let deleting = Snapshot { phase: Phase::Deleting, ..snapshot };
    let version = match snapshot.phase {
        Phase::Deleting => version,
        Phase::Making | Phase::Copying | Phase::Ready => {
            SNAPSHOTS.replace(host, id, &deleting, version)?
        }
    };
    host.delete_image(&deleting.pool, id)
        .map_err(|error| Error::from(error).context(format_args!("image {id}")))?;
    SNAPSHOTS.remove(host, id, version)
}

/// One snapshot.
pub(crate) fn get(host: &impl Services, id: &str) -> Result<types::Snapshot> {
    let Found { value, version } = SNAPSHOTS.find(host, id)?;
    let (snapshot, _) = settle(host, id, (value, version))?;
    Ok(snapshot.told(id.to_owned()))
}

/// A snapshot whose bytes are all there.
pub(crate) fn ready(host: &impl Services, id: &str) -> Result<Snapshot> {
    let Found { value, version } = SNAPSHOTS.find(host, id)?;
    let (snapshot, _) = settle(host, id, (value, version))?;
    match (snapshot.phase, &snapshot.failure) {
        (Phase::Ready, _) => Ok(snapshot),
        (Phase::Deleting, _) => {
            Err(Error::not_found(format!("snapshot {id} is being deleted; take another")))
        }
        (Phase::Making | Phase::Copying, None) => Err(Error::unavailable(format!(
            "snapshot {id} is not ready yet: its bytes are still being copied"
        ))
        .retry_after(LATER)),
        (Phase::Making | Phase::Copying, Some(reason)) => Err(Error::unavailable(format!(
            "snapshot {id} is not ready: copying it failed ({reason}); delete it, take another"
        ))),
    }
}
