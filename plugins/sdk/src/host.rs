//! Everything that the host offers, in one place: a backend is written over [`Services`], runs over
//! [`Host`] and is tested over [`crate::testing::Machine`].

use crate::clock::Clock;
use crate::config::Config;
use crate::pool::Pools;
use crate::state::State;

/// The host's services, each within the operator's grants. What a component does not call of them,
/// it does not import.
#[derive(Debug, Clone, Copy, Default)]
pub struct Host;

/// All that a host offers; whatever has the four, has it.
pub trait Services: State + Pools + Clock + Config {}

impl<T: State + Pools + Clock + Config> Services for T {}
