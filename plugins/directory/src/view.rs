//! Telling how volumes and pools are; nothing here changes anything.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use mooring_sdk::attachments::{self, Attachment, Content, PoolItem};
use mooring_sdk::listing::{Entries, Entry};
use mooring_sdk::pool::{self, Pools};
use mooring_sdk::records::Listed;
use mooring_sdk::state::State;
use mooring_sdk::types::Page;
use mooring_sdk::volumes::{ValidateRequest, Verdict};
use mooring_sdk::{Error, Result, capacity};

use crate::record::{Stored, VOLUMES, told};
use crate::{USES, asked_pool};

/// A page of volumes, by id.
pub(crate) fn list(state: &impl State, page: &Page) -> Result<Entries> {
    let Listed { entries, next } = VOLUMES.page(state, page)?;
    Ok(Entries { entries: entries.into_iter().map(|(id, _)| entry(id)).collect(), next })
}

/// One volume.
pub(crate) fn get(state: &impl State, id: &str) -> Result<Entry> {
    VOLUMES.find(state, id)?;
    Ok(entry(id.to_owned()))
}

fn entry(id: String) -> Entry {
    Entry { volume: told(id), published_nodes: None }
}

/// Whether a volume satisfies what is asked.
pub(crate) fn validate(state: &impl State, request: &ValidateRequest) -> Result<Verdict> {
    let Stored::V1(volume) = VOLUMES.find(state, &request.id)?.value;
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

/// Where a volume is.
pub(crate) fn attachment(
    state: &impl State,
    request: &attachments::Request,
) -> Result<attachments::Answer> {
    let id = &request.volume_id;
    let Stored::V1(volume) = VOLUMES.find(state, id)?.value;
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

/// Room for new volumes, which all share it.
pub(crate) fn space(pools: &impl Pools, request: &capacity::Request) -> Result<capacity::Answer> {
    let asked = asked_pool(&[&request.parameters])?;
    let available = match USES.objection(&request.capabilities) {
        Some(_) => 0,
        None => pools.space(&pool::choose(pools, asked)?)?.available,
    };
    Ok(capacity::Answer { available, maximum_volume: None, minimum_volume: None })
}
