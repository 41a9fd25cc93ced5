//! Write a Mooring storage backend in Rust.
//!
//! A backend is a type that implements [`Identity`], [`Volumes`], [`Attachments`] and the trait of
//! each further ability that the storage system has; [`backend!`] makes a component of it. What
//! each call promises is said in `wit/`. The [`host`]'s services are [`state`], [`pool`], [`config`],
//! [`clock`] and [`logging`]; what every backend needs besides is ready made: [`ids`] that follow from names,
//! [`sizing`], [`parameters`] of which none is overlooked, typed [`records`] with pages. In unit
//! tests [`testing`] stands in for the host.
//!
//! This is a whole one, to be built with `cargo build --release --target wasm32-wasip2`:
//!
#![doc = concat!("```\n", include_str!("../examples/shares.rs"), "\n```")]
//!
//! The network is WASI's (`wasi:http/outgoing-handler`), to origins that the operator granted:
//! [`http`] is a small client over it.

#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

#[doc(hidden)]
#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    rust_2018_idioms,
    clippy::all,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "generated from wit/, which documents it"
)]
pub mod bindings;

mod abilities;
pub mod capabilities;
pub mod clock;
pub mod config;
pub mod error;
#[doc(hidden)]
pub mod export;
#[doc(hidden)]
#[cfg(target_family = "wasm")]
pub mod freestanding;
pub mod host;
pub mod http;
pub mod ids;
pub mod logging;
pub mod parameters;
pub mod pool;
pub mod records;
pub mod secrets;
pub mod sizing;
pub mod state;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

/// The vocabulary that the interfaces share.
pub mod types {
    pub use crate::bindings::types::{
        AccessMode, AccessType, Capability, CapacityRange, ContentSource, Page, Snapshot,
        StringMap, Topology, TopologyRequirement, Volume,
    };
}

pub use abilities::*;
pub use abilities::{
    attachments::Attachments, capacity::Capacity, changed_blocks::ChangedBlocks,
    expansion::Expansion, group_snapshots::GroupSnapshots, health::Health, identity::Identity,
    listing::Listing, migration::Migration, modification::Modification, nodes::Nodes,
    publishing::Publishing, snapshots::Snapshots, volumes::Volumes,
};
pub use error::{Code, Error, Result};
pub use host::{Host, Services};
pub use secrets::Secrets;
