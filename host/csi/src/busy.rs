//! One operation a volume, a snapshot or a group at a time: who is at work on what.
//!
//! CSI: "operation pending for volume" is ABORTED, and the caller tries again. So a second caller is turned
//! away at once and never queued, and no two operations can wait for one another.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use mooring_volume::id::{GroupSnapshotId, GroupSnapshotName, SnapshotId, SnapshotName};
use mooring_volume::{Error, Result, VolumeId, VolumeName};

/// What an operation holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A volume to be made, of which no id is known yet.
    Name(VolumeName),
    /// A volume.
    Volume(VolumeId),
    /// A snapshot to be taken.
    SnapshotName(SnapshotName),
    /// A snapshot.
    Snapshot(SnapshotId),
    /// A group of snapshots to be taken.
    GroupName(GroupSnapshotName),
    /// A group of snapshots.
    Group(GroupSnapshotId),
    /// A staging or target path: two volumes must not be put there at once.
    Path(PathBuf),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "the volume named {:?}", name.as_str()),
            Self::Volume(id) => write!(f, "volume {:?}", id.as_str()),
            Self::SnapshotName(name) => write!(f, "the snapshot named {:?}", name.as_str()),
            Self::Snapshot(id) => write!(f, "snapshot {:?}", id.as_str()),
            Self::GroupName(name) => write!(f, "the group snapshot named {:?}", name.as_str()),
            Self::Group(id) => write!(f, "group snapshot {:?}", id.as_str()),
            Self::Path(path) => write!(f, "the path {path:?}"),
        }
    }
}

/// How an operation holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Alone.
    Alone,
    /// With others that only read it, such as several clones of one source.
    Shared,
}

/// How many hold a key, and how.
#[derive(Debug)]
enum Holders {
    One,
    Readers(usize),
}

/// The keys that operations of one driver hold in this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Busy(Arc<Mutex<HashMap<Key, Holders>>>);

impl Busy {
    /// Holds every key until the answer is dropped, or none.
    ///
    /// # Errors
    /// `Aborted`, naming the first key that another operation holds.
    pub(crate) fn hold(&self, keys: impl IntoIterator<Item = (Key, Mode)>) -> Result<Held> {
        let mut held = Held { busy: self.clone(), keys: Vec::new() };
        for (key, mode) in keys {
            self.take(&key, mode)?;
            held.keys.push(key);
        }
        Ok(held)
    }

    fn take(&self, key: &Key, mode: Mode) -> Result<()> {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (map.get_mut(key), mode) {
            (None, Mode::Alone) => drop(map.insert(key.clone(), Holders::One)),
            (None, Mode::Shared) => drop(map.insert(key.clone(), Holders::Readers(1))),
            (Some(Holders::Readers(count)), Mode::Shared) => *count += 1,
            (Some(Holders::One), _) | (Some(Holders::Readers(_)), Mode::Alone) => {
                return Err(Error::aborted(format!(
                    "an operation for {key} is pending; try again when it has ended"
                )));
            }
        }
        Ok(())
    }

    fn release(&self, key: Key) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut taken) = map.entry(key) {
            match taken.get_mut() {
                Holders::Readers(count) if *count > 1 => *count -= 1,
                Holders::Readers(_) | Holders::One => drop(taken.remove()),
            }
        }
    }
}

/// Keys that are held; dropping it, on return, cancellation or panic, lets them go.
#[derive(Debug)]
#[must_use = "dropping it lets the keys go"]
pub(crate) struct Held {
    busy: Busy,
    keys: Vec<Key>,
}

impl Drop for Held {
    fn drop(&mut self) {
        for key in self.keys.drain(..) {
            self.busy.release(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mooring_volume::Code;

    fn volume(id: &str) -> Key {
        Key::Volume(VolumeId::new(id).unwrap())
    }

    #[test]
    fn the_second_is_turned_away_until_the_first_has_ended() {
        let busy = Busy::default();
        let first = busy.hold([(volume("a"), Mode::Alone)]).unwrap();
        let refused = busy.hold([(volume("a"), Mode::Alone)]).unwrap_err();
        assert_eq!(refused.code, Code::Aborted);
        assert!(refused.message.starts_with("an operation for volume \"a\" is pending"));
        let other = busy.hold([(volume("b"), Mode::Alone)]);
        assert!(other.is_ok());
        drop(first);
        assert!(busy.hold([(volume("a"), Mode::Alone)]).is_ok());
    }

    #[test]
    fn readers_share_and_keep_others_out_until_the_last_is_gone() {
        let busy = Busy::default();
        let read = || busy.hold([(volume("a"), Mode::Shared)]);
        let (first, second) = (read().unwrap(), read().unwrap());
        drop(first);
        assert!(busy.hold([(volume("a"), Mode::Alone)]).is_err());
        drop(second);
        let alone = busy.hold([(volume("a"), Mode::Alone)]).unwrap();
        assert!(read().is_err());
        drop(alone);
        assert!(busy.0.lock().unwrap().is_empty());
    }

    #[test]
    fn all_or_none() {
        let busy = Busy::default();
        let _b = busy.hold([(volume("b"), Mode::Alone)]).unwrap();
        assert!(busy.hold([(volume("a"), Mode::Alone), (volume("b"), Mode::Alone)]).is_err());
        assert!(busy.hold([(volume("a"), Mode::Alone)]).is_ok(), "a is free again");
    }

    #[test]
    fn names_and_ids_are_apart() {
        let busy = Busy::default();
        let _name = busy.hold([(Key::Name(VolumeName::new("a").unwrap()), Mode::Alone)]).unwrap();
        assert!(busy.hold([(volume("a"), Mode::Alone)]).is_ok());
    }
}
