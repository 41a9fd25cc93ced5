//! A device in memory for tests: sparse, so that it may be large, and able to fail.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    dead_code,
    reason = "for tests, and of them the fuzz targets use a part"
)]

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Mutex;

use super::pages::PAGE_LEN;
use super::{BlockRead, BlockWrite, NextData, PAGE};

/// The device. Bytes that were never written are zero.
#[derive(Debug, Default)]
pub(crate) struct Image {
    size: u64,
    pages: Mutex<BTreeMap<u64, Vec<u8>>>,
    failing: Option<Range<u64>>,
    knows_holes: bool,
    unit: u64,
    reads: Mutex<Vec<Range<u64>>>,
    writes: Mutex<Vec<Range<u64>>>,
}

impl Image {
    pub(crate) fn blank(size: u64) -> Self {
        Self { size, unit: PAGE, ..Self::default() }
    }

    /// Reads and writes are refused that are not aligned to this many bytes.
    pub(crate) fn aligned_to(mut self, unit: u64) -> Self {
        self.unit = unit;
        self
    }

    /// Loads an image file, without keeping or even reading its holes.
    pub(crate) fn load(path: &std::path::Path) -> Self {
        use std::os::unix::fs::FileExt;
        let file = std::fs::File::open(path).unwrap();
        let image = Self::blank(file.metadata().unwrap().len());
        let next = |from| rustix::fs::seek(&file, rustix::fs::SeekFrom::Data(from)).ok();
        let mut pages = image.pages.lock().unwrap();
        let mut at = next(0);
        while let Some(data) = at {
            let mut page = vec![0; PAGE_LEN];
            let count = file.read_at(&mut page, data / PAGE * PAGE).unwrap();
            assert!(count > 0);
            pages.insert(data / PAGE, page);
            at = next((data / PAGE + 1) * PAGE);
        }
        drop(pages);
        image
    }

    /// Like an image file, it tells where its holes are.
    pub(crate) fn knowing_holes(mut self) -> Self {
        self.knows_holes = true;
        self
    }

    pub(crate) fn write(&mut self, offset: u64, bytes: &[u8]) {
        self.put(offset, bytes);
    }

    fn put(&self, offset: u64, mut bytes: &[u8]) {
        assert!(offset + bytes.len() as u64 <= self.size, "beyond the device's end");
        let mut pages = self.pages.lock().unwrap();
        let mut at = offset;
        while !bytes.is_empty() {
            let start = usize::try_from(at % PAGE).unwrap();
            let (now, later) = bytes.split_at(bytes.len().min(PAGE_LEN - start));
            let page = pages.entry(at / PAGE).or_insert_with(|| vec![0; PAGE_LEN]);
            page[start..start + now.len()].copy_from_slice(now);
            at += now.len() as u64;
            bytes = later;
        }
    }

    /// Reads that touch these bytes fail with EIO.
    pub(crate) fn fail(&mut self, bytes: Range<u64>) {
        self.failing = Some(bytes);
    }

    /// What was written through [`BlockWrite`], in order.
    pub(crate) fn writes(&self) -> Vec<Range<u64>> {
        self.writes.lock().unwrap().clone()
    }

    /// What was read, in order.
    pub(crate) fn reads(&self) -> Vec<Range<u64>> {
        self.reads.lock().unwrap().clone()
    }
}

impl BlockRead for Image {
    fn size(&self) -> u64 {
        self.size
    }

    fn unit(&self) -> u64 {
        self.unit
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset + buf.len() as u64;
        assert!(offset.is_multiple_of(self.unit), "reads start at a unit");
        assert!(end.is_multiple_of(self.unit) || end >= self.size, "reads end at a unit: {end}");
        assert!((buf.as_ptr() as u64).is_multiple_of(PAGE), "memory is aligned as well");
        self.reads.lock().unwrap().push(offset..end);
        if self.failing.as_ref().is_some_and(|bad| bad.start < end && offset < bad.end) {
            return Err(io::Error::from_raw_os_error(5));
        }
        if end > self.size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let pages = self.pages.lock().unwrap();
        for (n, part) in buf.chunks_mut(PAGE_LEN).enumerate() {
            match pages.get(&(offset / PAGE + n as u64)) {
                Some(page) => part.copy_from_slice(&page[..part.len()]),
                None => part.fill(0),
            }
        }
        Ok(())
    }

    fn next_data(&self, offset: u64) -> io::Result<NextData> {
        Ok(match self.page_after(offset) {
            _ if !self.knows_holes => NextData::Unknown,
            Some(at) => NextData::At(at),
            None => NextData::None,
        })
    }
}

impl Image {
    /// Whether all of these bytes are zero.
    pub(crate) fn is_zero(&self, bytes: Range<u64>) -> bool {
        let pages = self.pages.lock().unwrap();
        pages.range(bytes.start / PAGE..bytes.end.div_ceil(PAGE)).all(|(number, page)| {
            let start = number * PAGE;
            let set = |(at, byte): (u64, &u8)| *byte != 0 && bytes.contains(&(start + at));
            !(0..).zip(page).any(set)
        })
    }

    fn page_after(&self, offset: u64) -> Option<u64> {
        let pages = self.pages.lock().unwrap();
        pages.range(offset.div_ceil(PAGE)..).next().map(|(page, _)| page * PAGE)
    }
}

impl BlockWrite for Image {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        assert!(offset.is_multiple_of(self.unit), "writes start at a unit");
        self.writes.lock().unwrap().push(offset..offset + bytes.len() as u64);
        self.put(offset, bytes);
        Ok(())
    }
}
