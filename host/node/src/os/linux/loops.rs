//! Loop devices by ioctl.
//!
//! Numbers are reused as soon as they are free, so a device is never trusted by its number: each
//! change goes through a descriptor whose status was read on that very descriptor first.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use linux_raw_sys::loop_device::{LO_FLAGS_DIRECT_IO, LO_FLAGS_READ_ONLY, loop_info64};
use rustix::fs::{Access, AtFlags, CWD, Dir, Mode, OFlags, accessat};
use rustix::io::{Errno, retry_on_intr};

use super::bindings::{Told, sequence};
use super::errno::{failed, io_failed};
use super::handle::Handle;
use super::ioctl::{self, LoopSettings};
use super::path::reopen;
use super::patience::patiently;
use super::pool::{fstat, identity, name};
use super::uevents::Uevents;
use super::{Linux, blocks};
use crate::os::{
    BackingFile, DeviceId, Error, Kind, LoopDevice, LoopDevices, Loops, Result, SilentLoop,
};

const BINDING: &str = "binding a loop device to";
const UNBINDING: &str = "unbinding loop device";
const LISTING: &str = "listing loop devices";

/// Loop devices are among those without hardware.
const DEVICES: &str = "/sys/devices/virtual/block";
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A file system made with 512-byte sectors mounts on devices of any sector size up to its own
/// block size; the reverse fails.
const BLOCK_SIZE: u32 = 512;

/// Other openers, such as udev's probes, leave within milliseconds.
const UNBIND_PATIENCE: Duration = Duration::from_secs(2);

/// Each try loses against another binder, of which there cannot be more than this at once.
const BIND_TRIES: u32 = 1024;

impl LoopDevices for Linux {
    fn loops(&self) -> Result<Loops> {
        let mut loops = Loops::default();
        for (number, told) in self.bindings.of(&bound_numbers()?, status_of) {
            match told {
                Told::Bound(device) => loops.answering.push(device),
                Told::Silent => loops.silent.extend(silent(number)),
                Told::Unbound => {}
            }
        }
        Ok(loops)
    }

    fn bind_loop(&self, image: &Handle, label: &str, readonly: bool) -> Result<LoopDevice> {
        let control = rustix::fs::openat(
            CWD,
            "/dev/loop-control",
            OFlags::RDWR | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(|errno| failed(errno, BINDING, "by /dev/loop-control"))?;
        let settings = LoopSettings {
            image: image.as_fd(),
            block_size: BLOCK_SIZE,
            flags: LO_FLAGS_DIRECT_IO as u32 | if readonly { LO_FLAGS_READ_ONLY as u32 } else { 0 },
            label: label_bytes(label)?,
        };
        for _ in 0..BIND_TRIES {
            let number = retry_on_intr(|| ioctl::loop_get_free(control.as_fd()))
                .map_err(|errno| failed(errno, BINDING, name(image)))?;
            let device = open_loop(number, OFlags::RDWR)?;
            match retry_on_intr(|| ioctl::loop_configure(device.as_fd(), &settings)) {
                Ok(()) => {
                    let bound = confirm(&device, number, image)?;
                    if let Ok(sequence) = ioctl::disk_sequence(device.as_fd()) {
                        self.bindings.remember(sequence, &bound);
                    }
                    drop(device);
                    return self.as_asked(bound, image, readonly);
                }
                Err(Errno::BUSY) => {}
                Err(errno) => return Err(failed(errno, BINDING, name(image))),
            }
        }
        Err(Error::new(Kind::Exhausted, BINDING, name(image), "others were always faster"))
    }

    fn unbind_loop(&self, device: &LoopDevice) -> Result<()> {
        let sequence = self.bindings.sequence_of(|known| is_same(known, device), device.number);
        unbind(device.number, &Meant::Told { device, sequence })
    }

    fn unbind_silent_loop(&self, device: &SilentLoop) -> Result<()> {
        unbind(device.number, &Meant::Silent(device))
    }

    fn refresh_loop(&self, device: &LoopDevice) -> Result<()> {
        let doing = "refreshing the size of loop device";
        let open = open_loop(device.number, OFlags::RDWR)?;
        match read_status(&open, device.number)? {
            Some(now) if is_same(&now, device) => {
                retry_on_intr(|| ioctl::loop_set_capacity(open.as_fd()))
                    .map_err(|errno| failed(errno, doing, node(device.number)))
            }
            Some(_) | None => {
                let detail = "it is no longer bound to the image that it was";
                Err(Error::new(Kind::Changed, doing, node(device.number), detail))
            }
        }
    }
}

impl Linux {
    /// Where the image or the device could be opened for reading alone, the kernel binds it so without
    /// a word: to whoever asked for a device to write to, that is none.
    fn as_asked(&self, bound: LoopDevice, image: &Handle, readonly: bool) -> Result<LoopDevice> {
        if bound.readonly == readonly {
            return Ok(bound);
        }
        self.unbind_loop(&bound)?;
        let detail = format!("{} takes no writes", node(bound.number));
        Err(Error::new(Kind::Other, BINDING, name(image), detail))
    }
}

/// Opens /dev/loopN, checked to be the loop device of that number.
fn open_loop(number: u32, flags: OFlags) -> Result<OwnedFd> {
    let doing = "opening loop device";
    let device = device_id(number)?;
    let pinned = match blocks::pin_device(device) {
        // A static /dev lacks the nodes of devices made later.
        Err(error) if error.kind == Kind::NotFound && device_id(number).is_ok() => {
            let detail = "it exists but has no node; /dev must be the host's devtmpfs";
            return Err(Error::new(Kind::Other, doing, node(number), detail));
        }
        other => other?,
    };
    let open = || match reopen(&pinned, flags) {
        // A loop device that is bound read-only or set so.
        Err(Errno::ACCESS | Errno::ROFS) if flags.contains(OFlags::RDWR) => {
            reopen(&pinned, flags - OFlags::RDWR)
        }
        other => other,
    };
    patiently(open).map_err(|errno| failed(errno, doing, node(number)))
}

/// What a number is bound to now; none if to nothing.
fn status_of(number: u32) -> Result<Option<LoopDevice>> {
    match open_loop(number, OFlags::RDONLY) {
        Ok(open) => read_status(&open, number),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The binding that is to be undone, and by what it is known again.
enum Meant<'a> {
    /// One that said what it is. This process knows the sequence number of that very binding, or none.
    Told { device: &'a LoopDevice, sequence: Option<u64> },
    /// One that keeps silent.
    Silent(&'a SilentLoop),
}

impl Meant<'_> {
    /// Whether an open device has this binding still. As long as it is open, no other can take its
    /// place: LOOP_CLR_FD waits for the last opener.
    fn stands(&self, open: &OwnedFd, number: u32) -> Result<bool> {
        let is_nth = |wanted: u64| ioctl::disk_sequence(open.as_fd()) == Ok(wanted);
        match self {
            Self::Told { sequence: Some(wanted), .. } => Ok(is_nth(*wanted) && is_bound(number)),
            Self::Told { device, sequence: None } => {
                Ok(read_status(open, number)?.is_some_and(|now| is_same(&now, device)))
            }
            Self::Silent(device) => Ok(device.sequence.is_none_or(is_nth)
                && file_behind(number).is_some_and(|file| file == device.file)),
        }
    }

    /// As [`Self::stands`], of a device that is not open; it is opened only where the kernel does not
    /// count bindings.
    fn stands_closed(&self, number: u32) -> Result<bool> {
        let wanted = match self {
            Self::Told { sequence, .. } => *sequence,
            Self::Silent(device) => device.sequence,
        };
        if !is_bound(number) {
            return Ok(false);
        }
        if wanted.is_some() {
            return Ok(sequence(number) == wanted);
        }
        match open_loop(number, OFlags::RDONLY) {
            Ok(open) => self.stands(&open, number),
            Err(error) if error.kind == Kind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn unbind(number: u32, meant: &Meant<'_>) -> Result<()> {
    let node = node(number);
    let open = match open_loop(number, OFlags::RDONLY | OFlags::EXCL) {
        Ok(open) => open,
        Err(error) if error.kind == Kind::NotFound => return Ok(()),
        // Somebody claims it: only if it still is what was meant, it is in the way.
        Err(error) if error.kind == Kind::Busy => {
            return if meant.stands_closed(number)? { Err(error) } else { Ok(()) };
        }
        Err(error) => return Err(error),
    };
    if !meant.stands(&open, number)? {
        return Ok(());
    }
    // Refusing writes outlives the binding: the number's next user would find it so.
    retry_on_intr(|| ioctl::set_readonly(open.as_fd(), false))
        .map_err(|errno| failed(errno, UNBINDING, &node))?;
    match retry_on_intr(|| ioctl::loop_clear(open.as_fd())) {
        Ok(()) | Err(Errno::NXIO) => {}
        Err(errno) => return Err(failed(errno, UNBINDING, &node)),
    }
    // The kernel unbinds in this close, unless somebody else has the device open too.
    drop(open);
    await_unbound(number, meant)
}

/// Waits until the device is unbound, or bound to something else. The kernel announces it, so
/// nothing is polled.
fn await_unbound(number: u32, meant: &Meant<'_>) -> Result<()> {
    if !is_bound(number) {
        return Ok(());
    }
    let object = node(number);
    let deadline = Instant::now() + UNBIND_PATIENCE;
    let uevents = Uevents::listen().map_err(|errno| failed(errno, UNBINDING, &object))?;
    while meant.stands_closed(number)? {
        let news = uevents.wait(deadline).map_err(|errno| failed(errno, UNBINDING, &object))?;
        if !news {
            let detail = "another program has it open; it goes when that leaves";
            return Err(Error::new(Kind::Busy, UNBINDING, object, detail));
        }
    }
    Ok(())
}

/// Reads back what was bound, on the descriptor that bound it.
fn confirm(device: &OwnedFd, number: u32, image: &Handle) -> Result<LoopDevice> {
    let wanted = identity(&fstat(image, BINDING)?);
    match read_status(device, number)? {
        Some(bound) if bound.backing == wanted => Ok(bound),
        Some(_) | None => {
            let detail = format!("{} shows another image", node(number));
            Err(Error::new(Kind::Changed, BINDING, name(image), detail))
        }
    }
}

fn read_status(device: &OwnedFd, number: u32) -> Result<Option<LoopDevice>> {
    let doing = "asking the status of loop device";
    let status = match retry_on_intr(|| ioctl::loop_status(device.as_fd())) {
        Ok(status) => status,
        Err(Errno::NXIO) => return Ok(None),
        Err(errno) => return Err(failed(errno, doing, node(number))),
    };
    let size =
        ioctl::device_size(device.as_fd()).map_err(|errno| failed(errno, doing, node(number)))?;
    Ok(Some(LoopDevice {
        number,
        device: device_id(number)?,
        backing: BackingFile { device: status.lo_device, inode: status.lo_inode },
        label: label_text(&status),
        readonly: status.lo_flags & LO_FLAGS_READ_ONLY as u32 != 0,
        size,
    }))
}

fn is_same(now: &LoopDevice, meant: &LoopDevice) -> bool {
    now.backing == meant.backing && now.label == meant.label
}

fn label_bytes(label: &str) -> Result<[u8; 64]> {
    let mut bytes = [0; 64];
    match bytes.get_mut(..label.len()) {
        Some(start) if label.len() < 64 && !label.contains('\0') => {
            start.copy_from_slice(label.as_bytes());
            Ok(bytes)
        }
        Some(_) | None => {
            Err(Error::new(Kind::Other, BINDING, label, "a label has at most 63 bytes, none zero"))
        }
    }
}

fn label_text(status: &loop_info64) -> String {
    let bytes = status.lo_file_name.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

/// The minor number is the device's number only where loop devices have no partitions.
fn device_id(number: u32) -> Result<DeviceId> {
    let doing = "asking the device number of";
    let text = std::fs::read_to_string(format!("/sys/block/loop{number}/dev"))
        .map_err(|error| io_failed(&error, doing, node(number)))?;
    blocks::parse_id(&text)
        .ok_or_else(|| Error::new(Kind::Io, doing, node(number), format!("{text:?} is none")))
}

/// Without opening the device, which would delay another's unbinding.
fn is_bound(number: u32) -> bool {
    Path::new(&format!("/sys/block/loop{number}/loop/backing_file")).exists()
}

/// The numbers of the devices that are bound, in order. They are looked at where /sys/block links to,
/// from that directory on: each look takes a fraction of the time, and there is one for each device.
fn bound_numbers() -> Result<Vec<u32>> {
    let folder = match rustix::fs::open(DEVICES, FOLDER, Mode::empty()) {
        // Where there is no such device, there need not be the directory.
        Err(Errno::NOENT) if Path::new("/sys/block").exists() => return Ok(Vec::new()),
        folder => folder.map_err(listing)?,
    };
    let mut found = Vec::new();
    for entry in Dir::read_from(&folder).map_err(listing)? {
        let entry = entry.map_err(listing)?;
        let number = entry.file_name().to_str().ok().and_then(|name| name.strip_prefix("loop"));
        let Some(number) = number.and_then(|digits| digits.parse::<u32>().ok()) else { continue };
        let bound = format!("loop{number}/loop/backing_file");
        if accessat(&folder, bound, Access::EXISTS, AtFlags::empty()).is_ok() {
            found.push(number);
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn listing(errno: Errno) -> Error {
    failed(errno, LISTING, DEVICES)
}

/// What is known of a device that does not answer; none if it is unbound by now.
fn silent(number: u32) -> Option<SilentLoop> {
    let sequence = sequence(number);
    Some(SilentLoop {
        number,
        device: device_id(number).ok()?,
        file: file_behind(number)?,
        sequence,
    })
}

/// The path of the file behind a device, in the kernel's words: nothing is asked of the file's storage.
/// None: it is unbound by now.
fn file_behind(number: u32) -> Option<PathBuf> {
    let path = format!("/sys/block/loop{number}/loop/backing_file");
    let said = std::fs::read_to_string(path).ok()?;
    let said = said.trim_end_matches('\n');
    Some(said.strip_suffix(" (deleted)").unwrap_or(said).into())
}

fn node(number: u32) -> String {
    format!("/dev/loop{number}")
}
