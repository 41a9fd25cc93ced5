//! Volumes of a storage array that is asked over HTTPS and JSON.
//!
//! All that there is to know of a volume is asked of the array: names are derived from the
//! orchestrator's, so that a repeated call finds what the first one made. Kept here are only the
//! addresses of arrays and the nodes that registered. Nothing here knows a path or opens a device:
//! the answer describes one by its serial, and the host does the rest.

#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod client;
mod growth;
mod health;
mod identifiers;
mod jobs;
mod life;
mod nodes;
mod parameters;
mod places;
mod publishing;
mod settings;
mod snapshots;
mod view;
mod wire;

use alloc::borrow::{Cow, ToOwned};
use alloc::vec;

use mooring_sdk::capabilities::Uses;
use mooring_sdk::clock::Timer;
use mooring_sdk::config::Config;
use mooring_sdk::http::Http;
use mooring_sdk::identity::{Description, Identity};
use mooring_sdk::sizing::Sizes;
use mooring_sdk::state::State;
use mooring_sdk::types::{AccessMode, AccessType, Capability};
use mooring_sdk::{Host, Result, Secrets};

mooring_sdk::freestanding!();
mooring_sdk::backend!(HttpArray: volumes, attachments, publishing, listing, capacity, expansion,
    snapshots, health, nodes);

/// What the array serves in any pool; a pool's own bounds are the array's to say.
const SIZES: Sizes =
    Sizes { granule: 1 << 20, minimum: 1 << 20, maximum: 1 << 50, default: 1 << 30 };

/// A volume is mapped to one host at a time.
const USES: Uses = Uses { block: true, mount: true, several_nodes: false };

/// What the backend needs of its host; whatever has these, has it.
pub trait Services: Config + State + Http + Timer {}

impl<T: Config + State + Http + Timer> Services for T {}

/// The backend over the host's services, or over others in a test.
#[derive(Debug, Default)]
pub struct HttpArray<H = Host>(H);

impl<H: Services> Identity for HttpArray<H> {
    fn info(&self) -> Description {
        Description {
            name: "http-array".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            manifest: vec![("url".to_owned(), env!("CARGO_PKG_REPOSITORY").to_owned())],
            accessibility_constraints: false,
            online_expansion: true,
        }
    }

    /// Whether the array of `config.apiUrl` answers. A probe has no secrets, so an array that asks
    /// for a login is there.
    fn probe(&self) -> Result<bool> {
        let settings = settings::Settings::read(&self.0)?;
        if let Some(url) = places::configured(&settings)? {
            client::Client::new(&self.0, &settings, &url, &Secrets::default()).is_there()?;
        }
        Ok(true)
    }

    fn config_schema(&self) -> Cow<'static, str> {
        Cow::Borrowed(include_str!("schema.json"))
    }
}

/// Why a volume cannot be used so; none: it can. A volume for a sandbox is mounted in its guest, so
/// one pod alone can have it.
fn objection(direct: bool, capabilities: &[Capability]) -> Option<&'static str> {
    let fits = |one: &Capability| {
        matches!(one.access, AccessType::Mount(_)) && one.mode == AccessMode::SingleNodeSingleWriter
    };
    USES.objection(capabilities).or_else(|| {
        (direct && !capabilities.iter().all(fits)).then_some(
            "a volume with directVolume is handed to one sandbox: ask for mount and \
             SINGLE_NODE_SINGLE_WRITER (ReadWriteOncePod)",
        )
    })
}

#[cfg(test)]
mod tests;
