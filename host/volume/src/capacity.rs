//! Sizes in bytes.

use crate::error::{Error, Result};

/// CSI's CapacityRange: at least `required`, at most `limit` bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CapacityRange {
    required: Option<u64>,
    limit: Option<u64>,
}

impl CapacityRange {
    /// Checks and takes a range; zero means "not set", as in proto3.
    ///
    /// # Errors
    /// `InvalidArgument` when a bound is negative, or the limit is below what is required.
    pub fn new(required: i64, limit: i64) -> Result<Self> {
        let bound = |name: &str, value: i64| match u64::try_from(value) {
            Ok(0) => Ok(None),
            Ok(bytes) => Ok(Some(bytes)),
            Err(_) => Err(Error::invalid(format!(
                "capacity_range.{name} is {value}; it must not be negative"
            ))),
        };
        let required = bound("required_bytes", required)?;
        let limit = bound("limit_bytes", limit)?;
        if let (Some(required), Some(limit)) = (required, limit)
            && required > limit
        {
            return Err(Error::invalid(format!(
                "capacity_range.required_bytes {required} is above limit_bytes {limit}"
            )));
        }
        Ok(Self { required, limit })
    }

    /// The least size that will do.
    #[must_use]
    pub fn required(&self) -> Option<u64> {
        self.required
    }

    /// The greatest size that will do.
    #[must_use]
    pub fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Whether a size lies within.
    #[must_use]
    pub fn contains(&self, bytes: u64) -> bool {
        self.required.is_none_or(|least| bytes >= least)
            && self.limit.is_none_or(|most| bytes <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        assert!(CapacityRange::new(-1, 0).is_err());
        assert!(CapacityRange::new(2, 1).is_err());
        let range = CapacityRange::new(10, 20).unwrap();
        assert!(range.contains(10) && range.contains(20));
        assert!(!range.contains(9) && !range.contains(21));
        assert!(CapacityRange::new(0, 0).unwrap().contains(u64::MAX));
    }
}
