//! `listing`: volumes as they are.

use alloc::string::String;

use crate::bindings::listing as raw;
use crate::error::Result;
use crate::export::Shell;
use crate::types::Page;

pub use raw::{Entries, Entry};

/// Volumes as they are.
pub trait Listing {
    /// A page of volumes, in an order that stays the same: one that exists throughout a listing
    /// is in it exactly once ([`crate::records::Table::page`] does that).
    ///
    /// # Errors
    /// `Aborted` for a token that cannot be read.
    fn list(&self, page: &Page) -> Result<Entries>;

    /// One volume.
    ///
    /// # Errors
    /// `NotFound` for an unknown id.
    fn get(&self, id: &str) -> Result<Entry>;
}

impl<B: Listing + Default> raw::Guest for Shell<B> {
    fn list(page: Page) -> Result<Entries, raw::Error> {
        Ok(Self::made().list(&page)?)
    }

    fn get(id: String) -> Result<Entry, raw::Error> {
        Ok(Self::made().get(&id)?)
    }
}
