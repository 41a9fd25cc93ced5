//! What is wrong with a pool, as this node reaches it.

use std::path::PathBuf;

use mooring_volume::health::StorageFault::{Degraded, Unreachable};
use mooring_volume::health::StorageFinding;

use super::{FilesystemLooked, finding, nearly_full, room};
use crate::os::{self, FsFaults, FsUsage, Kind};

/// What was seen of a pool.
#[derive(Debug)]
pub(crate) struct PoolLooked {
    /// As the operator calls it.
    pub(crate) name: String,
    /// Its directory, as the operator wrote it.
    pub(crate) path: PathBuf,
    /// How full its file system is, or why that can't be told.
    pub(crate) usage: os::Result<FsUsage>,
    /// The file system that it lies on.
    pub(crate) filesystem: Option<FilesystemLooked>,
}

/// A pool that did not answer in time.
pub(crate) fn not_answering(name: &str, path: &std::path::Path) -> StorageFinding {
    let message = format!(
        "pool {name} at {} does not answer, and what waits for it hangs; see whether its disk or \
         server can be reached",
        path.display()
    );
    finding(Unreachable, "PoolNotAnswering", message)
}

/// What is wrong with a pool that answered.
pub(crate) fn of_pool(looked: &PoolLooked) -> Vec<StorageFinding> {
    let PoolLooked { name, path, usage, filesystem } = looked;
    let pool = format!("pool {name} at {}", path.display());
    let mut found = Vec::new();
    match usage {
        Ok(FsUsage { bytes, inodes: _ }) if nearly_full(bytes) => {
            let text = format!(
                "{pool} is nearly full: {}; writes to its volumes fail when it is, so make room in \
                 it or enlarge its file system",
                room(bytes)
            );
            found.push(finding(Degraded, "PoolNearlyFull", text));
        }
        Ok(_) => {}
        Err(error) => {
            let text = format!(
                "{pool} can't be reached ({error}); mount it, or correct drivers.grants.pools"
            );
            found.push(finding(Unreachable, "PoolUnreachable", text));
            return found;
        }
    }
    let Some(FilesystemLooked { mount, faults, answers }) = filesystem else { return found };
    let dead = matches!(answers, Err(error) if error.kind == Kind::Io);
    if dead || mount.shut_down {
        let text = format!(
            "the file system of {pool} was shut down after an error, which the kernel's log tells; \
             unmount, repair and mount it again"
        );
        found.push(finding(Unreachable, "PoolShutDown", text));
    } else if mount.readonly_filesystem {
        let text = format!(
            "the file system of {pool} is read-only, so that no volume on it takes writes; if that \
             was not asked for, the kernel's log tells the error after which it became so"
        );
        found.push(finding(Degraded, "PoolReadOnly", text));
    }
    let FsFaults { metadata, device, corrupt } = faults;
    if [metadata, device, corrupt].into_iter().any(|count| *count > 0) {
        let text = format!(
            "the file system of {pool} has counted {metadata} errors of its metadata, {device} of \
             its device and {corrupt} damaged blocks; check its disk and the file system"
        );
        found.push(finding(Degraded, "PoolErrors", text));
    }
    found
}
