//! Keeping writes away from a mounted file system for a moment.

use super::{Handles, MountRef, Result};

/// Freezing by FIFREEZE and FITHAW (ioctl_fs(2)). A frozen file system stays frozen when the
/// program that froze it ends: who freezes writes down that it is about to.
pub trait Freezing: Handles {
    /// Opens the root of a mounted file system, checked to be this mount's.
    ///
    /// # Errors
    /// [`Kind::Changed`](super::Kind) when another mount is there.
    fn open_root(&self, mount: &MountRef) -> Result<Self::Handle>;

    /// Writes what is dirty to the device (syncfs), so that a freeze that follows takes little
    /// time. May hang with the storage.
    ///
    /// # Errors
    /// What the file system answers.
    fn flush(&self, root: &Self::Handle) -> Result<()>;

    /// Freezes the file system: what was written is on its device, and later writes wait. May hang
    /// with the storage.
    ///
    /// # Errors
    /// [`Kind::Busy`](super::Kind) when it is frozen already; [`Kind::Unsupported`](super::Kind).
    fn freeze(&self, root: &Self::Handle) -> Result<()>;

    /// Thaws it. False: it was not frozen.
    ///
    /// # Errors
    /// What the file system answers; it is frozen still.
    fn thaw(&self, root: &Self::Handle) -> Result<bool>;
}
