//! Reading rows where some are in memory and some in the file, and drafting writes.

use std::ops::Bound;
use std::sync::Arc;

use super::{Rows, Shared, Snapshot};
use crate::StorageError;
use crate::key::bytes;

/// Reads a row of the file.
pub(super) fn stored(snapshot: &Snapshot, key: &[u8]) -> Result<Option<Arc<[u8]>>, StorageError> {
    let row = snapshot.get(key).map_err(failed)?;
    Ok(row.map(|row| Arc::from(row.value())))
}

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
        match self.shared.unflushed(key) {
            Some(row) => Ok(row),
            None => stored(self.shared.snapshot()?.as_ref(), key),
        }
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

/// The rows of a range, at one point in time.
pub(crate) struct View {
    /// Rows in memory that hide those of the file.
    unflushed: Rows,
    snapshot: Arc<Snapshot>,
    /// None where nothing can be between the bounds.
    range: Option<Range>,
}

type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

impl View {
    pub(super) fn new(
        shared: &Shared,
        prefix: &[u8],
        after: Option<&[u8]>,
    ) -> Result<Self, StorageError> {
        let range = bounds(prefix, after);
        let mut unflushed = Rows::new();
        if let Some(range) = &range {
            for rows in [shared.flushing.as_ref(), &shared.gathered] {
                let rows = rows.range::<[u8], _>(borrowed(range));
                unflushed.extend(rows.map(|(key, row)| (key.clone(), row.clone())));
            }
        }
        Ok(Self { unflushed, snapshot: shared.snapshot()?, range })
    }

    /// Shows each row in the order of the keys until `visit` answers false. No lock is held.
    pub(crate) fn visit(
        self,
        mut visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StorageError> {
        let Some(range) = &self.range else { return Ok(()) };
        let mut unflushed = self.unflushed.iter().peekable();
        for row in self.snapshot.range::<&[u8]>(borrowed(range)).map_err(failed)? {
            let (key, row) = row.map_err(failed)?;
            let key = key.value();
            while let Some((newer, row)) = unflushed.next_if(|(newer, _)| newer.as_slice() < key) {
                if row.as_ref().is_some_and(|row| !visit(newer, row)) {
                    return Ok(());
                }
            }
            let newer = unflushed.next_if(|(newer, _)| newer.as_slice() == key);
            let more = match newer {
                Some((_, Some(row))) => visit(key, row),
                Some((_, None)) => true,
                None => visit(key, row.value()),
            };
            if !more {
                return Ok(());
            }
        }
        for (key, row) in unflushed {
            if row.as_ref().is_some_and(|row| !visit(key, row)) {
                return Ok(());
            }
        }
        Ok(())
    }
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

fn borrowed(range: &Range) -> (Bound<&[u8]>, Bound<&[u8]>) {
    (range.0.as_ref().map(Vec::as_slice), range.1.as_ref().map(Vec::as_slice))
}

pub(super) fn failed(error: redb::StorageError) -> StorageError {
    StorageError(format!("reading it failed: {error}"))
}
