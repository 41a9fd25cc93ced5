//! Data that can be recognised: which writing of it this is, and where it belongs.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::finding::{At, Stop, Verdict, ensure};

/// Bytes of one block.
const BLOCK: usize = 64 << 10;

/// Blocks that are written if nothing else is said: 2 MiB.
const BLOCKS: u64 = 32;

/// Bytes that were written and synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    seed: u64,
    offset: u64,
    blocks: u64,
}

/// A pseudo-random block that no other seed and number give (a SplitMix64 sequence).
fn block(seed: u64, number: u64) -> Vec<u8> {
    let mut state = (seed << 32 ^ number).wrapping_mul(0x9e6c_63d0_876a_68de);
    let mut bytes = Vec::with_capacity(BLOCK);
    while bytes.len() < BLOCK {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
    }
    bytes
}

/// Writes to the beginning of a file or device, and syncs.
pub(crate) fn write(path: &Path, seed: u64, is_block: bool) -> Verdict<Written> {
    write_to(open(path, is_block)?, path, Written { seed, offset: 0, blocks: BLOCKS })
}

/// Writes blocks to a device from an offset on, and syncs.
pub(crate) fn scatter(path: &Path, seed: u64, offset: u64, blocks: u64) -> Verdict<Written> {
    write_to(open(path, true)?, path, Written { seed, offset, blocks })
}

fn write_to(mut file: File, path: &Path, what: Written) -> Verdict<Written> {
    file.seek(SeekFrom::Start(what.offset)).at(path)?;
    for number in 0..what.blocks {
        file.write_all(&block(what.seed, number)).at(path)?;
    }
    file.sync_all().at(path)?;
    Ok(what)
}

impl Written {
    /// Reads it at a path: the same file or device, or a copy of it.
    pub(crate) fn verify(self, path: &Path) -> Verdict {
        let mut file = File::open(path).at(path)?;
        file.seek(SeekFrom::Start(self.offset)).at(path)?;
        let mut buffer = vec![0; BLOCK];
        for number in 0..self.blocks {
            file.read_exact(&mut buffer).at(path)?;
            let at = self.offset + number * BLOCK as u64;
            ensure!(
                buffer == block(self.seed, number),
                "{} at byte {at}: not what was written",
                path.display()
            );
        }
        Ok(())
    }

    /// What writing it took, as a range of bytes.
    pub(crate) fn range(self) -> std::ops::Range<u64> {
        self.offset..self.offset + self.blocks * BLOCK as u64
    }
}

/// Opens a file or device to be written in place. A file that is not there is made, a device is not.
pub(crate) fn open(path: &Path, is_block: bool) -> Verdict<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(!is_block).truncate(false);
    options.open(path).at(path)
}

/// Reads a number at the beginning of a file or device.
pub(crate) fn number(path: &Path) -> Verdict<u64> {
    let mut bytes = [0; 8];
    File::open(path).and_then(|mut file| file.read_exact(&mut bytes)).at(path)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Holds two files or devices, or one and zeros, to be equal in a range.
pub(crate) fn equal(one: &Path, other: Option<&Path>, range: std::ops::Range<u64>) -> Verdict {
    let mut readers = vec![(one, File::open(one).at(one)?)];
    if let Some(path) = other {
        readers.push((path, File::open(path).at(path)?));
    }
    for (path, file) in &mut readers {
        file.seek(SeekFrom::Start(range.start)).at(path)?;
    }
    let mut at = range.start;
    while at < range.end {
        let length = usize::try_from(range.end - at).map_or(BLOCK, |left| left.min(BLOCK));
        let mut parts = Vec::new();
        for (path, file) in &mut readers {
            let mut bytes = vec![0; length];
            file.read_exact(&mut bytes).at(path)?;
            parts.push(bytes);
        }
        let zeros = vec![0; length];
        let (first, second) = (parts.first(), parts.get(1).unwrap_or(&zeros));
        if first != Some(second) {
            let what = if other.is_some() { "differs" } else { "holds data" };
            return Err(Stop::Finding(format!(
                "byte {at} and the {length} from there on: {what}, which the ranges leave out"
            )));
        }
        at += length as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_is_noticed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let written = scatter(file.path(), 7, 512, 3).unwrap();
        written.verify(file.path()).unwrap();
        let mut bytes = std::fs::read(file.path()).unwrap();
        bytes[512 + BLOCK] ^= 1;
        std::fs::write(file.path(), bytes).unwrap();
        assert!(written.verify(file.path()).is_err());
    }

    #[test]
    fn another_writing_is_noticed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let first = write(file.path(), 1, true).unwrap();
        write(file.path(), 2, true).unwrap();
        assert!(first.verify(file.path()).is_err());
    }

    #[test]
    fn data_outside_ranges_is_noticed() {
        let (one, other) =
            (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
        for file in [&one, &other] {
            file.as_file().set_len(1 << 20).unwrap();
        }
        scatter(one.path(), 3, 128 << 10, 1).unwrap();
        equal(one.path(), None, 0..128 << 10).unwrap();
        equal(one.path(), None, 192 << 10..1 << 20).unwrap();
        assert!(equal(one.path(), None, 0..1 << 20).is_err());
        assert!(equal(one.path(), Some(other.path()), 0..1 << 20).is_err());
        scatter(other.path(), 3, 128 << 10, 1).unwrap();
        equal(one.path(), Some(other.path()), 0..1 << 20).unwrap();
    }
}
