//! Devices that are there already: by udev's links, and what sysfs says that they are.

use std::path::{Component, Path, PathBuf};

use rustix::fs::{FileType, StatxFlags};

use super::Linux;
use super::errno::io_failed;
use super::path::{pin, statx};
use crate::os::{DeviceId, Error, Kind, LinkedDevice, LinkedDevices, Result};

const LINKS: &str = "/dev/disk";
const LOOKING: &str = "looking up device";
const RESCANNING: &str = "letting SCSI hosts look for devices in";
const SCSI_HOSTS: &str = "/sys/class/scsi_host";

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
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_failed(&error, LOOKING, link)),
        };
        device(&node).map(|device| Some(described(Path::new("/sys/dev/block"), device)))
    }

    fn rescan(&self) -> Result<()> {
        let hosts = match std::fs::read_dir(SCSI_HOSTS) {
            Ok(hosts) => hosts,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(io_failed(&error, RESCANNING, SCSI_HOSTS)),
        };
        for host in hosts.flatten() {
            // Any channel, any target, any unit.
            std::fs::write(host.path().join("scan"), "- - -")
                .map_err(|error| io_failed(&error, RESCANNING, host.path().display()))?;
        }
        Ok(())
    }
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

fn described(sysfs: &Path, device: DeviceId) -> LinkedDevice {
    let at = sysfs.join(device.to_string());
    let all = |names: &[&str]| names.iter().filter_map(|name| attribute(&at.join(name))).collect();
    LinkedDevice { device, serials: all(&SERIALS), wwids: all(&WWIDS) }
}

/// An attribute's text. The serial number's page of a SCSI device has four bytes before it.
///
/// Source: SPC-5, 7.7.15 Unit Serial Number VPD page.
fn attribute(path: &PathBuf) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    let bytes = if path.ends_with("vpd_pg80") { bytes.get(4..)? } else { &bytes };
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: DeviceId = DeviceId { major: 259, minor: 4 };

    #[test]
    fn a_device_says_what_it_is_in_several_ways() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("259:4");
        std::fs::create_dir_all(at.join("device")).unwrap();
        for (name, bytes) in [
            ("wwid", &b"nvme.1d0f-766f6c\n"[..]),
            ("device/serial", b"vol0123             \n"),
            ("device/vpd_pg80", b"\0\x80\0\x06SN0001"),
            ("nguid", b"\n"),
        ] {
            std::fs::write(at.join(name), bytes).unwrap();
        }
        let found = described(dir.path(), DEVICE);
        assert_eq!(found.serials, ["vol0123", "SN0001"]);
        assert_eq!(found.wwids, ["nvme.1d0f-766f6c"]);
    }

    #[test]
    fn a_link_that_climbs_is_refused_and_one_that_is_absent_is_none() {
        let linux = Linux::new();
        for bad in ["../sda", "/dev/sda", "by-id/../../sda"] {
            assert_eq!(linux.linked_device(bad).unwrap_err().kind, Kind::Unsafe, "{bad}");
        }
        assert_eq!(linux.linked_device("by-id/mooring-no-such-device").unwrap(), None);
    }

    #[test]
    fn what_is_no_block_device_in_dev_is_refused() {
        assert_eq!(device(Path::new("/dev/null")).unwrap_err().kind, Kind::WrongType);
        assert_eq!(device(Path::new("/etc/hostname")).unwrap_err().kind, Kind::Unsafe);
    }
}
