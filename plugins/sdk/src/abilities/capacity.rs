//! `capacity`: room for new volumes.

use crate::bindings::capacity as raw;
use crate::error::Result;
use crate::export::Shell;

pub use raw::{Answer, Request};

/// Room for new volumes.
pub trait Capacity {
    /// Room for volumes of this kind in this place, in bytes.
    ///
    /// # Errors
    /// `InvalidArgument` for parameters that cannot be.
    fn get(&self, request: &Request) -> Result<Answer>;
}

impl<B: Capacity + Default> raw::Guest for Shell<B> {
    fn get(request: Request) -> Result<Answer, raw::Error> {
        Ok(Self::made().get(&request)?)
    }
}
