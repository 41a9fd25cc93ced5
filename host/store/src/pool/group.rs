//! Cloning several images at one point in time, all or none.

use super::Cloning;
use crate::{PoolError, Scoped};

impl Scoped {
    /// As [`Self::clone_image`], of at most 64 images at once: all at one point in time, all or
    /// none.
    ///
    /// # Errors
    /// Those of [`Self::clone_image`]; `InUse` where a source is attached and cannot be frozen.
    pub async fn clone_images(&self, clonings: &[Cloning]) -> Result<(), PoolError> {
        if clonings.is_empty() {
            return Ok(());
        }
        Err(PoolError::Unsupported("images are not cloned in groups yet".to_owned()))
    }
}
