//! All that a call could have changed, to be compared before and after.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::config::Paths;
use crate::{Place, kernel};

/// Mounts, loop devices, and every file of the place, each with a line that says what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<String, String>);

impl Snapshot {
    /// Looks at everything.
    #[must_use]
    pub fn take(place: &Place, paths: &Paths) -> Self {
        let mut lines = BTreeMap::new();
        for mount in kernel::mounts() {
            lines.insert(
                format!("mount {} on {}", mount.id, mount.point.display()),
                format!("{mount:?}"),
            );
        }
        for device in kernel::loops_below(place.root()) {
            lines.insert(device.name, device.backing);
        }
        let device = fs::metadata(place.root()).unwrap().dev();
        walk(place.root(), device, paths, &mut lines);
        Self(lines)
    }

    /// What is otherwise in `after`: a line a difference.
    #[must_use]
    pub fn changes(&self, after: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for (name, line) in &self.0 {
            match after.0.get(name) {
                None => changes.push(format!("- {name}: {line}")),
                Some(now) if now != line => changes.push(format!("~ {name}: {line} -> {now}")),
                Some(_) => {}
            }
        }
        let new = after.0.iter().filter(|(name, _)| !self.0.contains_key(*name));
        changes.extend(new.map(|(name, line)| format!("+ {name}: {line}")));
        changes
    }
}

/// Does not go into other file systems: volumes are looked at by what is written to them.
fn walk(directory: &Path, device: u64, paths: &Paths, lines: &mut BTreeMap<String, String>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        // What vanishes meanwhile is not there.
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        lines.insert(path.to_string_lossy().into_owned(), describe(&path, &meta, paths));
        if meta.is_dir() && meta.dev() == device {
            walk(&path, device, paths, lines);
        }
    }
}

fn describe(path: &Path, meta: &fs::Metadata, paths: &Paths) -> String {
    let kind = meta.file_type();
    let owner = format!("{:o} {}:{}", meta.mode() & 0o7777, meta.uid(), meta.gid());
    if kind.is_symlink() {
        return format!("link to {:?}", fs::read_link(path).unwrap_or_default());
    }
    if kind.is_dir() {
        return format!("directory {owner}");
    }
    if kind.is_socket() || kind.is_fifo() || kind.is_block_device() || kind.is_char_device() {
        return format!("special {:?} {owner} {}", kind, meta.rdev());
    }
    // The bytes of mounted volumes change by themselves, their length does not.
    if path.starts_with(paths.pool()) {
        return format!("file {owner} {} bytes", meta.len());
    }
    // So do a living database and a log.
    let lives = [paths.controller_state(), paths.log.clone()];
    if lives.iter().any(|it| path.starts_with(it)) {
        return format!("file {owner}");
    }
    format!("file {owner} {} bytes {}", meta.len(), sum(path))
}

fn sum(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
