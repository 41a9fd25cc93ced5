//! How rows are named, so that no driver's keys can be another's.
//!
//! ```text
//! 's' driver key             an entry of `mooring:host/state`
//! 'i' driver pool name       an item of a pool
//! 't' driver pool name no    something of a former item that is to be deleted
//! 'c' driver pool name       an item whose bytes are being copied
//! 'g' driver no              images that are being cloned at one point in time
//! 'v' driver                 the schema that its state has
//! ```
//! Driver, pool and name are written as their length (2 bytes, big-endian) and their bytes; the
//! number has 8 bytes, big-endian. No such beginning is the beginning of another.

use mooring_volume::DriverName;

use crate::StorageError;

/// The kinds of row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key {
    State,
    Item,
    Tombstone,
    Copy,
    Group,
    Schema,
}

impl Key {
    /// What the keys of this kind of a driver begin with.
    pub(crate) fn of(self, driver: &DriverName) -> Vec<u8> {
        let kind = match self {
            Self::State => b's',
            Self::Item => b'i',
            Self::Tombstone => b't',
            Self::Copy => b'c',
            Self::Group => b'g',
            Self::Schema => b'v',
        };
        part(vec![kind], driver.as_str())
    }

    /// What the keys of this kind in a pool begin with.
    pub(crate) fn of_pool(self, driver: &DriverName, pool: &str) -> Vec<u8> {
        part(self.of(driver), pool)
    }

    /// What the keys of this kind of an item begin with; of an item itself, it is the key.
    pub(crate) fn of_item(self, driver: &DriverName, pool: &str, name: &str) -> Vec<u8> {
        part(self.of_pool(driver, pool), name)
    }
}

/// Adds a part with its length. Longer ones than 64 KiB do not come: they are names of pools and
/// items, checked before or of the operator's configuration.
pub(crate) fn part(mut key: Vec<u8>, text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    key.extend_from_slice(&length.to_be_bytes());
    key.extend_from_slice(text.as_bytes());
    key
}

/// Takes a part off the front.
pub(crate) fn take(key: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = key.split_first_chunk()?;
    let (part, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((std::str::from_utf8(part).ok()?, rest))
}

/// Lengths as the quota counts them.
pub(crate) fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A row that this program cannot have written.
pub(crate) fn damaged(row: &[u8]) -> StorageError {
    StorageError(format!("a row of {} bytes makes no sense; restore a copy of it", row.len()))
}
