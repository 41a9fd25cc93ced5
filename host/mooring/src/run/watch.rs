//! Waits until files may have changed: the configuration and the components that it names.
//!
//! What is watched is the directories in which they lie, under their own names and where these
//! lead: editors put a new file in the old one's place, and Kubernetes a link beside it. What comes
//! in one go is told once, when it has been quiet; and only where a file is another one by then.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::time::Instant;

/// So long nothing may have happened: a file that is being written is not read half-way.
const QUIET: Duration = Duration::from_millis(150);
/// After this time it is looked anyway: a directory can be busy with other things.
const LONGEST: Duration = Duration::from_secs(2);

/// The files that are watched, and how they were when that began.
pub(crate) struct Watch {
    events: pipe::Receiver,
    files: BTreeMap<PathBuf, Option<Stamp>>,
}

/// Tells a file from another one, and from itself after a change. Source: inode(7).
type Stamp = (u64, u64, u64, i64, i64);

impl Watch {
    /// Watches these files. One that is not there yet is watched for, if its directory is. To be
    /// called within a runtime.
    ///
    /// # Errors
    /// What the kernel says, such as that the user has too many watches.
    pub(crate) fn new(files: BTreeSet<PathBuf>) -> io::Result<Self> {
        let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        for directory in files.iter().flat_map(|file| directories(file)).collect::<BTreeSet<_>>() {
            let changes = WatchFlags::CREATE
                | WatchFlags::CLOSE_WRITE
                | WatchFlags::MOVED_TO
                | WatchFlags::MOVED_FROM
                | WatchFlags::DELETE
                | WatchFlags::ONLYDIR;
            if let Err(error) = inotify::add_watch(&events, &directory, changes) {
                tracing::warn!(directory = %directory.display(), %error, "changes here are not noticed; SIGHUP tells of them");
            }
        }
        // No pipe, but read like one.
        let events = pipe::Receiver::from_owned_fd_unchecked(events)?;
        // Behind the watches, so that no change falls between.
        let files = files.into_iter().map(|file| (file.clone(), stamp(&file))).collect();
        Ok(Self { events, files })
    }

    /// What is watched.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.keys()
    }

    /// Waits until a file is another one.
    ///
    /// # Errors
    /// What the kernel says.
    pub(crate) async fn changed(&mut self) -> io::Result<()> {
        loop {
            self.event().await?;
            let patience = Instant::now() + LONGEST;
            while Instant::now() < patience {
                match tokio::time::timeout(QUIET, self.event()).await {
                    Ok(more) => more?,
                    Err(_) => break,
                }
            }
            let mut changed = false;
            for (file, known) in &mut self.files {
                let found = stamp(file);
                changed |= found != *known;
                *known = found;
            }
            if changed {
                return Ok(());
            }
        }
    }

    /// Waits for events, and takes those that are there. What they say is of no interest.
    async fn event(&mut self) -> io::Result<()> {
        self.events.read(&mut [0_u8; 4096]).await.map(|_| ())
    }
}

/// Where a file lies, and where what it leads to lies.
fn directories(file: &Path) -> impl Iterator<Item = PathBuf> {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let led = file.canonicalize().ok();
    let parents =
        [Some(file.as_path()), led.as_deref()].into_iter().flatten().filter_map(Path::parent);
    parents.map(Path::to_owned).collect::<Vec<_>>().into_iter()
}

fn stamp(file: &Path) -> Option<Stamp> {
    let meta = std::fs::metadata(file).ok()?;
    Some((meta.dev(), meta.ino(), meta.size(), meta.ctime(), meta.ctime_nsec()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    async fn noticed(watch: &mut Watch) {
        tokio::time::timeout(Duration::from_secs(30), watch.changed()).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn writes_renames_and_links_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let file = path("config.yaml");
        let mut watch = Watch::new([file.clone()].into()).unwrap();
        std::fs::write(&file, "a").unwrap();
        noticed(&mut watch).await;
        std::fs::write(path("new"), "b").unwrap();
        std::fs::rename(path("new"), &file).unwrap();
        noticed(&mut watch).await;

        // As Kubernetes does with a ConfigMap.
        for version in ["1", "2"] {
            std::fs::create_dir(path(version)).unwrap();
            std::fs::write(path(version).join("map.yaml"), version).unwrap();
        }
        symlink("1", path("..data")).unwrap();
        symlink("..data/map.yaml", path("map.yaml")).unwrap();
        let mut watch = Watch::new([path("map.yaml")].into()).unwrap();
        symlink("2", path("..data~")).unwrap();
        std::fs::rename(path("..data~"), path("..data")).unwrap();
        noticed(&mut watch).await;
        assert_eq!(std::fs::read(path("map.yaml")).unwrap(), b"2");
    }

    #[tokio::test]
    async fn what_lies_beside_is_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.yaml");
        std::fs::write(&file, "a").unwrap();
        let mut watch = Watch::new([file.clone()].into()).unwrap();
        std::fs::write(dir.path().join("other"), "x").unwrap();
        let other = tokio::time::timeout(QUIET * 4, watch.changed()).await;
        assert!(other.is_err(), "nothing of ours changed");
        std::fs::write(&file, "bb").unwrap();
        noticed(&mut watch).await;
    }
}
