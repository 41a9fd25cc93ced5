//! What lies at each position of an image, as far as its file system tells without reading it.

use std::fs::File;

use rustix::fs::{SeekFrom, fstatfs, seek};
use rustix::io::Errno;

use super::fiemap::{self, Mapped};
use crate::PoolError;

/// What a stretch of an image holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// It reads as zeros.
    Zeros,
    /// The bytes from a place of the file system on, which other files may have too.
    Stored { physical: u64, shared: bool },
    /// Only reading it tells.
    Unknown,
}

/// Positions are to be asked for in ascending order.
pub(super) enum Layout<'a> {
    /// There is no file: all of it is zeros.
    None,
    /// The next run of data that does not end before the last position.
    Runs { file: &'a File, start: u64, end: u64 },
    /// Extents that were read from the file system and not passed yet, the next one last.
    Extents { file: &'a File, ahead: Vec<Mapped>, over: bool },
}

impl<'a> Layout<'a> {
    /// Runs of data.
    pub(super) fn runs(file: &'a File) -> Self {
        Self::Runs { file, start: 0, end: 0 }
    }

    /// Places on the file system, from `offset` on. What is dirty in the page cache goes to the
    /// disk first: where such bytes will lie is not decided yet.
    pub(super) fn extents(file: &'a File, offset: u64) -> Result<Self, PoolError> {
        let ahead = read(file, offset, fiemap::SYNC)?;
        Ok(Self::Extents { file, over: ahead.is_empty(), ahead })
    }

    /// What is at a position, and up to where.
    pub(super) fn at(&mut self, position: u64) -> Result<(u64, Content), PoolError> {
        match self {
            Self::None => Ok((u64::MAX, Content::Zeros)),
            Self::Runs { file, start, end } => {
                if position >= *end {
                    (*start, *end) = run(file, position)?;
                }
                if position < *start {
                    Ok((*start, Content::Zeros))
                } else {
                    Ok((*end, Content::Unknown))
                }
            }
            Self::Extents { file, ahead, over } => loop {
                while ahead.pop_if(|next| end(next) <= position).is_some() {}
                let Some(next) = ahead.last() else {
                    if *over {
                        return Ok((u64::MAX, Content::Zeros));
                    }
                    *ahead = read(file, position, 0)?;
                    *over = ahead.is_empty();
                    continue;
                };
                *over |= next.flags & fiemap::LAST != 0;
                return Ok(within(next, position));
            },
        }
    }
}

/// What an extent, the first that ends after `position`, says of it.
fn within(extent: &Mapped, position: u64) -> (u64, Content) {
    let Some(into) = position.checked_sub(extent.logical) else {
        return (extent.logical, Content::Zeros);
    };
    let content = if extent.flags & !(fiemap::PLAIN | fiemap::UNWRITTEN) != 0 {
        Content::Unknown
    } else if extent.flags & fiemap::UNWRITTEN != 0 {
        Content::Zeros
    } else {
        let shared = extent.flags & fiemap::SHARED != 0;
        Content::Stored { physical: extent.physical.saturating_add(into), shared }
    };
    (end(extent), content)
}

fn end(extent: &Mapped) -> u64 {
    extent.logical.saturating_add(extent.length)
}

/// Extents that end after a position, the next one last.
fn read(file: &File, position: u64, flags: u32) -> Result<Vec<Mapped>, PoolError> {
    let mut extents = fiemap::extents(file, position, flags).map_err(failed)?;
    extents.retain(|extent| end(extent) > position);
    extents.reverse();
    Ok(extents)
}

/// The next run of data.
fn run(file: &File, position: u64) -> Result<(u64, u64), PoolError> {
    match seek(file, SeekFrom::Data(position)) {
        Ok(start) => {
            let end = seek(file, SeekFrom::Hole(start)).map_err(failed)?;
            // A hole can have been made between the two questions.
            Ok((start, end.max(start.saturating_add(1))))
        }
        // No data from there on.
        Err(Errno::NXIO) => Ok((u64::MAX, u64::MAX)),
        Err(error) => Err(failed(error)),
    }
}

const XFS: u64 = 0x5846_5342;
const BTRFS: u64 = 0x9123_683e;

/// Whether one place of the file system always is the same bytes in both files. Told of the two
/// file systems of which it is known; others have several devices behind one number, say.
pub(super) fn places_compare(one: &File, other: &File) -> Result<bool, PoolError> {
    let magic =
        |file| fstatfs(file).map(|stat| u64::try_from(stat.f_type).unwrap_or(0)).map_err(failed);
    match (magic(one)?, magic(other)?) {
        (BTRFS, BTRFS) => Ok(true),
        (XFS, XFS) => {
            let device = |file| fiemap::is_realtime(file).map_err(failed);
            Ok(device(one)? == device(other)?)
        }
        _ => Ok(false),
    }
}

fn failed(error: Errno) -> PoolError {
    PoolError::io("asking where the data of an image lies", error)
}
