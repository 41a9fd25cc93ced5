//! Volumes as directories of a local pool. Nothing holds a volume to a size: all of them share
//! the room of the pool's file system.
//!
//! This file is the shell: it says what the backend is and hands each call to the module that
//! knows the answer. None of it knows a path or a mount: it describes directories by name, and
//! the host does the rest.

#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod life;
mod record;
mod view;

use alloc::borrow::{Cow, ToOwned};
use alloc::vec;

use mooring_sdk::attachments::Attachments;
use mooring_sdk::capabilities::Uses;
use mooring_sdk::capacity::Capacity;
use mooring_sdk::identity::{Description, Identity};
use mooring_sdk::listing::{Entries, Entry, Listing};
use mooring_sdk::parameters::Parameters;
use mooring_sdk::pool::{self, HostPools, Pools};
use mooring_sdk::state::{HostState, State};
use mooring_sdk::types::{Page, StringMap, Volume};
use mooring_sdk::volumes::{CreateRequest, ValidateRequest, Verdict, Volumes};
use mooring_sdk::{Result, Secrets, attachments, capacity};

mooring_sdk::freestanding!();
mooring_sdk::backend!(Directory: volumes, attachments, listing, capacity);

/// A directory is no device, and is on one machine.
const USES: Uses = Uses { block: false, mount: true, several_nodes: false };

/// The backend over the host's services, or over their twins in a test.
#[derive(Debug, Default)]
pub struct Directory<S = HostState, P = HostPools> {
    state: S,
    pools: P,
}

/// The pool that the StorageClass asks for, the only thing that it can say.
fn asked_pool<'a>(maps: &[&'a StringMap]) -> Result<Option<&'a str>> {
    let mut parameters = Parameters::read(maps);
    let pool = parameters.take("pool");
    parameters.finish()?;
    Ok(pool)
}

impl<S: State, P: Pools> Identity for Directory<S, P> {
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
        pool::probe(&self.pools)
    }

    fn config_schema(&self) -> Cow<'static, str> {
        Cow::Borrowed(include_str!("schema.json"))
    }
}

impl<S: State, P: Pools> Volumes for Directory<S, P> {
    fn create(&self, request: &CreateRequest) -> Result<Volume> {
        life::create(&self.state, &self.pools, request)
    }

    fn delete(&self, id: &str, _secrets: &Secrets) -> Result<()> {
        life::delete(&self.state, &self.pools, id)
    }

    fn validate(&self, request: &ValidateRequest) -> Result<Verdict> {
        view::validate(&self.state, request)
    }
}

impl<S: State, P: Pools> Attachments for Directory<S, P> {
    fn describe(&self, request: &attachments::Request) -> Result<attachments::Answer> {
        view::attachment(&self.state, request)
    }
}

impl<S: State, P: Pools> Listing for Directory<S, P> {
    fn list(&self, page: &Page) -> Result<Entries> {
        view::list(&self.state, page)
    }

    fn get(&self, id: &str) -> Result<Entry> {
        view::get(&self.state, id)
    }
}

impl<S: State, P: Pools> Capacity for Directory<S, P> {
    fn get(&self, request: &capacity::Request) -> Result<capacity::Answer> {
        view::space(&self.pools, request)
    }
}

#[cfg(test)]
mod tests;
