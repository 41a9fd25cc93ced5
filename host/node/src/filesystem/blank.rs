//! The proof that a device holds nothing, without which nothing is formatted.
//!
//! A device counts as blank when its head, its tail, every place where a known format keeps a
//! superblock, label or backup of it (`signature`), and samples all along it were read without
//! error and every byte was zero. Where holes are known, everything that is not a hole is read instead of
//! samples and of the many backups of ext; the rest is read all the same, as file systems have been wrong
//! about holes (OpenZFS issues 11900 and 15526).
//! Formats need not be known for this: bytes are compared with zero, and names are looked for only
//! to tell what is in the way. *Unreadable is not blank*: asking blkid and taking its "nothing
//! found" for blank, which it also says of a device that fails to read, is the commonest data loss
//! of this field.

use std::io;

use super::pages::{PAGE, PAGE_LEN, Pages, ceil, floor};
use super::signature::{self, Met};
use super::{BlockRead, NextData};

/// Read whole at both ends: partition tables, RAID, LVM and ZFS labels, most superblocks.
const EDGE: u64 = 1024 * 1024;

/// A device up to this size is read whole.
const SMALL: u64 = 4 * EDGE;

/// Evenly spaced places, two pages each: data that has lost its superblocks. Their quarters are
/// where XFS starts its allocation groups.
const SAMPLES: u64 = 64;

/// Bytes a read.
pub(super) const CHUNK: u64 = 1024 * 1024;

/// An image that says which parts of it are holes is read whole otherwise, up to this many chunks.
const SWEPT_CHUNKS: u64 = 64;

/// Block groups of ext2, ext3 and ext4 that start with a backup superblock (1 and the powers of
/// 3, 5 and 7) and the sizes of a group: 8 × block size × block size, for 1 to 4 KiB blocks.
const EXT_BACKUP_GROUPS: [u64; 10] = [1, 3, 5, 7, 9, 25, 27, 49, 81, 125];
const EXT_GROUP_SIZES: [u64; 3] = [8 << 20, 32 << 20, 128 << 20];

/// The proof that a device was read and held nothing. Only [`prove_blank`] makes one, and
/// formatting consumes it.
#[derive(Debug)]
#[must_use = "a proof that is not used proves nothing"]
pub struct Blank {
    size: u64,
}

impl Blank {
    /// The device's length in bytes when it was read.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// Why a device must not be formatted.
#[derive(Debug, thiserror::Error)]
pub enum NotBlank {
    /// A read failed or came short. This says nothing of what is there.
    #[error(
        "the device cannot be read at byte {offset}, so it is not known to be blank and is not \
         formatted; repair the device or its path"
    )]
    Unreadable {
        /// Where the failed read started.
        offset: u64,
        /// What the device answered.
        source: io::Error,
    },
    /// The device has no length, as one that is not there yet.
    #[error("the device has a size of 0 bytes, so it is not ready and is not formatted")]
    Empty,
    /// There is something.
    #[error(
        "the device holds {} at byte {offset}, so it is not formatted; if its content is of no \
         worth, erase it or delete the volume",
        what.unwrap_or("data of an unknown format")
    )]
    Found {
        /// Where the format's magic bytes start; where it is not known, the first byte met that is
        /// not zero.
        offset: u64,
        /// The format, where it is known.
        what: Option<&'static str>,
    },
}

/// Reads all that [`NotBlank`] speaks of.
///
/// # Errors
/// The first reason met not to format the device.
pub fn prove_blank<D: BlockRead>(device: &D) -> Result<Blank, NotBlank> {
    let size = device.size();
    if size == 0 {
        return Err(NotBlank::Empty);
    }
    let mut pages = Pages::new();
    let swept = sweep(device, &mut pages)?;
    for (offset, len) in plan(size, swept, device.unit()).into_iter().flat_map(Run::chunks) {
        expect_zeros(device, &mut pages, offset, len)?;
    }
    Ok(Blank { size })
}

/// How much of what is not a hole was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swept {
    /// All of it: between the holes no byte has gone unseen.
    Whole,
    /// Holes are not known, or there was too much between them.
    Partly,
}

/// Reads what is said not to be a hole: of a fresh image, nothing.
fn sweep<D: BlockRead>(device: &D, pages: &mut Pages) -> Result<Swept, NotBlank> {
    let mut offset = 0;
    for _ in 0..SWEPT_CHUNKS {
        match device.next_data(offset) {
            Ok(NextData::At(data)) if data < device.size() => {
                let start = floor(data.max(offset), device.unit());
                expect_zeros(device, pages, start, CHUNK)?;
                offset = start + CHUNK;
            }
            Ok(NextData::At(_) | NextData::None) => return Ok(Swept::Whole),
            Ok(NextData::Unknown) => return Ok(Swept::Partly),
            Err(source) => return Err(NotBlank::Unreadable { offset, source }),
        }
    }
    Ok(Swept::Partly)
}

fn expect_zeros<D: BlockRead>(
    device: &D,
    pages: &mut Pages,
    offset: u64,
    len: u64,
) -> Result<(), NotBlank> {
    let bytes = pages
        .read(device, offset, len)
        .map_err(|source| NotBlank::Unreadable { offset, source })?;
    match first_set(bytes) {
        None => Ok(()),
        Some(skip) => Err(named(device, offset + skip)),
    }
}

/// A run of bytes, its start a multiple of the device's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Run {
    /// Offsets and lengths of at most [`CHUNK`] bytes.
    pub(super) fn chunks(self) -> impl Iterator<Item = (u64, u64)> {
        let mut at = self.start;
        std::iter::from_fn(move || {
            let chunk = (at, CHUNK.min(self.end - at));
            at += chunk.1;
            (chunk.1 > 0).then_some(chunk)
        })
    }
}

/// What to read of a device whose reads are aligned to `unit`: ascending runs that do not touch one
/// another. Backups of ext and samples stand in for a sweep that was not whole.
pub(super) fn plan(size: u64, swept: Swept, unit: u64) -> Vec<Run> {
    if size <= SMALL {
        return vec![Run { start: 0, end: size }];
    }
    let run =
        |start: u64, end: u64| Run { start: floor(start, unit), end: ceil(end, unit).min(size) };
    let known = signature::places(size).map(|(offset, len)| run(offset, offset + len));
    let edges = [run(0, EDGE), run(size - EDGE - PAGE, size)];
    let mut runs: Vec<Run> = edges.into_iter().chain(known).collect();
    if swept == Swept::Partly {
        let backups =
            EXT_GROUP_SIZES.iter().flat_map(|size| EXT_BACKUP_GROUPS.iter().map(move |n| n * size));
        let samples = (1..SAMPLES).map(|n| floor(size / SAMPLES * n, PAGE));
        runs.extend(backups.chain(samples).map(|start| run(start, start + 2 * PAGE)));
    }
    runs.retain(|run| run.start < size);
    runs.sort_by_key(|run| run.start);
    merged(runs)
}

fn merged(sorted: Vec<Run>) -> Vec<Run> {
    let mut merged: Vec<Run> = Vec::with_capacity(sorted.len());
    for run in sorted {
        match merged.last_mut() {
            Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
            _ => merged.push(run),
        }
    }
    merged
}

/// The place of the first byte that is not zero.
pub(super) fn first_set(bytes: &[u8]) -> Option<u64> {
    let mut offset = 0;
    for page in bytes.chunks(PAGE_LEN) {
        // Comparing slices is one memcmp, whatever the build's optimisation.
        if page != ZEROS.get(..page.len()).unwrap_or(&ZEROS) {
            let within = page.iter().position(|byte| *byte != 0).unwrap_or(0);
            return Some(offset + within as u64);
        }
        offset += PAGE;
    }
    None
}

static ZEROS: [u8; PAGE_LEN] = [0; PAGE_LEN];

fn named<D: BlockRead>(device: &D, first_set: u64) -> NotBlank {
    // The verdict stands already; a read that fails here costs the name alone.
    match signature::recognise(device, |_| true).ok().flatten() {
        Some(Met { signature, offset }) => NotBlank::Found { offset, what: Some(signature.name) },
        None => NotBlank::Found { offset: first_set, what: None },
    }
}

#[cfg(test)]
mod tests;
