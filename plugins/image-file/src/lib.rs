//! Volumes as image files of a local pool.
//!
//! Each module implements the abilities whose answers it knows. None of them knows a path, a
//! device or a mount: they describe images by name, and the host does the rest.

#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod blocks;
mod copies;
mod groups;
mod growth;
mod health;
mod life;
mod nodes;
mod parameters;
mod places;
mod publishing;
mod record;
mod restore;
mod settings;
mod snapshots;
mod tuning;
mod view;

use alloc::borrow::{Cow, ToOwned};
use alloc::vec;

use mooring_sdk::capabilities::Uses;
use mooring_sdk::identity::{Description, Identity};
use mooring_sdk::sizing::Sizes;
use mooring_sdk::types::{AccessType, Capability};
use mooring_sdk::{Host, Result, Services, pool};

mooring_sdk::freestanding!();
mooring_sdk::backend!(ImageFile: volumes, attachments, publishing, listing, capacity, expansion,
    modification, snapshots, group_snapshots, changed_blocks, health, nodes);

/// Sizes: multiples of 1 MiB, which every file system and device here can use whole; the largest
/// is what ext4, the smallest-minded of the pools' file systems, allows for one file.
const SIZES: Sizes =
    Sizes { granule: 1 << 20, minimum: 1 << 20, maximum: 16 << 40, default: 1 << 30 };

/// An image is on the disk of one machine.
const USES: Uses = Uses { block: true, mount: true, several_nodes: false };

/// Why volumes, direct or not, cannot be used in all these ways; none: they can.
fn objection(direct: bool, capabilities: &[Capability]) -> Option<&'static str> {
    let raw = |capability: &Capability| matches!(capability.access, AccessType::Block);
    if direct && capabilities.iter().any(raw) {
        return Some("a direct volume is mounted by its sandbox; ask for mount");
    }
    USES.objection(capabilities)
}

/// The backend over the host's services, or over their twins in a test.
#[derive(Debug, Default)]
pub struct ImageFile<H = Host>(H);

impl<H: Services> Identity for ImageFile<H> {
    fn info(&self) -> Description {
        Description {
            name: "image-file".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            manifest: vec![("url".to_owned(), env!("CARGO_PKG_REPOSITORY").to_owned())],
            accessibility_constraints: true,
            online_expansion: true,
        }
    }

    fn probe(&self) -> Result<bool> {
        settings::Settings::read(&self.0)?.check(&self.0)?;
        pool::probe(&self.0)
    }

    fn config_schema(&self) -> Cow<'static, str> {
        Cow::Borrowed(include_str!("schema.json"))
    }
}

#[cfg(test)]
mod tests;
