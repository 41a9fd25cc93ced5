//! Short texts that are no ids.

use mooring_volume::{Error, Result};

/// The longest text where the specification says nothing else ("Size Limits").
pub(crate) const LONGEST: usize = 128;

/// Checks a text that may be empty: its length, and that it holds no control characters.
pub(crate) fn plain(field: &str, text: &str, longest: usize) -> Result<()> {
    if text.len() > longest {
        return Err(Error::invalid(format!(
            "{field} has {} bytes; at most {longest} are allowed",
            text.len()
        )));
    }
    without_control(field, text)
}

/// Checks that a text holds no control characters.
pub(crate) fn without_control(field: &str, text: &str) -> Result<()> {
    match text.chars().find(|c| c.is_control()) {
        Some(bad) => Err(Error::invalid(format!(
            "{field} holds the control character {bad:?}; none is allowed"
        ))),
        None => Ok(()),
    }
}
