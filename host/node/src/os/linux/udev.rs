//! What udev found out of a block device, as it keeps it below /run/udev/data: the one who knows of
//! devices that say nothing in sysfs.
//!
//! An entry is by the device's number, and udev writes it when it gets to it: one may still be there
//! of a disk that had the number before.
//!
//! Source: systemd `src/libsystemd/sd-device/device-private.c`, "device_update_db".

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use super::errno::io_failed;
use crate::os::{Disk, Result};

/// As lsblk(8) takes them (util-linux `misc-utils/lsblk-properties.c`).
const SERIALS: [&str; 4] = ["SCSI_IDENT_SERIAL", "ID_SCSI_SERIAL", "ID_SERIAL_SHORT", "ID_SERIAL"];
const WWIDS: [&str; 3] = ["ID_WWN_WITH_EXTENSION", "ID_WWN", "DM_UUID"];

/// An entry's properties; none where there is no entry, or another disk's.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Database(BTreeMap<String, String>);

impl Database {
    /// What is said of a disk.
    ///
    /// # Errors
    /// What reading answers.
    pub(super) fn of(database: &Path, disk: &Disk) -> Result<Self> {
        let path = database.join(format!("b{}", disk.device));
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(&text, disk.sequence)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(io_failed(&error, "reading what udev knows from", path.display())),
        }
    }

    fn parse(text: &str, sequence: Option<u64>) -> Self {
        let mut properties = BTreeMap::new();
        for line in text.lines() {
            let said = match line.split_once(':') {
                Some(("E", property)) => {
                    let Some((key, value)) = property.split_once('=') else { continue };
                    properties.insert(key.to_owned(), value.to_owned());
                    (key == "DISKSEQ").then_some(value)
                }
                // A link that it made.
                Some(("S", link)) => link.strip_prefix("disk/by-diskseq/"),
                Some(_) | None => None,
            };
            // A partition's has `-part` and its number behind it.
            let said = said.and_then(|said| said.split('-').next()?.parse::<u64>().ok());
            if let (Some(said), Some(sequence)) = (said, sequence)
                && said != sequence
            {
                return Self::default();
            }
        }
        Self(properties)
    }

    /// Serial numbers.
    pub(super) fn serials(&self) -> Vec<String> {
        self.values(&SERIALS)
    }

    /// World-wide ids.
    pub(super) fn wwids(&self) -> Vec<String> {
        self.values(&WWIDS)
    }

    fn values(&self, keys: &[&str]) -> Vec<String> {
        let values = keys.iter().filter_map(|key| self.0.get(*key));
        let mut known: Vec<String> = Vec::new();
        for value in values.map(|value| value.trim()).filter(|value| !value.is_empty()) {
            if !known.iter().any(|one| one == value) {
                known.push(value.to_owned());
            }
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "S:disk/by-id/scsi-SVENDOR_1\nS:disk/by-diskseq/7\nI:12\n\
                         E:ID_SERIAL=SVENDOR_1\nE:ID_SERIAL_SHORT=1\nE:ID_WWN=0x5\n\
                         E:ID_WWN_WITH_EXTENSION=0x5\nE:ID_BUS=\nG:systemd\nnonsense\n";

    #[test]
    fn an_entry_says_a_serial_number_in_several_ways() {
        let known = Database::parse(ENTRY, Some(7));
        assert_eq!(known.serials(), ["1", "SVENDOR_1"]);
        assert_eq!(known.wwids(), ["0x5"]);
        assert_eq!(Database::parse("E:DM_UUID=LVM-x\n", None).wwids(), ["LVM-x"]);
    }

    #[test]
    fn an_entry_of_an_earlier_disk_says_nothing() {
        assert_eq!(Database::parse(ENTRY, Some(8)), Database::default());
        assert_eq!(Database::parse("E:ID_SERIAL=1\nE:DISKSEQ=9\n", Some(8)), Database::default());
        assert!(!Database::parse(ENTRY, None).serials().is_empty(), "a kernel that does not count");
    }
}
