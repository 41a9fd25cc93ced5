//! The row of a group: which images are being cloned together. It is written with the records of
//! all of them and goes in the write that makes all of them present, or deletes them all.

use mooring_volume::DriverName;

use crate::StorageError;
use crate::engine::Engine;
use crate::key::{self, Key};

/// First byte of the row, raised when its meaning changes.
const FORMAT: u8 = 1;

/// Images that become present together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) serial: u64,
    pub(super) members: Vec<Member>,
}

/// One of them, as it was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) pool: String,
    pub(super) name: String,
    /// That of its record.
    pub(super) serial: u64,
}

impl Group {
    pub(super) fn key(&self, driver: &DriverName) -> Vec<u8> {
        let mut key = Key::Group.of(driver);
        key.extend_from_slice(&self.serial.to_be_bytes());
        key
    }

    /// FORMAT; of each member serial (little-endian), pool, name.
    pub(super) fn encode(&self) -> Vec<u8> {
        self.members.iter().fold(vec![FORMAT], |mut row, member| {
            row.extend_from_slice(&member.serial.to_le_bytes());
            key::part(key::part(row, &member.pool), &member.name)
        })
    }

    /// `rest` is the key without what all keys of the driver begin with.
    pub(super) fn decode(rest: &[u8], row: &[u8]) -> Result<Self, StorageError> {
        Self::parse(rest, row).ok_or_else(|| key::damaged(row))
    }

    fn parse(rest: &[u8], row: &[u8]) -> Option<Self> {
        let serial = u64::from_be_bytes(rest.try_into().ok()?);
        let ([FORMAT], mut row) = row.split_first_chunk()? else { return None };
        let mut members = Vec::new();
        while !row.is_empty() {
            let (serial, rest) = row.split_first_chunk()?;
            let (pool, rest) = key::take(rest)?;
            let (name, rest) = key::take(rest)?;
            let serial = u64::from_le_bytes(*serial);
            members.push(Member { pool: pool.to_owned(), name: name.to_owned(), serial });
            row = rest;
        }
        Some(Self { serial, members })
    }

    pub(super) fn has(&self, pool: &str, name: &str, serial: u64) -> bool {
        let is =
            |member: &Member| member.serial == serial && member.pool == pool && member.name == name;
        self.members.iter().any(is)
    }
}

/// The groups of a driver that are being cloned, or were when the process ended.
pub(super) fn groups(engine: &Engine, driver: &DriverName) -> Result<Vec<Group>, StorageError> {
    let scope = Key::Group.of(driver);
    let mut found = Vec::new();
    engine.each(&scope, |key, row| {
        found.push(Group::decode(key.get(scope.len()..).unwrap_or_default(), row));
    })?;
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_read_back_as_written() {
        let driver = DriverName::new("a.example").unwrap();
        let member = |name: &str, serial| Member { pool: "p".into(), name: name.into(), serial };
        for members in [vec![], vec![member("a", 1)], vec![member("a", 1), member("b", u64::MAX)]] {
            let group = Group { serial: 9, members };
            let key = group.key(&driver);
            let rest = &key[Key::Group.of(&driver).len()..];
            assert_eq!(Group::decode(rest, &group.encode()), Ok(group));
        }
    }

    #[test]
    fn a_damaged_row_is_an_error() {
        for row in [&b""[..], b"\x02", b"\x011234567", b"\x0112345678\0\x01p\0", &[255; 40]] {
            assert!(Group::decode(&[0; 8], row).is_err(), "{row:?}");
        }
        assert!(Group::decode(b"short", &[FORMAT]).is_err());
    }
}
