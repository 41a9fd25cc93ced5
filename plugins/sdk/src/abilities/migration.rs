//! `migration`: bringing what is kept in `state` to a later form.

use crate::bindings::migration as raw;
use crate::error::Result;
use crate::export::Shell;

/// The schema of what the backend keeps in `state`, and how it is reached from earlier ones.
pub trait Migration {
    /// The schema that this version reads and writes, above 0. No I/O.
    fn schema_version(&self) -> u32;

    /// Brings the state to [`Self::schema_version`] from `from`, a lower one; 0 may be a driver
    /// without any state. All or nothing: an error leaves the state as it was.
    ///
    /// # Errors
    /// Why the state cannot be brought there. The version that served before goes on.
    fn migrate(&self, from: u32) -> Result<()>;
}

impl<B: Migration + Default> raw::Guest for Shell<B> {
    fn schema_version() -> u32 {
        Self::made().schema_version()
    }

    fn migrate(from: u32) -> Result<(), raw::Error> {
        Ok(Self::made().migrate(from)?)
    }
}
