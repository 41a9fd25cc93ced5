//! Holding back the writes of images that are attached, so that several can be cloned at one point
//! in time. This crate knows no node: whoever opens the store says who freezes for it.

use std::pin::Pin;

use mooring_volume::attachment::PoolItem;

/// A future of a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Freezes what a node of this machine has mounted from images of one driver's pools.
pub trait Freezer: Send + Sync {
    /// Freezes all of `images`, each of which is attached, or none of them. They stay frozen until
    /// the answer is released or dropped, or until whoever freezes gives up waiting for that: a
    /// file system must not stay frozen because this process was killed or hangs.
    ///
    /// # Errors
    /// [`FreezeError`]; then nothing is frozen, or will not be for long.
    fn freeze<'a>(
        &'a self,
        images: &'a [PoolItem],
    ) -> BoxFuture<'a, Result<Box<dyn Frozen>, FreezeError>>;
}

/// File systems that are frozen for now. Dropping it lets them go on as [`Self::release`] does, but
/// tells nothing.
pub trait Frozen: Send {
    /// Lets all of them go on, and tells whether every one was frozen without a break from the
    /// answer of [`Freezer::freeze`] until now.
    ///
    /// # Errors
    /// [`FreezeError`] where one was not, or where that cannot be known: what was read of them
    /// meanwhile may be of several moments.
    fn release(self: Box<Self>) -> BoxFuture<'static, Result<(), FreezeError>>;
}

/// Why images cannot be, or were not, frozen. The text names the image or the node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FreezeError {
    /// Not in the way that one of them is attached: as a raw block device, say.
    #[error("{0}")]
    Impossible(String),
    /// Not this time: the node did not answer, one of them is no longer attached, it took too long.
    #[error("{0}")]
    Failed(String),
}
