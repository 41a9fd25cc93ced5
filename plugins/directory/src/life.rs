//! Creating and deleting volumes.
//!
//! A call can die between any two effects. To create: first the record, then the directory; to
//! delete: first the directory, then the record. So no directory is ever without a record, and
//! both the repeated call and the deletion find what is there.

use alloc::format;

use mooring_sdk::pool::{self, Pools};
use mooring_sdk::records::Found;
use mooring_sdk::state::State;
use mooring_sdk::types;
use mooring_sdk::volumes::CreateRequest;
use mooring_sdk::{Error, Result, ids};

use crate::record::{Asked, Stored, VOLUMES, Volume, told};
use crate::{USES, asked_pool};

/// Ids are this and a hash of the name.
const PREFIX: &str = "dir-";

/// Creates a volume.
pub(crate) fn create(
    state: &impl State,
    pools: &impl Pools,
    request: &CreateRequest,
) -> Result<types::Volume> {
    if let Some(objection) = USES.objection(&request.capabilities) {
        return Err(Error::invalid_argument(objection));
    }
    if request.source.is_some() {
        return Err(Error::invalid_argument("this backend creates empty volumes only"));
    }
    let asked = asked_pool(&[&request.parameters, &request.mutable_parameters])?;
    let wanted = Volume {
        name: request.name.clone(),
        pool: pool::choose(pools, asked)?,
        asked: Asked::from(request.capacity),
    };
    let id = ids::derive(PREFIX, &request.name);
    let fits = |Stored::V1(existing): &Stored| check_same(existing, request, asked);
    let make = |Stored::V1(volume): &Stored| {
        pools
            .create_directory(&volume.pool, &id)
            .map_err(|error| Error::from(error).context(format_args!("directory {id}")))
    };
    VOLUMES.create(state, &id, Stored::V1(wanted), fits, make)?;
    Ok(told(id))
}

/// Whether a volume that is there is the one that is asked for.
fn check_same(existing: &Volume, request: &CreateRequest, pool: Option<&str>) -> Result<()> {
    let name = &existing.name;
    if *name != request.name {
        return Err(Error::internal(format!(
            "the names {name:?} and {:?} have one id; choose another name",
            request.name
        )));
    }
    let differs = if pool.is_some_and(|pool| pool != existing.pool) {
        "pool"
    } else if existing.asked != Asked::from(request.capacity) {
        "size"
    } else {
        return Ok(());
    };
    Err(Error::already_exists(format!(
        "volume {name:?} exists and was asked for with another {differs}"
    )))
}

/// Deletes a volume, its directory and what is in it.
pub(crate) fn delete(state: &impl State, pools: &impl Pools, id: &str) -> Result<()> {
    let Some(Found { value: Stored::V1(volume), version }) = VOLUMES.get(state, id)? else {
        return Ok(());
    };
    pools
        .delete_directory(&volume.pool, id)
        .map_err(|error| Error::from(error).context(format_args!("directory {id}")))?;
    VOLUMES.remove(state, id, version)
}
