//! Telling how volumes and pools are; nothing here changes anything.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use core::slice;

use mooring_sdk::attachments::{
    self, Attachment, Attachments, Content, DirectDevice, KataDirect, PoolItem,
};
use mooring_sdk::capacity::{self, Capacity};
use mooring_sdk::listing::{Entries, Entry, Listing};
use mooring_sdk::records::Listed;
use mooring_sdk::types::Page;
use mooring_sdk::volumes::{ValidateRequest, Verdict};
use mooring_sdk::{Error, Result, Services, pool};

use crate::parameters::Chosen;
use crate::places::Places;
use crate::record::{VOLUMES, Volume};
use crate::restore::check_made;
use crate::{ImageFile, SIZES, objection, parameters, publishing};

impl<H: Services> Listing for ImageFile<H> {
    /// A page of volumes, by id.
    fn list(&self, page: &Page) -> Result<Entries> {
        let Listed { entries, next } = VOLUMES.page(&self.0, page)?;
        let places = Places::read(&self.0)?;
        let entries = entries.into_iter().map(|(id, volume)| entry(&places, id, volume)).collect();
        Ok(Entries { entries, next })
    }

    fn get(&self, id: &str) -> Result<Entry> {
        let volume = VOLUMES.find(&self.0, id)?.value;
        Ok(entry(&Places::read(&self.0)?, id.to_owned(), volume))
    }
}

fn entry(places: &Places, id: String, mut volume: Volume) -> Entry {
    let published_nodes: Vec<_> =
        volume.published.take().map(|there| there.node).into_iter().collect();
    let topology = places.of(&volume.pool);
    Entry { volume: volume.told(id, topology), published_nodes: Some(published_nodes) }
}

/// Whether a volume satisfies what is asked.
pub(crate) fn validate(host: &impl Services, request: &ValidateRequest) -> Result<Verdict> {
    let volume = VOLUMES.find(host, &request.id)?.value;
    if let Some(objection) = objection(volume.direct, &request.capabilities) {
        return Ok(Verdict::Refused(objection.to_owned()));
    }
    let wishes = match parameters::read(&request.parameters, &request.mutable_parameters) {
        Ok(wishes) => wishes,
        Err(unknown) => return Ok(Verdict::Refused(unknown.message)),
    };
    // What it was created with is right, too, where it was changed since.
    let Chosen { direct, tuning } = wishes.chosen;
    let as_now = tuning.over(volume.tuning) == volume.tuning;
    let as_created = tuning.over(volume.created_with) == volume.created_with;
    Ok(if wishes.pool.is_some_and(|pool| pool != volume.pool) {
        Verdict::Refused(format!("the volume is in pool {}", volume.pool))
    } else if direct && !volume.direct {
        Verdict::Refused("the volume is mounted by the node, not by a sandbox".to_owned())
    } else if !as_now && !as_created {
        Verdict::Refused("the volume has other mutable parameters; modify it".to_owned())
    } else {
        Verdict::Confirmed
    })
}

impl<H: Services> Attachments for ImageFile<H> {
    /// Where a volume is. It need not be published: an orchestrator without that step, and a node
    /// that is on its own, use it as it is. But where it is published, it is for that node alone
    /// and in that way alone.
    fn describe(&self, request: &attachments::Request) -> Result<attachments::Answer> {
        let id = &request.volume_id;
        let volume = VOLUMES.find(&self.0, id)?.value;
        check_made(id, &volume)?;
        if let Some(objection) = objection(volume.direct, slice::from_ref(&request.capability)) {
            return Err(Error::invalid_argument(objection));
        }
        if let Some(there) = &volume.published {
            if there.node != request.node_id {
                return Err(publishing::elsewhere(id, there));
            }
            if there.readonly && !request.readonly {
                return Err(Error::failed_precondition(format!(
                    "volume {id} is published for reading only and would be attached for writing; \
                     stage it with the publish context that ControllerPublishVolume answered"
                )));
            }
        }
        // Whether the source itself was ever formatted is not known, so a copy never is.
        let content = if volume.source.is_some() { Content::Copied } else { Content::Blank };
        let image = PoolItem { pool: volume.pool, name: id.clone() };
        let attachment = match volume.direct {
            false => Attachment::ImageFile(image),
            true => Attachment::KataDirect(KataDirect {
                device: DirectDevice::ImageFile(image),
                // As the capability asks.
                fs_type: None,
                metadata: Vec::new(),
            }),
        };
        Ok(attachments::Answer { attachment, content, minimum_size: Some(volume.size) })
    }
}

impl<H: Services> Capacity for ImageFile<H> {
    /// Room for new volumes. Images are sparse, so this is what can be promised, not a bound.
    fn get(&self, request: &capacity::Request) -> Result<capacity::Answer> {
        let none = capacity::Answer { available: 0, maximum_volume: None, minimum_volume: None };
        let wishes = parameters::read(&request.parameters, &Vec::new())?;
        let asked = wishes.pool;
        if objection(wishes.chosen.direct, &request.capabilities).is_some() {
            return Ok(none);
        }
        let place = request.topology.as_slice();
        let pool = match place {
            [] => Some(pool::choose(&self.0, asked)?),
            _ => Places::read(&self.0)?.find(&self.0, asked, place.iter())?,
        };
        let Some(pool) = pool else { return Ok(none) };
        let available = self.0.space(&pool)?.available;
        Ok(capacity::Answer {
            available,
            maximum_volume: Some(SIZES.round_down(available)),
            minimum_volume: Some(SIZES.minimum),
        })
    }
}
