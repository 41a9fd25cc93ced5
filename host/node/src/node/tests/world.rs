//! A machine with a pool, a backend that describes what is in it, and the calls of a volume's life.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mooring_volume::attachment::{
    Attached, Attachment, AttachmentKind, BlockDevice, Content, DirectDevice, KataDirect, PoolItem,
};
use mooring_volume::backend::NodeDescription;
use mooring_volume::capability::{AccessMode, Capability};
use mooring_volume::capacity::CapacityRange;
use mooring_volume::ephemeral::Ephemeral;
use mooring_volume::id::NodeId;
use mooring_volume::limits::NodeLimits;
use mooring_volume::node::{ExpandNode, GetStats, Node as _, Publish, Stage, Stats};
use mooring_volume::orders::FreezeId;
use mooring_volume::policy::Grants;
use mooring_volume::{Call, CallId, DriverName, Result, Secrets, StringMap, VolumeId};

use super::backend::{Backend, Pool};
pub(super) use super::way::{Way, mount};
use crate::os::twin::{Image, Told, Twin};
use crate::os::{DeviceId, IoLimits, MountFlags, PathKind};
use crate::record;
use crate::{Node, NodeConfig};

pub(super) const MIB: u64 = 1 << 20;
pub(super) const STAGING: &str = "/var/lib/kubelet/staging/v1";
pub(super) const TARGET: &str = "/var/lib/kubelet/pods/a/v1";
pub(super) const SECOND: &str = "/var/lib/kubelet/pods/b/v1";
pub(super) const FREEZES: &str = "/var/lib/mooring/freezes";
pub(super) const STATE: &str = "/var/lib/mooring";
/// A device of the node's own: its link, its serial number, and the number that it has.
pub(super) const LINK: &str = "by-id/vendor-1";
pub(super) const SERIAL: &str = "S1";
pub(super) const DISK: DeviceId = DeviceId { major: 8, minor: 16 };

/// So many bytes written a second, and 100 reads.
pub(super) fn limits(write_bandwidth: u64, discard: Option<bool>) -> NodeLimits {
    NodeLimits {
        read_iops: NonZeroU64::new(100),
        write_bandwidth: NonZeroU64::new(write_bandwidth),
        discard,
        ..NodeLimits::default()
    }
}

/// What a test may grant beyond pools and kinds.
#[derive(Debug, Clone, Default)]
pub(super) struct Granted {
    pub(super) mount_options: Vec<String>,
    pub(super) devices: Vec<String>,
    pub(super) ephemeral: Option<Ephemeral>,
}

/// A machine, the service on it, and a runtime to call it in.
pub(super) struct World {
    pub(super) twin: Twin,
    pub(super) backend: Backend,
    pub(super) node: Arc<Node<Twin, Backend>>,
    pub(super) granted: Granted,
    /// What the last freeze is thawed by.
    pub(super) frozen: Mutex<Option<FreezeId>>,
    pub(super) runtime: tokio::runtime::Runtime,
}

pub(super) fn id(text: &str) -> VolumeId {
    VolumeId::new(text).unwrap()
}

pub(super) fn driver() -> DriverName {
    DriverName::new("image.mooring.dev").unwrap()
}

pub(super) fn image_path(name: &str) -> PathBuf {
    Path::new("/pool/image.mooring.dev/images").join(name)
}

pub(super) fn directory_path(name: &str) -> PathBuf {
    Path::new("/pool/image.mooring.dev/directories").join(name)
}

/// What a backend says of a device of the node's own.
pub(super) fn disk(links: &[&str], serial: &str) -> BlockDevice {
    let links = links.iter().map(|link| (*link).to_owned()).collect();
    BlockDevice { links, serial: Some(serial.to_owned()), wwid: None, rescan: true }
}

fn config(granted: &Granted) -> NodeConfig {
    NodeConfig {
        filesystem: mooring_volume::capability::FsType::Ext4,
        driver: driver(),
        grants: Grants {
            pools: [("default".to_owned(), PathBuf::from("/pool"))].into(),
            attachments: [
                AttachmentKind::ImageFile,
                AttachmentKind::Directory,
                AttachmentKind::BlockDevice,
                AttachmentKind::KataDirect,
            ]
            .into(),
            mount_options: granted.mount_options.clone(),
            devices: granted.devices.clone(),
            ephemeral: granted.ephemeral.clone(),
            ..Grants::default()
        },
        target_roots: vec!["/var/lib/kubelet".into()],
        state_dir: STATE.into(),
        node_id: NodeId::new("worker-1").unwrap(),
        labels: StringMap::new(),
        kata: crate::KataPaths::default(),
    }
}

impl World {
    /// With volume v1 in the pool, as image and as directory, 64 MiB and blank.
    pub(super) fn new(way: Way) -> Self {
        let twin = Twin::new();
        {
            let mut model = twin.model();
            for path in ["/var/lib/kubelet/pods/a", "/var/lib/kubelet/pods/b", STAGING] {
                model.places.insert(path.into(), PathKind::Directory);
            }
            model.directories.insert(directory_path("v1"), None);
            // What another volume left on the first device's number.
            if way != Way::Directory {
                let former = IoLimits { read_bandwidth: Some(7), ..IoLimits::default() };
                model.limits.insert(way.device(), former);
            }
        }
        let backend = Backend(Arc::default(), Pool::Model(twin.clone()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut granted = Granted::default();
        if way.is_disk() {
            granted.devices = vec!["/dev/disk/by-id/vendor-*".to_owned()];
        }
        let frozen = Mutex::default();
        let node = Node::new(config(&granted), Arc::new(twin.clone()), backend.clone());
        let world = Self { twin, backend, node: Arc::new(node), granted, frozen, runtime };
        world.add_image("v1", 11, crate::os::twin::Content::Blank);
        if way.is_disk() {
            world.twin.model().map(DISK, &image_path("v1"), LINK, SERIAL);
        }
        world.describe("v1", way, Content::Blank);
        world
    }

    pub(super) fn add_image(&self, name: &str, inode: u64, content: crate::os::twin::Content) {
        let image = Image { inode, size: 64 * MIB, content, formatted: 0, group: None, data: None };
        self.twin.model().images.insert(image_path(name), image);
    }

    /// Tells the backend what to answer.
    pub(super) fn describe(&self, name: &str, way: Way, content: Content) {
        let item = PoolItem { pool: "default".into(), name: name.into() };
        let attachment = match way {
            Way::Fs(_) | Way::Block => Attachment::ImageFile(item),
            Way::Disk(_) | Way::RawDisk => Attachment::BlockDevice(disk(&[LINK], SERIAL)),
            Way::Directory => Attachment::Directory(item),
            Way::Direct => Attachment::KataDirect(KataDirect {
                device: DirectDevice::ImageFile(item),
                fs_type: Some("xfs".into()),
                metadata: [("tenant".to_owned(), "a".to_owned())].into(),
            }),
        };
        let limits = match way {
            Way::Fs(_) | Way::Disk(_) => Some(limits(1 << 20, Some(true))),
            Way::Block | Way::RawDisk | Way::Direct => Some(limits(1 << 20, None)),
            Way::Directory => None,
        };
        let attached = Attached { attachment, content, minimum_size: None, limits };
        self.backend.0.lock().unwrap().insert(id(name), Ok(attached));
    }

    /// Tells the backend what else to answer of v1 from now on.
    pub(super) fn describe_limits(&self, limits: Option<NodeLimits>) {
        let mut answers = self.backend.0.lock().unwrap();
        answers.get_mut(&id("v1")).unwrap().as_mut().unwrap().limits = limits;
    }

    pub(super) fn refuse(&self, name: &str, error: mooring_volume::Error) {
        self.backend.0.lock().unwrap().insert(id(name), Err(error));
    }

    pub(super) fn grant_options(&mut self, options: &[&str]) {
        self.granted.mount_options = options.iter().map(|option| (*option).to_owned()).collect();
        self.restart();
    }

    /// A program that just started, and did nothing yet.
    pub(super) fn fresh(&self) -> Node<Twin, Backend> {
        Node::new(config(&self.granted), Arc::new(self.twin.clone()), self.backend.clone())
    }

    /// The program starts again; the machine goes on.
    pub(super) fn restart(&mut self) {
        self.twin.arm(None);
        self.node = Arc::new(self.fresh());
        *self.frozen.lock().unwrap() = None;
        self.runtime.block_on(self.node.recover()).unwrap();
    }

    pub(super) fn call() -> Call {
        Call { id: CallId(1), deadline: Instant::now() + Duration::from_secs(60) }
    }

    pub(super) fn stage_request(way: Way) -> Stage {
        Stage {
            volume_id: id("v1"),
            staging_path: STAGING.into(),
            capability: Capability { access: way.access(), mode: AccessMode::SingleNodeWriter },
            volume_context: StringMap::new(),
            publish_context: StringMap::new(),
            secrets: Secrets::default(),
        }
    }

    pub(super) fn publish_request(way: Way, target: &str) -> Publish {
        let Stage { volume_id, staging_path, capability, .. } = Self::stage_request(way);
        Publish {
            volume_id,
            staging_path,
            target_path: target.into(),
            capability,
            readonly: false,
            volume_context: StringMap::new(),
            publish_context: StringMap::new(),
            secrets: Secrets::default(),
        }
    }

    pub(super) fn stage(&self, request: Stage) -> Result<()> {
        self.runtime.block_on(self.node.stage(&Self::call(), request))
    }

    pub(super) fn publish(&self, request: Publish) -> Result<()> {
        self.runtime.block_on(self.node.publish(&Self::call(), request))
    }

    pub(super) fn unpublish(&self, target: &str) -> Result<()> {
        self.runtime.block_on(self.node.unpublish(&Self::call(), id("v1"), target.into()))
    }

    pub(super) fn unstage(&self) -> Result<()> {
        self.runtime.block_on(self.node.unstage(&Self::call(), id("v1"), STAGING.into()))
    }

    pub(super) fn stats(&self, path: &str) -> Result<Stats> {
        let volume_path = path.into();
        let request = GetStats { volume_id: id("v1"), volume_path, staging_path: None };
        self.runtime.block_on(self.node.stats(&Self::call(), request))
    }

    pub(super) fn expand(&self, path: &str, bytes: u64) -> Result<u64> {
        let capacity = CapacityRange::new(i64::try_from(bytes).unwrap(), 0).unwrap();
        let request = ExpandNode {
            volume_id: id("v1"),
            volume_path: path.into(),
            staging_path: None,
            capacity: Some(capacity),
            capability: None,
            secrets: Secrets::default(),
        };
        self.runtime.block_on(self.node.expand(&Self::call(), request))
    }

    /// A sandbox takes the volume that is told at a target, if one is.
    pub(super) fn enter_sandbox(&self, target: &str) {
        let mut model = self.twin.model();
        if let Some(told) = model.told.get_mut(Path::new(target)) {
            told.sandboxes = vec!["sb".into()];
        }
        let answer =
            r#"{"usage":[{"total":100,"used":40,"available":60,"unit":1},{"total":7,"unit":2}]}"#;
        model.shims.insert("sb".into(), answer.into());
    }

    pub(super) fn info(&self) -> Result<NodeDescription> {
        self.runtime.block_on(self.node.info(&Self::call()))
    }

    /// Puts a mount of the node's own disk on a path, as another program would.
    pub(super) fn mount_foreign(&self, point: &str) {
        let mut model = self.twin.model();
        let root = model.mounts[0].clone();
        model.put(root, Path::new(point), MountFlags::default());
    }

    /// Puts the topmost mount of a path on it once more.
    pub(super) fn stack_again(&self, point: &str) {
        let mut model = self.twin.model();
        let top = model.mounts.iter().rfind(|e| e.point == Path::new(point)).unwrap().clone();
        let flags = top.flags;
        model.put(top, Path::new(point), flags);
    }

    pub(super) fn content(&self) -> crate::os::twin::Content {
        self.twin.model().images[&image_path("v1")].content
    }

    pub(super) fn set_content(&self, content: crate::os::twin::Content) {
        self.twin.model().images.get_mut(&image_path("v1")).unwrap().content = content;
    }

    pub(super) fn record_path() -> PathBuf {
        record::path(Path::new(STATE), &driver(), &id("v1"))
    }

    /// The state of the machine, without numbers that may differ from run to run.
    pub(super) fn snapshot(&self) -> Snapshot {
        let loops = crate::os::LoopDevices::loops(&self.twin).unwrap();
        let model = self.twin.model();
        let mounts = model.mounts.iter().map(|entry| {
            let shown = format!(
                "{} {:?} {}{}",
                entry.fs_type,
                entry.block,
                entry.root.display(),
                if entry.discards { " discards" } else { "" }
            );
            (entry.point.clone(), shown, entry.flags)
        });
        Snapshot {
            mounts: mounts.collect(),
            loops: loops.answering.into_iter().map(|d| (d.label, d.readonly, d.size)).collect(),
            images: model.images.clone(),
            directories: model.directories.clone(),
            places: model.places.clone(),
            limits: model.limits.clone(),
            frozen: model.frozen.clone(),
            records: model
                .records
                .iter()
                .map(|(path, bytes)| (path.clone(), String::from_utf8_lossy(bytes).into_owned()))
                .collect(),
            disks: model
                .disks
                .iter()
                .map(|(device, disk)| (*device, disk.size, disk.readonly))
                .collect(),
            told: model.told.clone(),
            aside: model.aside.clone(),
        }
    }

    /// Nothing of the volume is mounted or attached.
    pub(super) fn is_free(&self) -> bool {
        let model = self.twin.model();
        model.mounts.len() == 2
            && model.locks() == 0
            && model.told.is_empty()
            && model.aside.is_empty()
    }
}

/// See [`World::snapshot`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) mounts: Vec<(PathBuf, String, MountFlags)>,
    pub(super) loops: Vec<(String, bool, u64)>,
    pub(super) disks: Vec<(DeviceId, u64, bool)>,
    images: BTreeMap<PathBuf, Image>,
    directories: BTreeMap<PathBuf, Option<u32>>,
    pub(super) places: BTreeMap<PathBuf, PathKind>,
    pub(super) limits: BTreeMap<DeviceId, IoLimits>,
    pub(super) frozen: BTreeSet<DeviceId>,
    pub(super) records: BTreeMap<PathBuf, String>,
    pub(super) told: BTreeMap<PathBuf, Told>,
    aside: BTreeSet<String>,
}
