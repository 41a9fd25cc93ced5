//! Growing volumes: first the image, then the record, so that no record promises bytes that the
//! image does not have.

use mooring_sdk::expansion::{Answer, Request};
use mooring_sdk::pool::Pools;
use mooring_sdk::records::Found;
use mooring_sdk::state::State;
use mooring_sdk::{Error, Result};

use crate::SIZES;
use crate::record::VOLUMES;
use crate::restore::check_made;

/// Grows a volume; one that is large enough keeps its size.
pub(crate) fn expand(state: &impl State, pools: &impl Pools, request: &Request) -> Result<Answer> {
    let id = &request.volume_id;
    let Found { value, version } = VOLUMES.find(state, id)?;
    check_made(id, &value)?;
    let volume = value.volume();
    let size = SIZES.grow(volume.size, &request.capacity)?;
    if size > volume.size {
        pools
            .grow_image(&volume.pool, id, size)
            .map_err(|error| Error::from(error).context(format_args!("image {id}")))?;
        VOLUMES.replace(state, id, &value.resized(size), version)?;
    }
    // Also where nothing grew: an earlier call may have died before the node had its turn.
    Ok(Answer { capacity: size, node_expansion_required: true })
}
