//! Which file system is on a device, and whether its making was finished.
//!
//! Superblocks are read here and not by blkid, whose answer for a device that fails to read is
//! the one for a device with nothing on it. Sources: the kernel's `fs/ext4/ext4.h`,
//! `fs/xfs/libxfs/xfs_format.h` and `include/uapi/linux/btrfs_tree.h`.

mod btrfs;
mod ext;
mod xfs;

use std::fmt;
use std::io;

use super::BlockRead;
use super::pages::{PAGE, Pages};
use super::signature;

/// The file systems that are recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "file systems by their kernel names")]
pub enum Kind {
    Ext2,
    Ext3,
    Ext4,
    Xfs,
    Btrfs,
}

impl Kind {
    /// The kernel's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ext2 => "ext2",
            Self::Ext3 => "ext3",
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a superblock can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was made to the end. It may still need its log replayed, which mounting does.
    Finished,
    /// mkfs began and did not end; it was never mounted.
    Unfinished,
    /// Its checksum is wrong, or its numbers make no sense. Nothing may be concluded from it but
    /// that the device is not blank.
    Damaged,
}

/// A file system as its superblock tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSystem {
    /// Which one.
    pub kind: Kind,
    /// Its UUID, as stored.
    pub uuid: [u8; 16],
    /// Bytes that it spans; a larger device leaves room to grow.
    pub size: u64,
    /// Bytes.
    pub block_size: u32,
    /// How far to trust the rest.
    pub state: State,
}

impl FileSystem {
    /// The UUID in the usual form, lower case.
    #[must_use]
    pub fn uuid_text(&self) -> String {
        let mut text = String::with_capacity(36);
        for (n, byte) in self.uuid.iter().enumerate() {
            if matches!(n, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            text.push_str(&format!("{byte:02x}"));
        }
        text
    }
}

/// The answer of [`probe`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnDevice {
    /// None of the file systems known here. That is no proof of blankness: see
    /// [`super::prove_blank`].
    NoKnownFileSystem,
    /// This one, and nothing that would contradict it.
    FileSystem(FileSystem),
}

/// Why it can't be told.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// A read failed or came short.
    #[error("the device cannot be read at byte {offset}, so its file system is not known")]
    Unreadable {
        /// Where the failed read started.
        offset: u64,
        /// What the device answered.
        source: io::Error,
    },
    /// Two formats claim the device; mounting it as either may destroy the other.
    #[error(
        "the device carries both {first} and {second}, so it is neither mounted nor formatted; \
         erase the one that is stale with wipefs"
    )]
    Ambiguous {
        /// One claimant.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
}

/// Reads the superblocks at the places where each file system keeps its first.
///
/// # Errors
/// Unreadable, or more than one answer. A read error is never "nothing there".
pub fn probe<D: BlockRead>(device: &D) -> Result<OnDevice, ProbeError> {
    let Some(first) = superblocks(device)? else { return Ok(OnDevice::NoKnownFileSystem) };
    // A RAID member or an encrypted device can show the file system that is inside or was there
    // before; mounting it past its owner would split the two apart.
    let owner = signature::recognise(device, |signature| signature.owns_device)
        .map_err(|source| ProbeError::Unreadable { offset: 0, source })?;
    match owner {
        Some(owner) => {
            let (first, second) = (first.kind.as_str(), owner.signature.name);
            Err(ProbeError::Ambiguous { first, second })
        }
        None => Ok(OnDevice::FileSystem(first)),
    }
}

/// The one file system whose superblock is in the first place for it. Who may own the device besides is not
/// looked for.
///
/// # Errors
/// As [`probe`].
pub fn superblocks<D: BlockRead>(device: &D) -> Result<Option<FileSystem>, ProbeError> {
    let mut pages = Pages::new();
    let mut read = |offset: u64| {
        pages
            .read(device, offset, 2 * PAGE)
            .map(<[u8]>::to_vec)
            .map_err(|source| ProbeError::Unreadable { offset, source })
    };
    let head = read(0)?;
    let middle = read(btrfs::OFFSET)?;
    let mut found =
        [ext::parse(&head), xfs::parse(&head), btrfs::parse(&middle)].into_iter().flatten();
    match (found.next(), found.next()) {
        (Some(first), Some(second)) => {
            let (first, second) = (first.kind.as_str(), second.kind.as_str());
            Err(ProbeError::Ambiguous { first, second })
        }
        (first, _) => Ok(first),
    }
}

#[cfg(test)]
mod tests;
