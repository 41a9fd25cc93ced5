//! `health`: soundness as the storage system sees it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::bindings::health as raw;
use crate::error::Result;
use crate::export::Shell;
use crate::types::{Condition, Page};

pub use raw::{Entries, Entry};

/// Soundness as the storage system sees it; the host adds the node's own checks.
pub trait Health {
    /// Of one volume. One whose storage is gone is abnormal, not an error.
    ///
    /// # Errors
    /// `NotFound` for an unknown id.
    fn get(&self, volume_id: &str) -> Result<Condition>;

    /// Of all volumes, as [`Listing::list`](crate::Listing::list).
    ///
    /// # Errors
    /// `Aborted` for a token that cannot be read.
    fn list(&self, page: &Page) -> Result<Entries>;

    /// Of the storage behind a node, or behind all where none is named.
    ///
    /// # Errors
    /// `NotFound` for an unknown node.
    fn backend(&self, node_id: Option<&str>) -> Result<Vec<Condition>>;
}

impl<B: Health + Default> raw::Guest for Shell<B> {
    fn get(volume_id: String) -> Result<Condition, raw::Error> {
        Ok(Self::made().get(&volume_id)?)
    }

    fn list(page: Page) -> Result<Entries, raw::Error> {
        Ok(Self::made().list(&page)?)
    }

    fn backend(node_id: Option<String>) -> Result<Vec<Condition>, raw::Error> {
        Ok(Self::made().backend(node_id.as_deref())?)
    }
}
