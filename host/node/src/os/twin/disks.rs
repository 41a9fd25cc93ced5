//! The model's devices of its own, which come and go as an array maps them, and udev's links to them.

use std::path::{Path, PathBuf};

use super::{Handle, Model, Twin, What, fail};
use crate::os::{self, DeviceId, Kind, LinkedDevice, LinkedDevices, Result};

/// A device of the machine's own; an image stands for what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) image: PathBuf,
    pub(crate) serial: String,
    pub(crate) sequence: u64,
    /// As large as the kernel took it for when it asked last.
    pub(crate) size: u64,
    /// Whether it refuses writes, by itself or as it was told to.
    pub(crate) readonly: bool,
    pub(crate) partition: bool,
    /// Whether another program has it.
    pub(crate) held: bool,
}

/// The node of a device.
pub(super) fn node_of(device: DeviceId) -> PathBuf {
    if device.major == 7 {
        return format!("/dev/loop{}", device.minor).into();
    }
    let letter = char::from(b'a' + u8::try_from(device.minor / 16).unwrap_or_default());
    format!("/dev/sd{letter}").into()
}

impl Model {
    /// An array maps an image to this machine, and udev makes a link.
    pub(crate) fn map(&mut self, device: DeviceId, image: &Path, link: &str, serial: &str) {
        let size = self.images.get(image).map_or(0, |image| image.size);
        let (sequence, serial) = (self.id(), serial.to_owned());
        let (image, readonly, partition, held) = (image.to_owned(), false, false, false);
        let disk = Disk { image, serial, sequence, size, readonly, partition, held };
        self.disks.insert(device, disk);
        self.links.insert(link.to_owned(), device);
    }

    /// The array takes it back; what is mounted of it stays, and the links too, as udev is late.
    pub(crate) fn unmap(&mut self, device: DeviceId) {
        self.disks.remove(&device);
        // They are kept with a disk's queue, and go with it.
        self.limits.remove(&device);
        let node = node_of(device);
        let name = Path::new("/").join(node.file_name().unwrap_or_default());
        for entry in &mut self.mounts {
            if entry.fs_type == "btrfs" && entry.block == Some(device) {
                (entry.block, entry.lost) = (None, Some(node.clone()));
            }
            if entry.root == name {
                let mut deleted = name.clone().into_os_string();
                deleted.push("//deleted");
                entry.root = deleted.into();
            }
        }
    }

    fn linked(&self, device: DeviceId) -> Option<LinkedDevice> {
        let disk = self.disk_of(device)?;
        let serials = self.disks.get(&device).map(|disk| disk.serial.clone());
        Some(LinkedDevice { disk, serials: serials.into_iter().collect(), wwids: Vec::new() })
    }

    fn disk_of(&self, device: DeviceId) -> Option<os::Disk> {
        let Disk { sequence, readonly, partition, .. } = *self.disks.get(&device)?;
        let (node, sequence) = (node_of(device), Some(sequence));
        Some(os::Disk { device, node, sequence, readonly, partition })
    }
}

impl LinkedDevices for Twin {
    fn linked_device(&self, link: &str) -> Result<Option<LinkedDevice>> {
        self.call("looking up a device", |model| {
            Ok(model.links.get(link).and_then(|device| model.linked(*device)))
        })
    }

    fn links(&self) -> Result<Vec<(String, DeviceId, PathBuf)>> {
        self.call("listing links", |model| {
            let there = model.links.iter().filter(|(_, device)| model.disks.contains_key(device));
            Ok(there.map(|(link, device)| (link.clone(), *device, node_of(*device))).collect())
        })
    }

    fn disk(&self, device: DeviceId) -> Result<Option<os::Disk>> {
        self.call("looking at a device", |model| Ok(model.disk_of(device)))
    }

    fn sequence(&self, device: &Handle) -> Result<Option<u64>> {
        self.call("asking a device", |model| match device.what {
            What::Device(device) => Ok(model.disks.get(&device).map(|disk| disk.sequence)),
            What::Image(_) | What::Directory(_) | What::Root(_) => {
                fail(Kind::WrongType, "asking", Path::new("no device"))
            }
        })
    }

    fn rescan(&self) -> Result<()> {
        self.call("rescanning", |model| {
            model.rescans += 1;
            Ok(())
        })
    }

    fn rescan_device(&self, device: DeviceId) -> Result<()> {
        self.call("measuring anew", |model| {
            let Model { disks, images, .. } = model;
            if let Some(disk) = disks.get_mut(&device)
                && let Some(image) = images.get(&disk.image)
            {
                disk.size = image.size;
            }
            Ok(())
        })
    }
}
