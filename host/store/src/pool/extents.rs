//! Which bytes of a file are data: everything else reads as zeros.

use std::fs::File;
use std::ops::Range;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

use super::Extent;
use crate::PoolError;

/// The first `limit` runs of data within `range`, ascending. Where a file system knows no holes,
/// that is all of it.
pub(super) fn of(file: &File, range: Range<u64>, limit: usize) -> Result<Vec<Extent>, PoolError> {
    let mut extents = Vec::new();
    let mut position = range.start;
    while position < range.end && extents.len() < limit {
        let start = match seek(file, SeekFrom::Data(position)) {
            Ok(start) if start < range.end => start,
            // ENXIO: no data from there on.
            Ok(_) | Err(Errno::NXIO) => break,
            Err(error) => return Err(failed(error)),
        };
        let end = seek(file, SeekFrom::Hole(start)).map_err(failed)?.min(range.end);
        extents.push(Extent { offset: start, length: end.saturating_sub(start) });
        // Two runs at least a byte apart; a hole can have been filled between the two questions.
        position = end.max(position.saturating_add(1));
    }
    Ok(extents)
}

fn failed(error: Errno) -> PoolError {
    PoolError::io("looking for the data of an image", error)
}
