//! A device in memory made of a fuzzer's bytes, and what the proof of blankness must say of it.
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "as its parent"
)]

use super::blank::{Swept, plan};
use super::image::Image;
use super::{BlockRead, PAGE, probe, prove_blank, signature, wipe};

/// Pieces that are written; fewer than the chunks of a sweep, so that a sweep is whole.
const PIECES: usize = 32;

/// The input, taken off bit by bit; nothing is zero.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (now, later) = self.0.split_at(count.min(self.0.len()));
        self.0 = later;
        now
    }

    fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    fn number(&mut self) -> u64 {
        self.bytes(8).iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
    }
}

pub(crate) fn blank_proof(input: &[u8]) {
    let mut input = Input(input);
    let mode = input.byte();
    let largest = if mode & 1 == 0 { 8 << 20 } else { 8 << 40 };
    let unit = [PAGE, PAGE, 16384, 65536][usize::from((mode >> 1) & 3)];
    let block = if unit == PAGE { 512 } else { unit };
    let size = (input.number() % largest).max(block) / block * block;
    let mut image = Image::blank(size).aligned_to(unit);
    let knows_holes = mode & 8 != 0;
    let mut written = Vec::new();
    for _ in 0..PIECES {
        let kind = input.byte();
        if input.0.is_empty() {
            break;
        }
        let number = input.number();
        let places = signature::places(size);
        let start = match kind % 4 {
            0 => number % size,
            1 => size - 1 - number % size.min(2 << 20),
            2 => number % size.min(2 << 20),
            _ => {
                let places: Vec<u64> = places.map(|(place, _)| place).collect();
                let count = places.len().max(1) as u64;
                usize::try_from(number % count)
                    .ok()
                    .and_then(|n| places.get(n).copied())
                    .unwrap_or(0)
            }
        };
        let len =
            usize::from(input.byte()).min(usize::try_from(size - start).unwrap_or(usize::MAX));
        let bytes = input.bytes(len);
        image.write(start, bytes);
        written.push(start..start + bytes.len() as u64);
    }
    let failing = (mode & 16 != 0 && !knows_holes).then(|| {
        let at = input.number() % size;
        at..at + 1
    });
    if let Some(bad) = failing.clone() {
        image.fail(bad);
    }
    if knows_holes {
        image = image.knowing_holes();
    }
    judged(&image, knows_holes, failing.as_ref());
    if failing.is_none() {
        wipe(&image).unwrap();
        let wiped = prove_blank(&image);
        // What samples do not reach stays, where all that is no hole is read.
        assert!(wiped.is_ok() || knows_holes, "{wiped:?}");
    }
}

fn judged(image: &Image, knows_holes: bool, failing: Option<&std::ops::Range<u64>>) {
    let size = image.size();
    let swept = if knows_holes { Swept::Whole } else { Swept::Partly };
    let runs = plan(size, swept, image.unit());
    let dirty = if knows_holes {
        !image.is_zero(0..size)
    } else {
        runs.iter().any(|run| !image.is_zero(run.start..run.end))
    };
    let unread = failing
        .is_some_and(|bad| runs.iter().any(|run| run.start < bad.end && bad.start < run.end));
    let verdict = prove_blank(image);
    assert_eq!(verdict.is_ok(), !dirty && !unread, "{verdict:?}, of {size} bytes");
    let found = probe(image);
    if verdict.is_ok() {
        assert_eq!(found.ok(), Some(super::OnDevice::NoKnownFileSystem));
    }
}
