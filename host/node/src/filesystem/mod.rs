//! What is on a device, told from its bytes alone: the file system (`probe`), or the proof that
//! there is nothing (`blank`).
//!
//! Everything here reads through [`BlockRead`] and knows neither paths nor system calls nor
//! programs. Reads start at multiples of [`PAGE`] in memory that is aligned alike, so that a
//! reader may sit on direct I/O.

mod blank;
mod field;
mod pages;
mod probe;
mod signature;

use std::io;

pub use blank::{Blank, NotBlank, prove_blank};
pub use pages::PAGE;
pub use probe::{FileSystem, Kind, OnDevice, ProbeError, State, probe};

/// Something that can be read like a block device.
pub trait BlockRead {
    /// Its length in bytes.
    fn size(&self) -> u64;

    /// Fills `buf` from `offset` on.
    ///
    /// # Errors
    /// Whatever the device answers. Fewer bytes than asked for are an error too, never a success.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;
}

impl<D: BlockRead + ?Sized> BlockRead for &D {
    fn size(&self) -> u64 {
        (**self).size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        (**self).read_at(offset, buf)
    }
}
