//! Which size a volume gets. All sizes are bytes.

use alloc::format;

use crate::error::{Error, Result};
use crate::types::CapacityRange;

/// The sizes that a backend can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Every size is a multiple of it; not 0.
    pub granule: u64,
    /// The smallest; a multiple of the granule.
    pub minimum: u64,
    /// The largest; a multiple of the granule.
    pub maximum: u64,
    /// Where nothing is asked; between the two.
    pub default: u64,
}

impl Sizes {
    /// The size for a new volume: what is required, rounded up to the granule; the default, or
    /// the limit where that is less, if nothing is required.
    ///
    /// # Errors
    /// `OutOfRange` where no size that can be served lies within what is asked.
    pub fn choose(&self, asked: Option<&CapacityRange>) -> Result<u64> {
        let (required, limit) = asked.map_or((None, None), |range| (range.required, range.limit));
        let size = match (required, limit) {
            (Some(required), _) => self.round_up(required)?,
            (None, Some(limit)) => self.round_down(limit).min(self.default),
            (None, None) => self.default,
        };
        let size = size.max(self.minimum);
        match limit {
            Some(limit) if size > limit => Err(Error::out_of_range(format!(
                "no size fits: sizes are multiples of {} from {} bytes on, so at least {size} \
                 would be needed, and the limit is {limit}; raise the limit",
                self.granule, self.minimum
            ))),
            _ => Ok(size),
        }
    }

    /// The size after growing a volume of `current` bytes: `current` where that is enough, never
    /// less.
    ///
    /// # Errors
    /// `OutOfRange` where the volume is above the limit already, or no size that can be served
    /// lies within what is asked.
    pub fn grow(&self, current: u64, asked: &CapacityRange) -> Result<u64> {
        if let Some(limit) = asked.limit
            && current > limit
        {
            return Err(Error::out_of_range(format!(
                "the volume has {current} bytes and the limit is {limit}; volumes do not shrink"
            )));
        }
        match asked.required {
            Some(required) if required > current => self.choose(Some(asked)),
            _ => Ok(current),
        }
    }

    fn round_up(&self, bytes: u64) -> Result<u64> {
        let rounded = bytes.checked_next_multiple_of(self.granule);
        rounded.filter(|&size| size <= self.maximum).ok_or_else(|| {
            Error::out_of_range(format!(
                "{bytes} bytes are asked for and the largest volume has {} bytes",
                self.maximum
            ))
        })
    }

    /// The largest size that can be served and is not above `bytes`, disregarding the minimum.
    #[must_use]
    pub fn round_down(&self, bytes: u64) -> u64 {
        let bytes = bytes.min(self.maximum);
        bytes - bytes.checked_rem(self.granule).unwrap_or(0)
    }
}

/// Whether a volume that is there already has a size that was asked for.
#[must_use]
pub fn satisfies(size: u64, asked: Option<&CapacityRange>) -> bool {
    asked.is_none_or(|range| {
        range.required.is_none_or(|least| size >= least)
            && range.limit.is_none_or(|most| size <= most)
    })
}

#[cfg(test)]
mod tests;
