//! Which system calls change a state that outlives them: of files, devices, mounts, processes.

use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::registers::Call;

/// Calls that open, and which of their arguments holds the flags; they are stopped at when these
/// let a file be changed.
pub(crate) const OPENING: &[(i64, u32)] = &[
    (libc::SYS_openat, 2),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, 1),
];

macro_rules! calls {
    ($($(#[$meta:meta])* $number:ident $name:literal),* $(,)?) => {
        &[$($(#[$meta])* (libc::$number, $name)),*]
    };
}

/// All others, with their names.
pub(crate) const CHANGING: &[(i64, &str)] = calls![
    SYS_write "write", SYS_pwrite64 "pwrite64", SYS_writev "writev", SYS_pwritev "pwritev",
    SYS_pwritev2 "pwritev2", SYS_sendfile "sendfile", SYS_copy_file_range "copy_file_range",
    SYS_fsync "fsync", SYS_fdatasync "fdatasync", SYS_sync "sync", SYS_syncfs "syncfs",
    SYS_sync_file_range "sync_file_range", SYS_msync "msync",
    SYS_renameat "renameat", SYS_renameat2 "renameat2", SYS_unlinkat "unlinkat",
    SYS_mkdirat "mkdirat", SYS_linkat "linkat", SYS_symlinkat "symlinkat", SYS_mknodat "mknodat",
    SYS_openat2 "openat2", SYS_truncate "truncate", SYS_ftruncate "ftruncate",
    SYS_fallocate "fallocate", SYS_ioctl "ioctl",
    SYS_mount "mount", SYS_umount2 "umount2", SYS_move_mount "move_mount", SYS_fsmount "fsmount",
    SYS_fsopen "fsopen", SYS_fsconfig "fsconfig", SYS_fspick "fspick", SYS_open_tree "open_tree",
    SYS_mount_setattr "mount_setattr",
    SYS_fchmod "fchmod", SYS_fchmodat "fchmodat", SYS_fchown "fchown", SYS_fchownat "fchownat",
    SYS_setxattr "setxattr", SYS_lsetxattr "lsetxattr", SYS_fsetxattr "fsetxattr",
    SYS_removexattr "removexattr", SYS_fremovexattr "fremovexattr", SYS_flock "flock",
    SYS_execve "execve", SYS_execveat "execveat", SYS_kill "kill",
    SYS_pidfd_send_signal "pidfd_send_signal",
    #[cfg(target_arch = "x86_64")] SYS_rename "rename",
    #[cfg(target_arch = "x86_64")] SYS_unlink "unlink",
    #[cfg(target_arch = "x86_64")] SYS_mkdir "mkdir",
    #[cfg(target_arch = "x86_64")] SYS_rmdir "rmdir",
    #[cfg(target_arch = "x86_64")] SYS_link "link",
    #[cfg(target_arch = "x86_64")] SYS_symlink "symlink",
    #[cfg(target_arch = "x86_64")] SYS_mknod "mknod",
    #[cfg(target_arch = "x86_64")] SYS_creat "creat",
    #[cfg(target_arch = "x86_64")] SYS_chmod "chmod",
    #[cfg(target_arch = "x86_64")] SYS_chown "chown",
];

/// The requests of ioctl(2) that change something; see linux/loop.h, fs.h, btrfs.h, xfs_fs.h.
const REQUESTS: &[(u64, &str)] = &[
    (0x4c00, "LOOP_SET_FD"),
    (0x4c01, "LOOP_CLR_FD"),
    (0x4c02, "LOOP_SET_STATUS"),
    (0x4c04, "LOOP_SET_STATUS64"),
    (0x4c06, "LOOP_CHANGE_FD"),
    (0x4c07, "LOOP_SET_CAPACITY"),
    (0x4c08, "LOOP_SET_DIRECT_IO"),
    (0x4c09, "LOOP_SET_BLOCK_SIZE"),
    (0x4c0a, "LOOP_CONFIGURE"),
    (0x4c80, "LOOP_CTL_ADD"),
    (0x4c81, "LOOP_CTL_REMOVE"),
    (0x4c82, "LOOP_CTL_GET_FREE"),
    (0x125d, "BLKROSET"),
    (0x125f, "BLKRRPART"),
    (0x1261, "BLKFLSBUF"),
    (0x1277, "BLKDISCARD"),
    (0x127d, "BLKSECDISCARD"),
    (0x127f, "BLKZEROOUT"),
    (0x4008_1270, "BLKBSZSET"),
    (0x4008_6602, "FS_IOC_SETFLAGS"),
    (0x401c_5820, "FS_IOC_FSSETXATTR"),
    (0x4004_9409, "FICLONE"),
    (0x4020_940d, "FICLONERANGE"),
    (0xc004_5877, "FIFREEZE"),
    (0xc004_5878, "FITHAW"),
    (0xc018_5879, "FITRIM"),
    (0x4008_6610, "EXT4_IOC_RESIZE_FS"),
    (0x4010_586e, "XFS_IOC_FSGROWFSDATA"),
    (0x5000_9403, "BTRFS_IOC_RESIZE"),
    (0x5000_9404, "BTRFS_IOC_SCAN_DEV"),
    (0x5000_9405, "BTRFS_IOC_FORGET_DEV"),
];

/// What of a call is a point of a sweep: its name, and what it works on. None: it changes nothing that
/// outlives it.
pub(crate) fn point(pid: i32, call: &Call, log: &Path) -> Option<(String, String)> {
    if let Some((_, at)) = OPENING.iter().find(|(number, _)| *number == call.number) {
        let path = call.argument(at - 1);
        return Some(("open".into(), text(pid, path)));
    }
    let (_, name) = CHANGING.iter().find(|(number, _)| *number == call.number)?;
    let first = call.argument(0);
    match *name {
        "write" | "pwrite64" | "writev" | "pwritev" | "pwritev2" => {
            let file = open_file(pid, first)?;
            lasting(&file, log).then(|| ((*name).to_owned(), file))
        }
        "sendfile" => Some(((*name).to_owned(), open_file(pid, first)?)),
        "copy_file_range" => Some(((*name).to_owned(), open_file(pid, call.argument(2))?)),
        "ioctl" => {
            let request = call.argument(1) & 0xffff_ffff;
            let (_, request) = REQUESTS.iter().find(|(number, _)| *number == request)?;
            Some(((*request).to_owned(), open_file(pid, first).unwrap_or_default()))
        }
        "openat2" => {
            let mut flags = [0; 8];
            let memory = std::fs::File::open(format!("/proc/{pid}/mem")).ok()?;
            memory.read_exact_at(&mut flags, call.argument(2)).ok()?;
            let changing = libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC;
            let changes = u64::from_ne_bytes(flags) & u64::from(changing.unsigned_abs()) != 0;
            changes.then(|| ((*name).to_owned(), text(pid, call.argument(1))))
        }
        "execve" | "mount" | "umount2" | "mkdir" | "rmdir" | "unlink" | "rename" | "chmod"
        | "chown" | "setxattr" | "truncate" => Some(((*name).to_owned(), text(pid, first))),
        "unlinkat" | "mkdirat" | "renameat" | "renameat2" | "mknodat" | "fchmodat" | "fchownat"
        | "linkat" | "open_tree" => Some(((*name).to_owned(), text(pid, call.argument(1)))),
        "fsync" | "fdatasync" | "ftruncate" | "fallocate" | "flock" | "fchmod" | "fchown"
        | "syncfs" => Some(((*name).to_owned(), open_file(pid, first).unwrap_or_default())),
        other => Some((other.to_owned(), String::new())),
    }
}

/// Whether what is written there is there afterwards: not to a peer, an event, or the program's log.
fn lasting(file: &str, log: &Path) -> bool {
    let passing = ["pipe:", "socket:", "anon_inode:", "/dev/null", "/dev/pts", "/dev/tty"];
    !passing.iter().any(|it| file.starts_with(it)) && Path::new(file) != log
}

fn open_file(pid: i32, descriptor: u64) -> Option<String> {
    let link = std::fs::read_link(format!("/proc/{pid}/fd/{descriptor}")).ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// The text at an address of another process, for people.
fn text(pid: i32, address: u64) -> String {
    let mut bytes = [0; 256];
    let Ok(memory) = std::fs::File::open(format!("/proc/{pid}/mem")) else {
        return String::new();
    };
    let read = memory.read_at(&mut bytes, address).unwrap_or_default();
    let until = bytes.iter().take(read).position(|byte| *byte == 0).unwrap_or(read);
    String::from_utf8_lossy(bytes.get(..until).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_to_a_peer_or_the_log_is_gone() {
        let log = Path::new("/place/log");
        for passing in ["pipe:[1]", "socket:[2]", "anon_inode:[eventfd]", "/dev/null", "/place/log"]
        {
            assert!(!lasting(passing, log), "{passing}");
        }
        for kept in ["/place/state/record.json", "/dev/loop3", "/sys/fs/cgroup/io.max"] {
            assert!(lasting(kept, log), "{kept}");
        }
    }
}
