//! `health`: soundness as the storage system sees it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::bindings::health as raw;
use crate::error::Result;
use crate::export::Shell;
use crate::secrets::Secrets;
use crate::types::Page;

pub use raw::{Entries, Entry, StorageFault, StorageFinding, VolumeFault, VolumeFinding};

/// Soundness as the storage system sees it; the host adds the node's own checks. Sound is an empty
/// list.
pub trait Health {
    /// Of one volume. One whose storage is gone has a finding, and that is no error.
    ///
    /// # Errors
    /// `NotFound` for an unknown id.
    fn get(&self, volume_id: &str, secrets: &Secrets) -> Result<Vec<VolumeFinding>>;

    /// The volumes with which something is wrong, as [`Listing::list`](crate::Listing::list).
    ///
    /// # Errors
    /// `Aborted` for a token that cannot be read.
    fn list(&self, page: &Page, secrets: &Secrets) -> Result<Entries>;

    /// Of the storage behind a node, or behind all where none is named.
    ///
    /// # Errors
    /// `NotFound` for an unknown node.
    fn backend(&self, node_id: Option<&str>, secrets: &Secrets) -> Result<Vec<StorageFinding>>;
}

impl<B: Health + Default> raw::Guest for Shell<B> {
    fn get(volume_id: String, secrets: raw::Secrets) -> Result<Vec<VolumeFinding>, raw::Error> {
        Ok(Self::made().get(&volume_id, &Secrets::new(secrets))?)
    }

    fn list(page: Page, secrets: raw::Secrets) -> Result<Entries, raw::Error> {
        Ok(Self::made().list(&page, &Secrets::new(secrets))?)
    }

    fn backend(
        node_id: Option<String>,
        secrets: raw::Secrets,
    ) -> Result<Vec<StorageFinding>, raw::Error> {
        Ok(Self::made().backend(node_id.as_deref(), &Secrets::new(secrets))?)
    }
}
