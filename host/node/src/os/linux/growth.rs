//! How large a mounted file system is on its device, and how it grows: one way a file system.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use mooring_volume::capability::FsType;
use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, Result, retry_on_intr};

use super::handle::read_exact_at;
use super::ioctl;
use crate::filesystem::{self, BlockRead, OnDevice};

/// Bytes that the file system spans on its device. `root` is its root directory, `device` the
/// open device below.
pub(super) fn size<F: AsFd, D: AsFd>(root: &F, device: &D, fs_type: FsType) -> Result<u64> {
    match fs_type {
        FsType::Ext4 => Ok(ext4_superblock(device)?.size),
        FsType::Xfs => {
            let geometry = ioctl::xfs_geometry(readable(root)?.as_fd())?;
            geometry.datablocks.checked_mul(geometry.blocksize.into()).ok_or(Errno::OVERFLOW)
        }
        FsType::Btrfs => Ok(btrfs_device(root)?.size),
    }
}

/// Grows the file system to `size` bytes of its device, or leaves it if it is that large.
pub(super) fn grow<F: AsFd, D: AsFd>(
    root: &F,
    device: &D,
    fs_type: FsType,
    size: u64,
) -> Result<()> {
    let root = readable(root)?;
    match fs_type {
        FsType::Ext4 => {
            let found = ext4_superblock(device)?;
            let blocks = size.checked_div(found.block_size.into()).ok_or(Errno::UCLEAN)?;
            if blocks * u64::from(found.block_size) <= found.size {
                return Ok(());
            }
            retry_on_intr(|| ioctl::ext4_resize(root.as_fd(), blocks))
        }
        FsType::Xfs => {
            let geometry = ioctl::xfs_geometry(root.as_fd())?;
            let blocks = size.checked_div(geometry.blocksize.into()).ok_or(Errno::UCLEAN)?;
            if blocks <= geometry.datablocks {
                return Ok(());
            }
            retry_on_intr(|| ioctl::xfs_grow(root.as_fd(), blocks, geometry.imaxpct))
        }
        FsType::Btrfs => {
            let device = btrfs_device(&root)?;
            retry_on_intr(|| ioctl::btrfs_resize(root.as_fd(), &format!("{}:max", device.id)))
        }
    }
}

/// The one device of a btrfs that this host made.
pub(super) struct BtrfsDevice {
    id: u64,
    size: u64,
    /// None where the kernel does not tell.
    pub(super) path: Option<PathBuf>,
}

/// Asks a btrfs for its device. ENOTUNIQ: it has several, which this host never makes.
pub(super) fn btrfs_device<F: AsFd>(root: &F) -> Result<BtrfsDevice> {
    let root = readable(root)?;
    let info = ioctl::btrfs_fs_info(root.as_fd())?;
    if info.num_devices != 1 {
        return Err(Errno::NOTUNIQ);
    }
    for id in 0..=info.max_id {
        let device = match ioctl::btrfs_dev_info(root.as_fd(), id) {
            Err(Errno::NODEV) => continue,
            other => other?,
        };
        let path: Vec<u8> = device.path.iter().copied().take_while(|byte| *byte != 0).collect();
        let path = PathBuf::from(std::ffi::OsString::from_vec(path));
        let path = path.is_absolute().then_some(path);
        return Ok(BtrfsDevice { id, size: device.total_bytes, path });
    }
    Err(Errno::NODEV)
}

/// Opens a pinned root directory so that it takes ioctls.
fn readable<F: AsFd>(root: &F) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    retry_on_intr(|| rustix::fs::openat(root, c".", flags, Mode::empty()))
}

/// Through the page cache, where a mounted ext4 keeps the superblock that counts.
fn ext4_superblock<D: AsFd>(device: &D) -> Result<filesystem::FileSystem> {
    struct Cached<'a, D>(&'a D, u64);
    impl<D: AsFd> BlockRead for Cached<'_, D> {
        fn size(&self) -> u64 {
            self.1
        }
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
            Ok(read_exact_at(self.0.as_fd(), offset, buf)?)
        }
    }
    let device = Cached(device, ioctl::device_size(device.as_fd())?);
    match filesystem::probe(&device) {
        Ok(OnDevice::FileSystem(found)) if found.kind == filesystem::Kind::Ext4 => Ok(found),
        Ok(OnDevice::FileSystem(_) | OnDevice::NoKnownFileSystem) => Err(Errno::UCLEAN),
        Err(filesystem::ProbeError::Unreadable { .. }) => Err(Errno::IO),
        Err(filesystem::ProbeError::Ambiguous { .. }) => Err(Errno::NOTUNIQ),
    }
}
