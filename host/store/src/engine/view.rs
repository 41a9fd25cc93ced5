//! Listing rows where some are in memory and some in the file, and drafting writes.

use std::ops::Bound;
use std::sync::Arc;

use super::{Place, Shared, Snapshot};
use crate::StorageError;
use crate::key::bytes;

/// A key and its row, or none to remove it.
type Write = (Vec<u8>, Option<Arc<[u8]>>);

/// Writes that become visible together.
pub(crate) struct Draft<'a> {
    shared: &'a mut Shared,
    writes: Vec<Write>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(shared: &'a mut Shared) -> Self {
        Self { shared, writes: Vec::new() }
    }

    pub(super) fn into_writes(self) -> Vec<Write> {
        self.writes
    }

    /// The row under a key, as it was before this draft.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, StorageError> {
        let Some(place) = self.shared.find(key) else { return Ok(None) };
        place.row(self.shared.snapshot()?.as_ref()).map(Some)
    }

    /// A number that was never handed out before, by this or an earlier process.
    pub(crate) fn serial(&mut self) -> u64 {
        let serial = self.shared.serial;
        self.shared.serial += 1;
        serial
    }

    /// Writes a row.
    pub(crate) fn put(&mut self, key: Vec<u8>, row: Vec<u8>) {
        self.writes.push((key, Some(row.into())));
    }

    /// Removes a row; an absent one is fine.
    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.writes.push((key, None));
    }

    /// Bytes of the drafted writes.
    pub(crate) fn bytes(&self) -> u64 {
        let row = |row: &Option<Arc<[u8]>>| row.as_ref().map_or(0, |row| row.len());
        self.writes.iter().map(|(key, value)| bytes(key.len() + row(value))).sum()
    }

    /// The generation to wait for, for these writes to be durable.
    pub(crate) fn generation(&self) -> u64 {
        self.shared.written + u64::from(!self.writes.is_empty())
    }
}

/// The first rows of a range, at one point in time.
pub(crate) struct View {
    /// In order.
    rows: Vec<(Vec<u8>, Place)>,
    snapshot: Arc<Snapshot>,
}

type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

impl View {
    pub(super) fn new(
        shared: &Shared,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Self, StorageError> {
        let rows = match bounds(prefix, after) {
            Some(range) => merge(shared, &range, limit),
            None => Vec::new(),
        };
        Ok(Self { rows, snapshot: shared.snapshot()? })
    }

    /// The last key in view.
    pub(super) fn last(&self) -> Option<&[u8]> {
        self.rows.last().map(|(key, _)| key.as_slice())
    }

    /// Shows each row in the order of the keys until `visit` answers false. No lock is held.
    pub(crate) fn visit(
        self,
        mut visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StorageError> {
        for (key, place) in &self.rows {
            let more = match place {
                Place::Memory(row) => visit(key, row),
                Place::File(number) => self.snapshot.show(*number, |row| visit(key, row))?,
            };
            if !more {
                break;
            }
        }
        Ok(())
    }
}

/// The first `limit` rows of a range; of a key, what was written last.
fn merge(shared: &Shared, range: &Range, limit: usize) -> Vec<(Vec<u8>, Place)> {
    let range = (range.0.as_ref().map(Vec::as_slice), range.1.as_ref().map(Vec::as_slice));
    let mut file = shared.index.range(range).peekable();
    let mut flushing = shared.flushing.range::<[u8], _>(range).peekable();
    let mut gathered = shared.gathered.range::<[u8], _>(range).peekable();
    let mut rows = Vec::new();
    while rows.len() < limit {
        let heads = [
            file.peek().map(|(key, _)| *key),
            flushing.peek().map(|(key, _)| key.as_slice()),
            gathered.peek().map(|(key, _)| key.as_slice()),
        ];
        let Some(key) = heads.into_iter().flatten().min() else { break };
        let stored = file.next_if(|(found, _)| *found == key);
        let flushed = flushing.next_if(|(found, _)| found.as_slice() == key);
        let newest = gathered.next_if(|(found, _)| found.as_slice() == key).or(flushed);
        let place = match newest {
            Some((_, row)) => row.clone().map(Place::Memory),
            None => stored.map(|(_, number)| Place::File(number)),
        };
        rows.extend(place.map(|place| (key.to_vec(), place)));
    }
    rows
}

/// The keys that start with `prefix` and sort after `after`.
fn bounds(prefix: &[u8], after: Option<&[u8]>) -> Option<Range> {
    let lower = match after {
        Some(after) if after.starts_with(prefix) => Bound::Excluded(after.to_vec()),
        Some(after) if after > prefix => return None,
        Some(_) | None => Bound::Included(prefix.to_vec()),
    };
    Some((lower, end(prefix)))
}

/// The first key that sorts after all that start with `prefix`.
fn end(prefix: &[u8]) -> Bound<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Bound::Excluded(end);
        }
    }
    Bound::Unbounded
}
