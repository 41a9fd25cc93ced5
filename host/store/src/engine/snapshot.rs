//! The rows of the file after a commit, by their numbers.

use std::sync::Arc;

use super::file;
use crate::StorageError;

/// The rows at one point in time, whatever is written meanwhile.
pub(super) struct Snapshot(pub(super) redb::ReadOnlyTable<u64, file::Row>);

impl Snapshot {
    /// The row of a number that the index of that time has.
    pub(super) fn get(&self, number: u64) -> Result<Arc<[u8]>, StorageError> {
        self.show(number, |row| Arc::from(row))
    }

    /// [`Self::get`] without a copy.
    pub(super) fn show<T>(
        &self,
        number: u64,
        show: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, StorageError> {
        let failed = |error| StorageError(format!("reading it failed: {error}"));
        let row = self.0.get(number).map_err(failed)?;
        let row = row.ok_or_else(|| StorageError(format!("row {number} of it is missing")))?;
        Ok(show(row.value().1))
    }
}
