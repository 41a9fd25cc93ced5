//! The lock beside a socket, and who may take it over: whoever finds that its holder was killed, and is kept
//! in the kernel by a thread that waits for storage.
//!
//! The holder writes its process id and start time into the file. Of a process that was killed the first
//! thread has ended, whatever becomes of the others: it is a zombie (proc_pid_stat(5), fields `state` and
//! `starttime`). Then a new file takes the place of the old one, which the killed process may keep.
//!
//! A holder that is gone altogether can have left a copy of the lock in a program that it was just starting, until
//! that has closed it. So whoever does not see the holder waits for a moment.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use super::{SocketError, io_error, with_suffix};

/// Tries, when others take the lock over at the same time, beside those that wait.
const TRIES: usize = 8;

/// Pauses for a holder that is not seen, in milliseconds: a second in all.
const PAUSES: [u64; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// Held for as long as no other instance may serve the path.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
    /// From a process that was killed and is not gone.
    pub(super) taken_over: bool,
}

/// Takes the lock of a socket.
///
/// # Errors
/// [`SocketError::Taken`] when a process that runs has it.
pub(super) fn take(socket: &Path) -> Result<Lock, SocketError> {
    let path = with_suffix(socket, ".lock");
    let mut taken_over = false;
    let mut pauses = PAUSES.into_iter().map(Duration::from_millis);
    for _ in 0..TRIES + PAUSES.len() {
        // Opening would follow a link, and make a file where it leads.
        if fs::symlink_metadata(&path).is_ok_and(|meta| !meta.is_file()) {
            return Err(SocketError::Foreign { path });
        }
        let mut file = open(&path)?;
        match file.try_lock() {
            // Another may have put a new file in its place meanwhile.
            Ok(()) if is_at(&file, &path) => {
                sign(&mut file).map_err(io_error("write", &path))?;
                return Ok(Lock { _file: file, taken_over });
            }
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => match (holder(&mut file), pauses.next()) {
                (Holder::Killed, _) => {
                    replace(&path, &file)?;
                    taken_over = true;
                }
                (Holder::Unseen, Some(pause)) => wait(pause),
                (Holder::Runs, _) | (Holder::Unseen, None) => break,
            },
            Err(TryLockError::Error(source)) => {
                return Err(SocketError::Io { doing: "lock", path, source });
            }
        }
    }
    Err(SocketError::Taken { path: socket.to_owned() })
}

fn open(path: &Path) -> Result<File, SocketError> {
    OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(io_error("open the lock", path))
}

fn is_at(file: &File, path: &Path) -> bool {
    let identity = |meta: fs::Metadata| (meta.dev(), meta.ino());
    let here = fs::symlink_metadata(path).map(identity);
    matches!((file.metadata().map(identity), here), (Ok(one), Ok(other)) if one == other)
}

/// Removes the file of a killed process, one newcomer at a time: never one that came since.
fn replace(path: &Path, old: &File) -> Result<(), SocketError> {
    let guard = open(&with_suffix(path, "~"))?;
    guard.lock().map_err(io_error("lock", path))?;
    if is_at(old, path) {
        tracing::warn!(
            lock = %path.display(),
            "taken over from a process that was killed and still waits for storage"
        );
        fs::remove_file(path).map_err(io_error("remove", path))?;
    }
    Ok(())
}

fn sign(file: &mut File) -> std::io::Result<()> {
    let own = std::process::id();
    let started = status(own).map(|(_, started)| started).unwrap_or_default();
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{own} {started}")
}

/// What is known of who signed the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Runs,
    /// And is not gone.
    Killed,
    /// It is gone, of another namespace, or has not signed yet.
    Unseen,
}

fn holder(file: &mut File) -> Holder {
    let mut text = String::new();
    if file.read_to_string(&mut text).is_err() {
        return Holder::Unseen;
    }
    let signed = text.trim_end().split_once(' ');
    let Some((Ok(pid), started)) = signed.map(|(pid, started)| (pid.parse(), started)) else {
        return Holder::Unseen;
    };
    match status(pid) {
        Some((state, since)) if since == started => {
            if matches!(state, 'Z' | 'X') {
                Holder::Killed
            } else {
                Holder::Runs
            }
        }
        Some(_) | None => Holder::Unseen,
    }
}

#[expect(clippy::disallowed_methods, reason = "nothing tells when a lock is given up")]
fn wait(pause: Duration) {
    std::thread::sleep(pause);
}

/// A process's state and start time; none where there is no such process.
fn status(pid: u32) -> Option<(char, String)> {
    // Of the fields behind the program's name.
    const STATE: usize = 0;
    const STARTED: usize = 19;
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses, and may hold any of them.
    let (_, fields) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    Some((fields.get(STATE)?.chars().next()?, (*fields.get(STARTED)?).to_owned()))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn only_a_process_that_was_killed_loses_it() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("csi.sock");
        let taken = || matches!(take(&socket), Err(SocketError::Taken { .. }));
        let held = take(&socket).unwrap();
        assert!(taken());

        // A zombie: it has ended, and nobody has waited for it.
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let (_, started) = status(child.id()).unwrap();
        let path = with_suffix(&socket, ".lock");
        let pid = child.id();
        fs::write(&path, format!("{pid} {started}\n")).unwrap();
        assert!(taken(), "it runs");
        drop(child.stdin.take());
        while status(pid).unwrap().0 != 'Z' {
            std::thread::yield_now();
        }
        fs::write(&path, format!("{pid} 1\n")).unwrap();
        assert!(taken(), "another process has had the number");
        fs::write(&path, format!("{pid} {started}\n")).unwrap();
        let over = take(&socket).unwrap();
        assert!(over.taken_over);
        child.wait().unwrap();
        assert!(taken(), "it has a holder again");
        drop(held);
        assert!(taken(), "the old file is nobody's matter any more");
        drop(over);
        assert!(!take(&socket).unwrap().taken_over);
    }

    #[test]
    fn what_a_holder_that_is_gone_has_left_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("csi.sock");
        let copy = take(&socket).unwrap();
        // No process has so high a number. Source: proc_sys_kernel(5), pid_max.
        fs::write(with_suffix(&socket, ".lock"), "999999999 1\n").unwrap();
        assert!(matches!(take(&socket), Err(SocketError::Taken { .. })), "not for ever");
        let starting = std::thread::spawn(move || drop(copy));
        assert!(!take(&socket).unwrap().taken_over);
        starting.join().unwrap();
    }
}
