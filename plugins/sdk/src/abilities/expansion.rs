//! `expansion`: growing volumes.

use alloc::string::String;

use crate::abilities::request;
use crate::bindings::expansion as raw;
use crate::error::Result;
use crate::export::Shell;
use crate::types::{Capability, CapacityRange};

pub use raw::Answer;

request! {
    /// ControllerExpandVolume.
    Request from raw::Request {
        /// Which volume.
        volume_id: String,
        /// Bytes wanted.
        capacity: CapacityRange,
        /// How it is used, where the orchestrator said so.
        capability: Option<Capability>,
    }
}

/// Growing volumes.
pub trait Expansion {
    /// Grows the volume; one that is large enough keeps its size, none ever shrinks.
    ///
    /// # Errors
    /// `NotFound`, `OutOfRange`, `FailedPrecondition` where its use forbids it.
    fn expand(&self, request: &Request) -> Result<Answer>;
}

impl<B: Expansion + Default> raw::Guest for Shell<B> {
    fn expand(request: raw::Request) -> Result<Answer, raw::Error> {
        Ok(Self::made().expand(&request.into())?)
    }
}
