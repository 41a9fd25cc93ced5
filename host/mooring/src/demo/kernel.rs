//! What the kernel itself says of the demo's volume: the evidence for what the driver claims.

use std::fs::File;
use std::path::Path;

use anyhow::Context as _;
use mooring_node::os::linux::Linux;
use mooring_node::os::{BackingFile, LoopDevices, MountEntry, Mounts};

/// A volume as the mount table shows it.
#[derive(Debug, Clone)]
pub(super) struct Mounted {
    /// Such as /dev/loop3.
    pub(super) device: String,
    pub(super) fs_type: String,
    /// The image behind a loop device.
    pub(super) image: Option<BackingFile>,
}

/// The kernel's tables, as far as the demo needs them.
pub(super) trait Kernel {
    /// The topmost mount at a path.
    fn mounted_at(&self, path: &Path) -> anyhow::Result<Option<Mounted>>;

    /// What is left of a volume: mounts below its directory, loop devices bound to its image.
    fn remains(&self, directory: &Path, image: Option<BackingFile>) -> anyhow::Result<Vec<String>>;
}

/// This machine's kernel.
pub(super) struct ThisMachine(Linux);

impl ThisMachine {
    pub(super) fn new() -> Self {
        Self(Linux::new())
    }
}

impl Kernel for ThisMachine {
    fn mounted_at(&self, path: &Path) -> anyhow::Result<Option<Mounted>> {
        let mounts = self.0.mounts().context("the mount table can't be read")?;
        let Some(MountEntry { block, fs_type, device, .. }) =
            mounts.into_iter().rev().find(|mount| mount.is_at(path))
        else {
            return Ok(None);
        };
        let loops = self.0.loops().context("the loop devices can't be read")?;
        let behind = loops.answering.into_iter().find(|behind| Some(behind.device) == block);
        Ok(Some(Mounted {
            device: match &behind {
                Some(behind) => format!("/dev/loop{}", behind.number),
                None => format!("device {device}"),
            },
            fs_type,
            image: behind.map(|behind| behind.backing),
        }))
    }

    fn remains(&self, directory: &Path, image: Option<BackingFile>) -> anyhow::Result<Vec<String>> {
        let mounts = self.0.mounts().context("the mount table can't be read")?;
        let loops = self.0.loops().context("the loop devices can't be read")?;
        let mounts = mounts
            .iter()
            .filter(|mount| mount.point.starts_with(directory))
            .map(|mount| format!("a mount at {}", mount.point.display()));
        let loops = loops
            .answering
            .iter()
            .filter(|device| Some(device.backing) == image)
            .map(|device| format!("the loop device /dev/loop{}", device.number));
        Ok(mounts.chain(loops).collect())
    }
}

/// Makes a directory and what is missing above it.
pub(super) fn make_directory(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(path)
        .with_context(|| format!("cannot make the directory {}", path.display()))
}

/// Makes the directory below which the demo mounts its own for as long as the file is open, so that
/// what lies there is a dead demo's for sure.
pub(super) fn claim(root: &Path) -> anyhow::Result<File> {
    make_directory(root)?;
    let directory = File::open(root)
        .with_context(|| format!("cannot open the directory {}", root.display()))?;
    directory.try_lock().with_context(|| {
        let root = root.display();
        format!(
            "another demo mounts below {root}; wait for its end or choose another --target-root"
        )
    })?;
    Ok(directory)
}

/// Removes the directory below which the demo mounts, if nothing is in it. What a user has staged there by hand stays.
pub(super) fn remove_root(root: &Path) {
    let _ = std::fs::remove_dir(root);
}
