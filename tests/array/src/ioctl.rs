//! Loop devices' kernel calls, which no library wraps, one safe function each. The only file of this
//! crate with unsafe code.
#![allow(unsafe_code, reason = "each use says why it is sound")]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use linux_raw_sys::ioctl::BLKROSET;
use linux_raw_sys::loop_device::{
    LOOP_CLR_FD, LOOP_CONFIGURE, LOOP_CTL_GET_FREE, LOOP_SET_CAPACITY, loop_config, loop_info64,
};
use rustix::io::{Errno, Result};
use rustix::ioctl::{Ioctl, IoctlOutput, NoArg, Opcode, Setter, ioctl};

struct GetFree;

// SAFETY: the opcode takes no argument, and its answer is the return value.
unsafe impl Ioctl for GetFree {
    type Output = i32;
    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        LOOP_CTL_GET_FREE
    }

    fn as_ptr(&mut self) -> *mut rustix::ffi::c_void {
        std::ptr::null_mut()
    }

    unsafe fn output_from_ptr(output: IoctlOutput, _: *mut rustix::ffi::c_void) -> Result<i32> {
        Ok(output)
    }
}

/// A free device's number, by /dev/loop-control. Others may be told the same.
pub(crate) fn free(control: impl AsFd) -> Result<u32> {
    // SAFETY: LOOP_CTL_GET_FREE takes no argument and touches no memory.
    let number = unsafe { ioctl(control, GetFree) }?;
    u32::try_from(number).map_err(|_| Errno::RANGE)
}

/// LOOP_CONFIGURE with `LO_FLAGS_…`: binds in one step. EBUSY: somebody else was faster.
pub(crate) fn configure(device: impl AsFd, image: BorrowedFd<'_>, lo_flags: u32) -> Result<()> {
    let config = loop_config {
        fd: u32::try_from(image.as_raw_fd()).map_err(|_| Errno::BADF)?,
        block_size: 512,
        info: loop_info64 {
            lo_device: 0,
            lo_inode: 0,
            lo_rdevice: 0,
            lo_offset: 0,
            lo_sizelimit: 0,
            lo_number: 0,
            lo_encrypt_type: 0,
            lo_encrypt_key_size: 0,
            lo_flags,
            lo_file_name: [0; 64],
            lo_crypt_name: [0; 64],
            lo_encrypt_key: [0; 32],
            lo_init: [0; 2],
        },
        __reserved: [0; 8],
    };
    // SAFETY: LOOP_CONFIGURE reads one `loop_config`, which lives in the Setter.
    unsafe { ioctl(device, Setter::<LOOP_CONFIGURE, loop_config>::new(config)) }
}

/// LOOP_CLR_FD: unbinds when the last opener leaves.
pub(crate) fn clear(device: impl AsFd) -> Result<()> {
    // SAFETY: LOOP_CLR_FD takes no argument.
    unsafe { ioctl(device, NoArg::<LOOP_CLR_FD>::new()) }
}

/// LOOP_SET_CAPACITY: takes the image's new size over.
pub(crate) fn set_capacity(device: impl AsFd) -> Result<()> {
    // SAFETY: LOOP_SET_CAPACITY takes no argument.
    unsafe { ioctl(device, NoArg::<LOOP_SET_CAPACITY>::new()) }
}

/// BLKROSET: lets a device take writes again. Refusing them outlives a binding.
pub(crate) fn take_writes(device: impl AsFd) -> Result<()> {
    // SAFETY: BLKROSET reads one int.
    unsafe { ioctl(device, Setter::<BLKROSET, i32>::new(0)) }
}
