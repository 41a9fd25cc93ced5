//! Volumes as directories of a local pool. Nothing holds a volume to a size: all of them share
//! the room of the pool's file system.
//!
//! Each module implements the abilities whose answers it knows. None of them knows a path or a
//! mount: they describe directories by name, and the host does the rest.

#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod life;
mod record;
mod view;

use alloc::borrow::{Cow, ToOwned};
use alloc::vec;

use mooring_sdk::capabilities::Uses;
use mooring_sdk::identity::{Description, Identity};
use mooring_sdk::parameters::Parameters;
use mooring_sdk::types::StringMap;
use mooring_sdk::{Host, Result, Services, pool};

mooring_sdk::freestanding!();
mooring_sdk::backend!(Directory: volumes, attachments, listing, capacity);

/// A directory is no device, and is on one machine.
const USES: Uses = Uses { block: false, mount: true, several_nodes: false };

/// The backend over the host's services, or over their twins in a test.
#[derive(Debug, Default)]
pub struct Directory<H = Host>(H);

/// The pool that the StorageClass asks for, the only thing that it can say.
fn asked_pool<'a>(maps: &[&'a StringMap]) -> Result<Option<&'a str>> {
    let mut parameters = Parameters::read(maps);
    let pool = parameters.take("pool");
    parameters.finish()?;
    Ok(pool)
}

impl<H: Services> Identity for Directory<H> {
    fn info(&self) -> Description {
        Description {
            name: "directory".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            manifest: vec![("url".to_owned(), env!("CARGO_PKG_REPOSITORY").to_owned())],
            accessibility_constraints: false,
            online_expansion: false,
        }
    }

    fn probe(&self) -> Result<bool> {
        pool::probe(&self.0)
    }

    fn config_schema(&self) -> Cow<'static, str> {
        Cow::Borrowed(include_str!("schema.json"))
    }
}

#[cfg(test)]
mod tests;
