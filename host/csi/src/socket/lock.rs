//! The lock beside a socket, and who may take it over: whoever finds that its holder was killed, and is kept
//! in the kernel by a thread that waits for storage.
//!
//! The holder writes its process id and start time into the file. Of a process that was killed the first
//! thread has ended, whatever becomes of the others: it is a zombie (proc_pid_stat(5), fields `state` and
//! `starttime`). Then a new file takes the place of the old one, which the killed process may keep.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::{SocketError, io_error, with_suffix};

/// Tries, when others take the lock over at the same time.
const TRIES: u32 = 8;

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
    for _ in 0..TRIES {
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
            Err(TryLockError::WouldBlock) if was_killed(&mut file) => {
                replace(&path, &file)?;
                taken_over = true;
            }
            Err(TryLockError::WouldBlock) => break,
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

/// Whether who signed the file has been killed. A process of another namespace is not seen, and counts as
/// one that runs.
fn was_killed(file: &mut File) -> bool {
    let mut text = String::new();
    if file.read_to_string(&mut text).is_err() {
        return false;
    }
    let signed = text.trim_end().split_once(' ');
    let Some((Ok(pid), started)) = signed.map(|(pid, started)| (pid.parse(), started)) else {
        return false;
    };
    status(pid).is_some_and(|(state, since)| matches!(state, 'Z' | 'X') && since == started)
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
}
