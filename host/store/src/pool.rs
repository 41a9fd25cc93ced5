//! `mooring:host/pool`: images and directories of the granted pools, by name.
//!
//! What a pool holds is what the records say; the file of an item follows its record:
//!
//! ```text
//!  (none) ─create─► Promised ─materialise─► Making ──► Present ─delete─► (none) + tombstone
//!     └─clone/copy► Cloning ───────────────────────────►┘   │                      │
//!                      └───────────delete──────────────────►┘      file renamed into work/, then
//!                                                                  removed, then the tombstone
//! ```
//! - Promised: there was never a file. It reads as zeros, so none is needed before an attachment;
//!   deleting it touches no disk.
//! - Cloning: the file is being filled, by sharing blocks or, where there is a copy's row, in the
//!   background; it gets its name when it is whole.
//! - Where a group's row names them, Cloning items become Present together or are deleted together.
//! - Making, Cloning: written *before* the file is, so that after a crash a file is known to be
//!   ours. A file that is met where no record announces it is a stranger's, and refused.
//! - Present: the file holds a volume's bytes. Where it is missing or shorter than the record it
//!   is never made anew: that would give zeros for data.
//! - A tombstone is on stable storage before a file is touched. Invariant: no file is removed
//!   without one, so losing the store loses no image. Invariant: a tombstone that is not
//!   `displaced` means that no newer item of that name has a file.

mod changed;
mod clone;
mod copier;
mod copy;
mod create;
mod delete;
mod disk;
mod extents;
mod fiemap;
mod grant;
mod group;
mod layout;
mod materialise;
mod members;
mod patience;
mod progress;
mod query;
mod reaper;
mod record;
mod transfer;
mod tree;

use mooring_volume::pool::ItemKind;

pub(crate) use copier::Copier;
pub(crate) use grant::{ItemLocks, Pool};
pub(crate) use group::Underway;
pub(crate) use progress::Copies;
pub use progress::CopyProgress;
pub(crate) use reaper::Reaper;
pub(crate) use record::bytes_used;

/// Bytes of the file system that holds a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Its whole size.
    pub total: u64,
    /// What is free to an unprivileged writer.
    pub available: u64,
    /// Whether `clone_image` shares blocks here.
    pub reflink: bool,
}

/// An image or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name in the pool.
    pub name: String,
    /// What it is.
    pub kind: ItemKind,
    /// Images: the length in bytes. Directories: 0.
    pub size: u64,
    /// Bytes that are really used on disk. Directories: those of the directory itself.
    pub allocated: u64,
}

/// A run of bytes in an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Where it starts.
    pub offset: u64,
    /// How long it is.
    pub length: u64,
}

/// An image to be copied by [`crate::Scoped::clone_images`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloning {
    /// The pool of both.
    pub pool: String,
    /// The image that is copied.
    pub source: String,
    /// The copy's name.
    pub name: String,
}

/// How far a background copy has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyState {
    /// Under way.
    Running {
        /// Bytes done.
        done: u64,
        /// Bytes to do in all.
        total: u64,
    },
    /// The copy is there.
    Done,
    /// It failed; the text says why.
    Failed(String),
}

#[cfg(test)]
mod tests;
