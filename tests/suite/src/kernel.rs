//! What the kernel says of mounts, sizes and rights; it is asked, never the driver.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::finding::{At, Stop, Verdict};

/// The kernel's list of this process's mounts (proc_pid_mountinfo(5)).
const MOUNTS: &str = "/proc/self/mountinfo";

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    /// Where.
    pub(crate) point: PathBuf,
    /// Of what type.
    pub(crate) fs_type: String,
    /// Options of the mount and of its file system.
    pub(crate) options: Vec<String>,
}

impl Mount {
    /// Whether it has an option, such as `ro`, of its own or by its file system.
    pub(crate) fn has(&self, option: &str) -> bool {
        self.options.iter().any(|it| it == option)
    }

    fn parse(line: &str) -> Option<Self> {
        let (own, below) = line.split_once(" - ")?;
        let mut own = own.split(' ').skip(4);
        let (point, flags) = (own.next()?, own.next()?);
        let mut below = below.split(' ');
        let fs_type = below.next()?.to_owned();
        let all = below.nth(1).unwrap_or_default();
        let options = flags.split(',').chain(all.split(',')).map(str::to_owned).collect();
        Some(Self { point: unescape(point), fs_type, options })
    }
}

/// The kernel writes blanks and backslashes as octal numbers.
fn unescape(text: &str) -> PathBuf {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail.get(..3).and_then(|it| std::str::from_utf8(it).ok());
        let code = code.and_then(|it| u8::from_str_radix(it, 8).ok());
        match code {
            Some(byte) if *first == b'\\' => {
                bytes.push(byte);
                rest = tail.get(3..).unwrap_or_default();
            }
            Some(_) | None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

fn mounts() -> Verdict<Vec<Mount>> {
    let text = std::fs::read_to_string(MOUNTS).at(Path::new(MOUNTS))?;
    Ok(text.lines().filter_map(Mount::parse).collect())
}

/// The mounts at a path.
pub(crate) fn mounts_at(path: &Path) -> Verdict<Vec<Mount>> {
    Ok(mounts()?.into_iter().filter(|it| it.point == path).collect())
}

/// The one mount at a path.
pub(crate) fn mount_at(path: &Path) -> Verdict<Mount> {
    let mut found = mounts_at(path)?;
    match (found.pop(), found.len()) {
        (Some(mount), 0) => Ok(mount),
        (None, _) => Err(Stop::Finding(format!("nothing is mounted at {}", path.display()))),
        (Some(_), more) => Err(Stop::Finding(format!("{} mounts at {}", more + 1, path.display()))),
    }
}

/// Takes down what a driver has left mounted below a folder; a sentence each.
pub(crate) fn detach_below(folder: &Path) -> Vec<String> {
    let mut left: Vec<_> = mounts().unwrap_or_default();
    left.retain(|it| it.point.starts_with(folder));
    left.reverse();
    left.iter()
        .map(|mount| {
            let flags = rustix::mount::UnmountFlags::DETACH;
            // Its sentence is told whether that helped or not.
            let _ = rustix::mount::unmount(&mount.point, flags);
            format!("left mounted: {}", mount.point.display())
        })
        .collect()
}

/// Bytes of a device, or of the file system at a folder.
pub(crate) fn size(target: &Path, is_block: bool) -> Verdict<u64> {
    if is_block {
        return File::open(target).and_then(|mut it| it.seek(SeekFrom::End(0))).at(target);
    }
    let stats = rustix::fs::statvfs(target).at(target)?;
    Ok(stats.f_blocks.saturating_mul(stats.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernel() {
        let line =
            r"36 35 98:0 / /mnt/a\040b rw,noatime master:1 - ext3 /dev/root ro,errors=continue";
        let mount = Mount::parse(line).unwrap();
        assert_eq!((mount.point.to_str(), mount.fs_type.as_str()), (Some("/mnt/a b"), "ext3"));
        assert!(mount.has("noatime") && mount.has("ro") && !mount.has("master:1"));
    }

    #[test]
    fn what_is_no_number_stays() {
        assert_eq!(unescape(r"/a\09"), PathBuf::from(r"/a\09"));
        assert_eq!(unescape(r"/a\134b"), PathBuf::from(r"/a\b"));
    }
}
