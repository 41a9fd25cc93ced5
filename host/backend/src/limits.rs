//! What one driver may use up, and the account of one call.

use std::time::Duration;

/// `limits:` of a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory that one call may hold, all its memories summed.
    pub memory: u64,
    /// The longest that one call may take; the caller's own deadline may be shorter.
    pub deadline: Duration,
    /// Calls that run at once; further ones wait within their deadline.
    pub concurrency: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 128 << 20, deadline: Duration::from_secs(30), concurrency: 16 }
    }
}
