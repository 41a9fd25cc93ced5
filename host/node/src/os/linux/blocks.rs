//! Block devices: opened by number, checked to have that number, read past the cache.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use mooring_volume::capability::FsType;
use rustix::fs::{FileType, OFlags, StatxFlags};
use rustix::io::{Errno, retry_on_intr};

use super::errno::{failed, io_failed};
use super::handle::{Device, Handle, Inner, Reader};
use super::path::{pin, reopen, statx};
use super::patience::patiently;
use super::pool::{fstat, identity};
use super::proven::Proven;
use super::{Linux, examine, ioctl};
use crate::filesystem::PAGE;
use crate::os::{BlockDevices, DeviceId, Error, Found, Kind, Result};

const OPENING: &str = "opening block device";

impl BlockDevices for Linux {
    fn open_exclusive(&self, device: DeviceId) -> Result<Handle> {
        let pinned = pin_device(device)?;
        let node = node_path(device)?.display().to_string();
        let claim = Mutex::new(Some(claim(&pinned, &node)?));
        // The kernel has direct I/O for every block device; one without is not opened.
        let open = reopen_writable(&pinned, OFlags::DIRECT)
            .map_err(|errno| failed(errno, OPENING, &node))?;
        Ok(Handle(Inner::Device(Device {
            id: device,
            node,
            device: open,
            claim,
            proven: Mutex::new(None),
        })))
    }

    fn probe_device(&self, device: &Handle, image: Option<&Handle>) -> Result<Found> {
        let doing = "reading block device";
        let device = opened(device, doing)?;
        device.prove(None);
        let now = Proven::now(device, doing)?;
        let mut reader = reader(device, doing)?;
        if let (Some(image), Some(bound)) = (image, &now.bound)
            && bound.is_all_of(identity(&fstat(image, doing)?))
        {
            // What a cache of the device holds goes to the image first: then its holes are true.
            retry_on_intr(|| rustix::fs::fsync(&device.device))
                .map_err(|errno| failed(errno, doing, &device.node))?;
            reader.holes = Some(image.as_fd());
        }
        let found = examine::examine(&reader, doing, &device.node)?;
        match found {
            Found::Blank | Found::Unfinished(_) | Found::Data { .. } => device.prove(Some(now)),
            Found::FileSystem(_) | Found::Foreign { .. } => {}
        }
        Ok(found)
    }

    fn holds(&self, device: &Handle, fs_type: FsType) -> Result<bool> {
        let doing = "reading back block device";
        let device = opened(device, doing)?;
        examine::holds(&reader(device, doing)?, fs_type, doing, &device.node)
    }

    fn device_size(&self, device: DeviceId) -> Result<u64> {
        ask(device, "asking the size of block device", |fd| ioctl::device_size(fd.as_fd()))
    }

    fn is_device_readonly(&self, device: DeviceId) -> Result<bool> {
        let doing = "asking whether writes are refused by block device";
        ask(device, doing, |fd| ioctl::is_readonly(fd.as_fd()))
    }

    fn set_device_readonly(&self, device: DeviceId, readonly: bool) -> Result<()> {
        let doing = "refusing or allowing writes to block device";
        ask(device, doing, |fd| ioctl::set_readonly(fd.as_fd(), readonly))
    }

    fn device_node(&self, device: DeviceId) -> Result<PathBuf> {
        pin_device(device)?;
        node_path(device)
    }
}

/// Opens a device's node without opening the device (`O_PATH`).
pub(super) fn pin_device(device: DeviceId) -> Result<OwnedFd> {
    let node = node_path(device)?;
    let pinned = pin(OPENING, &node)?;
    let status = statx(&pinned, StatxFlags::TYPE, OPENING, node.display())?;
    let found = DeviceId { major: status.stx_rdev_major, minor: status.stx_rdev_minor };
    let is_block = FileType::from_raw_mode(status.stx_mode.into()) == FileType::BlockDevice;
    if is_block && found == device {
        return Ok(pinned);
    }
    let detail = if is_block {
        format!("its number is {found}, where {device} was expected")
    } else {
        "it is not a block device".to_owned()
    };
    Err(Error::new(Kind::Changed, OPENING, node.display(), detail))
}

/// Opens a device for reading only, to ask it something.
fn ask<T>(
    device: DeviceId,
    doing: &'static str,
    question: impl FnOnce(&OwnedFd) -> Result<T, Errno>,
) -> Result<T> {
    let pinned = pin_device(device)?;
    reopen(&pinned, OFlags::RDONLY)
        .and_then(|open| question(&open))
        .map_err(|errno| failed(errno, doing, device))
}

/// Claims a device, so that nobody mounts or claims it meanwhile.
pub(super) fn claim(pinned: &OwnedFd, node: &str) -> Result<OwnedFd> {
    patiently(|| reopen_writable(pinned, OFlags::EXCL)).map_err(|errno| match errno {
        Errno::BUSY => Error::new(Kind::Busy, OPENING, node, in_use(node)),
        other => failed(other, OPENING, node),
    })
}

/// What can be told of who has a device in use: what is built on it (dm, md), if anything is.
fn in_use(node: &str) -> String {
    let name = node.strip_prefix("/dev/").unwrap_or(node).replace('/', "!");
    let holders = std::fs::read_dir(format!("/sys/class/block/{name}/holders"));
    let mut names: Vec<String> = holders.map_or_else(
        |_| Vec::new(),
        |entries| entries.flatten().map(|one| one.file_name().display().to_string()).collect(),
    );
    if names.is_empty() {
        return "it, or a part of it, is mounted, or another program has it in use".to_owned();
    }
    names.sort();
    format!("{} is built on it", names.join(", "))
}

/// A device that refuses writes is opened for reading.
fn reopen_writable(pinned: &OwnedFd, flags: OFlags) -> Result<OwnedFd, Errno> {
    match reopen(pinned, flags | OFlags::RDWR) {
        Err(Errno::ACCESS | Errno::ROFS | Errno::PERM) => reopen(pinned, flags | OFlags::RDONLY),
        other => other,
    }
}

/// The device behind a handle.
pub(super) fn opened<'a>(handle: &'a Handle, doing: &'static str) -> Result<&'a Device> {
    match &handle.0 {
        Inner::Device(device) => Ok(device),
        Inner::File(_) => {
            Err(Error::new(Kind::WrongType, doing, "an open file", "it is not a block device"))
        }
    }
}

/// Reads a device past the cache.
pub(super) fn reader<'a>(device: &'a Device, doing: &'static str) -> Result<Reader<'a>> {
    let file = device.device.as_fd();
    let told = |errno| failed(errno, doing, &device.node);
    let size = ioctl::device_size(file).map_err(told)?;
    let unit = ioctl::logical_block(file).map_err(told)?.max(PAGE);
    Ok(Reader { file, size, unit, holes: None })
}

/// Where udev's or the kernel's own node of a device is: /dev and the kernel's name for it.
pub(super) fn node_path(device: DeviceId) -> Result<PathBuf> {
    let doing = "looking up block device";
    let uevent = format!("/sys/dev/block/{device}/uevent");
    let text =
        std::fs::read_to_string(&uevent).map_err(|error| io_failed(&error, doing, device))?;
    let name = text.lines().find_map(|line| line.strip_prefix("DEVNAME="));
    match name {
        Some(name) => Ok(Path::new("/dev").join(name)),
        None => Err(Error::new(Kind::NotFound, doing, device, "the kernel gives it no name")),
    }
}

/// A device number as the kernel writes it: `7:3`.
pub(super) fn parse_id(text: &str) -> Option<DeviceId> {
    let (major, minor) = text.trim_end().split_once(':')?;
    Some(DeviceId { major: major.parse().ok()?, minor: minor.parse().ok()? })
}
