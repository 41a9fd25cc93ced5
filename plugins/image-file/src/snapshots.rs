//! Snapshots: images of their own, which neither need the volume's nor are needed by restored ones.
//!
//! The record says `Making` before the image is made and `Deleting` before it is deleted. So what
//! a call that died has left behind is never taken for a snapshot, and is found by the next one.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use mooring_sdk::clock::Clock;
use mooring_sdk::logging::{Level, log};
use mooring_sdk::parameters::Parameters;
use mooring_sdk::pool::{CopyState, Pools};
use mooring_sdk::records::{Found, Listed};
use mooring_sdk::snapshots::{CreateRequest, ListRequest, SnapshotPage};
use mooring_sdk::state::State;
use mooring_sdk::types;
use mooring_sdk::{Error, Result, ids};

use crate::copies::{self, Begun, LATER};
use crate::record::{Phase, SNAPSHOTS, Snapshot, StoredSnapshot, VOLUMES, Volume};
use crate::restore::check_made;

/// Ids are this and a hash of the name.
const PREFIX: &str = "snap-";

/// A snapshot's record and its version.
type Held = (Snapshot, u64);

/// Takes a snapshot, or tells how an earlier call's stands.
pub(crate) fn create(
    state: &impl State,
    pools: &impl Pools,
    clock: &impl Clock,
    request: &CreateRequest,
) -> Result<types::Snapshot> {
    Parameters::read(&[&request.parameters]).finish()?;
    let id = ids::derive(PREFIX, &request.name);
    let Some(Found { value: StoredSnapshot::V1(found), version }) = SNAPSHOTS.get(state, &id)?
    else {
        let begun = begin(state, clock, request, &id)?;
        return take(state, pools, &id, begun);
    };
    if found.phase == Phase::Deleting {
        remove(state, pools, &id, (found, version))?;
        let begun = begin(state, clock, request, &id)?;
        return take(state, pools, &id, begun);
    }
    check_same(&found, request)?;
    match found.phase {
        Phase::Making | Phase::Deleting => {
            let begun = again(state, pools, clock, &id, (found, version))?;
            take(state, pools, &id, begun)
        }
        Phase::Copying => match settle(state, pools, &id, (found, version))? {
            (_, Some(reason)) => Err(Error::internal(format!(
                "copying snapshot {id} failed: {reason}; delete it and take another"
            ))),
            (snapshot, None) => Ok(snapshot.told(id)),
        },
        Phase::Ready => Ok(found.told(id)),
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
fn draft(state: &impl State, clock: &impl Clock, name: &str, source: &str) -> Result<Snapshot> {
    let stored = VOLUMES.find(state, source)?.value;
    check_made(source, &stored)?;
    let Volume { pool, size, .. } = stored.volume().clone();
    let (name, source) = (name.to_owned(), source.to_owned());
    Ok(Snapshot { name, source, pool, size, created: clock.now(), phase: Phase::Making })
}

fn begin(
    state: &impl State,
    clock: &impl Clock,
    request: &CreateRequest,
    id: &str,
) -> Result<Held> {
    let new = draft(state, clock, &request.name, &request.source_volume_id)?;
    let version = SNAPSHOTS.insert(state, id, &StoredSnapshot::V1(new.clone()))?;
    Ok((new, version))
}

/// Takes up what a call that died began. Where that had not come to the image, the point in time
/// is now, and the volume is as it is now.
fn again(
    state: &impl State,
    pools: &impl Pools,
    clock: &impl Clock,
    id: &str,
    (former, version): Held,
) -> Result<Held> {
    if pools.item(&former.pool, id)?.is_some() {
        return Ok((former, version));
    }
    let begun = Begun { table: &SNAPSHOTS, pool: &former.pool, id, version };
    let new = draft(state, clock, &former.name, &former.source)
        .map_err(|error| begun.take_back(state, pools, error))?;
    let version = SNAPSHOTS.replace(state, id, &StoredSnapshot::V1(new.clone()), version)?;
    Ok((new, version))
}

/// Makes the image and says so in the record.
fn take(
    state: &impl State,
    pools: &impl Pools,
    id: &str,
    (snapshot, version): Held,
) -> Result<types::Snapshot> {
    let pool = &snapshot.pool;
    let phase = match copies::copy(pools, pool, &snapshot.source, id) {
        Ok(CopyState::Done) => Phase::Ready,
        Ok(CopyState::Running(_)) => Phase::Copying,
        Ok(CopyState::Failed(reason)) => {
            pools.delete_image(pool, id)?;
            return Err(Error::unavailable(format!(
                "copying snapshot {id} failed and starts anew with the next call: {reason}"
            )));
        }
        Err(error) => {
            let begun = Begun { table: &SNAPSHOTS, pool, id, version };
            return Err(begun.take_back(state, pools, error));
        }
    };
    let taken = Snapshot { phase, ..snapshot };
    SNAPSHOTS.replace(state, id, &StoredSnapshot::V1(taken.clone()), version)?;
    Ok(taken.told(id.to_owned()))
}

/// The snapshot with its phase of now; also why its copying failed, if it did.
fn settle(
    state: &impl State,
    pools: &impl Pools,
    id: &str,
    (snapshot, version): Held,
) -> Result<(Snapshot, Option<String>)> {
    if snapshot.phase != Phase::Copying {
        return Ok((snapshot, None));
    }
    let copied = pools
        .copy_image(&snapshot.pool, &snapshot.source, id)
        .map_err(|error| Error::from(error).context(format_args!("snapshot {id}")))?;
    match copied {
        CopyState::Running(_) => Ok((snapshot, None)),
        CopyState::Failed(reason) => Ok((snapshot, Some(reason))),
        CopyState::Done => {
            let ready = Snapshot { phase: Phase::Ready, ..snapshot };
            SNAPSHOTS.replace(state, id, &StoredSnapshot::V1(ready.clone()), version)?;
            Ok((ready, None))
        }
    }
}

/// Deletes a snapshot and its image.
pub(crate) fn delete(state: &impl State, pools: &impl Pools, id: &str) -> Result<()> {
    let Some(Found { value: StoredSnapshot::V1(found), version }) = SNAPSHOTS.get(state, id)?
    else {
        return Ok(());
    };
    remove(state, pools, id, (found, version))
}

fn remove(
    state: &impl State,
    pools: &impl Pools,
    id: &str,
    (snapshot, version): Held,
) -> Result<()> {
    let deleting = Snapshot { phase: Phase::Deleting, ..snapshot };
    let version = match snapshot.phase {
        Phase::Deleting => version,
        Phase::Making | Phase::Copying | Phase::Ready => {
            SNAPSHOTS.replace(state, id, &StoredSnapshot::V1(deleting.clone()), version)?
        }
    };
    pools
        .delete_image(&deleting.pool, id)
        .map_err(|error| Error::from(error).context(format_args!("image {id}")))?;
    SNAPSHOTS.remove(state, id, version)
}

/// One snapshot.
pub(crate) fn get(state: &impl State, pools: &impl Pools, id: &str) -> Result<types::Snapshot> {
    let Found { value: StoredSnapshot::V1(found), version } = SNAPSHOTS.find(state, id)?;
    let (snapshot, failure) = settle(state, pools, id, (found, version))?;
    if let Some(reason) = failure {
        log(Level::Warn, format_args!("copying snapshot {id} failed: {reason}"));
    }
    Ok(snapshot.told(id.to_owned()))
}

/// A page of snapshots, by id. One that is being copied is asked for on its own, and counts as
/// not ready where that cannot be told.
pub(crate) fn list(
    state: &impl State,
    pools: &impl Pools,
    request: &ListRequest,
) -> Result<SnapshotPage> {
    let source = request.source_volume_id.as_deref();
    let wanted = |StoredSnapshot::V1(snapshot): &StoredSnapshot| {
        source.is_none_or(|source| snapshot.source == source)
    };
    let Listed { entries, next } = SNAPSHOTS.page_of(state, &request.page, wanted)?;
    let now = |(id, StoredSnapshot::V1(listed)): (String, StoredSnapshot)| match listed.phase {
        Phase::Copying => get(state, pools, &id).unwrap_or_else(|error| {
            log(Level::Warn, format_args!("snapshot {id}: {error}"));
            listed.told(id)
        }),
        Phase::Making | Phase::Ready | Phase::Deleting => listed.told(id),
    };
    Ok(SnapshotPage { entries: entries.into_iter().map(now).collect(), next })
}

/// A snapshot whose bytes are all there.
pub(crate) fn ready(state: &impl State, pools: &impl Pools, id: &str) -> Result<Snapshot> {
    let Found { value: StoredSnapshot::V1(found), version } = SNAPSHOTS.find(state, id)?;
    let (snapshot, failure) = settle(state, pools, id, (found, version))?;
    match (snapshot.phase, failure) {
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
