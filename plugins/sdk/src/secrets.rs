//! The secrets of one call: readable by name, and never printed.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use core::fmt;

use crate::error::{Error, Result};

/// The secrets of one call. Its Debug shows how many there are and nothing else, so a request can
/// be logged whole by mistake without giving them away. Not to be stored or returned.
#[derive(Clone, Default)]
pub struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// Takes names and values; the host does this for each call, tests may too.
    #[must_use]
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// One secret, if it was given.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// One secret that the call cannot do without.
    ///
    /// # Errors
    /// `Unauthenticated`, naming the key that is missing.
    pub fn require(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| {
            Error::unauthenticated(format!(
                "the secret of this call has no key {name:?}; add it to the Secret that the \
                 StorageClass names"
            ))
        })
    }

    /// Whether none was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} secrets]", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn are_read_by_name_and_not_printed() {
        let secrets = Secrets::new(vec![("token".into(), "hunter2".into())]);
        assert_eq!(secrets.require("token"), Ok("hunter2"));
        assert_eq!(secrets.require("user").unwrap_err().code, Code::Unauthenticated);
        let printed = format!("{secrets:?}");
        assert!(!printed.contains("hunter2") && !printed.contains("token"), "{printed}");
    }
}
