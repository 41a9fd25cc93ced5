//! FIEMAP: where on its file system the bytes of a file lie. The only file of this crate with
//! unsafe code; it decides nothing and keeps nothing.
//!
//! Source: the kernel's `Documentation/filesystems/fiemap.rst` and `include/uapi/linux/fiemap.h`,
//! `fs.h`.
#![allow(unsafe_code, reason = "each use says why it is sound")]

use std::fs::File;

use rustix::io::Result;
use rustix::ioctl::{Getter, Opcode, Updater, ioctl, opcode};

/// Extents that one call asks for.
const COUNT: usize = 256;

/// The file's dirty pages are written first, so that no extent is one that is not allocated yet.
pub(super) const SYNC: u32 = 0x1;

/// The last extent of the file.
pub(super) const LAST: u32 = 0x1;
/// Allocated, and reads as zeros.
pub(super) const UNWRITTEN: u32 = 0x800;
/// Other files, or other parts of this one, have it too.
pub(super) const SHARED: u32 = 0x2000;
/// All that leaves the place as it is: the extents that have only these flags hold their bytes as
/// they are, whole, at `physical`.
pub(super) const PLAIN: u32 = LAST | SHARED | 0x1000;

/// `struct fiemap_extent`: a run of bytes.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub(super) struct Mapped {
    /// Where it starts in the file.
    pub(super) logical: u64,
    /// Where it starts on the file system.
    pub(super) physical: u64,
    pub(super) length: u64,
    reserved64: [u64; 2],
    pub(super) flags: u32,
    reserved: [u32; 3],
}

/// `struct fiemap` without its extents.
#[repr(C)]
struct Header {
    start: u64,
    length: u64,
    flags: u32,
    mapped: u32,
    count: u32,
    reserved: u32,
}

#[repr(C)]
struct Request {
    header: Header,
    extents: [Mapped; COUNT],
}

const FS_IOC_FIEMAP: Opcode = opcode::read_write::<Header>(b'f', 11);

/// The first extents that end after `start`, ascending; none where there are no more.
pub(super) fn extents(file: &File, start: u64, flags: u32) -> Result<Vec<Mapped>> {
    let count = u32::try_from(COUNT).unwrap_or(0);
    let length = u64::MAX - start;
    let header = Header { start, length, flags, mapped: 0, count, reserved: 0 };
    let mut request = Box::new(Request { header, extents: [Mapped::default(); COUNT] });
    // SAFETY: FS_IOC_FIEMAP reads and writes one `struct fiemap`, followed by as many extents as
    // its `count` says there is room for: those of the request.
    unsafe { ioctl(file, Updater::<FS_IOC_FIEMAP, Request>::new(&mut request)) }?;
    let mapped = usize::try_from(request.header.mapped).unwrap_or(0);
    Ok(request.extents.iter().take(mapped).copied().collect())
}

/// `struct fsxattr`.
#[repr(C)]
struct Attributes {
    flags: u32,
    sizes_and_ids: [u32; 4],
    padding: [u8; 8],
}

const FS_IOC_FSGETXATTR: Opcode = opcode::read::<Attributes>(b'X', 31);

/// Whether a file of XFS lies on the file system's real-time device, whose places have numbers of
/// their own.
pub(super) fn is_realtime(file: &File) -> Result<bool> {
    // SAFETY: FS_IOC_FSGETXATTR fills in one `struct fsxattr`.
    let found = unsafe { ioctl(file, Getter::<FS_IOC_FSGETXATTR, Attributes>::new()) }?;
    Ok(found.flags & 0x1 != 0)
}
