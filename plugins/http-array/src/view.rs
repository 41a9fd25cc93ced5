//! Telling how volumes and pools are; nothing here changes anything.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mooring_sdk::attachments::{
    self, Attachment, Attachments, BlockDevice, Content, DirectDevice, KataDirect,
};
use mooring_sdk::capacity::{self, Capacity};
use mooring_sdk::listing::{Entries, Entry, Listing};
use mooring_sdk::types::Page;
use mooring_sdk::volumes::{ValidateRequest, Verdict};
use mooring_sdk::{Error, Result, Secrets};
use serde::Deserialize;

use crate::client::Client;
use crate::identifiers::{Id, host_name, is_plain, key};
use crate::settings::Settings;
use crate::wire::{self, Checked, State, Volume};
use crate::{HttpArray, SIZES, Services, life, objection, parameters, places};

/// The most entries that an array gives at once.
const LARGEST_PAGE: u32 = 1000;

/// What is listed: which list, what is asked besides, and of which array alone.
pub(crate) struct Asked<'a> {
    pub(crate) list: &'a str,
    pub(crate) query: &'a str,
    pub(crate) array: Option<&'a str>,
}

/// A part of a list: entries with their array's address.
pub(crate) struct Listed<T> {
    pub(crate) found: Vec<(String, T)>,
    pub(crate) next: Option<String>,
}

/// A page of one array's list. The arrays come one after another; a token is the array's key and
/// the id behind which its list goes on.
pub(crate) fn list<T: Checked + for<'de> Deserialize<'de>>(
    host: &impl Services,
    settings: &Settings,
    secrets: &Secrets,
    asked: &Asked<'_>,
    page: &Page,
) -> Result<Listed<T>> {
    let (from, after) = match &page.token {
        Some(token) => read_token(token)?,
        None => (String::new(), None),
    };
    let mut arrays = places::all(host, settings)?;
    arrays.retain(|(key, _)| asked.array.is_none_or(|only| only == key) && *key >= from);
    let mut arrays = arrays.into_iter();
    let Some((array, url)) = arrays.next() else {
        return Ok(Listed { found: Vec::new(), next: None });
    };
    let after = after.filter(|_| array == from);
    let limit = match page.max_entries {
        0 => settings.page_size,
        most => most.min(LARGEST_PAGE),
    };
    let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
    let path = format!(
        "/{}?limit={limit}&prefix={}{}{after}",
        asked.list, settings.name_prefix, asked.query
    );
    let client = Client::new(host, settings, &url, secrets);
    let wire::Page { items, next } = client.get(&path)?;
    if u32::try_from(items.len()).map_or(true, |count| count > limit) {
        return Err(Error::internal("the array gives more entries than it was asked for"));
    }
    let next = match (next, arrays.next()) {
        (Some(after), _) => Some(format!("{array}:{after}")),
        (None, Some((other, _))) => Some(format!("{other}:")),
        (None, None) => None,
    };
    Ok(Listed { found: items.into_iter().map(|one| (url.clone(), one)).collect(), next })
}

fn read_token(token: &str) -> Result<(String, Option<String>)> {
    let unreadable = || Error::aborted("the page token cannot be read; begin the list anew");
    let (array, after) = token.split_once(':').ok_or_else(unreadable)?;
    let fits = is_plain(array) && (after.is_empty() || is_plain(after));
    let after = (!after.is_empty()).then(|| after.to_owned());
    fits.then(|| (array.to_owned(), after)).ok_or_else(unreadable)
}

impl<H: Services> Listing for HttpArray<H> {
    fn list(&self, page: &Page) -> Result<Entries> {
        let settings = Settings::read(&self.0)?;
        let asked = Asked { list: "volumes", query: "", array: None };
        let Listed { found, next } = list(&self.0, &settings, &Secrets::default(), &asked, page)?;
        let entries = found
            .into_iter()
            .filter(|(_, volume): &(String, Volume)| volume.state != State::Creating)
            .map(|(url, volume)| entry(&url, volume));
        Ok(Entries { entries: entries.collect(), next })
    }

    fn get(&self, id: &str) -> Result<Entry> {
        let id = Id::find(id)?;
        let settings = Settings::read(&self.0)?;
        let url = places::of(&self.0, &settings, &id)?;
        let none = Secrets::default();
        let client = Client::new(&self.0, &settings, &url, &none);
        Ok(entry(&url, client.get(&format!("/volumes/{}", id.local))?))
    }
}

fn entry(url: &str, mut volume: Volume) -> Entry {
    let mappings = core::mem::take(&mut volume.mappings);
    let published_nodes = Some(mappings.into_iter().map(|mapping| mapping.host).collect());
    Entry { volume: life::told(url, volume), published_nodes }
}

/// Whether a volume satisfies what is asked.
pub(crate) fn validate(host: &impl Services, request: &ValidateRequest) -> Result<Verdict> {
    let id = Id::find(&request.id)?;
    let settings = Settings::read(host)?;
    let url = places::told(host, &settings, &id, &request.context)?;
    let client = Client::new(host, &settings, &url, &request.secrets);
    let volume: Volume = client.get(&format!("/volumes/{}", id.local))?;
    let direct = life::is_direct(&volume);
    if let Some(objection) = objection(direct, &request.capabilities) {
        return Ok(Verdict::Refused(objection.to_owned()));
    }
    let wishes = match parameters::read(&request.parameters, &request.mutable_parameters) {
        Ok(wishes) => wishes,
        Err(unknown) => return Ok(Verdict::Refused(unknown.message)),
    };
    Ok(if wishes.pool.is_some_and(|pool| pool != volume.pool) {
        Verdict::Refused(format!("the volume is in pool {}", volume.pool))
    } else if wishes.url.is_some_and(|url| key(&url) != id.array) {
        Verdict::Refused(format!("the volume is on array {url}"))
    } else if wishes.direct && !direct {
        Verdict::Refused("the volume was not made with directVolume".to_owned())
    } else {
        Verdict::Confirmed
    })
}

impl<H: Services> Attachments for HttpArray<H> {
    /// The device of a volume that is mapped to the node.
    fn describe(&self, request: &attachments::Request) -> Result<attachments::Answer> {
        let id = Id::find(&request.volume_id)?;
        let settings = Settings::read(&self.0)?;
        let url = places::told(&self.0, &settings, &id, &request.volume_context)?;
        let client = Client::new(&self.0, &settings, &url, &request.secrets);
        let volume: Volume = client.get(&format!("/volumes/{}", id.local))?;
        let direct = life::is_direct(&volume);
        if let Some(objection) = objection(direct, core::slice::from_ref(&request.capability)) {
            return Err(Error::invalid_argument(objection));
        }
        let host = host_name(&request.node_id);
        let mapping = volume.mappings.iter().find(|mapping| mapping.host == host);
        let readonly = mapping.map(|mapping| mapping.readonly).ok_or_else(|| {
            Error::failed_precondition(format!(
                "volume {} is not published to node {:?} (ControllerPublishVolume)",
                id.local, request.node_id
            ))
        })?;
        if readonly && !request.readonly {
            return Err(Error::failed_precondition(format!(
                "volume {} is published for reading only and would be attached for writing; stage \
                 it with the publish context that ControllerPublishVolume answered",
                id.local
            )));
        }
        let device = BlockDevice {
            links: [settings.device_link.replace("{serial}", &volume.serial)].into(),
            serial: Some(volume.serial),
            wwid: None,
            rescan: true,
        };
        let attachment = match direct {
            false => Attachment::BlockDevice(device),
            true => Attachment::KataDirect(KataDirect {
                device: DirectDevice::BlockDevice(device),
                fs_type: None,
                metadata: Vec::new(),
            }),
        };
        // Whether a source was ever formatted is not known, so its copy never is.
        let content = if volume.source.is_some() { Content::Copied } else { Content::Blank };
        Ok(attachments::Answer { attachment, content, minimum_size: Some(volume.size) })
    }
}

impl<H: Services> Capacity for HttpArray<H> {
    fn get(&self, request: &capacity::Request) -> Result<capacity::Answer> {
        let (settings, mutable) = (Settings::read(&self.0)?, Vec::new());
        let wishes = parameters::read(&request.parameters, &mutable)?;
        if objection(wishes.direct, &request.capabilities).is_some() {
            let (maximum_volume, minimum_volume) = (None, None);
            return Ok(capacity::Answer { available: 0, maximum_volume, minimum_volume });
        }
        let url = places::wished(&settings, wishes.url.as_ref())?;
        let none = Secrets::default();
        let client = Client::new(&self.0, &settings, &url, &none);
        let pool = life::find_pool(&client, wishes.pool.or(settings.storage_pool.as_deref()))?;
        Ok(capacity::Answer {
            available: pool.available,
            maximum_volume: Some(SIZES.round_down(pool.largest.min(pool.available))),
            minimum_volume: Some(pool.smallest.max(SIZES.minimum)),
        })
    }
}
