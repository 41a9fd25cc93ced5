//! `identity`: who the backend is.

use alloc::string::String;

use alloc::borrow::Cow;

use crate::bindings::identity as raw;
use crate::error::Result;
use crate::export::Shell;

pub use raw::Description;

/// Who the backend is. Required.
pub trait Identity {
    /// Facts that do not change while the component is loaded. No I/O.
    fn info(&self) -> Description;

    /// Whether the backend can serve. `false`: still starting. Called often; keep it cheap.
    ///
    /// # Errors
    /// `FailedPrecondition` or `Unavailable`: not healthy, and why.
    fn probe(&self) -> Result<bool> {
        Ok(true)
    }

    /// JSON Schema (draft 2020-12) of what may be set: under `$defs`, `config` and `parameters`,
    /// and where they apply `mutable-parameters`, `snapshot-parameters`, `group-parameters`. No
    /// I/O. The host refuses what does not fit before it calls.
    fn config_schema(&self) -> Cow<'static, str>;
}

impl<B: Identity + Default> raw::Guest for Shell<B> {
    fn info() -> Description {
        Self::made().info()
    }

    fn probe() -> Result<bool, raw::Error> {
        Ok(Self::made().probe()?)
    }

    fn config_schema() -> String {
        Self::made().config_schema().into_owned()
    }
}
