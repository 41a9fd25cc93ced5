//! Loop devices: the contract.

use super::{Handles, LoopDevice, Loops, Result, SilentLoop};

/// Loop devices.
pub trait LoopDevices: Handles {
    /// Every bound loop device. Devices that vanish while this reads are left out; those that do not
    /// answer are not waited for.
    ///
    /// # Errors
    /// What /sys answers.
    fn loops(&self) -> Result<Loops>;

    /// Binds a free loop device to an open image (LOOP_CTL_GET_FREE, LOOP_CONFIGURE, again with
    /// another number on EBUSY), labels it (`lo_file_name`, at most 63 bytes), with direct I/O
    /// where the image's file system can (logical blocks of 512 bytes, so that a file system made
    /// today mounts everywhere), partition scanning off, autoclear off. The status is read back
    /// on the same descriptor and must show this image.
    ///
    /// # Errors
    /// [`Kind::Changed`] if the status read back is another image's; else the system call's.
    fn bind_loop(&self, image: &Self::Handle, label: &str, readonly: bool) -> Result<LoopDevice>;

    /// Unbinds the loop device (LOOP_CLR_FD), after the descriptor used showed the binding to be that of
    /// `device.backing` and `device.label`: by its sequence number where this process has seen that
    /// binding, so that storage that is gone is not asked; by its status else. One that is unbound
    /// already, or bound to another image by now, is left alone: OK. Returns once the device is unbound.
    ///
    /// # Errors
    /// [`Kind::Busy`] when it is still in use (mounted or opened) after a short wait.
    fn unbind_loop(&self, device: &LoopDevice) -> Result<()>;

    /// As [`Self::unbind_loop`], of one that does not answer, after the descriptor used showed the same
    /// binding and file. Asks nothing of the file's storage.
    ///
    /// # Errors
    /// As [`Self::unbind_loop`].
    fn unbind_silent_loop(&self, device: &SilentLoop) -> Result<()>;

    /// Makes the device as large as its image is now (LOOP_SET_CAPACITY), after the same check.
    ///
    /// # Errors
    /// [`Kind::Changed`] when the device is bound to another image.
    fn refresh_loop(&self, device: &LoopDevice) -> Result<()>;
}
