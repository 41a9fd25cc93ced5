//! What a device or image holds, as the node's logic wants to know it.

use mooring_volume::capability::FsType;

use crate::filesystem::{
    self, BlockRead, FileSystem, NotBlank, OnDevice, ProbeError, State, prove_blank,
};
use crate::os::{Error, Found, Kind, Result, Superblock};

/// Reads superblocks and, where there are none, everything that `prove_blank` reads.
pub(super) fn examine<D: BlockRead>(
    device: &D,
    doing: &'static str,
    object: &str,
) -> Result<Found> {
    match file_system(device, doing, object)? {
        Some(found) => Ok(found),
        None => blank(device, doing, object),
    }
}

/// Reads superblocks; none where there are none, which is no proof of blankness.
pub(super) fn file_system<D: BlockRead>(
    device: &D,
    doing: &'static str,
    object: &str,
) -> Result<Option<Found>> {
    match filesystem::probe(device) {
        Ok(OnDevice::FileSystem(found)) => Ok(Some(served(found))),
        Ok(OnDevice::NoKnownFileSystem) => Ok(None),
        Err(ProbeError::Ambiguous { first, second }) => {
            Ok(Some(Found::Foreign { what: format!("{first}, and also {second}"), offset: 0 }))
        }
        Err(ProbeError::Unreadable { offset, source }) => {
            Err(unreadable(doing, object, offset, &source))
        }
    }
}

/// Whether the superblocks are those of a whole file system of this type.
pub(super) fn holds<D: BlockRead>(
    device: &D,
    fs_type: FsType,
    doing: &'static str,
    object: &str,
) -> Result<bool> {
    match filesystem::superblocks(device) {
        Ok(found) => Ok(matches!(
            found.map(served),
            Some(Found::FileSystem(superblock)) if superblock.fs_type == fs_type
        )),
        Err(ProbeError::Ambiguous { .. }) => Ok(false),
        Err(ProbeError::Unreadable { offset, source }) => {
            Err(unreadable(doing, object, offset, &source))
        }
    }
}

fn served(found: FileSystem) -> Found {
    let fs_type = match found.kind {
        filesystem::Kind::Ext4 => FsType::Ext4,
        filesystem::Kind::Xfs => FsType::Xfs,
        filesystem::Kind::Btrfs => FsType::Btrfs,
        filesystem::Kind::Ext2 | filesystem::Kind::Ext3 => {
            return Found::Foreign { what: found.kind.to_string(), offset: 0 };
        }
    };
    match found.state {
        State::Finished => {
            Found::FileSystem(Superblock { fs_type, uuid: found.uuid, size: found.size })
        }
        State::Unfinished => Found::Unfinished(fs_type),
        State::Damaged => {
            Found::Foreign { what: format!("{fs_type}, its superblock damaged"), offset: 0 }
        }
    }
}

fn blank<D: BlockRead>(device: &D, doing: &'static str, object: &str) -> Result<Found> {
    match prove_blank(device) {
        Ok(_proof) => Ok(Found::Blank),
        Err(NotBlank::Found { offset, what: Some(what) }) => {
            Ok(Found::Foreign { what: what.to_owned(), offset })
        }
        Err(NotBlank::Found { offset, what: None }) => Ok(Found::Data { offset }),
        Err(NotBlank::Empty) => {
            Err(Error::new(Kind::Io, doing, object, "its size is 0 bytes, so it is not ready"))
        }
        Err(NotBlank::Unreadable { offset, source }) => {
            Err(unreadable(doing, object, offset, &source))
        }
    }
}

fn unreadable(doing: &'static str, object: &str, offset: u64, source: &std::io::Error) -> Error {
    let detail = format!("it cannot be read at byte {offset} ({source}); unreadable is not blank");
    Error::new(Kind::Io, doing, object, detail)
}
