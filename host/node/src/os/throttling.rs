//! Limits of a device's I/O, and whether a mounted file system hands deleted blocks back.

use std::num::NonZeroU64;

use mooring_volume::limits::NodeLimits;

use super::{DeviceId, Handles, MountRef, Result};

/// How much I/O a device may do a second. None: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct IoLimits {
    /// Read operations.
    pub read_iops: Option<u64>,
    /// Write operations.
    pub write_iops: Option<u64>,
    /// Bytes read.
    pub read_bandwidth: Option<u64>,
    /// Bytes written.
    pub write_bandwidth: Option<u64>,
}

impl IoLimits {
    /// As the kernel can hold them (block/blk-throttle.c): version 2 of control groups takes rates
    /// of 2 and more; operations are counted in 32 bits, and all of them set is no limit, as are
    /// all 64 of bytes.
    #[must_use]
    pub fn of(limits: &NodeLimits) -> Self {
        let rate = |rate: Option<NonZeroU64>, none: u64| {
            rate.map(|rate| rate.get().max(2)).filter(|rate| *rate < none)
        };
        Self {
            read_iops: rate(limits.read_iops, u32::MAX.into()),
            write_iops: rate(limits.write_iops, u32::MAX.into()),
            read_bandwidth: rate(limits.read_bandwidth, u64::MAX),
            write_bandwidth: rate(limits.write_bandwidth, u64::MAX),
        }
    }

    /// Whether nothing is limited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Limits of I/O by control groups, and discards by the file system.
pub trait Throttling: Handles {
    /// The limits that hold for a device; none where they are not the same everywhere, as after
    /// another program changed some. A machine without the means has no limits. They belong to the
    /// device's number and stay when it is unbound.
    ///
    /// # Errors
    /// What reading answers.
    fn io_limits(&self, device: DeviceId) -> Result<Option<IoLimits>>;

    /// Makes exactly these limits hold for a device. The same again is OK, and so is no limit
    /// where the machine has no means.
    ///
    /// An error may have set some of them.
    ///
    /// # Errors
    /// [`Kind::Unsupported`](super::Kind) for limits where the machine has no means.
    fn set_io_limits(&self, device: DeviceId, limits: &IoLimits) -> Result<()>;

    /// Lets a mounted file system hand deleted blocks back as it goes, or not (its mount options
    /// `discard` and `nodiscard`, changed by reconfiguring it). The same again is OK.
    ///
    /// # Errors
    /// [`Kind::Unsupported`](super::Kind) where the file system takes that only when it is
    /// mounted, as XFS does; [`Kind::Changed`](super::Kind) when another mount is there.
    fn set_discard(&self, mount: &MountRef, discard: bool) -> Result<()>;
}
