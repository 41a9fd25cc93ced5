//! `changed-blocks`: which blocks of snapshots hold data or differ.

use alloc::string::String;

use crate::bindings::changed_blocks as raw;
use crate::error::Result;
use crate::export::Shell;
use crate::secrets::Secrets;

pub use raw::{Block, Blocks, Kind};

/// The part of a snapshot that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Blocks that end after this byte.
    pub offset: u64,
    /// At most so many.
    pub limit: u32,
}

/// Which blocks of snapshots hold data or differ.
pub trait ChangedBlocks {
    /// Blocks with data.
    ///
    /// # Errors
    /// `NotFound` for an unknown snapshot, `OutOfRange` for an offset past its end.
    fn allocated(&self, snapshot_id: &str, window: Window, secrets: &Secrets) -> Result<Blocks>;

    /// Blocks of the target that may differ from the base. None that does differ may be missing.
    ///
    /// # Errors
    /// As [`allocated`](Self::allocated); `InvalidArgument` for snapshots of different volumes.
    fn delta(
        &self,
        base_id: &str,
        target_id: &str,
        window: Window,
        secrets: &Secrets,
    ) -> Result<Blocks>;
}

impl<B: ChangedBlocks + Default> raw::Guest for Shell<B> {
    fn allocated(
        snapshot_id: String,
        offset: u64,
        limit: u32,
        secrets: raw::Secrets,
    ) -> Result<Blocks, raw::Error> {
        let window = Window { offset, limit };
        Ok(Self::made().allocated(&snapshot_id, window, &Secrets::new(secrets))?)
    }

    fn delta(
        base_id: String,
        target_id: String,
        offset: u64,
        limit: u32,
        secrets: raw::Secrets,
    ) -> Result<Blocks, raw::Error> {
        let window = Window { offset, limit };
        Ok(Self::made().delta(&base_id, &target_id, window, &Secrets::new(secrets))?)
    }
}
