//! Growing volumes: first the image, then the record, so that no record promises bytes that the
//! image does not have.

use mooring_sdk::expansion::{Answer, Expansion, Request};
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
        let size = SIZES.grow(volume.size, &request.capacity)?;
        if size > volume.size {
            host.grow_image(&volume.pool, id, size)
                .map_err(|error| Error::from(error).context(format_args!("image {id}")))?;
            VOLUMES.replace(host, id, &Volume { size, ..volume }, version)?;
        }
        // Also where nothing grew: an earlier call may have died before the node had its turn.
        Ok(Answer { capacity: size, node_expansion_required: true })
    }
}
