//! Data that can be recognised: each block tells where it belongs and which writing of it this is.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};

use crate::eventually;

/// Bytes of one block.
const BLOCK: usize = 64 << 10;

/// Blocks that a [`Writer`] fills before it begins anew.
const SLOTS: u64 = 64;

/// A [`Writer`] syncs after each block whose number is a multiple of it.
const SYNC: u64 = 8;

/// A pseudo-random block that no other seed gives (SplitMix64).
fn block(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x2545_f491_4f6c_dd1d);
    let mut bytes = Vec::with_capacity(BLOCK);
    while bytes.len() < BLOCK {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
    }
    bytes
}

/// Bytes that were written and synced, by their checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    path: PathBuf,
    offset: u64,
    length: u64,
    sha256: Vec<u8>,
}

/// Writes `blocks` blocks to a file or device at an offset, and syncs.
///
/// # Errors
/// What the system says.
pub fn write(path: &Path, offset: u64, blocks: u64, seed: u64) -> std::io::Result<Written> {
    let mut file = open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut hash = Sha256::new();
    for number in 0..blocks {
        let bytes = block(seed.wrapping_add(number << 32));
        hash.update(&bytes);
        file.write_all(&bytes)?;
    }
    file.sync_all()?;
    let length = blocks * BLOCK as u64;
    Ok(Written { path: path.to_owned(), offset, length, sha256: hash.finalize().to_vec() })
}

impl Written {
    /// Reads it back, at the path where it was written.
    ///
    /// # Panics
    /// When it is not the same.
    pub fn verify(&self) {
        self.verify_at(&self.path);
    }

    /// Reads it in a copy: the file or device at `path`, at the offset where it was written.
    ///
    /// # Panics
    /// When it is not the same.
    pub fn verify_at(&self, path: &Path) {
        let mut file = File::open(path).unwrap();
        file.seek(SeekFrom::Start(self.offset)).unwrap();
        let mut hash = Sha256::new();
        let mut left = self.length;
        let mut buffer = vec![0; BLOCK];
        while left > 0 {
            file.read_exact(&mut buffer).unwrap();
            hash.update(&buffer);
            left -= BLOCK as u64;
        }
        let path = path.display();
        assert_eq!(hash.finalize().to_vec(), self.sha256, "{path} holds other bytes than written");
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// A thread that writes without pause, and remembers what it wrote where.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    offset: u64,
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
    thread: Option<JoinHandle<std::io::Result<u64>>>,
}

/// What a [`Writer`] left, to be compared later.
#[derive(Debug, Clone)]
pub struct Stream {
    path: PathBuf,
    offset: u64,
    count: u64,
}

impl Writer {
    /// Starts to write to a file, or to a device from an offset on.
    #[must_use]
    pub fn start(path: &Path, offset: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let count = Arc::new(AtomicU64::new(0));
        let thread = std::thread::spawn({
            let (path, stop, count) = (path.to_owned(), Arc::clone(&stop), Arc::clone(&count));
            move || write_on(&path, offset, &stop, &count)
        });
        Self { path: path.to_owned(), offset, stop, count, thread: Some(thread) }
    }

    /// Waits until it has written at least `blocks` more blocks than now.
    pub async fn writes_more(&self, blocks: u64) {
        let before = self.count.load(Ordering::Acquire);
        eventually("the writer gets on", async || {
            let ended = self.thread.as_ref().is_none_or(JoinHandle::is_finished);
            assert!(!ended, "the writer ended by itself");
            (self.count.load(Ordering::Acquire) >= before + blocks).then_some(())
        })
        .await;
    }

    /// The blocks that it has written so far, and how many of those are synced for sure.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let written = self.count.load(Ordering::Acquire);
        // Block 8 n is followed by a sync; the last one counted may still wait for its own.
        Progress { synced: written.saturating_sub(1) / SYNC * SYNC, written }
    }

    /// Stops it, its last write synced.
    ///
    /// # Panics
    /// When a write failed.
    #[must_use]
    pub fn stop(mut self) -> Stream {
        self.stop.store(true, Ordering::Release);
        let thread = self.thread.take().expect("stopped once");
        let count = thread.join().expect("the writer").expect("every write succeeds");
        Stream { path: self.path.clone(), offset: self.offset, count }
    }
}

impl Drop for Writer {
    /// A failed test must not leave a thread that keeps the volume busy.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_on(
    path: &Path,
    offset: u64,
    stop: &AtomicBool,
    count: &AtomicU64,
) -> std::io::Result<u64> {
    let mut file = open(path)?;
    while !stop.load(Ordering::Acquire) {
        let number = count.load(Ordering::Acquire);
        file.seek(SeekFrom::Start(offset + number % SLOTS * BLOCK as u64))?;
        file.write_all(&block(number))?;
        if number.is_multiple_of(SYNC) {
            file.sync_data()?;
        }
        count.store(number + 1, Ordering::Release);
    }
    file.sync_all()?;
    Ok(count.load(Ordering::Acquire))
}

/// How far a [`Writer`] had come at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Blocks, from the first, that are on stable storage.
    pub synced: u64,
    /// Blocks that were written.
    pub written: u64,
}

/// Reads a copy of what a [`Writer`] wrote, taken at a moment between `before` and `after`: each
/// slot holds the last block that was synced `before`, unless a later one went there meanwhile.
/// Answers the number of slots that could be compared.
///
/// # Panics
/// When one holds anything else.
#[must_use]
pub fn verify_moment(path: &Path, offset: u64, before: Progress, after: Progress) -> usize {
    let mut file = File::open(path).unwrap();
    let mut buffer = vec![0; BLOCK];
    let mut compared = 0;
    // One more than was counted may be on its way.
    let unsure: Vec<u64> = (before.synced..=after.written).map(|number| number % SLOTS).collect();
    for number in before.synced.saturating_sub(SLOTS)..before.synced {
        if unsure.contains(&(number % SLOTS)) {
            continue;
        }
        let at = offset + number % SLOTS * BLOCK as u64;
        file.seek(SeekFrom::Start(at)).unwrap();
        file.read_exact(&mut buffer).unwrap();
        assert!(buffer == block(number), "{} at {at}: a synced block is lost", path.display());
        compared += 1;
    }
    compared
}

impl Stream {
    /// Reads every slot back: it must hold the last block written there.
    ///
    /// # Panics
    /// When one holds anything else.
    pub fn verify(&self) {
        let mut file = File::open(&self.path).unwrap();
        let mut buffer = vec![0; BLOCK];
        for number in self.count.saturating_sub(SLOTS)..self.count {
            let at = self.offset + number % SLOTS * BLOCK as u64;
            file.seek(SeekFrom::Start(at)).unwrap();
            file.read_exact(&mut buffer).unwrap();
            assert!(
                buffer == block(number),
                "{} at {at}: not what was written",
                self.path.display()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_is_noticed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let written = write(file.path(), 512, 3, 7).unwrap();
        written.verify();
        let mut bytes = std::fs::read(file.path()).unwrap();
        bytes[512 + BLOCK] ^= 1;
        std::fs::write(file.path(), bytes).unwrap();
        assert!(std::panic::catch_unwind(|| written.verify()).is_err());
    }

    #[tokio::test]
    async fn a_lost_block_of_a_stream_is_noticed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let writer = Writer::start(file.path(), 0);
        writer.writes_more(SLOTS + 3).await;
        let stream = writer.stop();
        stream.verify();
        let mut bytes = std::fs::read(file.path()).unwrap();
        bytes[5 * BLOCK..6 * BLOCK].copy_from_slice(&block(5 + (1 << 40)));
        std::fs::write(file.path(), bytes).unwrap();
        assert!(std::panic::catch_unwind(|| stream.verify()).is_err());
    }
}
