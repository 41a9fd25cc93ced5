//! The rows of items and tombstones, and what they mean.

use mooring_volume::DriverName;
use mooring_volume::pool::ItemKind;

use crate::engine::{Draft, Engine};
use crate::key::{self, Key};
use crate::{ENTRY_COST, StorageError};

/// How far an item's file is. The drawing is in the parent module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Promised,
    Making,
    Cloning,
    Present,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) kind: ItemKind,
    pub(super) state: State,
    /// Bytes; 0 for directories.
    pub(super) size: u64,
    /// Which item of this name it is: names the work file.
    pub(super) serial: u64,
    /// The image that it was cloned from.
    pub(super) origin: Option<String>,
}

/// A file or directory that is to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tombstone {
    pub(super) pool: String,
    pub(super) name: String,
    pub(super) serial: u64,
    pub(super) kind: ItemKind,
    /// It is in the work folder for sure, or gone: what has the item's name now is another's.
    pub(super) displaced: bool,
}

/// Copying that is under way: a row beside that of the item, which is Cloning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copying {
    /// That of the item.
    pub(super) serial: u64,
    pub(super) moment: Moment,
    /// The image that is copied.
    pub(super) source: String,
}

/// When the file of an image was last changed, in seconds and nanoseconds (the inode's ctime,
/// which every write sets and nothing sets back). A copy is that of one moment where it is the
/// same before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub(super) i64, pub(super) u64);

/// First byte of every row, raised when its meaning changes.
const FORMAT: u8 = 1;

const KINDS: [(u8, ItemKind); 2] = [(b'i', ItemKind::Image), (b'd', ItemKind::Directory)];
const STATES: [(u8, State); 4] = [
    (b'p', State::Promised),
    (b'm', State::Making),
    (b'c', State::Cloning),
    (b'f', State::Present),
];

impl Record {
    /// FORMAT, kind, state, size, serial (both little-endian), origin.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut row = vec![FORMAT, code(&KINDS, self.kind), code(&STATES, self.state)];
        row.extend_from_slice(&self.size.to_le_bytes());
        row.extend_from_slice(&self.serial.to_le_bytes());
        row.extend_from_slice(self.origin.as_deref().unwrap_or_default().as_bytes());
        row
    }

    pub(super) fn decode(row: &[u8]) -> Result<Self, StorageError> {
        Self::parse(row).ok_or_else(|| key::damaged(row))
    }

    fn parse(row: &[u8]) -> Option<Self> {
        let ([FORMAT, kind, state], rest) = row.split_first_chunk()? else { return None };
        let (size, rest) = rest.split_first_chunk()?;
        let (serial, origin) = rest.split_first_chunk()?;
        let origin = std::str::from_utf8(origin).ok()?;
        Some(Self {
            kind: meaning(&KINDS, *kind)?,
            state: meaning(&STATES, *state)?,
            size: u64::from_le_bytes(*size),
            serial: u64::from_le_bytes(*serial),
            origin: (!origin.is_empty()).then(|| origin.to_owned()),
        })
    }

    /// What it takes of the quota.
    pub(super) fn cost(&self, pool: &str, name: &str) -> u64 {
        ENTRY_COST + key::bytes(pool.len() + name.len()) + key::bytes(self.encode().len())
    }
}

impl Tombstone {
    /// FORMAT, kind, whether it is displaced; the rest is in the key.
    pub(super) fn encode(&self) -> Vec<u8> {
        vec![FORMAT, code(&KINDS, self.kind), u8::from(self.displaced)]
    }

    /// `rest` is the key without what all keys of the driver begin with.
    pub(super) fn decode(rest: &[u8], row: &[u8]) -> Result<Self, StorageError> {
        Self::parse(rest, row).ok_or_else(|| key::damaged(row))
    }

    fn parse(rest: &[u8], row: &[u8]) -> Option<Self> {
        let (pool, rest) = key::take(rest)?;
        let (name, rest) = key::take(rest)?;
        let [FORMAT, kind, displaced] = row else { return None };
        Some(Self {
            pool: pool.to_owned(),
            name: name.to_owned(),
            serial: u64::from_be_bytes(rest.try_into().ok()?),
            kind: meaning(&KINDS, *kind)?,
            displaced: *displaced != 0,
        })
    }

    /// Reads the one part of the row that changes.
    pub(super) fn is_displaced(row: &[u8]) -> bool {
        row.last() == Some(&1)
    }

    pub(super) fn key(&self, driver: &DriverName) -> Vec<u8> {
        let mut key = Key::Tombstone.of_item(driver, &self.pool, &self.name);
        key.extend_from_slice(&self.serial.to_be_bytes());
        key
    }
}

impl Copying {
    /// FORMAT, serial, moment (all little-endian), source.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut row = vec![FORMAT];
        row.extend_from_slice(&self.serial.to_le_bytes());
        row.extend_from_slice(&self.moment.0.to_le_bytes());
        row.extend_from_slice(&self.moment.1.to_le_bytes());
        row.extend_from_slice(self.source.as_bytes());
        row
    }

    pub(super) fn decode(row: &[u8]) -> Result<Self, StorageError> {
        Self::parse(row).ok_or_else(|| key::damaged(row))
    }

    fn parse(row: &[u8]) -> Option<Self> {
        let ([FORMAT], rest) = row.split_first_chunk()? else { return None };
        let (serial, rest) = rest.split_first_chunk()?;
        let (seconds, rest) = rest.split_first_chunk()?;
        let (nanoseconds, source) = rest.split_first_chunk()?;
        Some(Self {
            serial: u64::from_le_bytes(*serial),
            moment: Moment(i64::from_le_bytes(*seconds), u64::from_le_bytes(*nanoseconds)),
            source: std::str::from_utf8(source).ok()?.to_owned(),
        })
    }
}

/// The copies under way to a pool, with the names of their targets; or those to all pools.
pub(super) fn copies(
    engine: &Engine,
    driver: &DriverName,
    pool: Option<&str>,
) -> Result<Vec<(String, String, Copying)>, StorageError> {
    let scope = Key::Copy.of(driver);
    let prefix = pool.map_or_else(|| scope.clone(), |pool| Key::Copy.of_pool(driver, pool));
    let mut found = Vec::new();
    engine.each(&prefix, |key, row| {
        let names = || {
            let (pool, rest) = key::take(key.get(scope.len()..)?)?;
            Some((pool.to_owned(), key::take(rest)?.0.to_owned()))
        };
        let names = names().ok_or_else(|| key::damaged(key));
        found.push(names.and_then(|(pool, name)| Ok((pool, name, Copying::decode(row)?))));
    })?;
    found.into_iter().collect()
}

/// The tombstones of a driver, or of one name in one of its pools.
pub(super) fn tombstones(
    engine: &Engine,
    driver: &DriverName,
    item: Option<(&str, &str)>,
) -> Result<Vec<Tombstone>, StorageError> {
    let scope = Key::Tombstone.of(driver);
    let prefix = match item {
        Some((pool, name)) => Key::Tombstone.of_item(driver, pool, name),
        None => scope.clone(),
    };
    let mut found = Vec::new();
    engine.each(&prefix, |key, row| {
        found.push(Tombstone::decode(key.get(scope.len()..).unwrap_or_default(), row));
    })?;
    found.into_iter().collect()
}

/// Reads an item's record within a write.
pub(super) fn read(draft: &Draft<'_>, key: &[u8]) -> Result<Option<Record>, StorageError> {
    draft.get(key)?.map(|row| Record::decode(&row)).transpose()
}

/// Bytes of the driver's pool records, as the quota counts them.
pub(crate) fn bytes_used(engine: &Engine, driver: &DriverName) -> Result<u64, StorageError> {
    let scope = Key::Item.of(driver);
    let mut used = 0_u64;
    engine.each(&scope, |key, row| {
        // Without the lengths of its two parts, as `Record::cost` has it.
        let names = key.len().saturating_sub(scope.len() + 2 * size_of::<u16>());
        used = used.saturating_add(ENTRY_COST).saturating_add(key::bytes(names + row.len()));
    })?;
    Ok(used)
}

/// The letter of a meaning. Every meaning has one: the tables are tested to be whole.
fn code<T: Copy + PartialEq>(table: &[(u8, T)], wanted: T) -> u8 {
    table.iter().find(|(_, meaning)| *meaning == wanted).map_or(0, |(code, _)| *code)
}

fn meaning<T: Copy>(table: &[(u8, T)], wanted: u8) -> Option<T> {
    table.iter().find(|(code, _)| *code == wanted).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_back_as_written() {
        for kind in [ItemKind::Image, ItemKind::Directory] {
            for state in [State::Promised, State::Making, State::Cloning, State::Present] {
                for origin in [None, Some("a".to_owned())] {
                    let record = Record { kind, state, size: u64::MAX - 1, serial: 7, origin };
                    assert_eq!(Record::decode(&record.encode()), Ok(record));
                }
            }
        }
    }

    #[test]
    fn tombstones_read_back_as_written() {
        let driver = DriverName::new("a.example").unwrap();
        for kind in [ItemKind::Image, ItemKind::Directory] {
            for displaced in [false, true] {
                let name = "n".to_owned();
                let stone = Tombstone { pool: "p".into(), name, serial: 9, kind, displaced };
                let key = stone.key(&driver);
                let rest = &key[Key::Tombstone.of(&driver).len()..];
                assert_eq!(Tombstone::decode(rest, &stone.encode()), Ok(stone));
            }
        }
    }

    #[test]
    fn copies_read_back_as_written() {
        let (source, moment) = ("s".to_owned(), Moment(-5, 999_999_999));
        let copying = Copying { serial: 7, moment, source };
        assert_eq!(Copying::decode(&copying.encode()), Ok(copying));
    }

    #[test]
    fn a_damaged_row_is_an_error() {
        for row in [&b""[..], b"\x01", b"\x01ip", b"\x02ip12345678", &[0; 40], &[255; 40]] {
            assert!(Record::decode(row).is_err(), "{row:?}");
            assert!(Tombstone::decode(row, row).is_err(), "{row:?}");
            assert!(Copying::decode(row).is_err(), "{row:?}");
        }
    }
}
