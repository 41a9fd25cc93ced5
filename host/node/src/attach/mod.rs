//! From what a backend says to what is on this node: one file a kind of attachment.
//!
//! A kind says how its thing is found and opened (`locate`, `look`); what is done with it then is
//! the same for all and stands in `steps`.

mod block_device;
mod directory;
mod image_file;
mod kata_direct;

use std::path::PathBuf;

use mooring_volume::attachment::{Attachment, AttachmentKind, BlockDevice};
use mooring_volume::capability::FsType;
use mooring_volume::policy::Grants;
use mooring_volume::{DriverName, Error, Result};

use crate::mount::Stack;
use crate::os::{Kind, Machine};
use crate::seen::{Seen, SourceSeen};

pub(crate) use block_device::{claim, unused};
pub use kata_direct::KataPaths;
pub(crate) use kata_direct::{Direct, DirectPlace, Directs, MountInfo, Ready, ready};

/// Where an attachment is to be found on this node.
#[derive(Debug, Clone)]
pub(crate) enum Located {
    /// An image of a pool.
    Image(PoolPath),
    /// A directory of a pool.
    Directory(PoolPath),
    /// A device of the node's own.
    Device(BlockDevice),
    /// A device that a sandbox mounts.
    Direct(DirectPlace),
}

/// A path below a pool's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PoolPath {
    /// The pool's directory, as the operator wrote it.
    pub(crate) root: PathBuf,
    /// The item's path below it.
    pub(crate) below: PathBuf,
}

/// What was found there, and its descriptor.
#[derive(Debug)]
pub(crate) struct Looked<H> {
    /// As data.
    pub(crate) seen: SourceSeen,
    /// Open, and locked where it is not attached yet; none of a device that is there by itself.
    pub(crate) handle: Option<H>,
}

/// How a volume will be used, as far as looking at it goes.
#[derive(Debug, Clone)]
pub(crate) struct Purpose {
    /// Whether a file system on it matters.
    pub(crate) mount: bool,
    /// Where it will be, or is, staged.
    pub(crate) staging: PathBuf,
}

/// Checks an attachment against the grants and says where it is.
///
/// # Errors
/// `PermissionDenied`, naming the grant; `Unimplemented` for kinds that this version does not
/// carry out.
pub(crate) fn locate(
    driver: &DriverName,
    grants: &Grants,
    attachment: &Attachment,
) -> Result<Located> {
    grants.check(attachment)?;
    match attachment {
        Attachment::ImageFile(item) => image_file::locate(driver, grants, item).map(Located::Image),
        Attachment::Directory(item) => {
            directory::locate(driver, grants, item).map(Located::Directory)
        }
        Attachment::KataDirect(direct) => {
            kata_direct::locate(driver, grants, direct).map(Located::Direct)
        }
        Attachment::BlockDevice(device) => block_device::locate(device).map(Located::Device),
        Attachment::Iscsi(_)
        | Attachment::NvmeOf(_)
        | Attachment::FibreChannel(_)
        | Attachment::Nfs(_)
        | Attachment::Smb(_)
        | Attachment::Rbd(_)
        | Attachment::Cephfs(_)
        | Attachment::Fuse(_)
        | Attachment::MountedDirectory(_)
        | Attachment::External(_) => Err(not_carried_out(attachment.kind())),
    }
}

fn not_carried_out(kind: AttachmentKind) -> Error {
    Error::unimplemented(format!(
        "the backend describes an attachment of kind {kind}, which this version of the node does \
         not carry out; image-file, directory, block-device and kata-direct are"
    ))
}

/// Opens and reads what is there.
///
/// # Errors
/// `NotFound` where there is nothing, `FailedPrecondition` for what is in the way.
pub(crate) fn look<M: Machine>(
    os: &M,
    located: &Located,
    seen: &Seen,
    purpose: &Purpose,
) -> Result<Looked<M::Handle>> {
    match located {
        Located::Image(path) => image_file::look(os, path, seen, purpose),
        Located::Directory(path) => directory::look(os, path, seen),
        Located::Device(wanted) => block_device::look(os, wanted, seen, purpose),
        Located::Direct(place) => kata_direct::look(os, place, seen, purpose),
    }
}

/// How large the volume's file system is that is mounted where it is staged, if it grows mounted.
/// The outer none: nothing of the volume is mounted there.
fn mounted_size<M: Machine>(os: &M, seen: &Seen, purpose: &Purpose) -> Result<Option<Option<u64>>> {
    let mounted = Stack::at(&seen.mounts, &purpose.staging);
    let Some(top) = mounted.top().filter(|top| seen.own.owns(top)) else { return Ok(None) };
    let size = match top.fs_type.parse() {
        // A mounted ext4 grows by request alone: that needs a right that few nodes give.
        Ok(fs_type @ (FsType::Xfs | FsType::Btrfs))
            if purpose.mount && !top.readonly_filesystem =>
        {
            Some(os.filesystem_size(&top.reference(), fs_type)?)
        }
        Ok(FsType::Ext4 | FsType::Xfs | FsType::Btrfs) | Err(_) => None,
    };
    Ok(Some(size))
}

/// In the words of a pool.
fn pool_error(error: crate::os::Error) -> Error {
    if error.kind == Kind::NotFound {
        return Error::not_found(format!("the volume is not in its pool: {error}"));
    }
    misplaced(error, "what is in the pool is not the volume")
}

/// Links that lead elsewhere and wrong types are what was found, not the request's fault.
fn misplaced(error: crate::os::Error, found: &str) -> Error {
    match error.kind {
        Kind::Unsafe | Kind::WrongType => Error::precondition(format!("{found}: {error}")),
        Kind::NotFound
        | Kind::Busy
        | Kind::Changed
        | Kind::NotEmpty
        | Kind::Denied
        | Kind::ReadOnly
        | Kind::NoSpace
        | Kind::Exhausted
        | Kind::Io
        | Kind::Unsupported
        | Kind::Program { .. }
        | Kind::Other => error.into(),
    }
}
