//! What `Debug` shows in place of a secret: whether there is one, and neither its keys nor its length.

use std::fmt;

/// Stands in for a secret field. Generated `Debug` code makes it.
pub(crate) struct Redacted {
    /// Whether the field is empty.
    pub(crate) empty: bool,
}

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.empty { "none" } else { "redacted" })
    }
}
