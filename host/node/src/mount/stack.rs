//! The mounts on one path, one over the other.

use std::path::Path;

use crate::mount::Belongings;
use crate::os::MountEntry;

/// The mounts on one mount point, the topmost last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stack<'a>(Vec<&'a MountEntry>);

impl<'a> Stack<'a> {
    /// The mounts on `path`.
    pub(crate) fn at(mounts: &'a [MountEntry], path: &Path) -> Self {
        Self(mounts.iter().filter(|entry| entry.is_at(path)).collect())
    }

    /// The one that is seen.
    pub(crate) fn top(&self) -> Option<&'a MountEntry> {
        self.0.last().copied()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any of them is the volume's, for certain.
    pub(crate) fn has_own(&self, own: &Belongings) -> bool {
        self.0.iter().any(|entry| own.owns(entry))
    }

    /// The volume's mounts that lie on top, topmost first: what may be taken off.
    pub(crate) fn own_on_top(&self, own: &Belongings) -> Vec<&'a MountEntry> {
        self.0.iter().rev().take_while(|entry| own.may_own(entry)).copied().collect()
    }

    /// A foreign mount that covers one of the volume's.
    pub(crate) fn foreign_above_own(&self, own: &Belongings) -> Option<&'a MountEntry> {
        let lowest = self.0.iter().position(|entry| own.may_own(entry))?;
        self.0.iter().skip(lowest).rev().find(|entry| !own.may_own(entry)).copied()
    }
}
