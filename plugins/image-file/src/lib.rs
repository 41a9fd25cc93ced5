//! Volumes as image files of a local pool.
//!
//! This file is the shell: it says what the backend is and hands each call to the module that
//! knows the answer. None of it knows a path, a device or a mount: it describes images by name,
//! and the host does the rest.

#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod blocks;
mod copies;
mod growth;
mod life;
mod parameters;
mod record;
mod restore;
mod snapshots;
mod view;

use alloc::borrow::Cow;
use alloc::borrow::ToOwned;
use alloc::vec;

use mooring_sdk::attachments::Attachments;
use mooring_sdk::capabilities::Uses;
use mooring_sdk::capacity::Capacity;
use mooring_sdk::changed_blocks::{Blocks, ChangedBlocks, Window};
use mooring_sdk::clock::{Clock, HostClock};
use mooring_sdk::expansion::Expansion;
use mooring_sdk::identity::{Description, Identity};
use mooring_sdk::listing::{Entries, Entry, Listing};
use mooring_sdk::pool::{self, HostPools, Pools};
use mooring_sdk::sizing::Sizes;
use mooring_sdk::state::{HostState, State};
use mooring_sdk::types::{Page, Snapshot, Volume};
use mooring_sdk::volumes::{CreateRequest, Sources, ValidateRequest, Verdict, Volumes};
use mooring_sdk::{Result, Secrets, attachments, capacity, expansion, snapshots as sdk};

mooring_sdk::freestanding!();
mooring_sdk::backend!(ImageFile: volumes, attachments, listing, capacity, expansion, snapshots,
    changed_blocks);

/// Sizes: multiples of 1 MiB, which every file system and device here can use whole; the largest
/// is what ext4, the smallest-minded of the pools' file systems, allows for one file.
const SIZES: Sizes =
    Sizes { granule: 1 << 20, minimum: 1 << 20, maximum: 16 << 40, default: 1 << 30 };

/// An image is on the disk of one machine.
const USES: Uses = Uses { block: true, mount: true, several_nodes: false };

/// The backend over the host's services, or over their twins in a test.
#[derive(Debug, Default)]
pub struct ImageFile<S = HostState, P = HostPools, C = HostClock> {
    state: S,
    pools: P,
    clock: C,
}

impl<S: State, P: Pools, C: Clock> Identity for ImageFile<S, P, C> {
    fn info(&self) -> Description {
        Description {
            name: "image-file".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            manifest: vec![("url".to_owned(), env!("CARGO_PKG_REPOSITORY").to_owned())],
            accessibility_constraints: false,
            online_expansion: true,
        }
    }

    fn probe(&self) -> Result<bool> {
        pool::probe(&self.pools)
    }

    fn config_schema(&self) -> Cow<'static, str> {
        Cow::Borrowed(include_str!("schema.json"))
    }
}

impl<S: State, P: Pools, C: Clock> Volumes for ImageFile<S, P, C> {
    fn accepts(&self) -> Sources {
        Sources::SNAPSHOT | Sources::VOLUME
    }

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

impl<S: State, P: Pools, C: Clock> Attachments for ImageFile<S, P, C> {
    fn describe(&self, request: &attachments::Request) -> Result<attachments::Answer> {
        view::attachment(&self.state, request)
    }
}

impl<S: State, P: Pools, C: Clock> Listing for ImageFile<S, P, C> {
    fn list(&self, page: &Page) -> Result<Entries> {
        view::list(&self.state, page)
    }

    fn get(&self, id: &str) -> Result<Entry> {
        view::get(&self.state, id)
    }
}

impl<S: State, P: Pools, C: Clock> Capacity for ImageFile<S, P, C> {
    fn get(&self, request: &capacity::Request) -> Result<capacity::Answer> {
        view::space(&self.pools, request)
    }
}

impl<S: State, P: Pools, C: Clock> Expansion for ImageFile<S, P, C> {
    fn expand(&self, request: &expansion::Request) -> Result<expansion::Answer> {
        growth::expand(&self.state, &self.pools, request)
    }
}

impl<S: State, P: Pools, C: Clock> sdk::Snapshots for ImageFile<S, P, C> {
    fn create(&self, request: &sdk::CreateRequest) -> Result<Snapshot> {
        snapshots::create(&self.state, &self.pools, &self.clock, request)
    }

    fn delete(&self, id: &str, _secrets: &Secrets) -> Result<()> {
        snapshots::delete(&self.state, &self.pools, id)
    }

    fn list(&self, request: &sdk::ListRequest) -> Result<sdk::SnapshotPage> {
        snapshots::list(&self.state, &self.pools, request)
    }

    fn get(&self, id: &str, _secrets: &Secrets) -> Result<Snapshot> {
        snapshots::get(&self.state, &self.pools, id)
    }
}

impl<S: State, P: Pools, C: Clock> ChangedBlocks for ImageFile<S, P, C> {
    fn allocated(&self, snapshot_id: &str, window: Window, _secrets: &Secrets) -> Result<Blocks> {
        blocks::allocated(&self.state, &self.pools, snapshot_id, window)
    }

    fn delta(
        &self,
        base_id: &str,
        target_id: &str,
        window: Window,
        _secrets: &Secrets,
    ) -> Result<Blocks> {
        blocks::delta(&self.state, &self.pools, base_id, target_id, window)
    }
}

#[cfg(test)]
mod tests;
