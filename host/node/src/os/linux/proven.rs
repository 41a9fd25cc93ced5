//! What a device was when it was proven formattable: mkfs gets it only while it is the same.

use std::os::fd::AsFd;

use rustix::io::{Errno, retry_on_intr};

use super::errno::failed;
use super::handle::Device;
use super::ioctl;
use crate::os::{BackingFile, Error, Kind, Result};

/// Asked of the open descriptor, so that a number or a name that came to mean something else does
/// not matter; what is left is what may change beneath it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proven {
    /// Bytes.
    pub(super) size: u64,
    /// Which it is of all disks that came (BLKGETDISKSEQ); none where the kernel does not count.
    sequence: Option<u64>,
    /// Of a loop device.
    pub(super) bound: Option<Bound>,
}

/// What a loop device shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    backing: BackingFile,
    offset: u64,
    limit: u64,
}

impl Bound {
    /// Whether it shows all of this file, byte for byte.
    pub(super) fn is_all_of(&self, image: BackingFile) -> bool {
        self.backing == image && self.offset == 0
    }
}

impl Proven {
    /// As the device is now.
    ///
    /// # Errors
    /// What its ioctls answer.
    pub(super) fn now(device: &Device, doing: &'static str) -> Result<Self> {
        let fd = device.device.as_fd();
        let told = |errno| failed(errno, doing, &device.node);
        let sequence = match retry_on_intr(|| ioctl::disk_sequence(fd)) {
            Ok(sequence) => Some(sequence),
            Err(Errno::NOTTY | Errno::INVAL) => None,
            Err(errno) => return Err(told(errno)),
        };
        let bound = match retry_on_intr(|| ioctl::loop_status(fd)) {
            Ok(status) => Some(Bound {
                backing: BackingFile { device: status.lo_device, inode: status.lo_inode },
                offset: status.lo_offset,
                limit: status.lo_sizelimit,
            }),
            // No loop device, or unbound.
            Err(Errno::NOTTY | Errno::INVAL | Errno::NXIO) => None,
            Err(errno) => return Err(told(errno)),
        };
        let size = retry_on_intr(|| ioctl::device_size(fd)).map_err(told)?;
        Ok(Self { size, sequence, bound })
    }

    /// # Errors
    /// [`Kind::Changed`] where the device is not what it was, or was not proven at all.
    pub(super) fn still(before: Option<&Self>, device: &Device, doing: &'static str) -> Result<()> {
        let now = Self::now(device, doing)?;
        let detail = match before {
            Some(before) if *before == now => return Ok(()),
            Some(before) => {
                format!(
                    "it was {before:?} when it was read, and is {now:?} now; it is not formatted"
                )
            }
            None => {
                "it was not read and found to be formattable, so it is not formatted".to_owned()
            }
        };
        Err(Error::new(Kind::Changed, doing, &device.node, detail))
    }
}
