//! The trait for block devices that the machine has by itself. The contract of `os` holds for it, too.
//!
//! Names and numbers of such devices are used again as soon as they are free, and udev's links lag
//! behind: a device is known by what it says of itself, and by its place in the order of all that
//! came to the machine.

use std::path::PathBuf;

use super::{DeviceId, Handles, Result};

/// A block device as the kernel has it in its tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// Its number.
    pub device: DeviceId,
    /// Its node, such as /dev/sdb.
    pub node: PathBuf,
    /// Which it is of all disks that came since the machine was started: that is never used again.
    /// None where the kernel does not count (before Linux 5.15).
    pub sequence: Option<u64>,
    /// Whether it refuses writes, by itself or as it was told to.
    pub readonly: bool,
    /// Whether it is a part of another.
    pub partition: bool,
}

/// A block device as it says itself what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedDevice {
    /// Which it is.
    pub disk: Disk,
    /// What it gives for its serial number, by any of its ways.
    pub serials: Vec<String>,
    /// What it gives for its world-wide id, likewise.
    pub wwids: Vec<String>,
}

/// Block devices that the machine has by itself, by udev's stable links.
pub trait LinkedDevices: Handles {
    /// The device that `/dev/disk/<link>` leads to; none where there is no such link, or it leads to
    /// what is gone. `link` is relative and climbs nowhere.
    ///
    /// What it says of itself is what the kernel has of it in sysfs, and where that is nothing, what
    /// udev found out and keeps in its database, unless that is another disk's by now.
    ///
    /// # Errors
    /// [`super::Kind::Unsafe`] where it leads out of /dev; [`super::Kind::WrongType`] for anything
    /// but a block device.
    fn linked_device(&self, link: &str) -> Result<Option<LinkedDevice>>;

    /// All links below /dev/disk that lead to block devices, with the nodes that they lead to.
    ///
    /// # Errors
    /// What listing /dev/disk answers.
    fn links(&self) -> Result<Vec<(String, DeviceId, PathBuf)>>;

    /// What a number stands for now; none if nothing. Asks the kernel's tables alone, never the
    /// device, and so does not hang with it.
    ///
    /// # Errors
    /// What sysfs answers otherwise.
    fn disk(&self, device: DeviceId) -> Result<Option<Disk>>;

    /// [`Disk::sequence`] of an open device (BLKGETDISKSEQ). While it is open, its number is no
    /// other's.
    ///
    /// # Errors
    /// What the ioctl answers otherwise.
    fn sequence(&self, device: &Self::Handle) -> Result<Option<u64>>;

    /// Lets every SCSI host look for new devices. Where there is none nothing is done. Does not
    /// wait for what is found.
    ///
    /// # Errors
    /// What sysfs answers.
    fn rescan(&self) -> Result<()>;

    /// Lets the kernel ask a device, and those that it is made of, how large they are now: SCSI and
    /// NVMe devices, and maps over them. Nothing is done where nothing can be asked so.
    ///
    /// # Errors
    /// What sysfs answers.
    fn rescan_device(&self, device: DeviceId) -> Result<()>;
}
