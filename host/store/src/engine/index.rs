//! The order of the rows: every key that the file holds, with the number that its row has there.
//!
//! The file keeps rows by number, not by key, so that rows which are written together lie together
//! (the parent module says why that matters). The price is that all keys are in memory, so they
//! are packed: sorted chunks of keys, one after the other, cost some 20 bytes a row beside the key
//! itself, where a tree of single keys takes twice as much in all.

use std::ops::Bound;

/// Rows of a chunk: a change moves the keys of one.
const LONGEST: usize = 64;

/// A sorted map from keys to numbers.
#[derive(Default)]
pub(super) struct Index {
    /// In order, none of them empty.
    chunks: Vec<Chunk>,
}

#[derive(Default)]
struct Chunk {
    /// All its keys, one after the other.
    keys: Vec<u8>,
    /// Length of the first, kept here since a search asks for nothing else of most chunks.
    first: usize,
    rows: Vec<Row>,
}

struct Row {
    /// Where its key ends in `keys`.
    end: usize,
    number: u64,
}

impl Index {
    /// The number of a key's row.
    pub(super) fn get(&self, key: &[u8]) -> Option<u64> {
        let chunk = self.chunks.get(self.place(key))?;
        let at = chunk.position(key);
        if chunk.key(at) == key { chunk.rows.get(at).map(|row| row.number) } else { None }
    }

    /// Takes a key that is not there yet. Answers false, and changes nothing, where it is.
    pub(super) fn insert(&mut self, key: &[u8], number: u64) -> bool {
        if self.chunks.is_empty() {
            self.chunks.push(Chunk::default());
        }
        let place = self.place(key);
        let Some(chunk) = self.chunks.get_mut(place) else { return false };
        let at = chunk.position(key);
        if at < chunk.rows.len() && chunk.key(at) == key {
            return false;
        }
        chunk.insert(at, key, number);
        if chunk.rows.len() > LONGEST {
            let second = chunk.split();
            self.chunks.insert(place + 1, second);
        }
        true
    }

    /// Removes a key; an absent one is fine. Answers its row's number.
    pub(super) fn remove(&mut self, key: &[u8]) -> Option<u64> {
        let number = self.get(key)?;
        let place = self.place(key);
        let chunk = self.chunks.get_mut(place)?;
        chunk.remove(chunk.position(key));
        if chunk.rows.is_empty() {
            self.chunks.remove(place);
        }
        Some(number)
    }

    /// The keys between two bounds, in order.
    pub(super) fn range<'a>(
        &'a self,
        (from, to): (Bound<&'a [u8]>, Bound<&'a [u8]>),
    ) -> impl Iterator<Item = (&'a [u8], u64)> {
        let (start, excluded) = match from {
            Bound::Included(key) => (key, false),
            Bound::Excluded(key) => (key, true),
            Bound::Unbounded => (&b""[..], false),
        };
        let chunks = self.chunks.get(self.place(start)..).unwrap_or_default();
        let skipped = chunks.first().map_or(0, |chunk| chunk.position(start));
        let rows = chunks.iter().flat_map(Chunk::rows).skip(skipped);
        rows.skip_while(move |(key, _)| excluded && *key == start).take_while(move |(key, _)| {
            match to {
                Bound::Included(end) => *key <= end,
                Bound::Excluded(end) => *key < end,
                Bound::Unbounded => true,
            }
        })
    }

    /// The chunk that holds `key` or would: the last that does not begin after it, or the first.
    fn place(&self, key: &[u8]) -> usize {
        self.chunks.partition_point(|chunk| chunk.first() <= key).saturating_sub(1)
    }
}

impl Chunk {
    fn first(&self) -> &[u8] {
        self.keys.get(..self.first).unwrap_or_default()
    }

    /// Notes the length of the first key, after a change.
    fn settle(&mut self) {
        self.first = self.rows.first().map_or(0, |row| row.end);
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).and_then(|before| self.rows.get(before)).map_or(0, |row| row.end)
    }

    /// The key of a row; empty past the last.
    fn key(&self, at: usize) -> &[u8] {
        let start = self.start(at);
        let end = self.rows.get(at).map_or(start, |row| row.end);
        self.keys.get(start..end).unwrap_or_default()
    }

    fn rows(&self) -> impl Iterator<Item = (&[u8], u64)> {
        self.rows.iter().enumerate().map(|(at, row)| (self.key(at), row.number))
    }

    /// The first row whose key is not before `key`.
    fn position(&self, key: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.rows.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.key(middle) < key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn insert(&mut self, at: usize, key: &[u8], number: u64) {
        let start = self.start(at);
        // Not more than is needed: what is spare here is spare in every chunk.
        self.keys.reserve_exact(key.len());
        self.keys.splice(start..start, key.iter().copied());
        self.rows.reserve_exact(1);
        self.rows.insert(at, Row { end: start, number });
        for row in self.rows.iter_mut().skip(at) {
            row.end += key.len();
        }
        self.settle();
    }

    fn remove(&mut self, at: usize) {
        let (start, length) = (self.start(at), self.key(at).len());
        self.keys.drain(start..start + length);
        self.rows.remove(at);
        for row in self.rows.iter_mut().skip(at) {
            row.end -= length;
        }
        self.settle();
    }

    /// Keeps the first half; answers the second.
    fn split(&mut self) -> Self {
        let half = self.rows.len() / 2;
        let start = self.start(half);
        let (keys, rows) = (self.keys.split_off(start), self.rows.split_off(half));
        let mut second = Self { keys, first: 0, rows };
        for row in &mut second.rows {
            row.end -= start;
        }
        second.settle();
        self.keys.shrink_to_fit();
        self.rows.shrink_to_fit();
        second
    }
}

#[cfg(test)]
mod tests;
