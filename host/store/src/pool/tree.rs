//! Removing a directory and what is in it: no link is followed, no mount crossed, and neither
//! depth nor width costs descriptors or stack.
//!
//! Directories in directories are moved up to the top before they are emptied, so that one
//! descriptor beside the top's is enough. Pods can make trees that are deeper than any stack.

use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, Dir, RenameFlags, renameat_with, unlinkat};
use rustix::io::Errno;

use super::disk::open_beneath;

/// Names that are removed between two looks at `stopping`.
const BATCH: usize = 1024;

/// Removes directory `name` of `parent`.
///
/// # Errors
/// `XDEV` or `BUSY` where something is mounted in it; `ACCES` or `PERM` where another user's
/// directory has content; `INTR` where the host is stopping. Much of what
/// can be removed has been then.
pub(super) fn remove(parent: &OwnedFd, name: &str, stopping: &AtomicBool) -> Result<(), Errno> {
    let top = open_beneath(parent, name)?;
    let mut moved = 0_u64;
    loop {
        let names = entries(&top)?;
        if names.is_empty() {
            return unlinkat(parent, name, AtFlags::REMOVEDIR);
        }
        let mut failure = None;
        let mut progress = false;
        for entry in &names {
            if stopping.load(Ordering::Relaxed) {
                return Err(Errno::INTR);
            }
            match remove_entry(&top, entry, &mut moved) {
                Ok(()) => progress = true,
                Err(error) => failure = Some(error),
            }
        }
        // What cannot go stays; what can go goes first.
        if let (Some(error), false) = (failure, progress) {
            return Err(error);
        }
    }
}

/// Whether a directory has no entries.
pub(super) fn is_empty(directory: &OwnedFd) -> Result<bool, Errno> {
    Ok(entries(directory)?.is_empty())
}

/// Removes an entry of the top; of a directory, what it holds moves up or goes.
fn remove_entry(top: &OwnedFd, entry: &CStr, moved: &mut u64) -> Result<(), Errno> {
    match unlinkat(top, entry, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        // Linux says EISDIR for a directory, POSIX EPERM.
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error),
    }
    let directory = open_beneath(top, entry)?;
    loop {
        let names = entries(&directory)?;
        if names.is_empty() {
            return unlinkat(top, entry, AtFlags::REMOVEDIR);
        }
        for name in names {
            match unlinkat(&directory, &name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(Errno::ISDIR | Errno::PERM) => {
                    match unlinkat(&directory, &name, AtFlags::REMOVEDIR) {
                        Ok(()) | Err(Errno::NOENT) => {}
                        Err(Errno::NOTEMPTY | Errno::EXIST) => {
                            move_up(&directory, &name, top, moved)?;
                        }
                        Err(error) => return Err(error),
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Gives a directory a free name at the top.
fn move_up(from: &OwnedFd, name: &CStr, top: &OwnedFd, moved: &mut u64) -> Result<(), Errno> {
    loop {
        *moved = moved.wrapping_add(1);
        let free = format!(".removing-{moved}");
        match renameat_with(from, name, top, free, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => {}
            done => return done,
        }
    }
}

/// Some names in a directory: at most [`BATCH`].
fn entries(directory: &OwnedFd) -> Result<Vec<CString>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if name != c"." && name != c".." {
            names.push(name.to_owned());
        }
        if names.len() == BATCH {
            break;
        }
    }
    Ok(names)
}
