//! A lock on an open file (flock) that ends when its holder is dropped.

use std::fs::{File, TryLockError};

/// Holds the lock. Closing the file alone would not do: a child process that is just being started
/// has a copy of the descriptor until it has become another program, and keeps the lock that long.
pub(crate) struct Exclusive(File);

impl Exclusive {
    /// Takes the lock, or says at once that someone else has it.
    pub(crate) fn take(file: File) -> Result<Self, TryLockError> {
        file.try_lock()?;
        Ok(Self(file))
    }
}

impl Drop for Exclusive {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "a file stays locked until the host ends");
        }
    }
}
