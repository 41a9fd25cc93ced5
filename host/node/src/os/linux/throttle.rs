//! I/O limits by control groups of either version.
//!
//! Version 2 (`io.max`, kernel Documentation/admin-guide/cgroup-v2.rst): the limits of a group hold
//! for all that is below it, and the root has none. So each group below the root gets them, such
//! as `kubepods.slice`, in which all pods are: together they do no more than the limit. Writes
//! that the page cache puts off count for the group that made them dirty.
//!
//! Version 1 (`blkio.throttle.*`, admin-guide/cgroup-v1/blkio-controller.rst): limits are not
//! inherited. The root's hold for its own processes and for all that is written back from the page
//! cache, which is the kernel's own work; a pod's reads and direct writes are not limited.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::Linux;
use super::errno::{failed, io_failed};
use super::mounts::pin_mount;
use crate::os::{
    DeviceId, Error, IoLimits, Kind, MountEntry, MountRef, Mounts as _, Result, Throttling,
};

/// Where systemd, and every distribution since, mounts the control groups.
const ROOT: &str = "/sys/fs/cgroup";
const READING: &str = "reading the I/O limits of device";
const LIMITING: &str = "limiting the I/O of device";
const DISCARDING: &str = "setting discards of the file system at";

impl Throttling for Linux {
    fn io_limits(&self, device: DeviceId) -> Result<Option<IoLimits>> {
        Means::find(Path::new(ROOT)).limits(device)
    }

    fn set_io_limits(&self, device: DeviceId, limits: &IoLimits) -> Result<()> {
        Means::find(Path::new(ROOT)).set(device, limits)
    }

    fn set_discard(&self, mount: &MountRef, discard: bool) -> Result<()> {
        let Some(now) = self.listed(mount)? else {
            let detail = "it is not mounted there any more";
            return Err(Error::new(Kind::Changed, DISCARDING, mount.point.display(), detail));
        };
        if now.discards == discard {
            return Ok(());
        }
        reconfigure(mount, &now.fs_type, discard)?;
        // XFS takes the option without an error, and leaves all as it is.
        if self.listed(mount)?.is_some_and(|now| now.discards == discard) {
            return Ok(());
        }
        let detail = format!(
            "{} takes this only when it is mounted; unstage the volume and stage it again",
            now.fs_type
        );
        Err(Error::new(Kind::Unsupported, DISCARDING, mount.point.display(), detail))
    }
}

impl Linux {
    fn listed(&self, mount: &MountRef) -> Result<Option<MountEntry>> {
        Ok(self.mounts()?.into_iter().find(|entry| entry.id == mount.id))
    }
}

fn reconfigure(mount: &MountRef, fs_type: &str, discard: bool) -> Result<()> {
    use rustix::mount::{
        FsPickFlags, fsconfig_reconfigure, fsconfig_set_flag, fsconfig_set_string, fspick,
    };
    let root = pin_mount(mount, DISCARDING)?;
    let flags = FsPickFlags::FSPICK_EMPTY_PATH | FsPickFlags::FSPICK_CLOEXEC;
    let changed = fspick(&root, c"", flags).and_then(|context| {
        match (discard, fs_type) {
            // In the background: the default where btrfs discards at all.
            (true, "btrfs") => fsconfig_set_string(&context, "discard", "async")?,
            (true, _) => fsconfig_set_flag(&context, "discard")?,
            (false, _) => fsconfig_set_flag(&context, "nodiscard")?,
        }
        fsconfig_reconfigure(&context)
    });
    changed.map_err(|errno| failed(errno, DISCARDING, mount.point.display()))
}

/// By what this machine limits I/O.
#[derive(Debug, PartialEq, Eq)]
enum Means {
    /// The folder of version 1's root group.
    V1(PathBuf),
    /// The folders of version 2's groups below the root.
    V2(Vec<PathBuf>),
    /// It can't, and why.
    None(&'static str),
}

impl Means {
    fn find(root: &Path) -> Self {
        let v1 = root.join("blkio");
        if v1.join("blkio.throttle.read_bps_device").exists() {
            // The machine's root group alone has this file.
            return if v1.join("release_agent").exists() {
                Self::V1(v1)
            } else {
                Self::None("/sys/fs/cgroup/blkio is a container's; give the node the machine's")
            };
        }
        if !root.join("cgroup.controllers").exists() {
            return Self::None("neither blkio.throttle nor io.max is below /sys/fs/cgroup");
        }
        // The machine's root group alone lacks this file.
        if root.join("cgroup.type").exists() {
            return Self::None("/sys/fs/cgroup is a container's; give the node the machine's");
        }
        let entries = std::fs::read_dir(root).map(Iterator::flatten);
        let mut groups: Vec<PathBuf> = entries.map_or_else(
            |_| Vec::new(),
            |entries| {
                entries
                    .map(|entry| entry.path())
                    .filter(|path| path.join("io.max").exists())
                    .collect()
            },
        );
        groups.sort();
        if groups.is_empty() {
            return Self::None(
                "the io controller is not enabled (+io in /sys/fs/cgroup/cgroup.subtree_control)",
            );
        }
        Self::V2(groups)
    }

    fn limits(&self, device: DeviceId) -> Result<Option<IoLimits>> {
        let read = || match self {
            Self::V1(group) => read_v1(group, device).map(Some),
            Self::V2(groups) => {
                let mut all = Vec::new();
                for group in groups {
                    all.extend(read_v2(group, device)?);
                }
                let first = all.first().copied();
                Ok(first.filter(|first| all.iter().all(|limits| limits == first)))
            }
            Self::None(_) => Ok(Some(IoLimits::default())),
        };
        read().map_err(|error: io::Error| io_failed(&error, READING, device))
    }

    fn set(&self, device: DeviceId, limits: &IoLimits) -> Result<()> {
        let write = || match self {
            Self::V1(group) => write_v1(group, device, limits),
            Self::V2(groups) => groups.iter().try_for_each(|group| write_v2(group, device, limits)),
            Self::None(_) => Ok(()),
        };
        match self {
            Self::None(why) if !limits.is_empty() => {
                Err(Error::new(Kind::Unsupported, LIMITING, device, *why))
            }
            Self::None(_) | Self::V1(_) | Self::V2(_) => {
                write().map_err(|error: io::Error| io_failed(&error, LIMITING, device))
            }
        }
    }
}

/// The file of each rate in version 1.
fn files_v1(limits: &IoLimits) -> [(&'static str, Option<u64>); 4] {
    let IoLimits { read_iops, write_iops, read_bandwidth, write_bandwidth } = *limits;
    [
        ("blkio.throttle.read_iops_device", read_iops),
        ("blkio.throttle.write_iops_device", write_iops),
        ("blkio.throttle.read_bps_device", read_bandwidth),
        ("blkio.throttle.write_bps_device", write_bandwidth),
    ]
}

fn read_v1(group: &Path, device: DeviceId) -> io::Result<IoLimits> {
    let mut rates = [None; 4];
    for (rate, (file, _)) in rates.iter_mut().zip(files_v1(&IoLimits::default())) {
        *rate = rate_v1(&std::fs::read_to_string(group.join(file))?, device);
    }
    let [read_iops, write_iops, read_bandwidth, write_bandwidth] = rates;
    Ok(IoLimits { read_iops, write_iops, read_bandwidth, write_bandwidth })
}

/// Lines of `7:0 2097152`.
fn rate_v1(text: &str, device: DeviceId) -> Option<u64> {
    rest_of(text, device)?.trim().parse().ok()
}

fn write_v1(group: &Path, device: DeviceId, limits: &IoLimits) -> io::Result<()> {
    for (file, rate) in files_v1(limits) {
        let path = group.join(file);
        if rate_v1(&std::fs::read_to_string(&path)?, device) != rate {
            set(&path, &format!("{device} {}", rate.unwrap_or(0)))?;
        }
    }
    Ok(())
}

/// Lines of `7:0 rbps=2097152 wbps=max riops=max wiops=max`. None where the group is gone.
fn read_v2(group: &Path, device: DeviceId) -> io::Result<Option<IoLimits>> {
    match std::fs::read_to_string(group.join("io.max")) {
        Ok(text) => Ok(Some(limits_v2(&text, device))),
        Err(error) if gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn limits_v2(text: &str, device: DeviceId) -> IoLimits {
    let rest = rest_of(text, device).unwrap_or_default();
    let rate = |name: &str| {
        let mut words = rest.split_whitespace();
        words.find_map(|word| word.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    };
    IoLimits {
        read_iops: rate("riops"),
        write_iops: rate("wiops"),
        read_bandwidth: rate("rbps"),
        write_bandwidth: rate("wbps"),
    }
}

fn line_v2(device: DeviceId, limits: &IoLimits) -> String {
    let IoLimits { read_iops, write_iops, read_bandwidth, write_bandwidth } = *limits;
    let rate = |rate: Option<u64>| rate.map_or_else(|| "max".to_owned(), |rate| rate.to_string());
    format!(
        "{device} rbps={} wbps={} riops={} wiops={}",
        rate(read_bandwidth),
        rate(write_bandwidth),
        rate(read_iops),
        rate(write_iops)
    )
}

fn write_v2(group: &Path, device: DeviceId, limits: &IoLimits) -> io::Result<()> {
    match read_v2(group, device)? {
        Some(now) if now != *limits => match set(&group.join("io.max"), &line_v2(device, limits)) {
            Err(error) if gone(&error) && !group.exists() => Ok(()),
            outcome => outcome,
        },
        Some(_) | None => Ok(()),
    }
}

/// What follows a device's number on its line.
fn rest_of(text: &str, device: DeviceId) -> Option<&str> {
    let number = device.to_string();
    let mut lines = text.lines();
    lines.find_map(|line| line.split_once(' ').filter(|(first, _)| *first == number)).map(|l| l.1)
}

/// A group that was removed meanwhile.
fn gone(error: &io::Error) -> bool {
    const ENODEV: i32 = rustix::io::Errno::NODEV.raw_os_error();
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(ENODEV)
}

/// One write, as control files want it; the file is never made.
fn set(path: &Path, text: &str) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests;
