//! Signs of trouble, from /sys and from what the kernel has in memory.

use std::fs::read_to_string;
use std::io;
use std::path::{Path, PathBuf};

use mooring_volume::capability::FsType;
use rustix::io::retry_on_intr;

use super::Linux;
use super::errno::{failed, io_failed};
use super::mounted::usage;
use super::mounts::pin_mount;
use crate::os::{DeviceId, FsFaults, FsUsage, LoopDevice, MountRef, Result, Symptoms};

const COUNTING: &str = "reading the failures that a file system has counted from";

impl Symptoms for Linux {
    fn is_image_deleted(&self, device: &LoopDevice) -> Result<bool> {
        let path = format!("/sys/block/loop{}/loop/backing_file", device.number);
        let text = read_to_string(&path)
            .map_err(|error| io_failed(&error, "reading the name of an image from", &path))?;
        // As d_path(9) marks it. The names of a pool's items are the host's, and never end so.
        Ok(text.trim_end_matches('\n').ends_with(" (deleted)"))
    }

    fn faults(&self, device: DeviceId, fs_type: FsType) -> Result<FsFaults> {
        let link = PathBuf::from(format!("/sys/dev/block/{}:{}", device.major, device.minor));
        let Some(target) = present(std::fs::read_link(&link), &link)? else {
            return Ok(FsFaults::default());
        };
        // The kernel's own name of the device, such as loop3 or sda1.
        let Some(name) = target.file_name() else { return Ok(FsFaults::default()) };
        match fs_type {
            FsType::Ext4 => ext4(&Path::new("/sys/fs/ext4").join(name)),
            FsType::Xfs => Ok(FsFaults::default()),
            FsType::Btrfs => btrfs(Path::new("/sys/fs/btrfs"), Path::new(name)),
        }
    }

    fn answers(&self, mount: &MountRef) -> Result<()> {
        pin_mount(mount, "asking the root of the file system at").map(drop)
    }

    fn pool_usage(&self, root: &Path) -> Result<FsUsage> {
        let stat = retry_on_intr(|| rustix::fs::statvfs(root));
        let stat =
            stat.map_err(|errno| failed(errno, "asking how full is the pool at", root.display()))?;
        Ok(usage(&stat))
    }
}

/// What may be gone, or never have been there, is none.
fn present<T>(result: io::Result<T>, path: &Path) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_failed(&error, COUNTING, path.display())),
    }
}

fn ext4(directory: &Path) -> Result<FsFaults> {
    let path = directory.join("errors_count");
    let text = present(read_to_string(&path), &path)?.unwrap_or_default();
    Ok(FsFaults { metadata: text.trim().parse().unwrap_or(0), ..FsFaults::default() })
}

/// One directory a file system, by UUID: of its devices, and of what each has failed.
fn btrfs(all: &Path, name: &Path) -> Result<FsFaults> {
    let mut faults = FsFaults::default();
    for filesystem in entries(all)? {
        if !filesystem.join("devices").join(name).exists() {
            continue;
        }
        for device in entries(&filesystem.join("devinfo"))? {
            let path = device.join("error_stats");
            let text = present(read_to_string(&path), &path)?.unwrap_or_default();
            let (failed, corrupt) = error_stats(&text);
            faults.device = faults.device.saturating_add(failed);
            faults.corrupt = faults.corrupt.saturating_add(corrupt);
        }
    }
    Ok(faults)
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let Some(entries) = present(std::fs::read_dir(directory), directory)? else {
        return Ok(Vec::new());
    };
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

/// What the device failed, and what it gave back that was not written. Source: kernel
/// `fs/btrfs/sysfs.c`, btrfs_devinfo_error_stats_show: a name and a number a line.
fn error_stats(text: &str) -> (u64, u64) {
    let mut counts = (0_u64, 0_u64);
    for line in text.lines() {
        let Some((name, count)) = line.split_once(' ') else { continue };
        let count = count.trim().parse().unwrap_or(0);
        match name {
            "write_errs" | "read_errs" | "flush_errs" => counts.0 = counts.0.saturating_add(count),
            "corruption_errs" | "generation_errs" => counts.1 = counts.1.saturating_add(count),
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_btrfs_are_told_apart() {
        let text =
            "write_errs 1\nread_errs 2\nflush_errs 4\ncorruption_errs 8\ngeneration_errs 16\n";
        assert_eq!(error_stats(text), (7, 24));
        assert_eq!(error_stats("invalid\n"), (0, 0), "as older kernels say before they know");
        assert_eq!(error_stats("read_errs 18446744073709551615\nwrite_errs 1\n").0, u64::MAX);
    }

    #[test]
    fn counts_are_of_the_device_that_is_meant() {
        let root = tempfile::tempdir().unwrap();
        for (uuid, device, count) in [("a", "loop1", 3), ("b", "loop11", 5)] {
            let of = root.path().join(uuid);
            std::fs::create_dir_all(of.join("devices").join(device)).unwrap();
            std::fs::create_dir_all(of.join("devinfo/1")).unwrap();
            let text = format!("read_errs {count}\ncorruption_errs 1\n");
            std::fs::write(of.join("devinfo/1/error_stats"), text).unwrap();
        }
        let of = |name: &str| btrfs(root.path(), Path::new(name)).unwrap();
        assert_eq!(of("loop1"), FsFaults { device: 3, corrupt: 1, ..FsFaults::default() });
        assert_eq!(of("loop11").device, 5);
        assert_eq!(of("loop2"), FsFaults::default());
        assert_eq!(ext4(&root.path().join("loop1")).unwrap(), FsFaults::default());
    }
}
