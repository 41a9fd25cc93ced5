//! The kernel calls that no library wraps, one safe function each. The only file of this crate
//! with unsafe code; it decides nothing and keeps nothing.
#![allow(unsafe_code, reason = "each use says why it is sound")]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use linux_raw_sys::btrfs::{
    btrfs_ioctl_dev_info_args, btrfs_ioctl_fs_info_args, btrfs_ioctl_vol_args,
};
use linux_raw_sys::general::{__NR_mount_setattr, mount_attr};
use linux_raw_sys::ioctl as number;
use linux_raw_sys::loop_device::{
    LOOP_CLR_FD, LOOP_CONFIGURE, LOOP_CTL_GET_FREE, LOOP_GET_STATUS64, LOOP_SET_CAPACITY,
    loop_config, loop_info64,
};
use nix::libc;
use rustix::io::{Errno, Result};
use rustix::ioctl::{Getter, Ioctl, IoctlOutput, NoArg, Opcode, Setter, Updater, ioctl, opcode};

use super::resident::Code;

/// Unmaps the pages of a mapping of code; they come back from its file when they are used.
pub(super) fn drop_code(code: &Code) -> Result<()> {
    let start = std::ptr::with_exposed_provenance_mut(code.start());
    // SAFETY: the pages of such a mapping are as its file has them, so that the kernel gives the same
    // bytes again: no memory changes, whatever runs meanwhile (madvise(2), MADV_DONTNEED).
    unsafe { rustix::mm::madvise(start, code.length(), rustix::mm::Advice::LinuxDontNeed) }
}

/// A free loop device's number, by /dev/loop-control. Others may be told the same.
pub(super) fn loop_get_free(control: BorrowedFd<'_>) -> Result<u32> {
    // SAFETY: LOOP_CTL_GET_FREE takes no argument and touches no memory.
    let number = unsafe { ioctl(control, GetFree) }?;
    u32::try_from(number).map_err(|_| Errno::RANGE)
}

struct GetFree;

// SAFETY: the opcode takes no argument, and its answer is the return value.
unsafe impl Ioctl for GetFree {
    type Output = i32;
    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        LOOP_CTL_GET_FREE
    }

    fn as_ptr(&mut self) -> *mut libc::c_void {
        std::ptr::null_mut()
    }

    unsafe fn output_from_ptr(output: IoctlOutput, _: *mut libc::c_void) -> Result<i32> {
        Ok(output)
    }
}

/// What a loop device is bound with.
pub(super) struct LoopSettings<'a> {
    pub(super) image: BorrowedFd<'a>,
    pub(super) block_size: u32,
    pub(super) flags: u32,
    pub(super) label: [u8; 64],
}

/// LOOP_CONFIGURE: binds and sets up in one step. EBUSY: somebody else was faster.
pub(super) fn loop_configure(device: BorrowedFd<'_>, settings: &LoopSettings<'_>) -> Result<()> {
    let config = loop_config {
        fd: u32::try_from(settings.image.as_raw_fd()).map_err(|_| Errno::BADF)?,
        block_size: settings.block_size,
        info: loop_info64 {
            lo_device: 0,
            lo_inode: 0,
            lo_rdevice: 0,
            lo_offset: 0,
            lo_sizelimit: 0,
            lo_number: 0,
            lo_encrypt_type: 0,
            lo_encrypt_key_size: 0,
            lo_flags: settings.flags,
            lo_file_name: settings.label,
            lo_crypt_name: [0; 64],
            lo_encrypt_key: [0; 32],
            lo_init: [0; 2],
        },
        __reserved: [0; 8],
    };
    // SAFETY: LOOP_CONFIGURE reads one `loop_config`, which lives in the Setter.
    unsafe { ioctl(device, Setter::<LOOP_CONFIGURE, loop_config>::new(config)) }
}

/// LOOP_GET_STATUS64. ENXIO: not bound.
pub(super) fn loop_status(device: BorrowedFd<'_>) -> Result<loop_info64> {
    // SAFETY: LOOP_GET_STATUS64 fills in one `loop_info64`.
    unsafe { ioctl(device, Getter::<LOOP_GET_STATUS64, loop_info64>::new()) }
}

/// LOOP_CLR_FD: unbinds when the last opener leaves.
pub(super) fn loop_clear(device: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: LOOP_CLR_FD takes no argument.
    unsafe { ioctl(device, NoArg::<LOOP_CLR_FD>::new()) }
}

/// LOOP_SET_CAPACITY: takes the image's new size over.
pub(super) fn loop_set_capacity(device: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: LOOP_SET_CAPACITY takes no argument.
    unsafe { ioctl(device, NoArg::<LOOP_SET_CAPACITY>::new()) }
}

/// BLKGETSIZE64: bytes of a block device.
pub(super) fn device_size(device: BorrowedFd<'_>) -> Result<u64> {
    // SAFETY: BLKGETSIZE64 fills in one u64, whatever its declared argument type says.
    unsafe { ioctl(device, Getter::<{ number::BLKGETSIZE64 }, u64>::new()) }
}

/// BLKSSZGET: bytes of a logical block, which direct reads and writes are aligned to.
pub(super) fn logical_block(device: BorrowedFd<'_>) -> Result<u64> {
    // SAFETY: BLKSSZGET fills in one int.
    let bytes = unsafe { ioctl(device, Getter::<{ number::BLKSSZGET }, libc::c_int>::new()) }?;
    u64::try_from(bytes).map_err(|_| Errno::INVAL)
}

/// BLKGETDISKSEQ: which it is of all disks that came. ENOTTY: the kernel does not count.
pub(super) fn disk_sequence(device: BorrowedFd<'_>) -> Result<u64> {
    // SAFETY: BLKGETDISKSEQ fills in one u64.
    unsafe { ioctl(device, Getter::<{ number::BLKGETDISKSEQ }, u64>::new()) }
}

/// BLKROGET: whether a block device refuses writes.
pub(super) fn is_readonly(device: BorrowedFd<'_>) -> Result<bool> {
    // SAFETY: BLKROGET fills in one int.
    let answer = unsafe { ioctl(device, Getter::<{ number::BLKROGET }, libc::c_int>::new()) }?;
    Ok(answer != 0)
}

/// BLKROSET: makes a block device refuse or take writes.
pub(super) fn set_readonly(device: BorrowedFd<'_>, readonly: bool) -> Result<()> {
    let value = libc::c_int::from(readonly);
    // SAFETY: BLKROSET reads one int.
    unsafe { ioctl(device, Setter::<{ number::BLKROSET }, libc::c_int>::new(value)) }
}

/// EXT4_IOC_RESIZE_FS: grows a mounted ext4 to so many blocks.
pub(super) fn ext4_resize(root: BorrowedFd<'_>, blocks: u64) -> Result<()> {
    // SAFETY: EXT4_IOC_RESIZE_FS reads one u64.
    unsafe { ioctl(root, Setter::<{ number::EXT4_IOC_RESIZE_FS }, u64>::new(blocks)) }
}

/// `struct xfs_fsop_geom_v1` (kernel `fs/xfs/libxfs/xfs_fs.h`).
#[repr(C)]
pub(super) struct XfsGeometry {
    pub(super) blocksize: u32,
    rtextsize: u32,
    agblocks: u32,
    agcount: u32,
    logblocks: u32,
    sectsize: u32,
    inodesize: u32,
    pub(super) imaxpct: u32,
    pub(super) datablocks: u64,
    rtblocks: u64,
    rtextents: u64,
    logstart: u64,
    uuid: [u8; 16],
    sunit: u32,
    swidth: u32,
    version: i32,
    flags: u32,
    logsectsize: u32,
    rtsectsize: u32,
    dirblocksize: u32,
}

const XFS_FSGEOMETRY_V1: Opcode = opcode::read::<XfsGeometry>(b'X', 100);

/// XFS_IOC_FSGEOMETRY_V1.
pub(super) fn xfs_geometry(root: BorrowedFd<'_>) -> Result<XfsGeometry> {
    // SAFETY: the ioctl fills in one `xfs_fsop_geom_v1`, whose size its number carries.
    unsafe { ioctl(root, Getter::<XFS_FSGEOMETRY_V1, XfsGeometry>::new()) }
}

/// `struct xfs_growfs_data`.
#[repr(C)]
struct XfsGrowth {
    newblocks: u64,
    imaxpct: u32,
}

const XFS_FSGROWFSDATA: Opcode = opcode::write::<XfsGrowth>(b'X', 110);

/// XFS_IOC_FSGROWFSDATA: grows a mounted XFS to so many blocks, its inode share unchanged.
pub(super) fn xfs_grow(root: BorrowedFd<'_>, newblocks: u64, imaxpct: u32) -> Result<()> {
    let growth = XfsGrowth { newblocks, imaxpct };
    // SAFETY: the ioctl reads one `xfs_growfs_data`, whose size its number carries.
    unsafe { ioctl(root, Setter::<XFS_FSGROWFSDATA, XfsGrowth>::new(growth)) }
}

/// BTRFS_IOC_FS_INFO.
pub(super) fn btrfs_fs_info(root: BorrowedFd<'_>) -> Result<btrfs_ioctl_fs_info_args> {
    // SAFETY: all bytes zero is a value of this structure of integers.
    let mut info: btrfs_ioctl_fs_info_args = unsafe { std::mem::zeroed() };
    // SAFETY: the ioctl reads and writes one `btrfs_ioctl_fs_info_args`.
    unsafe { ioctl(root, Updater::<{ number::BTRFS_IOC_FS_INFO }, _>::new(&mut info)) }?;
    Ok(info)
}

/// BTRFS_IOC_DEV_INFO of one device of the file system. ENODEV: there is none of that id.
pub(super) fn btrfs_dev_info(
    root: BorrowedFd<'_>,
    devid: u64,
) -> Result<btrfs_ioctl_dev_info_args> {
    // SAFETY: all bytes zero is a value of this structure of integers.
    let mut info: btrfs_ioctl_dev_info_args = unsafe { std::mem::zeroed() };
    info.devid = devid;
    // SAFETY: the ioctl reads and writes one `btrfs_ioctl_dev_info_args`.
    unsafe { ioctl(root, Updater::<{ number::BTRFS_IOC_DEV_INFO }, _>::new(&mut info)) }?;
    Ok(info)
}

/// BTRFS_IOC_RESIZE; `what` is such as `1:max`.
pub(super) fn btrfs_resize(root: BorrowedFd<'_>, what: &str) -> Result<()> {
    let mut name = [0; 4088];
    if what.len() >= name.len() {
        return Err(Errno::NAMETOOLONG);
    }
    for (to, from) in name.iter_mut().zip(what.bytes()) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    let arguments = btrfs_ioctl_vol_args { fd: 0, name };
    // SAFETY: the ioctl reads one `btrfs_ioctl_vol_args`, its name ended by a zero.
    unsafe { ioctl(root, Setter::<{ number::BTRFS_IOC_RESIZE }, _>::new(arguments)) }
}

/// FIFREEZE: keeps writes away from the file system of an open directory. EBUSY: it is frozen.
pub(super) fn freeze(root: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: FIFREEZE reads no argument, whatever its number says (kernel fs/ioctl.c).
    unsafe { ioctl(root, NoArg::<{ number::FIFREEZE }>::new()) }
}

/// FITHAW: ends that. EINVAL: it is not frozen.
pub(super) fn thaw(root: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: FITHAW reads no argument, whatever its number says (kernel fs/ioctl.c).
    unsafe { ioctl(root, NoArg::<{ number::FITHAW }>::new()) }
}

/// mount_setattr(2) on the mount that `mount` is the root of.
pub(super) fn mount_setattr<F: AsFd>(mount: F, attributes: mount_attr) -> Result<()> {
    // SAFETY: the path is an empty C string, and the size that is told is the structure's own,
    // which outlives the call and is only read.
    let answer = unsafe {
        libc::syscall(
            libc::c_long::from(__NR_mount_setattr),
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of::<mount_attr>(),
        )
    };
    if answer == 0 { Ok(()) } else { Err(last_errno()) }
}

fn last_errno() -> Errno {
    std::io::Error::last_os_error().raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error)
}
