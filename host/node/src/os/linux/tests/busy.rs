//! What was let go is free, however many programs are being started.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// A child between fork and exec holds a copy of the device: without patience, claiming it again
/// finds it busy within a few dozen rounds.
#[test]
fn a_closed_device_can_be_claimed_and_mounted() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    let disk = bench.formatted("image", 32 * MIB, FsType::Ext4);
    let target = bench.place("mnt");
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    Command::new("/bin/true").status().unwrap();
                }
            });
        }
        let rounds: Vec<_> = (0..40)
            .map(|_| {
                drop(bench.linux.open_exclusive(disk.device)?);
                let flags = MountFlags::default();
                bench.linux.mount_device(disk.device, FsType::Ext4, &target, flags, &[])?;
                bench.linux.unmount(&bench.at(&target))
            })
            .filter_map(Result::err)
            .collect();
        ended.store(true, Ordering::Relaxed);
        assert!(rounds.is_empty(), "{} of 40 failed: {}", rounds.len(), rounds[0]);
    });
}
