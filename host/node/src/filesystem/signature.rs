//! The magic bytes by which storage formats are recognised: where to look before a device is
//! formatted, and what to call what is in the way.
//!
//! Whether a device is blank is decided by its bytes being zero (`blank`), so a format that the
//! table lacks is still not formatted over where its bytes lie in what is read anyway. What the
//! table adds is places: a copy of a superblock far inside a device is read because it is listed.

mod table;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;

use super::BlockRead;
use super::pages::{PAGE, Pages, floor};
use table::KNOWN;

/// Where a magic may stand.
#[derive(Debug, Clone, Copy)]
enum At {
    /// Bytes from the start.
    Start(u64),
    /// Bytes from the end, after the length was rounded down to a multiple of `unit`.
    End { unit: u64, back: u64 },
    /// `count` places, one each `step` bytes, from `first` on.
    Slots { first: u64, step: u64, count: u64 },
    /// `count` places, one each `step` bytes, the first of them as with `End`.
    EndSlots { unit: u64, back: u64, step: u64, count: u64 },
}

/// One format, or one of the places in which it is recognised.
#[derive(Debug)]
pub(super) struct Signature {
    /// For people, as in "holds …".
    pub(super) name: &'static str,
    /// Whether the format owns the whole device although a file system may be seen in it. Not said
    /// of those whose few magic bytes stand where a file system keeps its users' data.
    pub(super) owns_device: bool,
    at: &'static [At],
    magics: &'static [&'static [u8]],
    /// Who says so; for readers, and the documents made from the table.
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers"))]
    source: &'static str,
}

/// A signature that was met.
#[derive(Debug, Clone, Copy)]
pub(super) struct Met {
    pub(super) signature: &'static Signature,
    /// Where its magic bytes start.
    pub(super) offset: u64,
}

impl At {
    /// The places, in bytes from the device's start, those alone that are within it.
    fn offsets(self, size: u64) -> impl Iterator<Item = u64> {
        let from_end = |unit, back| floor(size, unit).checked_sub(back);
        let (first, step, count) = match self {
            Self::Start(offset) => (Some(offset), 0, 1),
            Self::End { unit, back } => (from_end(unit, back), 0, 1),
            Self::Slots { first, step, count } => (Some(first), step, count),
            Self::EndSlots { unit, back, step, count } => (from_end(unit, back), step, count),
        };
        (0..count)
            .filter_map(move |n| first.map(|first| first + n * step))
            .filter(move |offset| *offset < size)
    }
}

impl Signature {
    fn offsets(&self, size: u64) -> impl Iterator<Item = u64> {
        self.at.iter().flat_map(move |at| at.offsets(size))
    }

    fn met<D: BlockRead>(&self, device: &D, reader: &mut Reader) -> io::Result<Option<u64>> {
        for offset in self.offsets(device.size()) {
            for magic in self.magics {
                if reader.matches(device, offset, magic)? {
                    return Ok(Some(offset));
                }
            }
        }
        Ok(None)
    }
}

/// Every place of a device of this size at which a known format keeps its magic bytes, and the
/// bytes that it takes there.
pub(super) fn places(size: u64) -> impl Iterator<Item = (u64, u64)> {
    KNOWN.iter().flat_map(move |signature| {
        let longest = signature.magics.iter().map(|magic| magic.len() as u64).max().unwrap_or(0);
        signature.offsets(size).map(move |offset| (offset, longest))
    })
}

/// Reads two pages at a time and keeps them all, since formats share places.
struct Reader {
    pages: Pages,
    kept: BTreeMap<u64, Vec<u8>>,
}

impl Reader {
    fn matches<D: BlockRead>(&mut self, device: &D, at: u64, magic: &[u8]) -> io::Result<bool> {
        let unit = device.unit();
        let start = floor(at, unit);
        let bytes = match self.kept.entry(start) {
            Entry::Occupied(kept) => kept.into_mut(),
            Entry::Vacant(place) => {
                place.insert(self.pages.read(device, start, unit + PAGE)?.to_vec())
            }
        };
        let skip = usize::try_from(at - start).unwrap_or(usize::MAX);
        Ok(bytes.get(skip..).is_some_and(|bytes| bytes.starts_with(magic)))
    }
}

/// The first known format, in the table's order, that the device carries.
///
/// # Errors
/// The first read that failed.
pub(super) fn recognise<D: BlockRead>(
    device: &D,
    wanted: impl Fn(&Signature) -> bool,
) -> io::Result<Option<Met>> {
    let mut reader = Reader { pages: Pages::new(), kept: BTreeMap::new() };
    for signature in KNOWN.iter().filter(|signature| wanted(signature)) {
        if let Some(offset) = signature.met(device, &mut reader)? {
            return Ok(Some(Met { signature, offset }));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
