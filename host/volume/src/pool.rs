//! Where an item of a pool lies. Both sides of the privilege border compute the same path: the
//! controller makes the item there, the node opens it there, beneath the pool's root.
//!
//! ```text
//! <pool>/<driver name>/images/<item name>        the bytes of an image
//! <pool>/<driver name>/directories/<item name>/  what a pod sees of a directory
//! <pool>/<driver name>/work/                     the store's own; nothing in it is an item
//! ```
//!
//! The folders by kind are there because `a` and `a.img` are both item names: a suffix could make
//! two items one file. The folder by driver keeps two drivers that were granted one pool apart.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::id::DriverName;
use crate::policy::check_item_name;

/// What an item is. One name is one item: an image and a directory cannot share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// A file whose bytes are a volume.
    Image,
    /// A directory whose content is a volume.
    Directory,
}

impl ItemKind {
    /// The folder that items of this kind lie in.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Image => "images",
            Self::Directory => "directories",
        }
    }
}

impl std::fmt::Display for ItemKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Image => "image",
            Self::Directory => "directory",
        })
    }
}

/// An item's path below the pool's root: three plain components, to be opened beneath that root
/// without following links.
///
/// # Errors
/// `InvalidArgument` for a name that is none ([`check_item_name`]).
pub fn relative_path(driver: &DriverName, kind: ItemKind, name: &str) -> Result<PathBuf> {
    check_item_name(name)?;
    Ok([driver.as_str(), kind.folder(), name].iter().collect())
}

/// An item's path, for messages and for tools: [`relative_path`] below `pool`.
///
/// # Errors
/// As [`relative_path`].
pub fn item_path(pool: &Path, driver: &DriverName, kind: ItemKind, name: &str) -> Result<PathBuf> {
    Ok(pool.join(relative_path(driver, kind, name)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_items_never_share_a_path_and_none_leaves_the_pool() {
        let driver = DriverName::new("image.mooring.dev").unwrap();
        let path = |kind, name| item_path(Path::new("/pool"), &driver, kind, name);
        let mut seen = std::collections::BTreeSet::new();
        for name in ["a", "a.img", "images", "work", "0"] {
            for kind in [ItemKind::Image, ItemKind::Directory] {
                let path = path(kind, name).unwrap();
                assert!(path.starts_with("/pool/image.mooring.dev") && seen.insert(path));
            }
        }
        for bad in ["..", "a/b", "", "/etc"] {
            assert!(path(ItemKind::Image, bad).is_err(), "{bad}");
        }
    }
}
