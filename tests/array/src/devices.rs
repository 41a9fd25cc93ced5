//! Mapped volumes as block devices of this machine: a loop device, the link below /dev/disk/by-id
//! that udev would make of a SCSI disk, and udev's own note of the serial, by which programs such
//! as lsblk tell it.
//!
//! Numbers of loop devices are reused at once, so a device is always found by its image.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use linux_raw_sys::loop_device::LO_FLAGS_READ_ONLY;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::ioctl;
use crate::problem::{Code, Problem};

/// Each try loses against another binder, of which there are never so many at once.
const TRIES: u32 = 256;

/// How mapped volumes appear on this machine.
#[derive(Debug, Clone)]
pub(crate) enum Devices {
    /// Not at all: mappings are noted and nothing else.
    None,
    /// As loop devices.
    Loops {
        /// Where links are made: /dev/disk/by-id.
        links: PathBuf,
        /// Where udev keeps what it knows: /run/udev/data.
        notes: PathBuf,
    },
}

/// A mapped image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) image: PathBuf,
    pub(crate) serial: String,
    pub(crate) readonly: bool,
}

impl Devices {
    /// Makes the image a device, unless it is one.
    pub(crate) fn attach(&self, unit: &Unit) -> Result<(), Problem> {
        let Self::Loops { links, notes } = self else { return Ok(()) };
        let number = match bound(&unit.image)? {
            Some(number) if is_readonly(number)? == unit.readonly => number,
            Some(number) => {
                return Err(Problem::new(
                    Code::InUse,
                    format!("/dev/loop{number}, an earlier mapping of it, is in use yet"),
                ));
            }
            None => bind(unit)?,
        };
        let told = fs::create_dir_all(links)
            .and_then(|()| relink(&links.join(link(&unit.serial)), number))
            .and_then(|()| fs::create_dir_all(notes))
            .and_then(|()| note(notes, number, &unit.serial));
        if let Err(error) = told {
            self.detach(&unit.image, &unit.serial)?;
            return Err(error.into());
        }
        Ok(())
    }

    /// Takes the device and all that tells of it away.
    ///
    /// # Errors
    /// `InUse` where it is mounted or held otherwise; then everything stays.
    pub(crate) fn detach(&self, image: &Path, serial: &str) -> Result<(), Problem> {
        let Self::Loops { links, notes } = self else { return Ok(()) };
        if let Some(number) = bound(image)? {
            let open = OpenOptions::new()
                .read(true)
                .custom_flags(OFlags::EXCL.bits().cast_signed())
                .open(node(number));
            match open {
                Ok(device) => unbind(&device)?,
                Err(error) if Errno::from_io_error(&error) == Some(Errno::BUSY) => {
                    let message = format!("/dev/loop{number} is in use; unmount it first");
                    return Err(Problem::new(Code::InUse, message));
                }
                Err(error) => return Err(error.into()),
            }
            forget(&notes.join(format!("b7:{number}")))?;
        }
        forget(&links.join(link(serial)))?;
        Ok(())
    }

    /// Lets the device take its image's new size over.
    pub(crate) fn refresh(&self, image: &Path) -> Result<(), Problem> {
        let Self::Loops { .. } = self else { return Ok(()) };
        let Some(number) = bound(image)? else { return Ok(()) };
        Ok(ioctl::set_capacity(File::open(node(number))?).map_err(io::Error::from)?)
    }

    /// Writes what the device was given through to its image.
    pub(crate) fn flush(&self, image: &Path) -> Result<(), Problem> {
        let Self::Loops { .. } = self else { return Ok(()) };
        let Some(number) = bound(image)? else { return Ok(()) };
        Ok(File::open(node(number))?.sync_all()?)
    }

    /// Takes away what an earlier server left of the images below `folder`, but for those that are
    /// still mapped: they may be in use. `array` is what its serials begin with.
    pub(crate) fn sweep(&self, folder: &Path, array: &str, mapped: &[Unit]) -> Result<(), Problem> {
        let Self::Loops { links, notes } = self else { return Ok(()) };
        let is_mapped = |image: &Path| mapped.iter().any(|unit| unit.image == image);
        for (number, image) in all()? {
            if image.starts_with(folder) && !is_mapped(&image) {
                unbind(&File::open(node(number))?)?;
            }
        }
        let prefix = link(array);
        for entry in present(links)? {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                forget(&entry.path())?;
            }
        }
        let known = format!("E:ID_SERIAL=SMOORING_{array}");
        for entry in present(notes)? {
            let is_loop = entry.file_name().to_string_lossy().starts_with("b7:");
            if is_loop && fs::read_to_string(entry.path())?.contains(&known) {
                forget(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Gives everything back, also what is in use: the kernel unbinds that when its last user
    /// leaves.
    pub(crate) fn release(&self, unit: &Unit) -> Result<(), Problem> {
        let Self::Loops { links, notes } = self else { return Ok(()) };
        if let Some(number) = bound(&unit.image)? {
            unbind(&File::open(node(number))?)?;
            forget(&notes.join(format!("b7:{number}")))?;
        }
        Ok(forget(&links.join(link(&unit.serial)))?)
    }
}

/// The link's name, as udev's scsi_id makes it: `S`, the vendor, the serial.
pub(crate) fn link(serial: &str) -> String {
    format!("scsi-SMOORING_{serial}")
}

fn node(number: u32) -> PathBuf {
    PathBuf::from(format!("/dev/loop{number}"))
}

/// The bound loop devices and their images.
fn all() -> io::Result<Vec<(u32, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/sys/block")? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("loop"));
        let Some(number) = number.and_then(|digits| digits.parse().ok()) else { continue };
        // There is such a file only while the device is bound.
        if let Ok(image) = fs::read_to_string(entry.path().join("loop/backing_file")) {
            found.push((number, PathBuf::from(image.trim_end_matches('\n'))));
        }
    }
    Ok(found)
}

fn bound(image: &Path) -> io::Result<Option<u32>> {
    Ok(all()?.into_iter().find(|(_, backing)| backing == image).map(|(number, _)| number))
}

fn is_readonly(number: u32) -> io::Result<bool> {
    Ok(fs::read_to_string(format!("/sys/block/loop{number}/ro"))?.trim() == "1")
}

fn bind(unit: &Unit) -> Result<u32, Problem> {
    let image = OpenOptions::new().read(true).write(!unit.readonly).open(&unit.image)?;
    let control = OpenOptions::new().read(true).write(true).open("/dev/loop-control")?;
    let flags = if unit.readonly { LO_FLAGS_READ_ONLY as u32 } else { 0 };
    for _ in 0..TRIES {
        let number = ioctl::free(&control).map_err(io::Error::from)?;
        let device = OpenOptions::new().read(true).write(true).open(node(number))?;
        match ioctl::configure(&device, image.as_fd(), flags) {
            Ok(()) => return Ok(number),
            Err(Errno::BUSY) => {}
            Err(errno) => return Err(io::Error::from(errno).into()),
        }
    }
    Err(Problem::new(Code::Internal, "no loop device could be had: others were always faster"))
}

fn unbind(device: &File) -> io::Result<()> {
    ioctl::take_writes(device)?;
    match ioctl::clear(device) {
        Ok(()) | Err(Errno::NXIO) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

fn relink(link: &Path, number: u32) -> io::Result<()> {
    forget(link)?;
    symlink(format!("../../loop{number}"), link)
}

/// What udev writes of a SCSI disk, as far as programs read it. Major 7 is the loop devices'.
fn note(notes: &Path, number: u32, serial: &str) -> io::Result<()> {
    let text = format!(
        "S:disk/by-id/{}\nE:ID_BUS=scsi\nE:ID_VENDOR=MOORING\nE:ID_MODEL=array\n\
         E:ID_SERIAL=SMOORING_{serial}\nE:ID_SERIAL_SHORT={serial}\nE:ID_SCSI_SERIAL={serial}\n\
         G:systemd\nV:1\n",
        link(serial)
    );
    let (path, aside) =
        (notes.join(format!("b7:{number}")), notes.join(format!(".mooring-b7:{number}")));
    File::create(&aside)?.write_all(text.as_bytes())?;
    fs::rename(aside, path)
}

fn forget(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn present(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
