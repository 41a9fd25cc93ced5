//! What the database has acknowledged, and therefore must have.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::rows::id;

/// The checksum of each acknowledged row, by writer, in the order of their keys.
#[derive(Debug)]
pub(crate) struct Ledger(Vec<Mutex<Vec<u32>>>);

impl Ledger {
    /// An empty one.
    pub(super) fn of(writers: u32) -> Self {
        Self((0..writers).map(|_| Mutex::default()).collect())
    }

    /// The rows that a writer got acknowledged, appended.
    pub(super) fn acknowledge(&self, writer: usize, rows: &[u32]) {
        if let Some(mine) = self.0.get(writer) {
            lock(mine).extend_from_slice(rows);
        }
    }

    /// Up to `most` acknowledged rows in a row, wherever they are; none while there is none.
    pub(super) fn pick(&self, rng: &mut fastrand::Rng, most: usize) -> Vec<(u64, u32)> {
        let writer = rng.usize(..self.0.len().max(1));
        let Some(rows) = self.0.get(writer).map(lock) else { return vec![] };
        if rows.is_empty() {
            return vec![];
        }
        let from = rng.usize(..rows.len());
        let picked = rows.iter().enumerate().skip(from).take(most);
        picked.map(|(row, crc)| (id(writer, row), *crc)).collect()
    }

    /// All keys and checksums, in the order of the keys.
    pub(crate) fn rows(&self) -> Vec<(u64, u32)> {
        let of = |(writer, rows): (usize, &Mutex<Vec<u32>>)| {
            let rows = lock(rows);
            rows.iter().enumerate().map(|(row, crc)| (id(writer, row), *crc)).collect::<Vec<_>>()
        };
        self.0.iter().enumerate().flat_map(of).collect()
    }
}

/// What a client that panicked has left is whole: it appends in one step.
fn lock(rows: &Mutex<Vec<u32>>) -> MutexGuard<'_, Vec<u32>> {
    rows.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_picked_was_acknowledged() {
        let ledger = Ledger::of(2);
        let mut rng = fastrand::Rng::with_seed(1);
        assert_eq!(ledger.pick(&mut rng, 10), vec![]);
        ledger.acknowledge(0, &[5, 6]);
        ledger.acknowledge(1, &[7]);
        let all = ledger.rows();
        assert_eq!(all, [(0, 5), (1, 6), (1 << 32, 7)]);
        for _ in 0..100 {
            let picked = ledger.pick(&mut rng, 10);
            assert!(!picked.is_empty() && picked.iter().all(|row| all.contains(row)), "{picked:?}");
        }
    }
}
