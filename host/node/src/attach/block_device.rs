//! `block-device`: a device that the node has by itself, such as a unit of an array that the backend
//! mapped to it, by udev's links.
//!
//! A link is where to look, never what is meant: udev is late at times, and a name or number that
//! became free is used again. The device itself has to say that it is the volume's, once before it is
//! opened and once while it is held open, when its number can be no other's.

use mooring_volume::attachment::BlockDevice;
use mooring_volume::{Error, Result};

use super::{Looked, Purpose, misplaced, mounted_size};
use crate::mount::Origin;
use crate::os::{self, Disk, Kind, LinkedDevice, Machine, MountEntry};
use crate::seen::{DeviceSeen, Seen, SourceSeen};

/// Checks what a backend says of a device; the grants were asked for its links before.
pub(super) fn locate(device: &BlockDevice) -> Result<BlockDevice> {
    let BlockDevice { links, serial, wwid, rescan: _ } = device;
    let nameless = |said: &Option<String>| said.as_ref().is_none_or(|said| said.trim().is_empty());
    if links.is_empty() || (nameless(serial) && nameless(wwid)) {
        return Err(Error::precondition(
            "the backend describes a block device without a link, or with neither serial nor wwid, \
             so that it can't be told from others",
        ));
    }
    Ok(device.clone())
}

/// Finds the device, which must be there and be no other.
///
/// # Errors
/// `Unavailable` where it is not there yet; where asked for, the machine's buses were told to look.
pub(super) fn found<M: Machine>(os: &M, wanted: &BlockDevice) -> Result<Disk> {
    if let Some(found) = find(os, wanted)? {
        return Ok(found);
    }
    if wanted.rescan {
        os.rescan()?;
    }
    Err(Error::unavailable(format!(
        "the volume's device is not on this node yet: there is no /dev/disk/{}",
        wanted.links.join(" and no /dev/disk/")
    )))
}

/// The one device that the links lead to, as far as they are there, once it has said that it is meant.
fn find<M: Machine>(os: &M, wanted: &BlockDevice) -> Result<Option<Disk>> {
    let mut found: Option<(&str, Disk)> = None;
    for link in &wanted.links {
        let Some(device) = os.linked_device(link).map_err(link_error)? else { continue };
        check(link, &device, wanted)?;
        match &found {
            Some((_, first)) if first.device == device.disk.device => {}
            Some((other, first)) => {
                return Err(Error::precondition(format!(
                    "/dev/disk/{other} leads to device {} and /dev/disk/{link} to device {}, and \
                     both say that they are the volume; let multipathd join them if they are paths \
                     to it, or let the backend name one link",
                    first.device, device.disk.device
                )));
            }
            None => found = Some((link, device.disk)),
        }
    }
    Ok(found.map(|(_, disk)| disk))
}

fn check(link: &str, found: &LinkedDevice, wanted: &BlockDevice) -> Result<()> {
    let LinkedDevice { disk, serials, wwids } = found;
    let says = |wanted: Option<&String>, said: &[String]| {
        wanted.is_none_or(|wanted| said.iter().any(|one| one == wanted))
    };
    if !says(wanted.serial.as_ref(), serials) || !says(wanted.wwid.as_ref(), wwids) {
        return Err(Error::precondition(format!(
            "/dev/disk/{link} leads to device {}, which says that its serial is {serials:?} and its \
             wwid {wwids:?}: it is not the volume",
            disk.device
        )));
    }
    if disk.partition {
        return Err(Error::precondition(format!(
            "/dev/disk/{link} leads to {}, which is a partition: a volume is a whole device, which \
             alone says what it is",
            disk.node.display()
        )));
    }
    Ok(())
}

/// Opens a device that was found, so that nobody else can have it, and makes sure that it is that
/// device still.
///
/// # Errors
/// `FailedPrecondition` where somebody uses it; `Aborted` where another took its place.
pub(crate) fn claim<M: Machine>(os: &M, wanted: &BlockDevice, disk: &Disk) -> Result<M::Handle> {
    let opened = os.open_exclusive(disk.device).map_err(in_use)?;
    let sequence = os.sequence(&opened)?;
    let now = find(os, wanted)?;
    let same = |now: &Disk| (now.device, now.sequence) == (disk.device, disk.sequence);
    if sequence == disk.sequence && now.as_ref().is_some_and(same) {
        return Ok(opened);
    }
    Err(replaced(disk))
}

fn replaced(disk: &Disk) -> Error {
    Error::aborted(format!(
        "another device took the place of {} while it was being opened; try again",
        disk.node.display()
    ))
}

/// Makes sure that nobody has the device of a raw volume before a consumer gets it.
///
/// # Errors
/// As [`claim`].
pub(crate) fn unused<M: Machine>(os: &M, disk: &Disk) -> Result<()> {
    let opened = os.open_exclusive(disk.device).map_err(in_use)?;
    if os.sequence(&opened)? == disk.sequence { Ok(()) } else { Err(replaced(disk)) }
}

/// That no other volume's consumer was given the device's node: that leaves no claim on it.
fn check_not_given(seen: &Seen, disk: &Disk) -> Result<()> {
    let Some(origin) = Origin::of(&seen.mounts, &disk.node) else { return Ok(()) };
    let theirs = |entry: &&MountEntry| origin.is_shown_by(entry) && !seen.own.owns(entry);
    match seen.mounts.iter().find(theirs) {
        None => Ok(()),
        Some(entry) => Err(Error::precondition(format!(
            "the volume's device {} is in use on this machine: something else has put its node at {}",
            disk.node.display(),
            entry.point.display()
        ))),
    }
}

pub(super) fn look<M: Machine>(
    os: &M,
    wanted: &BlockDevice,
    seen: &Seen,
    purpose: &Purpose,
) -> Result<Looked<M::Handle>> {
    let disk = found(os, wanted)?;
    check_not_given(seen, &disk)?;
    let staged = seen.staging().is_some();
    let mounted = mounted_size(os, seen, purpose)?;
    if wanted.rescan {
        // It may have grown, as the source of a restored volume did.
        os.rescan_device(disk.device)?;
    }
    let found = match (purpose.mount, mounted) {
        (true, None) => Some(os.probe_device(&claim(os, wanted, &disk)?, None)?),
        // A raw device that is published may be held by its consumer.
        (false, _) if !staged => {
            drop(claim(os, wanted, &disk)?);
            None
        }
        (true, Some(_)) | (false, _) => None,
    };
    let device = DeviceSeen {
        wanted: wanted.clone(),
        size: os.device_size(disk.device)?,
        found,
        mounted_size: mounted.flatten(),
        limits: os.io_limits(disk.device)?,
        disk,
    };
    Ok(Looked { seen: SourceSeen::Device(device), handle: None })
}

fn in_use(error: os::Error) -> Error {
    if error.kind == Kind::Busy {
        return Error::precondition(format!(
            "the volume's device is in use on this machine by something else: {error}"
        ));
    }
    error.into()
}

fn link_error(error: os::Error) -> Error {
    misplaced(error, "the link to the volume's device is wrong")
}
