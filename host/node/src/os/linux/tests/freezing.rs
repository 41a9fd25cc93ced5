//! Freezing, as the kernel does it.

use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use super::*;
use crate::os::{Freezing as _, Kind};

/// Whether a thread of this process waits where no signal reaches it, as writers of a frozen file
/// system do.
fn waits(thread: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat"));
    stat.is_ok_and(|text| text.rsplit(") ").next().is_some_and(|rest| rest.starts_with('D')))
}

#[test]
fn writers_wait_for_the_thaw() {
    if !is_root() {
        return;
    }
    let bench = Bench::new();
    for fs_type in FsType::ALL {
        let disk = bench.formatted(fs_type.as_str(), 320 * MIB, fs_type);
        let mount = bench.mount(&disk, fs_type, &format!("on-{fs_type}"));
        let file = std::fs::File::create(mount.point.join("file")).unwrap();
        let root = bench.linux.open_root(&mount).unwrap();
        bench.linux.flush(&root).unwrap();
        bench.linux.freeze(&root).unwrap();
        let (thread, done) = (AtomicI32::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                thread.store(rustix::thread::gettid().as_raw_nonzero().get(), Ordering::SeqCst);
                file.write_all_at(b"later", 0).unwrap();
                done.store(true, Ordering::SeqCst);
            });
            while !waits(thread.load(Ordering::SeqCst)) && !done.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            let twice = bench.linux.freeze(&root).map_err(|error| error.kind);
            let written = done.load(Ordering::SeqCst);
            // Before anything is asserted: the writer waits for it, and this thread for the writer.
            let thawed = bench.linux.thaw(&root);
            assert_eq!(twice, Err(Kind::Busy), "{fs_type}: frozen twice");
            assert!(!written, "{fs_type}: written while it was frozen");
            assert_eq!(thawed, Ok(true), "{fs_type}");
        });
        assert!(done.load(Ordering::SeqCst));
        assert_eq!(bench.linux.thaw(&root), Ok(false), "{fs_type}: thawed twice");
        drop((root, file));
        bench.linux.unmount(&mount).unwrap();
    }
}
