//! Volumes that begin with the bytes of a snapshot or of another volume.
//!
//! First the record, which says that the volume is not made yet; then the copy, then its growth;
//! then the record again. A call that dies between leaves a volume that nobody gets to see the
//! bytes of, and both the repeated call and the deletion find it.

use alloc::format;
use alloc::string::String;

use mooring_sdk::pool::{CopyState, PoolError, Pools};
use mooring_sdk::records::Found;
use mooring_sdk::sizing::satisfies;
use mooring_sdk::state::State;
use mooring_sdk::types::{self, CapacityRange};
use mooring_sdk::volumes::CreateRequest;
use mooring_sdk::{Error, Result, ids};

use crate::copies::{self, Begun, LATER};
use crate::life::{PREFIX, check_same, is_larger};
use crate::parameters::Wishes;
use crate::record::{Copied, Source, Stored, VOLUMES, Volume};
use crate::{SIZES, snapshots};

/// What there is to copy.
struct Origin {
    pool: String,
    size: u64,
}

/// Creates a volume with a source.
pub(crate) fn create(
    state: &impl State,
    pools: &impl Pools,
    request: &CreateRequest,
    wishes: &Wishes<'_>,
    source: Source,
) -> Result<types::Volume> {
    let id = ids::derive(PREFIX, &request.name);
    let (copied, version) = match VOLUMES.get(state, &id)? {
        Some(Found { value, version }) => {
            check_same(&value, request, wishes)?;
            match value {
                Stored::V2(copied) => again(state, pools, &id, copied, version)?,
                Stored::V1(_) => return Err(Error::internal("a volume without its source")),
            }
        }
        None => begin(state, pools, request, wishes, source, &id)?,
    };
    if copied.made {
        return Ok(Stored::V2(copied).told(id));
    }
    if let Err(error) = make(pools, &id, &copied) {
        let pool = &copied.volume.pool;
        let begun = Begun { table: &VOLUMES, pool, id: &id, version };
        return Err(begun.take_back(state, pools, error));
    }
    let stored = Stored::V2(Copied { made: true, ..copied });
    VOLUMES.replace(state, &id, &stored, version)?;
    Ok(stored.told(id))
}

/// Writes the record of a new volume.
fn begin(
    state: &impl State,
    pools: &impl Pools,
    request: &CreateRequest,
    wishes: &Wishes<'_>,
    source: Source,
    id: &str,
) -> Result<(Copied, u64)> {
    let Origin { pool, size } = origin(state, pools, &source)?;
    if let Some(asked) = wishes.pool.filter(|asked| *asked != pool) {
        return Err(Error::invalid_argument(format!(
            "the source is in pool {pool} and the volume is asked for in pool {asked:?}; a copy is \
             made in the source's pool"
        )));
    }
    let size = choose(size, request.capacity.as_ref())?;
    let volume = Volume { name: request.name.clone(), pool, size };
    let copied = Copied { volume, source, made: false };
    let version = VOLUMES.insert(state, id, &Stored::V2(copied.clone()))?;
    Ok((copied, version))
}

/// Takes up what an earlier call began. A volume that was made and has no image is one whose
/// deletion died: it is made anew.
fn again(
    state: &impl State,
    pools: &impl Pools,
    id: &str,
    copied: Copied,
    version: u64,
) -> Result<(Copied, u64)> {
    if !copied.made || pools.item(&copied.volume.pool, id)?.is_some() {
        return Ok((copied, version));
    }
    let copied = Copied { made: false, ..copied };
    let version = VOLUMES.replace(state, id, &Stored::V2(copied.clone()), version)?;
    Ok((copied, version))
}

/// The source, if there is one and it can be copied now.
fn origin(state: &impl State, pools: &impl Pools, source: &Source) -> Result<Origin> {
    match source {
        Source::Snapshot(id) => {
            let snapshot = snapshots::ready(state, pools, id)?;
            Ok(Origin { pool: snapshot.pool, size: snapshot.size })
        }
        Source::Volume(id) => {
            let stored = VOLUMES.find(state, id)?.value;
            check_made(id, &stored)?;
            let Volume { pool, size, .. } = stored.volume().clone();
            Ok(Origin { pool, size })
        }
    }
}

/// Refuses a volume that does not hold its source's bytes yet.
pub(crate) fn check_made(id: &str, stored: &Stored) -> Result<()> {
    match stored.made() {
        true => Ok(()),
        false => Err(Error::unavailable(format!(
            "volume {id} is still being made of its source; repeat CreateVolume until it is done"
        ))
        .retry_after(LATER)),
    }
}

/// The size of a copy: what is asked, else the source's.
fn choose(source: u64, asked: Option<&CapacityRange>) -> Result<u64> {
    let size = match asked.and_then(|range| range.required) {
        Some(_) => SIZES.choose(asked)?,
        None => source,
    };
    if size < source || !satisfies(size, asked) {
        return Err(Error::out_of_range(format!(
            "the source has {source} bytes, and a copy of it cannot be smaller; ask for at least \
             that"
        )));
    }
    Ok(size)
}

/// Makes the image, unless it is there.
fn make(pools: &impl Pools, id: &str, copied: &Copied) -> Result<()> {
    let Copied { volume: Volume { pool, size, .. }, source, .. } = copied;
    let image = |error| Error::from(error).context(format_args!("image {id}"));
    match copies::copy(pools, pool, source.image(), id)? {
        CopyState::Done => {}
        CopyState::Running((done, all)) => {
            return Err(Error::unavailable(format!(
                "volume {id} is being copied from {}: {done} of {all} bytes",
                source.image()
            ))
            .retry_after(LATER));
        }
        CopyState::Failed(reason) => {
            pools.delete_image(pool, id).map_err(image)?;
            return Err(Error::unavailable(format!(
                "copying volume {id} from {} failed and starts anew with the next call: {reason}",
                source.image()
            )));
        }
    }
    match pools.grow_image(pool, id, *size) {
        Ok(()) => Ok(()),
        // The source's expansion died after its first step: its image is larger than its record.
        Err(PoolError::Invalid(_)) if is_larger(pools, id, &copied.volume) => Ok(()),
        Err(error) => Err(image(error)),
    }
}
