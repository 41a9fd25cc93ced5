//! The real machine, tried on real loop devices, file systems and mounts. These tests need root;
//! without it they say so and pass.

mod blocks;
mod busy;
mod filesystems;
mod freezing;
mod loops;
mod mounts;
mod places;
mod pool;
mod records;
mod throttle;

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Command;

use mooring_volume::capability::FsType;
use rustix::mount::UnmountFlags;

use super::{Handle, Linux};
use crate::os::{
    BlockDevices, Found, LoopDevice, LoopDevices, MountFlags, MountRef, Mounts, PoolFiles,
    Programs, Superblock,
};

pub(super) const MIB: u64 = 1024 * 1024;

/// Says why a test is left out, unless this is root.
pub(super) fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("left out: loop devices and mounts need root");
    }
    root
}

/// A directory with images, devices and mounts in it, all of which go when it is dropped, also
/// when a test panics.
pub(super) struct Bench {
    pub(super) linux: Linux,
    pub(super) dir: PathBuf,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap();
        Self { linux: Linux::new(), dir: path, _dir: dir }
    }

    pub(super) fn image(&self, name: &str, size: u64) -> Handle {
        let path = self.dir.join(name);
        std::fs::File::create(path).unwrap().set_len(size).unwrap();
        self.open(name)
    }

    pub(super) fn open(&self, name: &str) -> Handle {
        self.linux.open_image(&self.dir, Path::new(name), false).unwrap()
    }

    /// A loop device over a new image.
    pub(super) fn disk(&self, name: &str, size: u64) -> LoopDevice {
        self.linux.bind_loop(&self.image(name, size), name, false).unwrap()
    }

    /// A loop device with a new file system.
    pub(super) fn formatted(&self, name: &str, size: u64, fs_type: FsType) -> LoopDevice {
        let disk = self.disk(name, size);
        let device = self.linux.open_exclusive(disk.device).unwrap();
        assert_eq!(self.linux.probe_device(&device, None).unwrap(), Found::Blank);
        self.linux.make_filesystem(&device, fs_type).unwrap();
        disk
    }

    pub(super) fn place(&self, name: &str) -> PathBuf {
        let path = self.dir.join(name);
        std::fs::create_dir(&path).unwrap();
        path
    }

    pub(super) fn mount(&self, disk: &LoopDevice, fs_type: FsType, name: &str) -> MountRef {
        let target = self.place(name);
        let flags = MountFlags { nosuid: true, nodev: true, ..MountFlags::default() };
        self.linux.mount_device(disk.device, fs_type, &target, flags, &[]).unwrap();
        self.at(&target)
    }

    pub(super) fn at(&self, target: &Path) -> MountRef {
        let table = self.linux.mounts().unwrap();
        table.iter().rfind(|entry| entry.is_at(target)).expect("it is mounted").reference()
    }

    pub(super) fn is_mounted(&self, target: &Path) -> bool {
        self.linux.mounts().unwrap().iter().any(|entry| entry.is_at(target))
    }

    /// The bench's own loop devices, found by their backing files.
    pub(super) fn own_loops(&self) -> Vec<LoopDevice> {
        let own = |device: &LoopDevice| {
            let path = format!("/sys/block/loop{}/loop/backing_file", device.number);
            std::fs::read_to_string(path)
                .is_ok_and(|file| file.starts_with(self.dir.to_str().unwrap()))
        };
        self.linux.loops().unwrap().answering.into_iter().filter(own).collect()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let own = |path: &Path| path.starts_with(&self.dir);
        for entry in self.linux.mounts().unwrap_or_default().iter().rev() {
            if own(&entry.point) {
                let _ = rustix::mount::unmount(&entry.point, UnmountFlags::DETACH);
            }
        }
        for device in self.own_loops() {
            let _ = self.linux.unbind_loop(&device);
        }
    }
}

/// Runs a tool for a test, which must succeed.
pub(super) fn tool(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The file system that was found.
pub(super) fn superblock(found: Found) -> Superblock {
    let Found::FileSystem(superblock) = found else { panic!("no file system: {found:?}") };
    superblock
}

/// fsync, as no tool does it in passing.
pub(super) fn sync_file<F: AsFd>(file: F) {
    rustix::fs::fsync(file).unwrap();
}
