//! Whether an image may be formatted, and what is mounted otherwise. The rules that guard data.
//!
//! Invariant: `Formatting::New` comes out only for a volume that its backend calls blank *and*
//! that reads back blank, and `Formatting::Again` only where this node's own record says that its
//! mkfs was cut off on this very file or device and nothing finished or foreign is there.

use mooring_volume::attachment::Content;
use mooring_volume::capability::FsType;
use mooring_volume::{Code, Error, Result};

use crate::os::Found;
use crate::record::{Format, Medium, Progress, Stored};

/// A file system that is this much smaller than its device is grown. Less is what rounding to
/// blocks, groups and sectors may leave over.
const ROOM: u64 = 1024 * 1024;

/// Whether a file system leaves enough of its device unused to be grown.
pub(crate) fn has_room(filesystem: u64, device: u64) -> bool {
    device.saturating_sub(filesystem) >= ROOM
}

/// What is known of a volume's content from all sides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence<'a> {
    /// What was read of it.
    pub(super) found: &'a Found,
    /// What its backend says that it held at first.
    pub(super) content: Content,
    /// What this node remembers.
    pub(super) stored: &'a Stored,
    /// Which image or device it is.
    pub(super) medium: &'a Medium,
    /// Asked for; none: whatever is there, else the operator's default.
    pub(super) wanted: Option<FsType>,
    /// The operator's default (`filesystem` of the driver).
    pub(super) default: FsType,
    /// Whether it may not be written.
    pub(super) readonly: bool,
}

/// What is to be done before mounting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Formatting {
    /// A finished file system of so many bytes is there.
    Done(FsType, u64),
    /// There is nothing: mkfs.
    New(FsType),
    /// There are remains of this node's own mkfs: once more.
    Again(FsType),
}

/// Decides.
///
/// # Errors
/// `FailedPrecondition` for whatever must not be formatted and can't be mounted, saying what was
/// found and what an operator can do; `DataLoss` where a formatted volume reads blank.
pub(super) fn decide(evidence: Evidence<'_>) -> Result<Formatting> {
    match evidence.found {
        Found::FileSystem(superblock) => match evidence.wanted {
            Some(wanted) if wanted != superblock.fs_type => Err(Error::precondition(format!(
                "the volume holds {}, and {wanted} was asked for; ask for {0} or for no fs_type, \
                 or make a new volume: one with a file system is never formatted",
                superblock.fs_type
            ))),
            Some(_) | None => Ok(Formatting::Done(superblock.fs_type, superblock.size)),
        },
        Found::Blank => blank(evidence),
        Found::Unfinished(fs_type) => remains(evidence, &format!("an unfinished {fs_type}"), None),
        Found::Data { offset } => remains(evidence, "data of an unknown kind", Some(*offset)),
        Found::Foreign { what, offset } => Err(holds(what, Some(*offset))),
    }
}

fn own(evidence: Evidence<'_>) -> Option<&Format> {
    evidence.stored.format().filter(|format| format.medium == *evidence.medium)
}

fn blank(evidence: Evidence<'_>) -> Result<Formatting> {
    if let Stored::Unreadable(why) = evidence.stored {
        return Err(Error::precondition(format!(
            "the volume reads blank, and the node's record of it can't be trusted ({why}), so it \
             is not formatted; unstage the volume, which removes that record, and stage it again"
        )));
    }
    match own(evidence).map(|format| format.progress) {
        Some(Progress::Formatted) => Err(Error::new(
            Code::DataLoss,
            "this node formatted the volume, and now it reads blank: its content is lost or other \
             storage was put in its place; it is not formatted again. Find out what happened to \
             it; to start anew, delete the volume and make a new one",
        )),
        Some(Progress::Formatting) => may_format(evidence).map(Formatting::Again),
        None => may_format(evidence).map(Formatting::New),
    }
}

/// Where no file system is asked for it is the operator's default.
fn may_format(evidence: Evidence<'_>) -> Result<FsType> {
    match evidence.content {
        Content::Blank => {}
        Content::Copied => {
            return Err(Error::precondition(
                "the volume reads blank, but it was made from a snapshot or another volume, which \
                 is never formatted: find out whether its source was empty, too, and whether the \
                 copy is whole; an operator who knows that it is empty can make a file system on \
                 it by hand",
            ));
        }
        Content::Unknown => {
            return Err(Error::precondition(
                "the volume reads blank where it was looked at, but its backend does not know what \
                 it held at first, so it is not formatted; an operator who knows that it is empty \
                 can make a file system on it by hand",
            ));
        }
    }
    if evidence.readonly {
        return Err(Error::precondition(
            "the volume is blank and was asked for read-only, so there is nothing to mount and \
             it is not formatted; use it once read-write",
        ));
    }
    Ok(evidence.wanted.unwrap_or(evidence.default))
}

fn remains(evidence: Evidence<'_>, what: &str, offset: Option<u64>) -> Result<Formatting> {
    match own(evidence) {
        Some(Format { fs_type, progress: Progress::Formatting, .. }) => {
            may_format(Evidence { wanted: evidence.wanted.or(Some(*fs_type)), ..evidence })
                .map(Formatting::Again)
        }
        Some(Format { progress: Progress::Formatted, .. }) | None => Err(holds(what, offset)),
    }
}

pub(super) fn holds(what: &str, offset: Option<u64>) -> Error {
    let place = offset.map(|at| format!(" at byte {at}")).unwrap_or_default();
    Error::precondition(format!(
        "the volume holds {what}{place}, which is no file system that can be mounted here, and it \
         is never formatted over; look at it with `wipefs` and `hexdump`; an operator who knows that \
         it is of no worth can erase it with `wipefs --all` and `blkdiscard --zeroout`, or delete \
         the volume"
    ))
}

/// What the device, read again through the descriptor that mkfs gets, must hold.
///
/// # Errors
/// As [`decide`]: whatever is there now was not there a moment ago.
pub(crate) fn prove(found: &Found, own_remains: bool) -> Result<()> {
    match found {
        Found::Blank => Ok(()),
        Found::Unfinished(_) | Found::Data { .. } if own_remains => Ok(()),
        Found::Unfinished(fs_type) => Err(holds(&format!("an unfinished {fs_type}"), None)),
        Found::Data { offset } => Err(holds("data of an unknown kind", Some(*offset))),
        Found::Foreign { what, offset } => Err(holds(what, Some(*offset))),
        Found::FileSystem(superblock) => Err(Error::aborted(format!(
            "the volume holds {} by now, which was not there a moment ago; nothing was formatted",
            superblock.fs_type
        ))),
    }
}
