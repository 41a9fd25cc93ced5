//! Images and directories of the pools that the operator granted, by name and never by path.
//! `wit/deps/host/host.wit` says what each verb promises; [`crate::testing::Machine`] is the twin
//! for tests.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::bindings::host::pool as host;
use crate::error::{Error, Result};
use crate::host::Host;

pub use host::{Cloning, CopyState, Extent, Item, Kind, PoolError, Usage};

/// The granted pools. Every verb can be repeated.
#[expect(clippy::missing_errors_doc, reason = "wit/deps/host/host.wit says it for each verb")]
pub trait Pools {
    /// Their names, sorted.
    fn names(&self) -> Vec<String>;
    /// Space of one pool.
    fn space(&self, pool: &str) -> Result<Usage, PoolError>;
    /// Creates an image that reads as zeros; `size` is in bytes, a multiple of 512.
    fn create_image(&self, pool: &str, name: &str, size: u64) -> Result<(), PoolError>;
    /// Grows an image to `size` bytes.
    fn grow_image(&self, pool: &str, name: &str, size: u64) -> Result<(), PoolError>;
    /// Copies an image by sharing its blocks, at one point in time.
    fn clone_image(&self, pool: &str, source: &str, name: &str) -> Result<(), PoolError>;
    /// Copies several images so, all at one point in time, all or none.
    fn clone_images(&self, clonings: &[Cloning]) -> Result<(), PoolError>;
    /// Starts a copy in the background, or tells how it stands.
    fn copy_image(&self, pool: &str, source: &str, name: &str) -> Result<CopyState, PoolError>;
    /// Deletes an image; an absent one is OK.
    fn delete_image(&self, pool: &str, name: &str) -> Result<(), PoolError>;
    /// Creates an empty directory; an existing one is OK.
    fn create_directory(&self, pool: &str, name: &str) -> Result<(), PoolError>;
    /// Deletes a directory and what is in it; an absent one is OK.
    fn delete_directory(&self, pool: &str, name: &str) -> Result<(), PoolError>;
    /// One item, if it is there.
    fn item(&self, pool: &str, name: &str) -> Result<Option<Item>, PoolError>;
    /// Extents of `image` that hold data, from `offset` on, ascending, at most `limit`.
    fn allocated_extents(
        &self,
        pool: &str,
        image: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<Extent>, PoolError>;
    /// Extents in which `image` may differ from `base`, as
    /// [`allocated_extents`](Self::allocated_extents).
    fn changed_extents(
        &self,
        pool: &str,
        base: &str,
        image: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<Extent>, PoolError>;
}

impl Pools for Host {
    fn names(&self) -> Vec<String> {
        host::pools()
    }

    fn space(&self, pool: &str) -> Result<Usage, PoolError> {
        host::space(pool)
    }

    fn create_image(&self, pool: &str, name: &str, size: u64) -> Result<(), PoolError> {
        host::create_image(pool, name, size)
    }

    fn grow_image(&self, pool: &str, name: &str, size: u64) -> Result<(), PoolError> {
        host::grow_image(pool, name, size)
    }

    fn clone_image(&self, pool: &str, source: &str, name: &str) -> Result<(), PoolError> {
        host::clone_image(pool, source, name)
    }

    fn clone_images(&self, clonings: &[Cloning]) -> Result<(), PoolError> {
        host::clone_images(clonings)
    }

    fn copy_image(&self, pool: &str, source: &str, name: &str) -> Result<CopyState, PoolError> {
        host::copy_image(pool, source, name)
    }

    fn delete_image(&self, pool: &str, name: &str) -> Result<(), PoolError> {
        host::delete_image(pool, name)
    }

    fn create_directory(&self, pool: &str, name: &str) -> Result<(), PoolError> {
        host::create_directory(pool, name)
    }

    fn delete_directory(&self, pool: &str, name: &str) -> Result<(), PoolError> {
        host::delete_directory(pool, name)
    }

    fn item(&self, pool: &str, name: &str) -> Result<Option<Item>, PoolError> {
        host::get(pool, name)
    }

    fn allocated_extents(
        &self,
        pool: &str,
        image: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<Extent>, PoolError> {
        host::allocated_extents(pool, image, offset, limit)
    }

    fn changed_extents(
        &self,
        pool: &str,
        base: &str,
        image: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<Extent>, PoolError> {
        host::changed_extents(pool, base, image, offset, limit)
    }
}

/// Whether every granted pool can be reached: the answer of a pool's backend to
/// [`Identity::probe`](crate::Identity::probe).
///
/// # Errors
/// `FailedPrecondition` where none is granted, `Unavailable` where one cannot be read.
pub fn probe(pools: &impl Pools) -> Result<bool> {
    let names = pools.names();
    if names.is_empty() {
        return Err(none_granted());
    }
    for name in names {
        pools
            .space(&name)
            .map_err(|error| Error::from(error).context(format_args!("pool {name}")))?;
    }
    Ok(true)
}

/// The pool that a volume goes into: the one asked for, else the only one there is, else the one
/// named `default`.
///
/// # Errors
/// `InvalidArgument` for a pool that is not granted, or where several are and none is meant;
/// `FailedPrecondition` where none is granted at all.
pub fn choose(pools: &impl Pools, asked: Option<&str>) -> Result<String> {
    let mut names = pools.names();
    let found = match (asked, names.len()) {
        (_, 0) => return Err(none_granted()),
        (None, 1) => 0,
        _ => match names.iter().position(|name| name == asked.unwrap_or("default")) {
            Some(found) => found,
            None => return Err(not_among(asked, &names)),
        },
    };
    Ok(names.swap_remove(found))
}

fn none_granted() -> Error {
    Error::failed_precondition("no pool is granted to this driver; add one to grants.pools")
}

fn not_among(asked: Option<&str>, names: &[String]) -> Error {
    let granted = names.join(", ");
    Error::invalid_argument(match asked {
        Some(asked) => format!("pool {asked:?} is not granted to this driver; there is: {granted}"),
        None => format!("set the parameter pool; it is one of: {granted}"),
    })
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Denied(text) => Self::permission_denied(text),
            PoolError::NotFound => Self::not_found("the pool has no item of that name"),
            PoolError::Exists => {
                Self::already_exists("the pool has an item of that name, of another kind or size")
            }
            PoolError::NoSpace(text) => Self::resource_exhausted(text),
            PoolError::InUse(text) | PoolError::Unsupported(text) => {
                Self::failed_precondition(text)
            }
            PoolError::Invalid(text) => Self::invalid_argument(text),
            PoolError::Storage(text) => Self::unavailable(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::testing::Machine;

    fn granted(pools: &[&str]) -> Machine {
        let machine = Machine::default();
        pools.iter().for_each(|pool| machine.grant(pool, 1 << 30));
        machine
    }

    #[test]
    fn the_pool_asked_for_or_the_only_one_or_the_default_one_is_chosen() {
        for (pools, asked, chosen) in [
            (&["a"][..], None, Ok("a")),
            (&["a", "b"], Some("b"), Ok("b")),
            (&["a", "default"], None, Ok("default")),
            (&["a", "b"], None, Err(Code::InvalidArgument)),
            (&["a"], Some("b"), Err(Code::InvalidArgument)),
            (&["a"], Some(""), Err(Code::InvalidArgument)),
            (&[], None, Err(Code::FailedPrecondition)),
            (&[], Some("a"), Err(Code::FailedPrecondition)),
        ] {
            let found = choose(&granted(pools), asked).map_err(|error| error.code);
            assert_eq!(found, chosen.map(ToOwned::to_owned), "{pools:?}, {asked:?}");
        }
    }

    #[test]
    fn a_wrong_pool_is_answered_with_those_that_are_granted() {
        let error = choose(&granted(&["fast", "slow"]), Some("fats")).unwrap_err();
        assert!(error.message.contains("fats") && error.message.contains("fast, slow"), "{error}");
    }

    #[test]
    fn a_driver_is_healthy_while_all_its_pools_are() {
        assert_eq!(probe(&granted(&["a", "b"])), Ok(true));
        assert_eq!(probe(&granted(&[])).unwrap_err().code, Code::FailedPrecondition);
        let stopped = granted(&["a"]);
        stopped.stop_after(0);
        let error = probe(&stopped).unwrap_err();
        assert_eq!(error.code, Code::Unavailable);
        assert!(error.message.starts_with("pool a:"), "{error}");
    }
}
