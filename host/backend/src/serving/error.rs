//! Why a version does not serve, in words for the operator.

use std::time::Duration;

use mooring_store::StorageError;

use super::Difference;
use crate::load::LoadError;

/// A candidate does not serve. What served before serves on, over an unchanged state.
#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    /// It cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It imports what the driver is not granted.
    #[error("it asks for more than the driver is granted:\n{difference}")]
    Ungranted {
        /// From the version that serves.
        difference: Box<Difference>,
    },
    /// It says that it cannot serve, where the version before can.
    #[error("identity.probe of it answers otherwise than the version that serves: {reason}")]
    Probe {
        /// In its words.
        reason: String,
    },
    /// The state is of a later schema.
    #[error(
        "it reads state of schema {own}, and the driver's state has schema {stored}; a later version \
         of the component is wanted, since there is no way back"
    )]
    Schema {
        /// The schema of the state.
        stored: u32,
        /// The component's.
        own: u32,
    },
    /// The state could not be brought to its schema.
    #[error("the state cannot be migrated from schema {from} to {to}: {reason}; it is as it was")]
    Migration {
        /// The schema of the state.
        from: u32,
        /// The component's.
        to: u32,
        /// In its words.
        reason: String,
    },
    /// Calls ran on, and the state could not be migrated under them.
    #[error("calls of the version before did not end within {patience:?}; try again")]
    Draining {
        /// What was waited.
        patience: Duration,
    },
    /// The schema of the state cannot be read.
    #[error("the driver's state cannot be read: {0}")]
    Store(#[from] StorageError),
}
