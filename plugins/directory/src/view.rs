//! Telling how volumes and pools are; nothing here changes anything.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use mooring_sdk::attachments::{self, Attachment, Attachments, Content, PoolItem};
use mooring_sdk::capacity::{self, Capacity};
use mooring_sdk::listing::{Entries, Entry, Listing};
use mooring_sdk::records::Listed;
use mooring_sdk::types::Page;
use mooring_sdk::volumes::{ValidateRequest, Verdict};
use mooring_sdk::{Error, Result, Services, pool};

use crate::record::{Stored, VOLUMES, told};
use crate::{Directory, USES, asked_pool};

impl<H: Services> Listing for Directory<H> {
    fn list(&self, page: &Page) -> Result<Entries> {
        let Listed { entries, next } = VOLUMES.page(&self.0, page)?;
        Ok(Entries { entries: entries.into_iter().map(|(id, _)| entry(id)).collect(), next })
    }

    fn get(&self, id: &str) -> Result<Entry> {
        VOLUMES.find(&self.0, id)?;
        Ok(entry(id.to_owned()))
    }
}

fn entry(id: String) -> Entry {
    Entry { volume: told(id), published_nodes: None }
}

/// Whether a volume satisfies what is asked.
pub(crate) fn validate(host: &impl Services, request: &ValidateRequest) -> Result<Verdict> {
    let Stored::V1(volume) = VOLUMES.find(host, &request.id)?.value;
    if let Some(objection) = USES.objection(&request.capabilities) {
        return Ok(Verdict::Refused(objection.to_owned()));
    }
    Ok(match asked_pool(&[&request.parameters, &request.mutable_parameters]) {
        Err(unknown) => Verdict::Refused(unknown.message),
        Ok(Some(pool)) if pool != volume.pool => {
            Verdict::Refused(format!("the volume is in pool {}", volume.pool))
        }
        Ok(_) => Verdict::Confirmed,
    })
}

impl<H: Services> Attachments for Directory<H> {
    fn describe(&self, request: &attachments::Request) -> Result<attachments::Answer> {
        let id = &request.volume_id;
        let Stored::V1(volume) = VOLUMES.find(&self.0, id)?.value;
        if let Some(objection) = USES.objection(core::slice::from_ref(&request.capability)) {
            return Err(Error::invalid_argument(objection));
        }
        Ok(attachments::Answer {
            attachment: Attachment::Directory(PoolItem { pool: volume.pool, name: id.clone() }),
            // There is no device to format.
            content: Content::Unknown,
            minimum_size: None,
        })
    }
}

/// Room for new volumes, which all share it.
impl<H: Services> Capacity for Directory<H> {
    fn get(&self, request: &capacity::Request) -> Result<capacity::Answer> {
        let asked = asked_pool(&[&request.parameters])?;
        let available = match USES.objection(&request.capabilities) {
            Some(_) => 0,
            None => self.0.space(&pool::choose(&self.0, asked)?)?.available,
        };
        Ok(capacity::Answer { available, maximum_volume: None, minimum_volume: None })
    }
}
