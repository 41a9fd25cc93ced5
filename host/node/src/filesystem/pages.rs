//! A buffer whose memory is aligned for direct I/O, and reads of whole pages into it.

use std::io;

use super::BlockRead;

/// Reads start at multiples of this many bytes; no device in use asks for more.
pub const PAGE: u64 = PAGE_LEN as u64;

/// [`PAGE`] as a length in memory.
pub(super) const PAGE_LEN: usize = 4096;

/// Zeroed memory that starts at a multiple of [`PAGE`].
pub(super) struct Pages {
    memory: Vec<u8>,
    start: usize,
    len: usize,
}

impl Pages {
    pub(super) fn new(len: usize) -> Self {
        let memory = vec![0; len + PAGE_LEN];
        let start = memory.as_ptr().align_offset(PAGE_LEN);
        Self { memory, start, len }
    }

    /// The first `len` bytes of the memory.
    pub(super) fn start(&self, len: usize) -> &[u8] {
        let aligned = self.memory.get(self.start..).unwrap_or_default();
        aligned.get(..len.min(self.len)).unwrap_or_default()
    }

    /// Reads `len` bytes from `offset` on, which is a multiple of [`PAGE`]; fewer at the
    /// device's end.
    pub(super) fn read<D: BlockRead>(
        &mut self,
        device: &D,
        offset: u64,
        len: usize,
    ) -> io::Result<&[u8]> {
        let left = device.size().saturating_sub(offset);
        let len = len.min(self.len).min(usize::try_from(left).unwrap_or(usize::MAX));
        let buf = self
            .memory
            .get_mut(self.start..)
            .and_then(|aligned| aligned.get_mut(..len))
            .ok_or_else(|| io::Error::other("the buffer is too short"))?;
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
