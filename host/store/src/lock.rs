//! Locks on an open file (flock) that end when their holder is dropped.

use std::fs::{File, TryLockError};
use std::time::Duration;

/// Pauses between tries of [`Exclusive::take_patiently`], in milliseconds.
const PAUSES: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];

/// Holds the lock. Closing the file alone would not do: a child process that is just being started
/// has a copy of the descriptor until it has become another program, and keeps the lock that long.
pub(crate) struct Exclusive(File);

impl Exclusive {
    /// Takes the lock, or says at once that someone else has it.
    pub(crate) fn take(file: File) -> Result<Self, TryLockError> {
        file.try_lock()?;
        Ok(Self(file))
    }

    /// As [`Self::take`], with an eighth of a second of patience: an image that its node has just let go can
    /// be locked for a moment longer. The kernel calls a loop device unbound before it closes the image's
    /// file (`__loop_clr_fd`), and tells nobody when it has.
    #[expect(clippy::disallowed_methods, reason = "there is nothing that could be awaited")]
    pub(crate) fn take_patiently(file: File) -> Result<Self, TryLockError> {
        for pause in PAUSES {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(pause)),
                other => return other.map(|()| Self(file)),
            }
        }
        Self::take(file)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_given_up_meanwhile_is_had() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("image");
        let first = Exclusive::take(File::create(&path).unwrap()).unwrap();
        let again = File::open(&path).unwrap();
        let (tried, go) = std::sync::mpsc::channel();
        let keeper = std::thread::spawn(move || {
            go.recv().unwrap();
            drop(first);
        });
        assert!(matches!(again.try_lock(), Err(TryLockError::WouldBlock)));
        tried.send(()).unwrap();
        assert!(Exclusive::take_patiently(again).is_ok());
        keeper.join().unwrap();
    }

    #[test]
    fn a_lock_that_is_kept_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let _kept = Exclusive::take(file.reopen().unwrap()).unwrap();
        let refused = Exclusive::take_patiently(file.reopen().unwrap());
        assert!(matches!(refused, Err(TryLockError::WouldBlock)));
    }
}
