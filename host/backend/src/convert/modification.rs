//! I/O limits from the contract's, in which a rate of 0 is none.

use std::num::NonZeroU64;

use mooring_volume::limits::NodeLimits;

use crate::bindings::exports::mooring::backend::modification as wit;

pub(crate) fn limits(limits: wit::NodeLimits) -> NodeLimits {
    let wit::NodeLimits { read_iops, write_iops, read_bandwidth, write_bandwidth, discard } =
        limits;
    NodeLimits {
        read_iops: NonZeroU64::new(read_iops),
        write_iops: NonZeroU64::new(write_iops),
        read_bandwidth: NonZeroU64::new(read_bandwidth),
        write_bandwidth: NonZeroU64::new(write_bandwidth),
        discard,
    }
}
