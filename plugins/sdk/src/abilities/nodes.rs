//! `nodes`: how the storage system sees a node.

use crate::bindings::nodes as raw;
use crate::error::Result;
use crate::export::Shell;

pub use raw::{Description, Facts};

/// How the storage system sees a node.
pub trait Nodes {
    /// Describes a node. Changes nothing, or registers the node with the storage system, which
    /// may be repeated.
    ///
    /// # Errors
    /// `FailedPrecondition` where a fact that the system needs is absent.
    fn describe(&self, facts: &Facts) -> Result<Description>;
}

impl<B: Nodes + Default> raw::Guest for Shell<B> {
    fn describe(facts: Facts) -> Result<Description, raw::Error> {
        Ok(Self::made().describe(&facts)?)
    }
}
