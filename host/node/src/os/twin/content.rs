//! What the model's images and devices hold.

use std::path::Path;

use mooring_volume::capability::FsType;

use super::fail;
use crate::os::{Found, Kind, Result, Superblock};

/// What an image holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Blank,
    /// An mkfs was cut off.
    Partial(FsType),
    /// A finished file system of so many bytes, with its UUID.
    Finished(FsType, u64, u8),
    /// Something unknown.
    Data,
    /// Something known.
    Foreign,
    /// It can't be read.
    Unreadable,
}

pub(super) fn found(content: Content) -> Result<Found> {
    Ok(match content {
        Content::Blank => Found::Blank,
        // What each mkfs leaves when it is cut off.
        Content::Partial(FsType::Ext4) => Found::Data { offset: 4096 },
        Content::Partial(fs_type) => Found::Unfinished(fs_type),
        Content::Finished(fs_type, size, uuid) => {
            Found::FileSystem(Superblock { fs_type, uuid: [uuid; 16], size })
        }
        Content::Data => Found::Data { offset: 0 },
        Content::Foreign => Found::Foreign { what: "a LUKS header".into(), offset: 0 },
        Content::Unreadable => {
            return fail(Kind::Io, "reading", Path::new("the image"));
        }
    })
}
