//! The domain of Mooring: what a volume is, and what may be asked of it.
//!
//! Values, rules and the traits by which the other crates meet. No I/O, no protocol: neither gRPC,
//! nor WIT, nor system calls are known here. `csi` turns protocol messages into these values,
//! `backend` hands them to components, `node` carries them out on a machine; the three never see
//! one another.

pub mod ability;
pub mod attachment;
pub mod backend;
pub mod blocks;
pub mod capability;
pub mod capacity;
pub mod ephemeral;
pub mod error;
pub mod health;
pub mod http;
pub mod id;
pub mod limits;
pub mod modification;
pub mod node;
pub mod orders;
pub mod policy;
pub mod pool;
pub mod secret;
pub mod snapshot;
pub mod topology;
mod version;

use std::collections::BTreeMap;
use std::time::Instant;

pub use ability::{Abilities, Ability};
pub use error::{Code, Error, Result};
pub use id::{CallId, DriverName, NodeId, VolumeId, VolumeName};
pub use secret::{Secret, Secrets};
pub use version::CsiVersion;

/// Names and values that the orchestrator hands over or keeps: parameters, contexts, segments.
pub type StringMap = BTreeMap<String, String>;

/// The `tracing` target of spans that are for traces alone: logs leave them out, and while no traces
/// are exported they are disabled at their callsites. Their fields have OpenTelemetry's names, and
/// never hold a secret, a parameter or a query.
pub const SPANS: &str = "mooring::spans";

/// What every call carries besides its request.
#[derive(Debug, Clone)]
pub struct Call {
    /// Stands in every log line of the call.
    pub id: CallId,
    /// When the caller stops waiting.
    pub deadline: Instant,
}
