//! Protocol messages into domain values, and domain values into protocol messages.
//!
//! A message is taken apart field by field, so that a new field breaks the build here. Each refusal is
//! INVALID_ARGUMENT, names its field and says what would be right, and comes before any effect; none quotes a
//! field that may hold a secret. What stands behind an id or a path is not looked at.

pub(crate) mod blocks;
pub(crate) mod capability;
pub(crate) mod group;
pub(crate) mod health;
pub(crate) mod listing;
pub(crate) mod map;
pub(crate) mod modification;
pub(crate) mod node;
pub(crate) mod page;
pub(crate) mod path;
pub(crate) mod publishing;
pub(crate) mod size;
pub(crate) mod snapshot;
pub(crate) mod text;
pub(crate) mod topology;
pub(crate) mod volume;
