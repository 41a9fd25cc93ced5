//! What goes wrong on a real machine is found, by a restarted node too, and nothing else is. Each
//! state is brought about as it comes about: by the file system's own shutdown, by errors of the
//! device, by what other programs do to images, mounts and pools.

use std::process::Command;
use std::time::{Duration, Instant};

use mooring_volume::health::{StorageFinding, VolumeFinding};
use mooring_volume::node::{GetVolumeHealth, NodeHealth as _};

use super::*;

const EXT4: Way = Way::Fs(FsType::Ext4);
const XFS: Way = Way::Fs(FsType::Xfs);
const BTRFS: Way = Way::Fs(FsType::Btrfs);

fn tool(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
}

/// Staged and published.
fn in_use(way: Way) -> Option<Bench> {
    let bench = bench(way)?;
    bench.stage().unwrap();
    bench.publish("a", false).unwrap();
    Some(bench)
}

impl Bench {
    fn health(&self, node: &Node<Linux, Backend>) -> Vec<VolumeFinding> {
        let request = GetVolumeHealth {
            volume_id: id("v1"),
            publish_path: Some(self.target("a")),
            staging_path: Some(self.staging()),
        };
        self.runtime.block_on(node.volume_health(&World::call(), request)).unwrap()
    }

    fn reasons(&self, node: &Node<Linux, Backend>) -> Vec<String> {
        let findings = self.health(node);
        assert!(findings.iter().all(|it| it.message.len() > 40 && !it.message.contains('\n')));
        let reasons = findings.into_iter().map(|finding| finding.reason);
        // How full this machine's disk is does not matter here.
        reasons.filter(|reason| reason != "PoolNearlyFull").collect()
    }

    /// Reasons of the findings, which a restarted node finds as well.
    fn found(&self) -> Vec<String> {
        let found = self.reasons(&self.node);
        let os = Arc::clone(&self.linux);
        let restarted = Node::new(self.config.clone(), os, self.backend.clone());
        assert_eq!(self.reasons(&restarted), found);
        found
    }

    /// The kernel counts errors in its own time.
    fn comes_to(&self, wanted: &[&str]) {
        let late = Instant::now() + Duration::from_secs(20);
        while self.reasons(&self.node) != wanted && Instant::now() < late {
            std::thread::yield_now();
        }
        assert_eq!(self.found(), wanted, "{:?}", self.way);
    }

    fn storage(&self) -> Vec<StorageFinding> {
        let call = World::call();
        self.runtime.block_on(self.node.storage_health(&call, Secrets::default())).unwrap()
    }

    fn image_path(&self) -> PathBuf {
        self.dir.join("pool/image.mooring.dev/images/v1")
    }

    /// Nothing of it is needed any more, and all of it can be torn down.
    fn ends(&self) {
        self.unpublish("a").unwrap();
        self.unstage().unwrap();
        let kubelet = self.dir.join("kubelet");
        assert!(self.mounts().iter().all(|it| !it.point.starts_with(&kubelet)), "{:?}", self.way);
        let failed = crate::tally::Tally::default();
        let label = crate::observe::Scope {
            failed: &failed,
            driver: &self.config.driver,
            grants: &self.config.grants,
            state_dir: &self.config.state_dir,
            node: &self.config.node_id,
            kata: &self.config.kata.direct_volumes,
        }
        .label(&id("v1"));
        assert!(self.linux.loops().unwrap().answering.iter().all(|device| device.label != label));
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    for way in Way::ALL {
        let Some(bench) = bench(way) else { return };
        let ask = || {
            let request =
                GetVolumeHealth { volume_id: id("v1"), publish_path: None, staging_path: None };
            bench.runtime.block_on(bench.node.volume_health(&World::call(), request))
        };
        assert_eq!(ask().unwrap_err().code, Code::NotFound, "{way:?}");
        bench.stage().unwrap();
        assert_eq!(bench.found(), [""; 0], "{way:?}");
        bench.publish("a", false).unwrap();
        // What its consumer writes to directly is for one consumer.
        let alone = way.is_raw() || way == Way::Direct;
        bench.publish("b", true).unwrap_or_else(|error| assert!(alone, "{way:?}: {error}"));
        assert_eq!(bench.found(), [""; 0], "{way:?}");
        let request =
            GetStats { volume_id: id("v1"), volume_path: bench.target("a"), staging_path: None };
        let stats = bench.runtime.block_on(bench.node.stats(&World::call(), request));
        // No sandbox has taken it that could say.
        assert_eq!(stats.is_err(), way == Way::Direct, "{way:?}: {stats:?}");
        bench.unpublish("b").unwrap();
        bench.ends();
        assert_eq!(ask().unwrap_err().code, Code::NotFound, "{way:?}");
    }
}

#[test]
fn a_reader_only_volume_is_no_failed_one() {
    let Some(bench) = in_use(XFS) else { return };
    bench.ends();
    let mode = AccessMode::MultiNodeReaderOnly;
    bench.stage_as(Capability { mode, ..bench.capability() }).unwrap();
    assert_eq!(bench.found(), [""; 0]);
}

/// Whether ext4 says that it was shut down: since Linux 6.15.
fn ext4_says_it() -> bool {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let says = (numbers.next(), numbers.next()) >= (Some(6), Some(15));
    if !says {
        eprintln!("left out: ext4 of Linux {release} does not show that it was shut down");
    }
    says
}

#[test]
fn a_file_system_that_was_shut_down() {
    for way in [XFS, EXT4] {
        let Some(bench) = in_use(way) else { return };
        if way == EXT4 && !ext4_says_it() {
            return;
        }
        fs::write(bench.target("a").join("data"), b"kept").unwrap();
        tool("sync", &["-f", path(&bench.target("a"))]);
        tool("xfs_io", &["-x", "-c", "shutdown -f", path(&bench.staging())]);
        assert_eq!(bench.found(), ["FilesystemShutDown"], "{way:?}");
        bench.ends();
        bench.stage().unwrap();
        assert_eq!(bench.found(), [""; 0], "staging it again ends it: {way:?}");
        assert_eq!(fs::read(bench.staging().join("data")).unwrap(), b"kept");
    }
}

#[test]
fn a_file_system_that_became_read_only() {
    for way in [EXT4, XFS, BTRFS] {
        let Some(bench) = in_use(way) else { return };
        // As errors=remount-ro and btrfs do, of the whole file system.
        tool("mount", &["-o", "remount,ro", path(&bench.staging())]);
        assert_eq!(bench.found(), ["FilesystemReadOnly"], "{way:?}");
        bench.ends();
    }
}

#[test]
fn an_error_that_ext4_has_counted() {
    let Some(bench) = in_use(EXT4) else { return };
    let fails = || {
        let trigger = format!("/sys/fs/ext4/loop{}/trigger_fs_error", bench.device().number);
        fs::write(trigger, "an error of a test").unwrap();
    };
    fails();
    bench.comes_to(&["FilesystemErrors"]);
    bench.ends();
    bench.stage().unwrap();
    assert_eq!(bench.found(), ["FilesystemErrors"], "it is on the disk until e2fsck");
    tool("mount", &["-o", "remount,errors=remount-ro", path(&bench.staging())]);
    fails();
    bench.comes_to(&["FilesystemReadOnly", "FilesystemErrors"]);
}

#[test]
fn an_image_that_was_cut_and_the_errors_that_follow() {
    let counts = [(EXT4, Some("FilesystemErrors")), (BTRFS, Some("DeviceErrors")), (XFS, None)];
    for (way, counted) in counts {
        let Some(bench) = in_use(way) else { return };
        let file = bench.target("a").join("data");
        fs::write(&file, vec![7; 8 << 20]).unwrap();
        // Once more, so that nothing of it is in memory.
        bench.ends();
        bench.stage().unwrap();
        bench.publish("a", false).unwrap();
        let image = fs::File::options().write(true).open(bench.image_path()).unwrap();
        image.set_len(MIB).unwrap();
        fs::read(&file).unwrap_err();
        let wanted: Vec<_> = counted.into_iter().chain(["ImageCut"]).collect();
        bench.comes_to(&wanted);
        bench.ends();
    }
}

#[test]
fn an_image_that_was_moved_replaced_or_deleted() {
    for way in [EXT4, Way::Block] {
        let Some(bench) = in_use(way) else { return };
        let (image, aside) = (bench.image_path(), bench.dir.join("pool/aside"));
        fs::rename(&image, &aside).unwrap();
        assert_eq!(bench.found(), ["ImageMoved"], "{way:?}");
        fs::write(&image, "another").unwrap();
        assert_eq!(bench.found(), ["ImageMoved"], "{way:?}");
        fs::rename(&aside, &image).unwrap();
        assert_eq!(bench.found(), [""; 0], "{way:?}");
        fs::remove_file(&image).unwrap();
        assert_eq!(bench.found(), ["ImageDeleted"], "{way:?}");
        fs::write(&image, "another").unwrap();
        assert_eq!(bench.found(), ["ImageDeleted"], "{way:?}");
        bench.ends();
    }
}

#[test]
fn a_directory_that_was_deleted() {
    let Some(bench) = in_use(Way::Directory) else { return };
    fs::remove_dir_all(bench.dir.join("pool/image.mooring.dev/directories/v1")).unwrap();
    assert_eq!(bench.found(), ["DirectoryDeleted"]);
    bench.ends();
}

#[test]
fn mounts_and_devices_that_others_took_away() {
    for way in [EXT4, BTRFS, Way::Directory, Way::Block] {
        let Some(bench) = in_use(way) else { return };
        let device = (way != Way::Directory).then(|| format!("/dev/loop{}", bench.device().number));
        if way != Way::Block {
            tool("mount", &["-t", "tmpfs", "none", path(&bench.target("a"))]);
            assert_eq!(bench.found(), ["MountCovered"], "{way:?}");
            tool("umount", &[path(&bench.target("a"))]);
        }
        tool("umount", &[path(&bench.target("a"))]);
        assert_eq!(bench.found(), ["NotMounted"], "{way:?}");
        if way != Way::Block {
            tool("umount", &[path(&bench.staging())]);
            // Of both paths, in one finding.
            let told = bench.health(&bench.node).remove(0);
            for path in [bench.staging(), bench.target("a")] {
                assert!(told.message.contains(path.to_str().unwrap()), "{told:?}");
            }
        }
        if let Some(device) = device {
            tool("losetup", &["-d", &device]);
            assert_eq!(bench.found(), ["DeviceMissing", "NotMounted"], "{way:?}");
        }
        bench.ends();
        bench.stage().unwrap();
        assert_eq!(bench.found(), [""; 0], "{way:?}");
    }
}

/// Gives the pool a file system of its own of 400 MiB, and the volume's image and directory in it.
fn with_own_pool(way: Way) -> Option<Bench> {
    let bench = bench(way)?;
    let pool = bench.dir.join("pool");
    tool("mount", &["-t", "tmpfs", "-o", "size=400m", "none", path(&pool)]);
    fs::create_dir_all(pool.join("image.mooring.dev/images")).unwrap();
    fs::create_dir_all(pool.join("image.mooring.dev/directories/v1")).unwrap();
    fs::File::create(bench.image_path()).unwrap().set_len(SIZE).unwrap();
    bench.stage().unwrap();
    bench.publish("a", false).unwrap();
    Some(bench)
}

fn reasons(findings: &[StorageFinding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.reason.as_str()).collect()
}

#[test]
fn a_pool_that_is_full_fails_its_volumes() {
    let Some(bench) = with_own_pool(EXT4) else { return };
    let nearly = |bench: &Bench| {
        bench.health(&bench.node).iter().filter(|it| it.reason == "PoolNearlyFull").count()
    };
    assert_eq!(reasons(&bench.storage()), ["PoolNearlyFull"], "it has less than a gibibyte");
    assert_eq!((nearly(&bench), bench.found()), (1, vec![]));
    let filler = fs::File::create(bench.dir.join("pool/filler")).unwrap();
    let rest = rustix::fs::statvfs(bench.dir.join("pool").as_path()).unwrap();
    let rest = rest.f_bavail * rest.f_frsize;
    rustix::fs::fallocate(&filler, rustix::fs::FallocateFlags::empty(), 0, rest).unwrap();
    let file = fs::File::create(bench.target("a").join("data")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &vec![7; 32 << 20], 0).unwrap();
    file.sync_all().expect_err("the image has no room to grow in");
    drop(file);
    assert_eq!(nearly(&bench), 1);
    let told = bench.storage().remove(0).message;
    assert!(told.contains(" 0 of 419430400 bytes are available"), "{told}");
    bench.ends();
}

#[test]
fn a_pool_that_became_read_only_or_went_away() {
    let Some(bench) = with_own_pool(Way::Directory) else { return };
    let pool = bench.dir.join("pool");
    tool("mount", &["-o", "remount,ro", path(&pool)]);
    assert_eq!(reasons(&bench.storage()), ["PoolNearlyFull", "PoolReadOnly"]);
    assert_eq!(bench.found(), ["FilesystemReadOnly"]);
    tool("mount", &["-o", "remount,rw", path(&pool)]);
    bench.ends();
    tool("umount", &[path(&pool)]);

    let Some(bench) = in_use(EXT4) else { return };
    let (pool, aside) = (bench.dir.join("pool"), bench.dir.join("aside"));
    fs::rename(&pool, &aside).unwrap();
    assert_eq!(reasons(&bench.storage()), ["PoolUnreachable"]);
    assert_eq!(bench.found(), ["PoolUnreachable"]);
    fs::rename(&aside, &pool).unwrap();
    assert_eq!(bench.found(), [""; 0]);
    bench.ends();
}

#[test]
fn a_pool_whose_file_system_was_shut_down() {
    let Some(bench) = bench(Way::Directory) else { return };
    let (disk, pool) = (bench.dir.join("disk"), bench.dir.join("pool"));
    fs::File::create(&disk).unwrap().set_len(SIZE).unwrap();
    tool("mkfs.xfs", &["-q", path(&disk)]);
    tool("mount", &["-o", "loop", path(&disk), path(&pool)]);
    tool("xfs_io", &["-x", "-c", "shutdown -f", path(&pool)]);
    let found = bench.storage();
    let unreachable = mooring_volume::health::StorageFault::Unreachable;
    assert!(found.iter().any(|it| it.fault == unreachable), "{found:?}");
}
