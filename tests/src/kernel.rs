//! What the kernel says: mounts, loop devices, processes. Reads alone, but for [`detach`].

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A line of the mount table of the calling thread's namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mount {
    /// The mount's id.
    pub id: u64,
    /// Where.
    pub point: PathBuf,
    /// Which part of the file system.
    pub root: String,
    /// The file system's kernel name.
    pub fs_type: String,
    /// The device or other source.
    pub source: String,
    /// Options of the mount, then those of the file system.
    pub options: String,
}

impl Mount {
    /// Whether an option is set.
    #[must_use]
    pub fn has(&self, option: &str) -> bool {
        self.options.split(',').any(|one| one == option)
    }
}

/// All mounts that the calling thread sees, in the table's order.
///
/// # Panics
/// When /proc cannot be read.
#[must_use]
pub fn mounts() -> Vec<Mount> {
    let table = fs::read_to_string("/proc/thread-self/mountinfo").unwrap();
    table.lines().map(|line| mount(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
fn mount(line: &str) -> Option<Mount> {
    let (left, right) = line.split_once(" - ")?;
    let left: Vec<&str> = left.split(' ').collect();
    let right: Vec<&str> = right.split(' ').collect();
    Some(Mount {
        id: left.first()?.parse().ok()?,
        root: (*left.get(3)?).to_owned(),
        point: unescape(left.get(4)?),
        options: format!("{},{}", left.get(5)?, right.get(2)?),
        fs_type: (*right.first()?).to_owned(),
        source: (*right.get(1)?).to_owned(),
    })
}

/// Space, tab, newline and backslash are written in octal.
fn unescape(text: &str) -> PathBuf {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let octal = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(value) if byte == b'\\' => {
                bytes.push(value);
                rest = &tail[3..];
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// The mounts strictly below a path.
#[must_use]
pub fn mounts_below(path: &Path) -> Vec<Mount> {
    mounts().into_iter().filter(|it| it.point.starts_with(path) && it.point != path).collect()
}

/// The topmost mount on exactly this path.
#[must_use]
pub fn mount_at(path: &Path) -> Option<Mount> {
    mounts().into_iter().rfind(|it| it.point == path)
}

/// A bound loop device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loop {
    /// Such as `loop3`.
    pub name: String,
    /// The file behind it; ends in ` (deleted)` where that is gone.
    pub backing: String,
    /// Which binding of all it is, as the kernel counts them.
    pub sequence: String,
}

/// The loop devices whose file lies below a path.
///
/// # Panics
/// When /sys cannot be read.
#[must_use]
pub fn loops_below(path: &Path) -> Vec<Loop> {
    let prefix = format!("{}/", path.display());
    let mut found = Vec::new();
    for entry in fs::read_dir("/sys/block").unwrap().flatten() {
        let Ok(backing) = fs::read_to_string(entry.path().join("loop/backing_file")) else {
            continue;
        };
        let backing = backing.trim_end().to_owned();
        if backing.starts_with(&prefix) {
            let name = entry.file_name().to_string_lossy().into_owned();
            found.push(Loop { sequence: sequence(&name), name, backing });
        }
    }
    found.sort();
    found
}

fn sequence(name: &str) -> String {
    fs::read_to_string(format!("/sys/block/{name}/diskseq")).unwrap_or_default().trim().to_owned()
}

/// Whether a device is bound as it was when it was seen, wherever its file is shown now.
#[must_use]
pub fn is_bound(device: &Loop) -> bool {
    let Loop { name, backing: _, sequence: seen } = device;
    Path::new(&format!("/sys/block/{name}/loop/backing_file")).exists() && sequence(name) == *seen
}

/// Unbinds a loop device, unless it is bound to something else by now; the kernel does it at the last close.
pub fn detach(device: &Loop) {
    if !is_bound(device) {
        return;
    }
    let node = format!("/dev/{}", device.name);
    // What was unbound meanwhile is no failure; the caller looks again.
    let _ = Command::new("losetup").args(["--detach", &node]).output();
}

/// A process, as /proc shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its parent's.
    pub parent: u32,
    /// `Z` for one that is dead and not yet reaped.
    pub state: char,
    /// Its arguments, joined by spaces.
    pub command: String,
}

/// Every process. Those that vanish meanwhile are left out.
///
/// # Panics
/// When /proc cannot be read.
#[must_use]
pub fn processes() -> Vec<Process> {
    let numbers = fs::read_dir("/proc").unwrap().flatten();
    numbers
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(process)
        .collect()
}

/// One process; none when it is gone.
#[must_use]
pub fn process(pid: u32) -> Option<Process> {
    let status = status(pid)?;
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    Some(Process {
        pid,
        parent: status.get("PPid")?.parse().ok()?,
        state: status.get("State")?.chars().next()?,
        command: String::from_utf8_lossy(&command).replace('\0', " "),
    })
}

/// Whether a process runs: it is there and no zombie.
#[must_use]
pub fn runs(pid: u32) -> bool {
    process(pid).is_some_and(|process| process.state != 'Z')
}

/// /proc/PID/status as keys and values; none when the process is gone.
#[must_use]
pub fn status(pid: u32) -> Option<BTreeMap<String, String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    Some(pairs.map(|(key, value)| (key.to_owned(), value.trim().to_owned())).collect())
}

/// What a process holds open.
#[must_use]
pub fn open_files(pid: u32) -> Vec<PathBuf> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    entries.filter_map(|entry| fs::read_link(entry.path()).ok()).collect()
}

/// Whether a process may grow a mounted ext4: CAP_SYS_RESOURCE in its effective set.
///
/// # Panics
/// When it is gone.
#[must_use]
pub fn may_grow_mounted_ext4(pid: u32) -> bool {
    const CAP_SYS_RESOURCE: u32 = 24;
    let status = status(pid).expect("the process runs");
    let effective = u64::from_str_radix(&status["CapEff"], 16).unwrap();
    effective & (1 << CAP_SYS_RESOURCE) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_table_is_understood() {
        let line = r"36 35 98:0 /a /mnt\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=x";
        let mount = mount(line).unwrap();
        assert_eq!(mount.point, Path::new("/mnt 2"));
        assert!(mount.has("noatime") && mount.has("errors=x") && !mount.has("no"));
        assert_eq!((mount.id, mount.fs_type.as_str(), mount.root.as_str()), (36, "ext3", "/a"));
    }

    #[test]
    fn this_process_runs_and_an_ended_one_does_not() {
        assert!(runs(std::process::id()));
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert!(!runs(pid));
    }
}
