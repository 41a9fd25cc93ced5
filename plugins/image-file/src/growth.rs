//! Growing volumes: first the image, then the record, so that no record promises bytes that the
//! image does not have. A call that died between leaves an image that is larger than its record; the
//! next one takes the size that is there, as nothing shrinks.

use mooring_sdk::expansion::{Answer, Expansion, Request};
use mooring_sdk::pool::{Kind, PoolError};
use mooring_sdk::records::Found;
use mooring_sdk::{Error, Result, Services};

use crate::record::{VOLUMES, Volume};
use crate::restore::check_made;
use crate::{ImageFile, SIZES};

impl<H: Services> Expansion for ImageFile<H> {
    /// Grows a volume; one that is large enough keeps its size.
    fn expand(&self, request: &Request) -> Result<Answer> {
        let (host, id) = (&self.0, &*request.volume_id);
        let Found { value: volume, version } = VOLUMES.find(host, id)?;
        check_made(id, &volume)?;
        let mut size = SIZES.grow(volume.size, &request.capacity)?;
        if size > volume.size {
            size = match host.grow_image(&volume.pool, id, size) {
                Ok(()) => size,
                Err(error) => grown_before(host, id, &volume, request, error)?,
            };
            VOLUMES.replace(host, id, &Volume { size, ..volume }, version)?;
        }
        // Also where nothing grew: an earlier call may have died before the node had its turn.
        Ok(Answer { capacity: size, node_expansion_required: true })
    }
}

/// The size that an earlier call gave the image, where that is why it cannot have the asked one: who
/// lowers what was asked for, as a claim may after a failed expansion, gets what is there.
///
/// # Errors
/// `OutOfRange` where that is over the caller's limit; `error` where nothing of that is so.
fn grown_before(
    host: &impl Services,
    id: &str,
    volume: &Volume,
    request: &Request,
    error: PoolError,
) -> Result<u64> {
    let item = host.item(&volume.pool, id).ok().flatten();
    let larger = item.filter(|item| item.kind == Kind::Image && item.size > volume.size);
    match (larger, error) {
        (Some(item), PoolError::Invalid(_)) => SIZES.grow(item.size, &request.capacity),
        (_, error) => Err(Error::from(error).context(format_args!("image {id}"))),
    }
}
