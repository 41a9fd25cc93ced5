//! `modification`: changing what a volume can do while it lives.

use alloc::string::String;

use crate::bindings::modification as raw;
use crate::error::Result;
use crate::export::Shell;
use crate::secrets::Secrets;
use crate::types::StringMap;

pub use raw::NodeLimits;

/// Changing what a volume can do while it lives.
pub trait Modification {
    /// Applies the mutable parameters: all of them or none.
    ///
    /// # Errors
    /// `InvalidArgument` for an unknown or unfit one, `NotFound` for an unknown volume.
    fn modify(&self, id: &str, mutable_parameters: &StringMap, secrets: &Secrets) -> Result<()>;

    /// What the node has to enforce for this volume, where the storage does not; none: nothing.
    ///
    /// # Errors
    /// `NotFound` for an unknown volume.
    fn limits(&self, _id: &str) -> Result<Option<NodeLimits>> {
        Ok(None)
    }
}

impl<B: Modification + Default> raw::Guest for Shell<B> {
    fn modify(
        id: String,
        mutable_parameters: StringMap,
        secrets: raw::Secrets,
    ) -> Result<(), raw::Error> {
        Ok(Self::made().modify(&id, &mutable_parameters, &Secrets::new(secrets))?)
    }

    fn limits(id: String) -> Result<Option<NodeLimits>, raw::Error> {
        Ok(Self::made().limits(&id)?)
    }
}
