//! Loop devices: the contract.

use super::{Handles, LoopDevice, Result, SilentLoop};

/// Loop devices.
pub trait LoopDevices: Handles {
    /// Every bound loop device, by number. Devices that vanish while this reads are left out, and so
    /// are those of [`Self::silent_loops`]: it does not wait for them.
    ///
    /// # Errors
    /// What /sys and LOOP_GET_STATUS64 answer.
    fn loops(&self) -> Result<Vec<LoopDevice>>;

    /// The bound loop devices that do not answer. To be asked before [`Self::loops`]: one that answers
    /// meanwhile is in both then, and none is in neither.
    ///
    /// # Errors
    /// As [`Self::loops`].
    fn silent_loops(&self) -> Result<Vec<SilentLoop>>;

    /// Binds a free loop device to an open image (LOOP_CTL_GET_FREE, LOOP_CONFIGURE, again with
    /// another number on EBUSY), labels it (`lo_file_name`, at most 63 bytes), with direct I/O
    /// where the image's file system can (logical blocks of 512 bytes, so that a file system made
    /// today mounts everywhere), partition scanning off, autoclear off. The status is read back
    /// on the same descriptor and must show this image.
    ///
    /// # Errors
    /// [`Kind::Changed`] if the status read back is another image's; else the system call's.
    fn bind_loop(&self, image: &Self::Handle, label: &str, readonly: bool) -> Result<LoopDevice>;

    /// Unbinds the loop device (LOOP_CLR_FD), after its status on the descriptor used showed
    /// `device.backing` and `device.label`. One that is unbound already, or bound to another
    /// image by now, is left alone: OK. Returns once the device is unbound.
    ///
    /// # Errors
    /// [`Kind::Busy`] when it is still in use (mounted or opened) after a short wait.
    fn unbind_loop(&self, device: &LoopDevice) -> Result<()>;

    /// Makes the device as large as its image is now (LOOP_SET_CAPACITY), after the same check.
    ///
    /// # Errors
    /// [`Kind::Changed`] when the device is bound to another image.
    fn refresh_loop(&self, device: &LoopDevice) -> Result<()>;
}
