//! I/O limits on the way to the node: a rate of 0 is none.

use std::num::NonZeroU64;

use mooring_proto::mooring::internal::v1 as pb;
use mooring_volume::limits::NodeLimits;

pub(super) fn encode(limits: NodeLimits) -> pb::NodeLimits {
    let NodeLimits { read_iops, write_iops, read_bandwidth, write_bandwidth, discard } = limits;
    let rate = |rate: Option<NonZeroU64>| rate.map_or(0, NonZeroU64::get);
    pb::NodeLimits {
        read_iops: rate(read_iops),
        write_iops: rate(write_iops),
        read_bandwidth: rate(read_bandwidth),
        write_bandwidth: rate(write_bandwidth),
        discard,
    }
}

pub(super) fn decode(limits: pb::NodeLimits) -> NodeLimits {
    let pb::NodeLimits { read_iops, write_iops, read_bandwidth, write_bandwidth, discard } = limits;
    NodeLimits {
        read_iops: NonZeroU64::new(read_iops),
        write_iops: NonZeroU64::new(write_iops),
        read_bandwidth: NonZeroU64::new(read_bandwidth),
        write_bandwidth: NonZeroU64::new(write_bandwidth),
        discard,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_survives_the_way() {
        let limits = NodeLimits {
            read_iops: NonZeroU64::new(1),
            write_iops: NonZeroU64::new(u64::MAX),
            read_bandwidth: None,
            write_bandwidth: NonZeroU64::new(3),
            discard: Some(false),
        };
        for limits in [limits, NodeLimits::default()] {
            assert_eq!(decode(encode(limits)), limits);
        }
    }
}
