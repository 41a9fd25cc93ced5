//! Creating and deleting volumes.
//!
//! A call can die between any two effects, so their order is what makes it safe. To create:
//! first the record, then the image; to delete: first the image, then the record. So an image
//! never is without a record, and both the repeated call and the deletion find what is there.

use alloc::format;

use mooring_sdk::pool::{self, Kind, PoolError, Pools};
use mooring_sdk::records::Found;
use mooring_sdk::sizing::satisfies;
use mooring_sdk::state::State;
use mooring_sdk::types;
use mooring_sdk::volumes::CreateRequest;
use mooring_sdk::{Error, Result, ids};

use crate::parameters::{self, Wishes};
use crate::record::{Source, Stored, VOLUMES, Volume};
use crate::{SIZES, USES, restore};

/// Ids are this and a hash of the name.
pub(crate) const PREFIX: &str = "img-";

/// Creates a volume: for a new one, one write to the store and one image.
pub(crate) fn create(
    state: &impl State,
    pools: &impl Pools,
    request: &CreateRequest,
) -> Result<types::Volume> {
    if let Some(objection) = USES.objection(&request.capabilities) {
        return Err(Error::invalid_argument(objection));
    }
    let wishes = parameters::read(&[&request.parameters, &request.mutable_parameters])?;
    match &request.source {
        Some(source) => restore::create(state, pools, request, &wishes, source.into()),
        None => create_empty(state, pools, request, &wishes),
    }
}

fn create_empty(
    state: &impl State,
    pools: &impl Pools,
    request: &CreateRequest,
    wishes: &Wishes<'_>,
) -> Result<types::Volume> {
    let wanted = Volume {
        name: request.name.clone(),
        pool: pool::choose(pools, wishes.pool)?,
        size: SIZES.choose(request.capacity.as_ref())?,
    };
    let id = ids::derive(PREFIX, &request.name);
    let fits = |existing: &Stored| check_same(existing, request, wishes);
    let make = |stored: &Stored| ensure_image(pools, &id, stored.volume());
    let stored = VOLUMES.create(state, &id, Stored::V1(wanted), fits, make)?;
    Ok(stored.told(id))
}

/// Whether a volume that is there is the one that is asked for.
pub(crate) fn check_same(
    existing: &Stored,
    request: &CreateRequest,
    wishes: &Wishes<'_>,
) -> Result<()> {
    let Volume { name, pool, size } = existing.volume();
    if *name != request.name {
        return Err(Error::internal(format!(
            "the names {name:?} and {:?} have one id; choose another name",
            request.name
        )));
    }
    if existing.source() != request.source.as_ref().map(Source::from).as_ref() {
        return Err(Error::already_exists(format!(
            "volume {name:?} exists with other content to begin with than is asked for"
        )));
    }
    if wishes.pool.is_some_and(|asked| asked != pool) {
        return Err(Error::already_exists(format!(
            "volume {name:?} exists in pool {pool}, another than is asked for"
        )));
    }
    if !satisfies(*size, request.capacity.as_ref()) {
        return Err(Error::already_exists(format!(
            "volume {name:?} exists with {size} bytes, another size than is asked for"
        )));
    }
    Ok(())
}

/// Makes the image unless it is there.
fn ensure_image(pools: &impl Pools, id: &str, volume: &Volume) -> Result<()> {
    match pools.create_image(&volume.pool, id, volume.size) {
        Ok(()) => Ok(()),
        // An expansion that died after its first step leaves an image larger than its record.
        Err(PoolError::Exists) if is_larger(pools, id, volume) => Ok(()),
        Err(error) => Err(Error::from(error).context(format_args!("image {id}"))),
    }
}

/// Whether the image is there and larger than the record says.
pub(crate) fn is_larger(pools: &impl Pools, id: &str, volume: &Volume) -> bool {
    matches!(
        pools.item(&volume.pool, id),
        Ok(Some(item)) if item.kind == Kind::Image && item.size > volume.size
    )
}

/// Deletes a volume and its image.
pub(crate) fn delete(state: &impl State, pools: &impl Pools, id: &str) -> Result<()> {
    let Some(Found { value, version }) = VOLUMES.get(state, id)? else {
        return Ok(());
    };
    pools
        .delete_image(&value.volume().pool, id)
        .map_err(|error| Error::from(error).context(format_args!("image {id}")))?;
    VOLUMES.remove(state, id, version)
}
