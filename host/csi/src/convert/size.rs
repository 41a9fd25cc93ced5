//! Sizes. The protocol counts in signed numbers, the domain in unsigned ones.

use mooring_proto::csi::v1 as pb;
use mooring_volume::capacity::CapacityRange;
use mooring_volume::{Error, Result};

/// A range, where one is given.
///
/// Source: CSI CapacityRange: at least one bound must be set, none negative.
pub(crate) fn range(range: Option<pb::CapacityRange>) -> Result<Option<CapacityRange>> {
    let Some(pb::CapacityRange { required_bytes, limit_bytes }) = range else {
        return Ok(None);
    };
    if required_bytes == 0 && limit_bytes == 0 {
        return Err(Error::invalid(
            "capacity_range has neither required_bytes nor limit_bytes; set one, or leave the range out",
        ));
    }
    CapacityRange::new(required_bytes, limit_bytes).map(Some)
}

/// A size on the wire. What is beyond the wire's reach (8 EiB) is the most that it can say.
pub(crate) fn wire(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
