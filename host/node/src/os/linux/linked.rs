//! Devices that are there already: by udev's links, and what sysfs and udev say that they are.

use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FileType, StatxFlags};
use rustix::io::{Errno, retry_on_intr};

use super::errno::{failed, io_failed};
use super::handle::Handle;
use super::path::{pin, statx};
use super::udev::Database;
use super::{Linux, blocks, ioctl};
use crate::os::{DeviceId, Disk, Error, Kind, LinkedDevice, LinkedDevices, Result};

const LINKS: &str = "/dev/disk";
const DEVICES: &str = "/sys/dev/block";
const DATABASE: &str = "/run/udev/data";
const SCSI_HOSTS: &str = "/sys/class/scsi_host";
const LOOKING: &str = "looking up device";
const LISTING: &str = "listing the links to devices below";
const RESCANNING: &str = "letting SCSI hosts look for devices in";
const MEASURING: &str = "letting the kernel measure anew, by";

/// Attributes of a block device in sysfs: of NVMe, virtio and SCSI.
const SERIALS: [&str; 3] = ["serial", "device/serial", "device/vpd_pg80"];
const WWIDS: [&str; 6] = ["wwid", "device/wwid", "nguid", "eui", "uuid", "dm/uuid"];

impl LinkedDevices for Linux {
    fn linked_device(&self, link: &str) -> Result<Option<LinkedDevice>> {
        let relative = Path::new(link);
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(Error::new(Kind::Unsafe, LOOKING, link, "it must be plain and relative"));
        }
        let node = match std::fs::canonicalize(Path::new(LINKS).join(relative)) {
            Ok(node) => node,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_failed(&error, LOOKING, link)),
        };
        match device(&node) {
            Ok(device) => described(Path::new(DEVICES), Path::new(DATABASE), device),
            // It went just now.
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn links(&self) -> Result<Vec<(String, DeviceId, PathBuf)>> {
        let mut links = Vec::new();
        for folder in entries(Path::new(LINKS), LISTING)? {
            for link in entries(&folder, LISTING)? {
                let name = link.strip_prefix(LINKS).ok().and_then(Path::to_str);
                let node = std::fs::canonicalize(&link).ok();
                let found = node.and_then(|node| Some((device(&node).ok()?, node)));
                if let (Some(name), Some((device, node))) = (name, found) {
                    links.push((name.to_owned(), device, node));
                }
            }
        }
        Ok(links)
    }

    fn disk(&self, device: DeviceId) -> Result<Option<Disk>> {
        disk(Path::new(DEVICES), device)
    }

    fn sequence(&self, device: &Handle) -> Result<Option<u64>> {
        let doing = "asking which disk it is of";
        let device = blocks::opened(device, doing)?;
        match retry_on_intr(|| ioctl::disk_sequence(device.device.as_fd())) {
            Ok(sequence) => Ok(Some(sequence)),
            Err(Errno::NOTTY | Errno::INVAL) => Ok(None),
            Err(errno) => Err(failed(errno, doing, &device.node)),
        }
    }

    fn rescan(&self) -> Result<()> {
        for host in entries(Path::new(SCSI_HOSTS), RESCANNING)? {
            // Any channel, any target, any unit.
            tell(&host.join("scan"), "- - -", RESCANNING)?;
        }
        Ok(())
    }

    fn rescan_device(&self, device: DeviceId) -> Result<()> {
        measure_anew(Path::new(DEVICES), device)
    }
}

/// What is in a folder, sorted; nothing where it is absent, or is none.
fn entries(folder: &Path, doing: &'static str) -> Result<Vec<PathBuf>> {
    let list = match std::fs::read_dir(folder) {
        Ok(list) => list,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(io_failed(&error, doing, folder.display())),
    };
    let mut paths: Vec<PathBuf> = list.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

/// Writes to an attribute of sysfs, if it is there.
fn tell(attribute: &Path, text: &str, doing: &'static str) -> Result<()> {
    match std::fs::OpenOptions::new().write(true).open(attribute) {
        Ok(mut file) => io::Write::write_all(&mut file, text.as_bytes())
            .map_err(|error| io_failed(&error, doing, attribute.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_failed(&error, doing, attribute.display())),
    }
}

/// Sources: kernel Documentation/scsi/scsi_mid_low_api.rst (`rescan`),
/// drivers/nvme/host/sysfs.c (`rescan_controller`). A map (dm) is made of its slaves.
fn measure_anew(devices: &Path, device: DeviceId) -> Result<()> {
    let at = devices.join(device.to_string());
    let made_of = entries(&at.join("slaves"), MEASURING)?;
    for disk in std::iter::once(&at).chain(&made_of) {
        let owner = disk.join("device");
        tell(&owner.join("rescan"), "1", MEASURING)?;
        // A namespace of one controller, or of a subsystem with several.
        tell(&owner.join("rescan_controller"), "1", MEASURING)?;
        for path in entries(&owner, MEASURING)? {
            let name = path.file_name().map(|name| name.as_encoded_bytes().to_vec());
            if name.is_some_and(|name| name.starts_with(b"nvme")) {
                tell(&path.join("rescan_controller"), "1", MEASURING)?;
            }
        }
    }
    Ok(())
}

fn device(node: &Path) -> Result<DeviceId> {
    if !node.starts_with("/dev") {
        return Err(Error::new(Kind::Unsafe, LOOKING, node.display(), "it leads out of /dev"));
    }
    let pinned = pin(LOOKING, node)?;
    let status = statx(&pinned, StatxFlags::TYPE, LOOKING, node.display())?;
    if FileType::from_raw_mode(status.stx_mode.into()) != FileType::BlockDevice {
        return Err(Error::new(Kind::WrongType, LOOKING, node.display(), "it is no block device"));
    }
    Ok(DeviceId { major: status.stx_rdev_major, minor: status.stx_rdev_minor })
}

/// From what the kernel says of a device in one file, which is of one device for certain.
fn disk(devices: &Path, device: DeviceId) -> Result<Option<Disk>> {
    let at = devices.join(device.to_string());
    let Some(text) = present(&at.join("uevent"))? else { return Ok(None) };
    let value = |key: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        lines.find(|(name, _)| *name == key).map(|(_, value)| value)
    };
    let Some(name) = value("DEVNAME") else { return Ok(None) };
    let readonly = present(&at.join("ro"))?;
    Ok(Some(Disk {
        device,
        node: Path::new("/dev").join(name),
        sequence: value("DISKSEQ").and_then(|digits| digits.parse().ok()),
        readonly: readonly.is_some_and(|text| text.trim() == "1"),
        partition: value("DEVTYPE") == Some("partition"),
    }))
}

/// A file of sysfs; none where it is absent, or its device is on its way out.
fn present(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error)
            if error.kind() == ErrorKind::NotFound
                || error.raw_os_error() == Some(Errno::NODEV.raw_os_error()) =>
        {
            Ok(None)
        }
        Err(error) => Err(io_failed(&error, LOOKING, path.display())),
    }
}

fn described(devices: &Path, database: &Path, device: DeviceId) -> Result<Option<LinkedDevice>> {
    let Some(disk) = disk(devices, device)? else { return Ok(None) };
    let at = devices.join(device.to_string());
    let all = |names: &[&str]| -> Vec<String> {
        names.iter().filter_map(|name| attribute(&at.join(name))).collect()
    };
    let (mut serials, mut wwids) = (all(&SERIALS), all(&WWIDS));
    if serials.is_empty() || wwids.is_empty() {
        let found = Database::of(database, &disk)?;
        if serials.is_empty() {
            serials = found.serials();
        }
        if wwids.is_empty() {
            wwids = found.wwids();
        }
    }
    Ok(Some(LinkedDevice { disk, serials, wwids }))
}

/// An attribute's text. The serial number's page of a SCSI device has four bytes before it.
///
/// Source: SPC-5, 7.7.15 Unit Serial Number VPD page.
fn attribute(path: &Path) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    let bytes = if path.ends_with("vpd_pg80") { bytes.get(4..)? } else { &bytes };
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
