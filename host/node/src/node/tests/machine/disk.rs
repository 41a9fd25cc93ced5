//! Devices of the node's own on the real machine: loop devices that stand for an array's, with links
//! and entries of udev's database that the tests make.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mooring_volume::Code;
use mooring_volume::attachment::{Attachment, BlockDevice};
use mooring_volume::capability::FsType;

use super::super::world::{MIB, Way, id};
use super::{Bench, SIZE, bench};
use crate::os::linux::Linux;
use crate::os::{
    BlockDevices as _, Found, LinkedDevices as _, LoopDevice, LoopDevices as _, PoolFiles as _,
    Programs as _,
};

/// No test of a machine has another's serial number.
static NEXT: AtomicU32 = AtomicU32::new(0);

fn new_serial() -> String {
    format!("T{}X{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A device that an array maps to this machine; it goes when this is dropped.
pub(super) struct Mapped {
    pub(super) device: LoopDevice,
    serial: String,
    link: Link,
    entry: PathBuf,
    linux: Arc<Linux>,
}

/// A link as udev makes it.
struct Link(String);

impl Link {
    fn new(name: &str, device: &LoopDevice) -> Self {
        let folder = Path::new("/dev/disk/by-id");
        fs::create_dir_all(folder).unwrap();
        let node = format!("../../loop{}", device.number);
        std::os::unix::fs::symlink(node, folder.join(name)).unwrap();
        Self(format!("by-id/{name}"))
    }

    fn path(&self) -> PathBuf {
        Path::new("/dev/disk").join(&self.0)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let _gone = fs::remove_file(self.path());
    }
}

impl Mapped {
    /// The image of volume v1.
    pub(super) fn new(linux: &Arc<Linux>, dir: &Path) -> Self {
        Self::of(linux, dir, "v1")
    }

    fn of(linux: &Arc<Linux>, dir: &Path, name: &str) -> Self {
        let images = dir.join("pool/image.mooring.dev/images");
        let image = linux.open_image(&images, Path::new(name), false).unwrap();
        let device = linux.bind_loop(&image, "of an array", false).unwrap();
        let serial = new_serial();
        let link = Link::new(&format!("scsi-SMOORING_{serial}"), &device);
        let entry = PathBuf::from(format!("/run/udev/data/b{}", device.device));
        fs::create_dir_all("/run/udev/data").unwrap();
        let mapped = Self { device, serial, link, entry, linux: Arc::clone(linux) };
        let sequence = linux.disk(mapped.device.device).unwrap().unwrap().sequence;
        mapped.enter(&mapped.serial, sequence);
        mapped
    }

    /// Writes what udev would of a disk that says this.
    fn enter(&self, serial: &str, sequence: Option<u64>) {
        let order = sequence.map_or(String::new(), |one| format!("S:disk/by-diskseq/{one}\n"));
        let text = format!("{order}E:ID_SERIAL_SHORT={serial}\nE:ID_SERIAL=SMOORING_{serial}\n");
        fs::write(&self.entry, text).unwrap();
    }

    pub(super) fn wanted(&self) -> BlockDevice {
        let (links, serial) = (vec![self.link.0.clone()], Some(self.serial.clone()));
        BlockDevice { links, serial, wwid: None, rescan: true }
    }

    fn node(&self) -> PathBuf {
        format!("/dev/loop{}", self.device.number).into()
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.entry);
        let _gone = self.linux.unbind_loop(&self.device);
    }
}

const EXT4: Way = Way::Disk(FsType::Ext4);

fn mapped(bench: &Bench) -> &Mapped {
    bench.mapped.as_ref().unwrap()
}

/// A stage is refused with this code, and nothing was written to the image.
fn refused(bench: &Bench, code: Code) -> String {
    let error = bench.stage().unwrap_err();
    assert_eq!(error.code, code, "{error}");
    bench.check_free();
    error.message
}

fn is_blank(bench: &Bench, name: &str) -> bool {
    let images = bench.dir.join("pool/image.mooring.dev/images");
    let image = bench.linux.open_image(&images, Path::new(name), true).unwrap();
    bench.linux.probe_image(&image).unwrap() == Found::Blank
}

#[test]
fn a_device_that_is_not_the_volumes_is_never_formatted() {
    let Some(bench) = bench(EXT4) else { return };
    let mapped = mapped(&bench);
    let sequence = bench.linux.disk(mapped.device.device).unwrap().unwrap().sequence;
    // udev has the link, and says of the device that it is another.
    mapped.enter("another", sequence);
    assert!(refused(&bench, Code::FailedPrecondition).contains("is not the volume"));
    // It says what is wanted, of a disk that had the number before.
    mapped.enter(&mapped.serial, sequence.map(|one| one + 1));
    assert!(refused(&bench, Code::FailedPrecondition).contains("is not the volume"));
    fs::remove_file(&mapped.entry).unwrap();
    assert!(refused(&bench, Code::FailedPrecondition).contains("is not the volume"));
    assert!(is_blank(&bench, "v1"));
    mapped.enter(&mapped.serial, sequence);
    bench.stage().unwrap();
    assert!(!is_blank(&bench, "v1"));
}

#[test]
fn two_devices_of_one_volume_are_refused_and_two_links_to_one_are_not() {
    let Some(bench) = bench(EXT4) else { return };
    let image = bench.dir.join("pool/image.mooring.dev/images/other");
    fs::File::create(image).unwrap().set_len(SIZE).unwrap();
    let other = Mapped::of(&bench.linux, &bench.dir, "other");
    let mapped = mapped(&bench);
    let sequence = bench.linux.disk(other.device.device).unwrap().unwrap().sequence;
    other.enter(&mapped.serial, sequence);
    let describe = |link: &str| {
        let mut wanted = mapped.wanted();
        wanted.links.push(link.to_owned());
        let mut answers = bench.backend.0.lock().unwrap();
        let answer = answers.get_mut(&id("v1")).unwrap().as_mut().unwrap();
        answer.attachment = Attachment::BlockDevice(wanted);
    };
    describe(&other.link.0);
    assert!(refused(&bench, Code::FailedPrecondition).contains("both say"));
    assert!(is_blank(&bench, "v1") && is_blank(&bench, "other"));
    let second = Link::new(&format!("scsi-SMOORING_{}-too", mapped.serial), &mapped.device);
    describe(&second.0);
    bench.stage().unwrap();
}

#[test]
fn a_device_that_something_else_uses_is_left_to_it() {
    let Some(bench) = bench(EXT4) else { return };
    let mapped = mapped(&bench);
    let exclusive = || {
        let mut options = fs::File::options();
        options.read(true).custom_flags(nix::libc::O_EXCL).open(mapped.node())
    };
    let holder = exclusive().unwrap();
    assert!(refused(&bench, Code::FailedPrecondition).contains("in use"));
    drop(holder);

    let place = bench.dir.join("mnt");
    fs::create_dir(&place).unwrap();
    let opened = bench.linux.open_exclusive(mapped.device.device).unwrap();
    bench.linux.probe_device(&opened, None).unwrap();
    bench.linux.make_filesystem(&opened, FsType::Ext4).unwrap();
    drop(opened);
    let (flags, data) = (rustix::mount::MountFlags::empty(), None::<&std::ffi::CStr>);
    rustix::mount::mount(mapped.node(), &place, "ext4", flags, data).unwrap();
    let error = bench.stage().unwrap_err();
    rustix::mount::unmount(&place, rustix::mount::UnmountFlags::empty()).unwrap();
    assert_eq!(error.code, Code::FailedPrecondition, "{error}");
    assert!(error.message.contains("in use"), "{error}");
    bench.check_free();
    bench.stage().unwrap();
    assert_eq!(exclusive().unwrap_err().kind(), ErrorKind::ResourceBusy, "it is mounted");
}

#[test]
fn an_absent_device_may_come_later_and_one_that_refuses_writes_is_not_published_for_them() {
    let Some(bench) = bench(Way::RawDisk) else { return };
    let mapped = mapped(&bench);
    fs::remove_file(mapped.link.path()).unwrap();
    assert!(refused(&bench, Code::Unavailable).contains("not on this node yet"));
    let name = mapped.link.0.strip_prefix("by-id/").unwrap();
    let _again = Link::new(name, &mapped.device);
    bench.stage().unwrap();
    bench.linux.set_device_readonly(mapped.device.device, true).unwrap();
    let error = bench.publish("a", false).unwrap_err();
    assert_eq!(error.code, Code::FailedPrecondition, "{error}");
    bench.publish("a", true).unwrap();
    bench.unpublish("a").unwrap();
    bench.unstage().unwrap();
    bench.check_free();
    assert!(bench.linux.is_device_readonly(mapped.device.device).unwrap(), "it was so before");
}

#[test]
fn a_number_that_became_another_disks_is_left_alone() {
    let Some(bench) = bench(Way::RawDisk) else { return };
    let mapped = mapped(&bench);
    bench.stage().unwrap();
    bench.publish("a", false).unwrap();
    // The array takes the device back, and its number goes to another disk.
    let image = bench.dir.join("pool/image.mooring.dev/images/other");
    fs::File::create(image).unwrap().set_len(64 * MIB).unwrap();
    bench.linux.unbind_loop(&mapped.device).unwrap();
    let images = bench.dir.join("pool/image.mooring.dev/images");
    let image = bench.linux.open_image(&images, Path::new("other"), false).unwrap();
    let mut passed = Vec::new();
    let other = loop {
        let device = bench.linux.bind_loop(&image, "another disk", false).unwrap();
        if device.number == mapped.device.number || passed.len() > 64 {
            break device;
        }
        passed.push(device);
    };
    for device in passed {
        bench.linux.unbind_loop(&device).unwrap();
    }
    let ends = || bench.linux.unbind_loop(&other);
    if other.number != mapped.device.number {
        eprintln!("left out: the number was taken by something else");
        return ends().unwrap();
    }
    let told = bench.publish("b", false).unwrap_err();
    let measured = bench.expand_to(64 * MIB).unwrap_err();
    let unpublished = bench.unpublish("a");
    bench.linux.set_device_readonly(other.device, true).unwrap();
    let unstaged = bench.unstage();
    let readonly = bench.linux.is_device_readonly(other.device);
    ends().unwrap();
    assert_eq!(told.code, Code::FailedPrecondition, "{told}");
    assert_eq!(measured.code, Code::FailedPrecondition, "{measured}");
    assert_eq!((unpublished, unstaged), (Ok(()), Ok(())));
    assert_eq!(readonly, Ok(true), "another's device was touched");
    assert!(!bench.target("a").exists());
}

#[test]
fn a_partition_table_is_data() {
    let Some(bench) = bench(EXT4) else { return };
    let mapped = mapped(&bench);
    // A table with a partition, which the kernel is not told of: the device is not blank.
    let mut sector = [0_u8; 512];
    (sector[450], sector[458], sector[510], sector[511]) = (0x83, 8, 0x55, 0xaa);
    let file = fs::File::options().write(true).open(mapped.node()).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &sector, 0).unwrap();
    file.sync_all().unwrap();
    drop(file);
    let message = refused(&bench, Code::FailedPrecondition);
    assert!(message.contains("never formatted"), "{message}");
}
