//! Locks on an open file (flock) that end when their holder is dropped.

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
        unlock(&self.0);
    }
}

/// A lock that others may have at the same time, and that keeps everyone from the exclusive one.
/// The same holds for closing it.
pub(crate) struct Reading(File);

impl Reading {
    /// Takes the lock, or says at once that someone has the exclusive one.
    pub(crate) fn take(file: File) -> Result<Self, TryLockError> {
        file.try_lock_shared()?;
        Ok(Self(file))
    }

    /// The file.
    pub(crate) fn file(&self) -> &File {
        &self.0
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        unlock(&self.0);
    }
}

fn unlock(file: &File) {
    if let Err(error) = file.unlock() {
        tracing::warn!(%error, "a file stays locked until the host ends");
    }
}
