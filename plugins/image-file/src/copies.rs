//! Copying an image within its pool, by shared blocks where the file system can, else in the
//! background; and taking back what a failed call has begun.

use alloc::string::String;

use core::time::Duration;

use mooring_sdk::pool::{CopyState, PoolError, Pools};
use mooring_sdk::records::Table;
use mooring_sdk::{Code, Error, Result, Services};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// When to ask again how a copy stands.
pub(crate) const LATER: Duration = Duration::from_secs(5);

/// Makes `name` a copy of `source`, or tells how that stands. It can be repeated: once it has
/// begun, the source's later bytes are not in it.
pub(crate) fn copy(pools: &impl Pools, pool: &str, source: &str, name: &str) -> Result<CopyState> {
    match pools.clone_image(pool, source, name) {
        Ok(()) => Ok(CopyState::Done),
        Err(PoolError::Unsupported(_)) => copy_slowly(pools, pool, source, name),
        Err(error) => Err(told(error, source, name)),
    }
}

/// As [`copy`], in the background alone.
pub(crate) fn copy_slowly(
    pools: &impl Pools,
    pool: &str,
    source: &str,
    name: &str,
) -> Result<CopyState> {
    pools.copy_image(pool, source, name).map_err(|error| told(error, source, name))
}

fn told(error: PoolError, source: &str, name: &str) -> Error {
    Error::from(error).context(format_args!("copy {name} of image {source}"))
}

/// What is known of a record whose images are being made.
pub(crate) struct Begun<'a, T: 'static, F: 'static> {
    pub(crate) table: &'a Table<T, F>,
    /// Pools and names.
    pub(crate) images: &'a [(&'a str, &'a str)],
    pub(crate) id: &'a str,
    pub(crate) version: u64,
}

impl<T: Clone + Into<F>, F: Into<T> + Serialize + DeserializeOwned> Begun<'_, T, F> {
    /// Takes back what was begun, if this error says that nothing was done; answers the error.
    ///
    /// Only for what nobody has had yet. Where it cannot be taken back, the error becomes one
    /// after which the orchestrator repeats the call, so that nothing is forgotten.
    pub(crate) fn take_back(&self, host: &impl Services, error: Error) -> Error {
        if !error.had_no_effect() {
            return error;
        }
        match self.remove(host, &error) {
            Ok(()) => error,
            Err(second) => {
                let (code, message) = (Code::Unavailable, String::from(&*error.message));
                let doing = format_args!("{}, not taken back yet: {second}", self.id);
                Error::new(code, message).context(doing)
            }
        }
    }

    fn remove(&self, host: &impl Services, error: &Error) -> Result<()> {
        // What is there already under that name is not ours.
        if error.code != Code::AlreadyExists {
            for (pool, name) in self.images {
                host.delete_image(pool, name)?;
            }
        }
        self.table.remove(host, self.id, self.version)
    }
}
