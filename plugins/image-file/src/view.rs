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

use crate::record::{Stored, VOLUMES};
use crate::restore::check_made;
use crate::{SIZES, USES, parameters};

/// A page of volumes, by id.
pub(crate) fn list(state: &impl State, page: &Page) -> Result<Entries> {
    let Listed { entries, next } = VOLUMES.page(state, page)?;
    let entries = entries.into_iter().map(|(id, stored)| entry(id, &stored)).collect();
    Ok(Entries { entries, next })
}

/// One volume.
pub(crate) fn get(state: &impl State, id: &str) -> Result<Entry> {
    let stored = VOLUMES.find(state, id)?.value;
    Ok(entry(id.to_owned(), &stored))
}

fn entry(id: String, stored: &Stored) -> Entry {
    Entry { volume: stored.told(id), published_nodes: None }
}

/// Whether a volume satisfies what is asked.
pub(crate) fn validate(state: &impl State, request: &ValidateRequest) -> Result<Verdict> {
    let stored = VOLUMES.find(state, &request.id)?.value;
    let volume = stored.volume();
    if let Some(objection) = USES.objection(&request.capabilities) {
        return Ok(Verdict::Refused(objection.to_owned()));
    }
    Ok(match parameters::read(&[&request.parameters, &request.mutable_parameters]) {
        Err(unknown) => Verdict::Refused(unknown.message),
        Ok(wishes) if wishes.pool.is_some_and(|pool| pool != volume.pool) => {
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
    let stored = VOLUMES.find(state, id)?.value;
    check_made(id, &stored)?;
    if let Some(objection) = USES.objection(core::slice::from_ref(&request.capability)) {
        return Err(Error::invalid_argument(objection));
    }
    let volume = stored.volume().clone();
    Ok(attachments::Answer {
        attachment: Attachment::ImageFile(PoolItem { pool: volume.pool, name: id.clone() }),
        // Whether the source itself was ever formatted is not known, so a copy never is.
        content: stored.source().map_or(Content::Blank, |_| Content::Copied),
        minimum_size: Some(volume.size),
    })
}

/// Room for new volumes. Images are sparse, so this is what can be promised, not a bound.
pub(crate) fn space(pools: &impl Pools, request: &capacity::Request) -> Result<capacity::Answer> {
    let wishes = parameters::read(&[&request.parameters])?;
    if USES.objection(&request.capabilities).is_some() {
        return Ok(capacity::Answer { available: 0, maximum_volume: None, minimum_volume: None });
    }
    let pool = pool::choose(pools, wishes.pool)?;
    let available = pools.space(&pool)?.available;
    Ok(capacity::Answer {
        available,
        maximum_volume: Some(SIZES.round_down(available)),
        minimum_volume: Some(SIZES.minimum),
    })
}
