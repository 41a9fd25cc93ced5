//! What a mount shows, as the mount table writes it: a part of a file system.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::os::{DeviceId, MountEntry};

/// A directory or file by its file system and its path in that file system. Two mounts of the
/// same origin show the same thing, wherever they are; no file system is read to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The file system.
    pub(crate) device: DeviceId,
    /// The path in it.
    pub(crate) root: PathBuf,
}

impl Origin {
    /// What a bind of `path` would show. `path` is absolute and free of symbolic links.
    pub(crate) fn of(mounts: &[MountEntry], path: &Path) -> Option<Self> {
        let holder = covering(mounts, path)?;
        let rest = path.strip_prefix(&holder.point).ok()?;
        Some(Self { device: holder.device, root: holder.root.join(rest).components().collect() })
    }

    /// Whether a mount shows exactly this, alive or deleted since.
    pub(crate) fn is_shown_by(&self, entry: &MountEntry) -> bool {
        let mut deleted = self.root.clone().into_os_string();
        deleted.push("//deleted");
        // As bytes: Path's comparison would take `//` for `/`.
        let root = entry.root.as_os_str();
        entry.device == self.device && (root == self.root.as_os_str() || root == deleted)
    }

    /// Whether a mount shows something below this.
    pub(crate) fn holds(&self, entry: &MountEntry) -> bool {
        entry.device == self.device && entry.root.starts_with(&self.root) && entry.root != self.root
    }
}

/// The mount that a path lies on: the last one of the longest mount points. A mount below another
/// that was put over its parent later is not told apart; the callers verify what they bound.
pub(crate) fn covering<'a>(mounts: &'a [MountEntry], path: &Path) -> Option<&'a MountEntry> {
    mounts
        .iter()
        .filter(|entry| path.starts_with(&entry.point))
        .max_by_key(|entry| entry.point.components().count())
}
