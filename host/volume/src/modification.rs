//! Changing what a volume can do while it lives.

use std::future::Future;

use crate::error::Result;
use crate::id::VolumeId;
use crate::limits::NodeLimits;
use crate::secret::Secrets;
use crate::{Call, StringMap};

/// ControllerModifyVolume.
#[derive(Debug, Clone)]
pub struct ModifyVolume {
    /// Which volume.
    pub volume: VolumeId,
    /// Only the keys given change.
    pub mutable_parameters: StringMap,
    /// Of this call.
    pub secrets: Secrets,
}

/// `modification`.
pub trait Modification: Send + Sync + 'static {
    /// Applies all of the parameters or none.
    fn modify(&self, call: &Call, request: ModifyVolume)
    -> impl Future<Output = Result<()>> + Send;

    /// What the node has to enforce for a volume now; none: nothing.
    fn limits(
        &self,
        call: &Call,
        volume: VolumeId,
    ) -> impl Future<Output = Result<Option<NodeLimits>>> + Send;
}
