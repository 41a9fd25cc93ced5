//! A volume's life on the real machine: loop devices, file systems, mounts. Needs root; without it
//! the tests say so and pass.

mod disk;
mod health;
mod orders;

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mooring_volume::attachment::{
    Attached, Attachment, AttachmentKind, Content, DirectDevice, KataDirect, PoolItem,
};
use mooring_volume::capability::{AccessMode, Capability, FsType};
use mooring_volume::capacity::CapacityRange;
use mooring_volume::ephemeral::Ephemeral;
use mooring_volume::id::NodeId;
use mooring_volume::node::{ExpandNode, GetStats, Node as _, Publish, PublishInline, Stage};
use mooring_volume::policy::Grants;
use mooring_volume::{Code, Secrets, StringMap};

use super::backend::{Backend, Pool};
use super::world::{MIB, Way, World, driver, id};
use crate::os::linux::Linux;
use crate::os::{LoopDevices as _, Mounts as _};
use crate::{Node, NodeConfig};

pub(super) const SIZE: u64 = 320 * MIB;

pub(super) struct Bench {
    pub(super) dir: PathBuf,
    pub(super) linux: Arc<Linux>,
    pub(super) node: Node<Linux, Backend>,
    config: NodeConfig,
    backend: Backend,
    pub(super) runtime: tokio::runtime::Runtime,
    way: Way,
    /// What stands for an array's device, of ways that use one.
    mapped: Option<disk::Mapped>,
    _dir: tempfile::TempDir,
}

/// None without root.
pub(super) fn bench(way: Way) -> Option<Bench> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("left out: loop devices and mounts need root");
        return None;
    }
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().canonicalize().unwrap();
    for path in [
        "pool/image.mooring.dev/images",
        "pool/image.mooring.dev/directories/v1",
        "kubelet/staging",
        "kubelet/pods",
    ] {
        fs::create_dir_all(dir.join(path)).unwrap();
    }
    let image = fs::File::create(dir.join("pool/image.mooring.dev/images/v1")).unwrap();
    image.set_len(SIZE).unwrap();
    let item = PoolItem { pool: "default".into(), name: "v1".into() };
    let linux = Arc::new(Linux::new());
    let mapped = way.is_disk().then(|| disk::Mapped::new(&linux, &dir));
    let attachment = match way {
        Way::Directory => Attachment::Directory(item),
        Way::Fs(_) | Way::Block => Attachment::ImageFile(item),
        Way::Disk(_) | Way::RawDisk => Attachment::BlockDevice(mapped.as_ref().unwrap().wanted()),
        Way::Direct => Attachment::KataDirect(KataDirect {
            device: DirectDevice::ImageFile(item),
            fs_type: None,
            metadata: StringMap::new(),
        }),
    };
    let attached =
        Attached { attachment, content: Content::Blank, minimum_size: Some(SIZE), limits: None };
    let backend = Backend(Arc::default(), Pool::Real(dir.join("pool/image.mooring.dev/images")));
    backend.0.lock().unwrap().insert(id("v1"), Ok(attached));
    let config = NodeConfig {
        driver: driver(),
        grants: Grants {
            pools: [("default".to_owned(), dir.join("pool"))].into(),
            attachments: [
                AttachmentKind::ImageFile,
                AttachmentKind::Directory,
                AttachmentKind::BlockDevice,
                AttachmentKind::KataDirect,
            ]
            .into(),
            devices: vec!["/dev/disk/by-id/scsi-SMOORING_*".to_owned()],
            ephemeral: Some(Ephemeral::default()),
            ..Grants::default()
        },
        filesystem: FsType::Ext4,
        target_roots: vec![dir.join("kubelet")],
        state_dir: dir.join("state"),
        node_id: NodeId::new("worker-1").unwrap(),
        labels: StringMap::new(),
        kata: crate::KataPaths {
            direct_volumes: dir.join("kata/direct-volumes"),
            sandboxes: vec![dir.join("kata/go"), dir.join("kata/rust")],
        },
    };
    let node = Node::new(config.clone(), Arc::clone(&linux), backend.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    Some(Bench { dir, linux, node, config, backend, runtime, way, mapped, _dir: temporary })
}

impl Bench {
    pub(super) fn staging(&self) -> PathBuf {
        self.dir.join("kubelet/staging")
    }

    pub(super) fn target(&self, name: &str) -> PathBuf {
        self.dir.join("kubelet/pods").join(name)
    }

    pub(super) fn capability(&self) -> Capability {
        Capability { access: self.way.access(), mode: AccessMode::SingleNodeWriter }
    }

    pub(super) fn stage(&self) -> mooring_volume::Result<()> {
        self.stage_as(self.capability())
    }

    pub(super) fn stage_as(&self, capability: Capability) -> mooring_volume::Result<()> {
        let request = Stage {
            volume_id: id("v1"),
            staging_path: self.staging(),
            capability,
            volume_context: StringMap::new(),
            publish_context: StringMap::new(),
            secrets: Secrets::default(),
        };
        self.runtime.block_on(self.node.stage(&World::call(), request))
    }

    pub(super) fn publish(&self, name: &str, readonly: bool) -> mooring_volume::Result<()> {
        let request = Publish {
            volume_id: id("v1"),
            staging_path: self.staging(),
            target_path: self.target(name),
            capability: self.capability(),
            readonly,
            volume_context: StringMap::new(),
            publish_context: StringMap::new(),
            secrets: Secrets::default(),
        };
        self.runtime.block_on(self.node.publish(&World::call(), request))
    }

    pub(super) fn unpublish(&self, name: &str) -> mooring_volume::Result<()> {
        let target = self.target(name);
        self.runtime.block_on(self.node.unpublish(&World::call(), id("v1"), target))
    }

    pub(super) fn unstage(&self) -> mooring_volume::Result<()> {
        self.runtime.block_on(self.node.unstage(&World::call(), id("v1"), self.staging()))
    }

    pub(super) fn total(&self, path: PathBuf) -> u64 {
        let request = GetStats { volume_id: id("v1"), volume_path: path, staging_path: None };
        self.runtime.block_on(self.node.stats(&World::call(), request)).unwrap().bytes.total
    }

    pub(super) fn expand(&self, bytes: u64) -> mooring_volume::Result<u64> {
        let image = self.dir.join("pool/image.mooring.dev/images/v1");
        fs::File::options().write(true).open(image).unwrap().set_len(bytes).unwrap();
        if let Some(mapped) = &self.mapped {
            self.linux.refresh_loop(&mapped.device).unwrap();
        }
        self.expand_to(bytes)
    }

    fn expand_to(&self, bytes: u64) -> mooring_volume::Result<u64> {
        let request = ExpandNode {
            volume_id: id("v1"),
            volume_path: self.target("a"),
            staging_path: None,
            capacity: Some(CapacityRange::new(i64::try_from(bytes).unwrap(), 0).unwrap()),
            capability: None,
            secrets: Secrets::default(),
        };
        self.runtime.block_on(self.node.expand(&World::call(), request))
    }

    pub(super) fn mounts(&self) -> Vec<crate::os::MountEntry> {
        let all = self.linux.mounts().unwrap();
        all.into_iter().filter(|entry| entry.point.starts_with(&self.dir)).collect()
    }

    /// Loop devices bound to the image.
    fn bound(&self) -> Vec<crate::os::LoopDevice> {
        let image = self.dir.join("pool/image.mooring.dev/images/v1");
        let inode = fs::metadata(image).unwrap().ino();
        let loops = self.linux.loops().unwrap().answering;
        loops.into_iter().filter(|device| device.backing.inode == inode).collect()
    }

    fn loops(&self) -> usize {
        self.bound().len()
    }

    pub(super) fn device(&self) -> crate::os::LoopDevice {
        self.bound().remove(0)
    }

    pub(super) fn check_free(&self) {
        assert_eq!(self.mounts(), [], "{:?}", self.way);
        assert_eq!(self.loops(), usize::from(self.way.is_disk()), "{:?}", self.way);
        let records = self.dir.join("state/node/image.mooring.dev");
        let left = fs::read_dir(records).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{:?}: records are left", self.way);
        let told = self.dir.join("kata/direct-volumes");
        assert_eq!(fs::read_dir(told).map_or(0, Iterator::count), 0, "{:?}: told", self.way);
        assert!(!self.target("a").exists() && !self.target("b").exists());
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        for name in ["a", "b"] {
            let _left = self.unpublish(name);
        }
        let _left = self.unstage();
        // Of tests that give the pool a file system of its own.
        let none = rustix::mount::UnmountFlags::empty();
        let _left = rustix::mount::unmount(self.dir.join("pool"), none);
    }
}

fn writable(path: &Path) -> bool {
    fs::write(path.join("probe"), b"x").is_ok()
}

#[test]
fn lives_and_leaves_nothing() {
    for way in Way::ALL.into_iter().filter(|way| !way.is_raw() && *way != Way::Direct) {
        let Some(bench) = bench(way) else { return };
        for _ in 0..2 {
            bench.stage().unwrap_or_else(|error| panic!("{way:?}: {error}"));
            bench.publish("a", false).unwrap_or_else(|error| panic!("{way:?}: {error}"));
            bench.publish("b", true).unwrap_or_else(|error| panic!("{way:?}: {error}"));
        }
        assert_eq!(bench.mounts().len(), 3, "{way:?}");
        let (a, b) = (bench.target("a"), bench.target("b"));
        fs::write(a.join("data"), b"kept").unwrap();
        assert_eq!(fs::read(b.join("data")).unwrap(), b"kept", "{way:?}");
        assert!(writable(&a) && !writable(&b), "{way:?}");
        assert_eq!(fs::metadata(&a).unwrap().gid(), 2000, "{way:?}");
        assert!(bench.total(a) > 0);
        assert_eq!(bench.unstage().unwrap_err().code, Code::FailedPrecondition, "{way:?}");
        for _ in 0..2 {
            bench.unpublish("b").unwrap();
            bench.unpublish("a").unwrap();
            bench.unstage().unwrap();
        }
        bench.check_free();

        let mode = AccessMode::MultiNodeReaderOnly;
        bench.stage_as(Capability { mode, ..bench.capability() }).unwrap();
        assert_eq!(fs::read(bench.staging().join("data")).unwrap(), b"kept", "{way:?}");
        assert!(!writable(&bench.staging()), "{way:?}");
        bench.unstage().unwrap();
        bench.check_free();
    }
}

#[test]
fn a_pods_own_volume_is_made_used_and_deleted() {
    let Some(bench) = bench(Way::Fs(FsType::Ext4)) else { return };
    let image = bench.dir.join("pool/image.mooring.dev/images/csi-0af3");
    for _ in 0..2 {
        let request = PublishInline {
            volume_id: id("csi-0af3"),
            target_path: bench.target("a"),
            capability: bench.capability(),
            readonly: false,
            attributes: [("size".to_owned(), "64Mi".to_owned())].into(),
            secrets: Secrets::default(),
        };
        bench.runtime.block_on(bench.node.publish_inline(&World::call(), request)).unwrap();
    }
    assert_eq!(fs::metadata(&image).unwrap().len(), 64 * MIB);
    assert_eq!(bench.mounts().len(), 2, "staged and published");
    assert!(writable(&bench.target("a")));
    let own = bench.dir.join("state/node/image.mooring.dev/inline");
    assert_eq!(fs::metadata(&own).unwrap().mode() & 0o7777, 0o700);
    for _ in 0..2 {
        let (call, target) = (World::call(), bench.target("a"));
        let gone = bench.node.unpublish(&call, id("csi-0af3"), target);
        bench.runtime.block_on(gone).unwrap();
    }
    assert!(!image.exists(), "the backend was asked to delete it");
    assert_eq!(fs::read_dir(&own).unwrap().count(), 0);
    assert_eq!(bench.mounts(), []);
    assert!(!bench.target("a").exists());
}

#[test]
fn grows_mounted_or_on_the_next_stage() {
    let ways = FsType::ALL.into_iter().flat_map(|it| [(Way::Fs(it), it), (Way::Disk(it), it)]);
    for (way, fs_type) in ways {
        let Some(bench) = bench(way) else { return };
        bench.stage().unwrap();
        bench.publish("a", false).unwrap();
        fs::write(bench.target("a").join("data"), b"kept").unwrap();
        let before = bench.total(bench.staging());
        match bench.expand(2 * SIZE) {
            Ok(size) => assert_eq!(size, 2 * SIZE, "{fs_type}"),
            Err(error) => {
                // Growing a mounted ext4 is a right that this machine may not give.
                assert_eq!(fs_type, FsType::Ext4, "{error}");
                assert_eq!(error.message.matches("CAP_SYS_RESOURCE").count(), 1, "{error}");
                bench.unpublish("a").unwrap();
                bench.unstage().unwrap();
                bench.stage().unwrap();
                bench.publish("a", false).unwrap();
            }
        }
        assert!(bench.total(bench.staging()) > before * 3 / 2, "{fs_type} did not grow");
        assert_eq!(fs::read(bench.target("a").join("data")).unwrap(), b"kept", "{fs_type}");
        bench.unpublish("a").unwrap();
        bench.unstage().unwrap();
        bench.check_free();
    }
}

#[test]
fn a_raw_volume_is_a_device_that_refuses_writes_when_asked() {
    for way in [Way::Block, Way::RawDisk] {
        let Some(bench) = bench(way) else { return };
        refuses_writes_when_asked(&bench);
    }
}

fn refuses_writes_when_asked(bench: &Bench) {
    bench.stage().unwrap();
    bench.publish("a", true).unwrap();
    let open = || fs::File::options().write(true).open(bench.target("a"));
    assert!(fs::metadata(bench.target("a")).unwrap().file_type().is_block_device());
    let write =
        open().and_then(|device| std::os::unix::fs::FileExt::write_all_at(&device, &[1; 512], 0));
    assert!(write.is_err(), "a read-only device took a write");
    assert_eq!(bench.publish("b", false).unwrap_err().code, Code::FailedPrecondition);
    bench.unpublish("a").unwrap();
    for _ in 0..2 {
        bench.publish("a", false).unwrap();
    }
    let device = open().unwrap();
    std::os::unix::fs::FileExt::write_all_at(&device, &[1; 512], 0).unwrap();
    device.sync_all().unwrap();
    drop(device);
    assert_eq!(bench.expand(2 * SIZE).unwrap(), 2 * SIZE);
    assert_eq!(bench.total(bench.target("a")), 2 * SIZE);
    bench.unpublish("a").unwrap();
    bench.unstage().unwrap();
    bench.check_free();
    let image = fs::read(bench.dir.join("pool/image.mooring.dev/images/v1")).unwrap();
    assert_eq!(image.first(), Some(&1));
}
