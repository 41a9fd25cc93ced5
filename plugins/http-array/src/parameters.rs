//! The StorageClass's parameters of this backend.

use alloc::string::String;

use mooring_sdk::parameters::Parameters;
use mooring_sdk::types::StringMap;
use mooring_sdk::{Error, Result};

use crate::places;

/// What a StorageClass can say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wishes<'a> {
    /// The array's address in its plain form; none: the configured one.
    pub(crate) url: Option<String>,
    /// The array's pool; none: the configured one, or the array's only one.
    pub(crate) pool: Option<&'a str>,
    /// Whether a sandbox gets the device.
    pub(crate) direct: bool,
}

/// Reads the parameters.
///
/// # Errors
/// `InvalidArgument` for one that is not known or a value that cannot be.
pub(crate) fn read<'a>(given: &'a StringMap, mutable: &'a StringMap) -> Result<Wishes<'a>> {
    let mut parameters = Parameters::read(&[given, mutable]);
    let url = parameters.take("api_url").map(places::plain).transpose();
    let url = url.map_err(|why| Error::invalid_argument(why.message).context("api_url"))?;
    let pool = parameters.take("storage_pool");
    let direct = parameters.take_switch("directVolume")?.unwrap_or(false);
    parameters.finish()?;
    Ok(Wishes { url, pool, direct })
}
