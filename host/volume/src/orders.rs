//! What the controller may order a node to do: three things, each of them bounded in time or in
//! effect, and none of which can reach another volume, a path or a program.
//!
//! Freezing holds writes back for some seconds at most, whatever becomes of the controller. Limits
//! are rates of a device that is the volume's. The node finds both by its own records: an order
//! names items of a pool and volumes, never anything of the machine.

use std::future::Future;
use std::time::Duration;

use crate::attachment::PoolItem;
use crate::error::Result;
use crate::id::VolumeId;
use crate::limits::NodeLimits;

/// Images that one order may freeze.
pub const MOST_IMAGES: usize = 64;

/// How long a file system may be frozen: consumers' writes wait for that long.
pub const LONGEST_HOLD: Duration = Duration::from_secs(10);

/// One freeze on one node, as the node counts them since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FreezeId(pub u64);

/// What is frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// To thaw it by.
    pub id: FreezeId,
    /// Those of the images that are attached on the node: nothing is written to them until the
    /// thaw. The others are not on the node.
    pub images: Vec<PoolItem>,
}

/// A node of one driver that takes orders. Dropping a future leaves what it began to the hold's
/// end or to [`Self::release`].
pub trait Orders: Send + Sync + 'static {
    /// Freezes the file systems on these images, all that are mounted on the node or none, until
    /// [`Self::thaw`] or for as long as `hold`, counted from the first.
    ///
    /// # Errors
    /// `InvalidArgument` for more than [`MOST_IMAGES`] or a longer hold than [`LONGEST_HOLD`];
    /// `FailedPrecondition` for an image that is attached as a raw device, or frozen by another
    /// program; `Aborted` while another operation works on a volume.
    fn freeze(
        &self,
        images: Vec<PoolItem>,
        hold: Duration,
    ) -> impl Future<Output = Result<Frozen>> + Send;

    /// Thaws. Answers whether all of it was frozen without a break until now; false for a freeze
    /// that is not known, or not any more.
    ///
    /// # Errors
    /// What the file systems answer; the node tries again at the next order, and when it starts.
    fn thaw(&self, id: FreezeId) -> impl Future<Output = Result<bool>> + Send;

    /// Enforces exactly these limits for a volume from now on. Answers whether the volume is on
    /// this node.
    ///
    /// # Errors
    /// `FailedPrecondition` for limits that the volume can't have here; `Aborted` while another
    /// operation works on it.
    fn apply_limits(
        &self,
        volume: VolumeId,
        limits: Option<NodeLimits>,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Nobody orders any more: thaws everything.
    fn release(&self) -> impl Future<Output = ()> + Send;
}
