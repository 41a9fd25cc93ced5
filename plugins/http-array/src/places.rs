//! Where arrays are: addresses by the keys that ids begin with. The configured array's follows from
//! the configuration; those that StorageClasses name are noted before anything is made there, so
//! that deletion, which is told an id alone, finds them.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use mooring_sdk::state::{State, StateError};
use mooring_sdk::types::StringMap;
use mooring_sdk::{Error, Result, http};

use crate::identifiers::{Id, key};
use crate::settings::Settings;

/// Where the addresses of further arrays are kept.
const ARRAYS: &str = "array/";

/// The name of the address in a volume's context.
pub(crate) const CONTEXT: &str = "apiUrl";

/// An address in the form in which two that are the same are equal.
///
/// # Errors
/// `FailedPrecondition` for what is none.
pub(crate) fn plain(url: &str) -> Result<String> {
    let (encrypted, authority, path) =
        http::split(url).map_err(|why| Error::failed_precondition(why.to_string()))?;
    if path.contains('?') {
        return Err(Error::failed_precondition(format!("{url:?} has a query; leave it out")));
    }
    let scheme = if encrypted { "https" } else { "http" };
    Ok(format!("{scheme}://{}{}", authority.to_ascii_lowercase(), path.trim_end_matches('/')))
}

/// The configured array's address, if there is one.
///
/// # Errors
/// `FailedPrecondition` for one that is none.
pub(crate) fn configured(settings: &Settings) -> Result<Option<String>> {
    settings
        .api_url
        .as_deref()
        .map(plain)
        .transpose()
        .map_err(|error| error.context("config.apiUrl"))
}

/// The address that a StorageClass means.
///
/// # Errors
/// `InvalidArgument` where neither it nor the configuration names one.
pub(crate) fn wished(settings: &Settings, url: Option<&String>) -> Result<String> {
    let url = match url {
        Some(url) => Some(url.clone()),
        None => configured(settings)?,
    };
    url.ok_or_else(|| {
        Error::invalid_argument(
            "no array is named; set api_url in the StorageClass, or config.apiUrl of the driver",
        )
    })
}

/// Notes an address, so that ids lead to it.
pub(crate) fn remember(host: &impl State, settings: &Settings, url: &str) -> Result<()> {
    if configured(settings)?.as_deref() == Some(url) {
        return Ok(());
    }
    let at = format!("{ARRAYS}{}", key(url));
    match host.insert(&at, url.as_bytes()) {
        Ok(_) => Ok(()),
        Err(StateError::Conflict) => match host.get(&at)? {
            Some(entry) if entry.value == url.as_bytes() => Ok(()),
            Some(_) => Err(Error::internal(format!(
                "the address {url} has the same key as another array's; use another name of it"
            ))),
            None => Err(StateError::Conflict.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// The address of an id's array.
///
/// # Errors
/// `FailedPrecondition` where it is not known: to say that the volume does not exist would let it be
/// forgotten.
pub(crate) fn of(host: &impl State, settings: &Settings, id: &Id) -> Result<String> {
    if let Some(url) = configured(settings)?.filter(|url| key(url) == id.array) {
        return Ok(url);
    }
    let noted = host.get(&format!("{ARRAYS}{}", id.array))?;
    noted.and_then(|entry| String::from_utf8(entry.value).ok()).ok_or_else(|| {
        Error::failed_precondition(format!(
            "the address of array {} is not known here; set config.apiUrl to it",
            id.array
        ))
    })
}

/// As [`of`], where the volume's context may tell it: beside a node nothing is noted.
pub(crate) fn told(
    host: &impl State,
    settings: &Settings,
    id: &Id,
    context: &StringMap,
) -> Result<String> {
    let told = context.iter().find(|(name, _)| name == CONTEXT).map(|(_, url)| url);
    match told.filter(|url| key(url) == id.array) {
        Some(url) => Ok(url.clone()),
        None => of(host, settings, id),
    }
}

/// All arrays that are known: key and address, by key.
pub(crate) fn all(host: &impl State, settings: &Settings) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    found.extend(configured(settings)?.map(|url| (key(&url), url)));
    let mut after = None::<String>;
    loop {
        let entries = host.scan(ARRAYS, after.as_deref(), 100)?;
        // A scan may end early; only an empty one says that there is no more.
        let Some(last) = entries.last() else { break };
        after = Some(last.key.clone());
        for entry in entries {
            let Ok(url) = String::from_utf8(entry.value) else { continue };
            let name = entry.key.trim_start_matches(ARRAYS).to_owned();
            if found.iter().all(|(known, _)| *known != name) {
                found.push((name, url));
            }
        }
    }
    found.sort();
    Ok(found)
}
