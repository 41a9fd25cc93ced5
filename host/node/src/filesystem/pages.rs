//! A buffer whose memory is aligned for direct I/O, and reads of whole pages into it.

use std::io;

use super::BlockRead;

/// Reads start at multiples of this many bytes, or more where a device asks for more
/// ([`BlockRead::unit`]).
pub const PAGE: u64 = PAGE_LEN as u64;

/// [`PAGE`] as a length in memory.
pub(super) const PAGE_LEN: usize = 4096;

/// Zeroed memory that starts at a multiple of [`PAGE`].
#[derive(Default)]
pub(super) struct Pages {
    memory: Vec<u8>,
}

impl Pages {
    /// None yet: it grows to what is asked of it.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The first `len` bytes.
    pub(super) fn start(&mut self, len: usize) -> io::Result<&mut [u8]> {
        if self.memory.len() < len + PAGE_LEN {
            self.memory = vec![0; len + PAGE_LEN];
        }
        let start = self.memory.as_ptr().align_offset(PAGE_LEN);
        self.memory
            .get_mut(start..)
            .and_then(|aligned| aligned.get_mut(..len))
            .ok_or_else(|| io::Error::other("the buffer is too short"))
    }

    /// Reads `len` bytes from `offset` on, which is a multiple of the device's unit, and up to a
    /// multiple of it; fewer at the device's end.
    pub(super) fn read<D: BlockRead>(
        &mut self,
        device: &D,
        offset: u64,
        len: u64,
    ) -> io::Result<&[u8]> {
        let end = ceil(offset.saturating_add(len), device.unit()).min(device.size());
        let len = usize::try_from(end.saturating_sub(offset)).map_err(io::Error::other)?;
        let buf = self.start(len)?;
        if !buf.is_empty() {
            device.read_at(offset, buf)?;
        }
        Ok(buf)
    }
}

/// Rounds down to a multiple of `unit`, which is not zero.
pub(super) fn floor(offset: u64, unit: u64) -> u64 {
    offset - offset.checked_rem(unit).unwrap_or(0)
}

/// Rounds up to a multiple of `unit`, which is not zero.
pub(super) fn ceil(offset: u64, unit: u64) -> u64 {
    offset.checked_next_multiple_of(unit).unwrap_or(offset)
}
