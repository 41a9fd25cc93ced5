//! What a device holds: file systems by their superblocks, anything else by its signature, and
//! the proof that it holds nothing. Pure: it reads and wipes through traits, and knows no system
//! call.

mod blank;
mod field;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
#[cfg(any(test, fuzzing))]
pub(crate) mod image;
mod pages;
mod probe;
mod signature;
mod wipe;

use std::io;

pub use blank::{Blank, NotBlank, prove_blank};
pub use pages::PAGE;
pub use probe::{FileSystem, Kind, OnDevice, ProbeError, State, probe, superblocks};
pub use wipe::{BlockWrite, wipe};

/// What a sparse image knows of its own holes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextData {
    /// They start here.
    At(u64),
    /// There are none: the rest is one hole.
    None,
    /// It can't tell, as a device can't.
    Unknown,
}

/// A device or image that can be read.
pub trait BlockRead {
    /// Its length in bytes.
    fn size(&self) -> u64;

    /// What reads are aligned to, in bytes: [`PAGE`], or the device's logical block where that is
    /// larger, as Linux has them since 6.15. A power of two.
    fn unit(&self) -> u64 {
        PAGE
    }

    /// Fills all of `buf` from `offset` on. Both are multiples of [`Self::unit`], but for a buffer
    /// that ends with the device.
    ///
    /// # Errors
    /// What the device answers; `UnexpectedEof` where it ends before the buffer does.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;

    /// Where the next bytes are, from `offset` on, that are not in a hole.
    ///
    /// # Errors
    /// What the file answers.
    fn next_data(&self, offset: u64) -> io::Result<NextData> {
        let _ = offset;
        Ok(NextData::Unknown)
    }
}
