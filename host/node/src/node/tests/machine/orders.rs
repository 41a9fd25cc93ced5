//! What the controller orders, on the real machine: freezing, and I/O limits.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use mooring_volume::Code;
use mooring_volume::attachment::PoolItem;
use mooring_volume::capability::FsType;
use mooring_volume::orders::{LONGEST_HOLD, Orders as _};

use super::super::world::{MIB, Way, id, limits};
use super::bench;
use crate::os::{IoLimits, LoopDevices as _, Throttling as _};

#[test]
fn a_frozen_volume_takes_no_writes_until_the_thaw_or_its_unstaging() {
    for fs_type in FsType::ALL {
        let Some(bench) = bench(Way::Fs(fs_type)) else { return };
        bench.stage().unwrap();
        let freeze = || {
            let images = vec![PoolItem { pool: "default".into(), name: "v1".into() }];
            bench.runtime.block_on(bench.node.freeze(images, LONGEST_HOLD)).unwrap()
        };
        fs::write(bench.staging().join("before"), b"kept").unwrap();
        let notes = bench.dir.join("state/freezes/image.mooring.dev");
        let count = || fs::read_dir(&notes).unwrap().count();
        let frozen = freeze();
        assert_eq!(count(), 1, "{fs_type}");
        let path = bench.staging().join("during");
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| fs::write(&path, b"late"));
            // Reading goes on.
            let read = fs::read(bench.staging().join("before"));
            let visible = path.exists();
            let thawed = bench.runtime.block_on(bench.node.thaw(frozen.id));
            writer.join().unwrap().unwrap();
            assert!(!visible, "{fs_type}: a file was made while it was frozen");
            assert_eq!((read.unwrap(), thawed), (b"kept".to_vec(), Ok(true)), "{fs_type}");
        });
        assert_eq!(count(), 0, "{fs_type}");
        let frozen = freeze();
        bench.unstage().unwrap();
        bench.check_free();
        assert_eq!(bench.runtime.block_on(bench.node.thaw(frozen.id)), Ok(false), "{fs_type}");
    }
}

#[test]
fn limits_hold_from_stage_to_unstage() {
    for way in [Way::Fs(FsType::Ext4), Way::Block] {
        let Some(bench) = bench(way) else { return };
        let limit = |rate| {
            let discard = (way != Way::Block).then_some(true);
            let mut answers = bench.backend.0.lock().unwrap();
            let answer = answers.get_mut(&id("v1")).unwrap().as_mut().unwrap();
            answer.limits = Some(limits(rate, discard));
        };
        limit(5 * MIB);
        match bench.stage() {
            Ok(()) => {}
            Err(error) => {
                assert_eq!(error.code, Code::FailedPrecondition, "{error}");
                eprintln!("left out: {error}");
                bench.check_free();
                return;
            }
        }
        let image = bench.dir.join("pool/image.mooring.dev/images/v1");
        let inode = fs::metadata(image).unwrap().ino();
        let loops = bench.linux.loops().unwrap().answering;
        let device = loops.iter().find(|device| device.backing.inode == inode).unwrap().device;
        let rate = || bench.linux.io_limits(device).unwrap().and_then(|held| held.write_bandwidth);
        assert_eq!(rate(), Some(5 * MIB), "{way:?}");
        assert!(way == Way::Block || bench.mounts()[0].discards);
        let apply = |limits| bench.runtime.block_on(bench.node.apply_limits(id("v1"), limits));
        assert_eq!(apply(Some(limits(6 * MIB, None))), Ok(true));
        assert_eq!(rate(), Some(6 * MIB), "{way:?}");
        limit(7 * MIB);
        bench.stage().unwrap();
        assert_eq!(rate(), Some(7 * MIB), "{way:?}");
        bench.unstage().unwrap();
        assert_eq!(bench.linux.io_limits(device).unwrap(), Some(IoLimits::default()), "{way:?}");
        bench.check_free();
    }
}
