//! The file system that holds a host's pool: the machine's own, or one made for the test.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MntFlags, umount2};

use crate::config::Paths;
use crate::{Place, kernel};

/// Bytes of a pool's own file system; sparse, so that it costs what is written.
const SIZE: u64 = 6 << 30;
const HUGE: u64 = 2 << 40;

/// The file that holds it.
const IMAGE: &str = "pool.img";

/// What the pool lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolKind {
    /// The machine's own file system, which is not known to share blocks.
    Plain,
    /// An XFS of its own, whose files can share blocks.
    Xfs,
    /// A btrfs of its own, whose files can share blocks.
    Btrfs,
    /// An XFS of 2 TiB.
    HugeXfs,
}

impl PoolKind {
    /// Those of a usual size whose files share blocks.
    pub const REFLINK: [Self; 2] = [Self::Xfs, Self::Btrfs];
}

/// A pool's own file system, mounted; dropped, it is gone.
#[derive(Debug)]
pub struct Pool {
    point: PathBuf,
}

impl Pool {
    /// Makes and mounts it where the host looks for its pool; none for the machine's own.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn mount(place: &Place, paths: &Paths, kind: PoolKind) -> Option<Self> {
        let (make, size): (&[&str], u64) = match kind {
            PoolKind::Plain => return None,
            PoolKind::Xfs => (&["mkfs.xfs", "-q"], SIZE),
            PoolKind::Btrfs => (&["mkfs.btrfs", "-q"], SIZE),
            // The log that is usual for its size would be written whole.
            PoolKind::HugeXfs => (&["mkfs.xfs", "-q", "-l", "size=64m"], HUGE),
        };
        let (image, point) = (place.path(IMAGE), paths.pool());
        File::create_new(&image).unwrap().set_len(size).unwrap();
        run(Command::new(make[0]).args(&make[1..]).arg(&image));
        std::fs::create_dir_all(&point).unwrap();
        run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&point));
        // As an operator hands a pool to the controller's user: the host makes its own part of it.
        std::fs::set_permissions(&point, PermissionsExt::from_mode(0o755)).unwrap();
        Some(Self { point })
    }
}

impl Drop for Pool {
    /// What is still busy is found, and told, when the place is cleared.
    fn drop(&mut self) {
        let _ = umount2(&self.point, MntFlags::UMOUNT_NOFOLLOW);
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Whether a mount is that of a pool's own file system.
#[must_use]
pub fn is_of(point: &Path) -> bool {
    kernel::mount_at(point).is_some_and(|mount| {
        // A pool on storage that a test serves itself.
        if mount.fs_type == "fuse" {
            return true;
        }
        let device = mount.source.trim_start_matches("/dev/");
        let backing = format!("/sys/block/{device}/loop/backing_file");
        std::fs::read_to_string(backing).is_ok_and(|file| is_on(file.trim_end()))
    })
}

/// Whether a loop device's file is that of a pool.
#[must_use]
pub fn is_on(backing: &str) -> bool {
    Path::new(backing).file_name().is_some_and(|name| name == IMAGE)
}
