//! Data whose loss would show: a file with a checksum, and a writer that syncs numbered blocks.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::fs::{Advice, fadvise};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::workers::Workers;

/// A file system's usual block.
const BLOCK: usize = 4096;

/// The writer goes round in a file of so many blocks: 4 MiB, however long the growth takes.
const SLOTS: u64 = 1024;

/// A SHA-256.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Checksum([u8; 32]);

impl std::fmt::Display for Checksum {
    /// Its first 12 digits, which are enough for people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().take(6).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Writes `bytes` bytes that no compression or deduplication can shorten, and syncs them.
pub(super) fn write(path: &Path, bytes: u64) -> io::Result<Checksum> {
    let mut file = File::create_new(path)?;
    let mut digest = Sha256::new();
    for number in 0..bytes.div_ceil(BLOCK as u64) {
        let block = block(number);
        digest.update(block);
        file.write_all(&block)?;
    }
    file.sync_all()?;
    Ok(Checksum(digest.finalize().into()))
}

/// Reads a file back from the device: the page cache is told to forget it first.
pub(super) fn checksum(path: &Path) -> io::Result<Checksum> {
    let mut file = open_cold(path)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Checksum(digest.finalize().into())),
            read => digest.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

fn open_cold(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    fadvise(&file, 0, None, Advice::DontNeed)?;
    Ok(file)
}

/// Pseudo-random bytes, other ones for each number (splitmix64).
fn block(number: u64) -> [u8; BLOCK] {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut block = [0; BLOCK];
    for word in block.chunks_exact_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    block
}

/// What a writer did.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    pub(super) blocks: u64,
    /// The longest that one block took to be written and synced.
    pub(super) longest: Duration,
}

/// A thread that writes a block, syncs it, and so on until it is told to stop or dropped.
pub(super) struct Writer {
    stop: Arc<AtomicBool>,
    synced: watch::Receiver<u64>,
    thread: JoinHandle<io::Result<Written>>,
}

impl Writer {
    pub(super) async fn start(path: &Path, workers: &Workers) -> anyhow::Result<Self> {
        let (count, synced) = watch::channel(0);
        let stop = Arc::new(AtomicBool::new(false));
        let (path, told) = (path.to_owned(), stop.clone());
        let thread = workers.start(move || write_blocks(&path, &told, &count)).await?;
        Ok(Self { stop, synced, thread })
    }

    /// Waits until it has synced so many further blocks. One that fails is noticed in `finish`.
    pub(super) async fn further(&mut self, blocks: u64) {
        let target = *self.synced.borrow() + blocks;
        let _ = self.synced.wait_for(|count| *count >= target).await;
    }

    /// Stops it.
    ///
    /// # Errors
    /// What made it fail before.
    pub(super) async fn finish(mut self) -> anyhow::Result<Written> {
        self.stop.store(true, Ordering::Relaxed);
        let written = (&mut self.thread).await.context("the writer broke off")?;
        written.context("the writer, which wrote while the volume grew, failed")
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn write_blocks(path: &Path, stop: &AtomicBool, count: &watch::Sender<u64>) -> io::Result<Written> {
    let file = File::create_new(path)?;
    let mut written = Written { blocks: 0, longest: Duration::ZERO };
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        file.write_all_at(&block(written.blocks), offset(written.blocks % SLOTS))?;
        file.sync_data()?;
        written.blocks += 1;
        written.longest = written.longest.max(begun.elapsed());
        count.send_replace(written.blocks);
    }
    Ok(written)
}

fn offset(slot: u64) -> u64 {
    slot * BLOCK as u64
}

/// Whether each of a writer's blocks that was not overwritten holds what was synced.
pub(super) fn blocks_intact(path: &Path, written: Written) -> io::Result<bool> {
    let file = open_cold(path)?;
    let mut found = [0; BLOCK];
    for number in written.blocks.saturating_sub(SLOTS)..written.blocks {
        file.read_exact_at(&mut found, offset(number % SLOTS))?;
        if found != block(number) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_shows() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let written = write(&path, 1 << 20).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 1 << 20);
        assert!(checksum(&path).unwrap() == written);
        let file = File::options().write(true).open(&path).unwrap();
        file.write_all_at(&[block(128)[7] ^ 1], (128 << 12) + 7).unwrap();
        assert!(checksum(&path).unwrap() != written);
    }

    #[tokio::test]
    async fn a_writer_writes_until_it_is_stopped_and_a_lost_block_shows() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let workers = Workers::new();
        let mut writer = Writer::start(&path, &workers).await.unwrap();
        writer.further(SLOTS + 3).await;
        let written = writer.finish().await.unwrap();
        assert!(written.blocks >= SLOTS + 3);
        assert!(blocks_intact(&path, written).unwrap());
        let file = File::options().write(true).open(&path).unwrap();
        file.write_all_at(&[0; BLOCK], offset((written.blocks - 1) % SLOTS)).unwrap();
        assert!(!blocks_intact(&path, written).unwrap());
    }

    #[tokio::test]
    async fn a_dropped_writer_ends() {
        let directory = tempfile::tempdir().unwrap();
        let workers = Workers::new();
        drop(Writer::start(&directory.path().join("log"), &workers).await.unwrap());
        workers.idle().await;
    }

    #[tokio::test]
    async fn a_writer_without_a_place_says_so() {
        let workers = Workers::new();
        let mut writer = Writer::start(Path::new("/nowhere/log"), &workers).await.unwrap();
        writer.further(1).await;
        assert!(writer.finish().await.is_err());
    }
}
