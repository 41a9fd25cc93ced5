//! One volume's life: the requests that an orchestrator makes, each of which can be repeated.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use mooring_proto::csi::v1::volume_capability::access_mode::Mode;
use mooring_proto::csi::v1::volume_capability::{AccessMode, AccessType, BlockVolume, MountVolume};
use mooring_proto::csi::v1::volume_content_source::{SnapshotSource, Type as Source, VolumeSource};
use mooring_proto::csi::v1::{
    CapacityRange, ControllerExpandVolumeRequest, ControllerExpandVolumeResponse,
    CreateVolumeRequest, DeleteVolumeRequest, NodeExpandVolumeRequest, NodeExpandVolumeResponse,
    NodeGetVolumeStatsRequest, NodeGetVolumeStatsResponse, NodePublishVolumeRequest,
    NodeStageVolumeRequest, NodeUnpublishVolumeRequest, NodeUnstageVolumeRequest, Snapshot, Volume,
    VolumeCapability, VolumeContentSource,
};
use tonic::Status;

use crate::config::{DIRECTORY, IMAGE, Paths};
pub use crate::left::{nothing_left, records};
use crate::{Clients, Host, kernel};

/// Bytes of a mebibyte.
pub const MIB: i64 = 1 << 20;

/// What a consumer of a volume sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Ext4,
    Xfs,
    Btrfs,
    Block,
    Directory,
}

impl Kind {
    /// All that have a device.
    pub const DEVICES: [Self; 4] = [Self::Ext4, Self::Xfs, Self::Btrfs, Self::Block];

    /// The driver that serves it.
    #[must_use]
    pub fn driver(self) -> &'static str {
        if self == Self::Directory { DIRECTORY } else { IMAGE }
    }

    /// The file system's kernel name, where the driver makes one.
    #[must_use]
    pub fn fs_type(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
            Self::Block | Self::Directory => "",
        }
    }

    /// Bytes at first and after growing: small, and what each mkfs accepts (XFS wants 300 MiB).
    #[must_use]
    pub fn sizes(self) -> (i64, i64) {
        match self {
            Self::Ext4 | Self::Block | Self::Directory => (64 * MIB, 160 * MIB),
            Self::Xfs => (320 * MIB, 640 * MIB),
            Self::Btrfs => (256 * MIB, 512 * MIB),
        }
    }

    /// How an orchestrator asks for it.
    #[must_use]
    pub fn capability(self) -> VolumeCapability {
        match self {
            Self::Block => block(),
            Self::Ext4 | Self::Xfs | Self::Btrfs | Self::Directory => mount(self.fs_type(), &[]),
        }
    }
}

/// A capability: a file system, for one writing node.
#[must_use]
pub fn mount(fs_type: &str, flags: &[&str]) -> VolumeCapability {
    let volume = MountVolume {
        fs_type: fs_type.into(),
        mount_flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        volume_mount_group: String::new(),
    };
    capability(AccessType::Mount(volume), Mode::SingleNodeWriter)
}

/// A capability: a device, for one writing node.
#[must_use]
pub fn block() -> VolumeCapability {
    capability(AccessType::Block(BlockVolume {}), Mode::SingleNodeWriter)
}

/// Any capability.
#[must_use]
pub fn capability(access: AccessType, mode: Mode) -> VolumeCapability {
    VolumeCapability {
        access_type: Some(access),
        access_mode: Some(AccessMode { mode: mode.into() }),
    }
}

/// At least so many bytes.
#[must_use]
pub fn at_least(bytes: i64) -> Option<CapacityRange> {
    Some(CapacityRange { required_bytes: bytes, limit_bytes: 0 })
}

/// A volume, from before it is created until after it is deleted.
#[derive(Debug, Clone)]
pub struct Life {
    /// What its consumer sees.
    pub kind: Kind,
    /// The orchestrator's name for it.
    pub name: String,
    /// What the driver answered; none before it was created.
    pub volume: Option<Volume>,
    /// Where it is staged.
    pub staging: PathBuf,
    /// Where it is published.
    pub target: PathBuf,
    /// Sent with every call that takes secrets.
    pub secrets: BTreeMap<String, String>,
    /// What it is made of; none: it starts blank.
    pub source: Option<VolumeContentSource>,
    /// Bytes at first; as its kind has them, unless set.
    pub bytes: i64,
    clients: Clients,
}

impl Life {
    /// A volume to be, with its paths made as kubelet makes them.
    pub async fn new(host: &Host, kind: Kind, name: &str) -> Self {
        Self::of_driver(host, kind.driver(), kind, name).await
    }

    /// As [`Self::new`], of another driver over images.
    pub async fn of_driver(host: &Host, driver: &str, kind: Kind, name: &str) -> Self {
        Self::at(&host.paths, host.connect(driver).await, kind, name)
    }

    /// The same, of a host that something else than [`Host`] started.
    ///
    /// # Panics
    /// When its paths cannot be made.
    #[must_use]
    pub fn at(paths: &Paths, clients: Clients, kind: Kind, name: &str) -> Self {
        let staging = paths.targets.join(format!("plugins/{name}/globalmount"));
        let target = paths.targets.join(format!("pods/{name}/mount"));
        std::fs::create_dir_all(&staging).unwrap();
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        Self {
            kind,
            name: name.to_owned(),
            volume: None,
            staging,
            target,
            secrets: BTreeMap::new(),
            source: None,
            bytes: kind.sizes().0,
            clients,
        }
    }

    /// Connects anew, after the host was restarted.
    pub async fn reconnect(&mut self, host: &Host) {
        self.talk_to(host.connect(self.kind.driver()).await);
    }

    /// From here on calls go this way.
    pub fn talk_to(&mut self, clients: Clients) {
        self.clients = clients;
    }

    /// The driver's id of it.
    ///
    /// # Panics
    /// When it was not created.
    #[must_use]
    pub fn id(&self) -> String {
        self.volume.as_ref().expect("created").volume_id.clone()
    }

    /// CreateVolume's request.
    #[must_use]
    pub fn create_request(&self) -> CreateVolumeRequest {
        CreateVolumeRequest {
            name: self.name.clone(),
            capacity_range: at_least(self.bytes),
            volume_content_source: self.source.clone(),
            volume_capabilities: vec![self.kind.capability()],
            secrets: self.secrets.clone(),
            ..Default::default()
        }
    }

    /// NodeStageVolume's request.
    #[must_use]
    pub fn stage_request(&self) -> NodeStageVolumeRequest {
        NodeStageVolumeRequest {
            volume_id: self.id(),
            staging_target_path: text(&self.staging),
            volume_capability: Some(self.kind.capability()),
            secrets: self.secrets.clone(),
            volume_context: self.volume.as_ref().expect("created").volume_context.clone(),
            ..Default::default()
        }
    }

    /// NodePublishVolume's request.
    #[must_use]
    pub fn publish_request(&self) -> NodePublishVolumeRequest {
        NodePublishVolumeRequest {
            volume_id: self.id(),
            staging_target_path: text(&self.staging),
            target_path: text(&self.target),
            volume_capability: Some(self.kind.capability()),
            secrets: self.secrets.clone(),
            volume_context: self.volume.as_ref().expect("created").volume_context.clone(),
            ..Default::default()
        }
    }

    /// NodeUnstageVolume's request.
    #[must_use]
    pub fn unstage_request(&self) -> NodeUnstageVolumeRequest {
        NodeUnstageVolumeRequest { volume_id: self.id(), staging_target_path: text(&self.staging) }
    }

    /// NodeUnpublishVolume's request.
    #[must_use]
    pub fn unpublish_request(&self) -> NodeUnpublishVolumeRequest {
        NodeUnpublishVolumeRequest { volume_id: self.id(), target_path: text(&self.target) }
    }

    /// NodeExpandVolume's request, to the larger size.
    #[must_use]
    pub fn node_expand_request(&self) -> NodeExpandVolumeRequest {
        NodeExpandVolumeRequest {
            volume_id: self.id(),
            volume_path: text(&self.target),
            staging_target_path: text(&self.staging),
            capacity_range: at_least(self.kind.sizes().1),
            volume_capability: Some(self.kind.capability()),
            secrets: self.secrets.clone(),
        }
    }

    /// CreateVolume; the same volume each time.
    ///
    /// # Errors
    /// The host's status, as of all calls here.
    pub async fn create(&mut self) -> Result<(), Status> {
        let request = self.create_request();
        let answer = self.clients.controller.create_volume(request).await?.into_inner();
        let volume = answer.volume.expect("CreateVolume answers a volume");
        if let Some(before) = &self.volume {
            assert_eq!(before.volume_id, volume.volume_id, "the same name, another volume");
        }
        // 0: a directory has no bound of its own.
        let least = if self.kind == Kind::Directory { 0 } else { self.bytes };
        assert!(volume.capacity_bytes >= least, "{volume:?}");
        self.volume = Some(volume);
        Ok(())
    }

    /// NodeStageVolume.
    ///
    /// # Errors
    /// The host's status.
    pub async fn stage(&mut self) -> Result<(), Status> {
        let request = self.stage_request();
        self.clients.node.node_stage_volume(request).await.map(drop)
    }

    /// NodePublishVolume.
    ///
    /// # Errors
    /// The host's status.
    pub async fn publish(&mut self) -> Result<(), Status> {
        let request = self.publish_request();
        self.clients.node.node_publish_volume(request).await.map(drop)
    }

    /// ControllerExpandVolume, to the larger size.
    ///
    /// # Errors
    /// The host's status.
    pub async fn expand(&mut self) -> Result<ControllerExpandVolumeResponse, Status> {
        let request = ControllerExpandVolumeRequest {
            volume_id: self.id(),
            capacity_range: at_least(self.kind.sizes().1),
            volume_capability: Some(self.kind.capability()),
            secrets: self.secrets.clone(),
        };
        Ok(self.clients.controller.controller_expand_volume(request).await?.into_inner())
    }

    /// NodeExpandVolume, to the larger size.
    ///
    /// # Errors
    /// The host's status.
    pub async fn node_expand(&mut self) -> Result<NodeExpandVolumeResponse, Status> {
        let request = self.node_expand_request();
        Ok(self.clients.node.node_expand_volume(request).await?.into_inner())
    }

    /// NodeGetVolumeStats of the target.
    ///
    /// # Errors
    /// The host's status.
    pub async fn stats(&mut self) -> Result<NodeGetVolumeStatsResponse, Status> {
        let request = NodeGetVolumeStatsRequest {
            volume_id: self.id(),
            volume_path: text(&self.target),
            staging_target_path: text(&self.staging),
        };
        Ok(self.clients.node.node_get_volume_stats(request).await?.into_inner())
    }

    /// NodeUnpublishVolume.
    ///
    /// # Errors
    /// The host's status.
    pub async fn unpublish(&mut self) -> Result<(), Status> {
        let request = self.unpublish_request();
        self.clients.node.node_unpublish_volume(request).await.map(drop)
    }

    /// NodeUnstageVolume.
    ///
    /// # Errors
    /// The host's status.
    pub async fn unstage(&mut self) -> Result<(), Status> {
        let request = self.unstage_request();
        self.clients.node.node_unstage_volume(request).await.map(drop)
    }

    /// DeleteVolume.
    ///
    /// # Errors
    /// The host's status.
    pub async fn delete(&mut self) -> Result<(), Status> {
        let request = DeleteVolumeRequest { volume_id: self.id(), secrets: self.secrets.clone() };
        self.clients.controller.delete_volume(request).await.map(drop)
    }

    /// Unpublished and unstaged.
    ///
    /// # Panics
    /// When the host refuses.
    pub async fn put_away(&mut self) {
        self.unpublish().await.unwrap();
        self.unstage().await.unwrap();
    }

    /// Put away and deleted.
    ///
    /// # Panics
    /// When the host refuses.
    pub async fn end(mut self) {
        self.put_away().await;
        self.delete().await.unwrap();
    }

    /// Where data is written while it is published: a file in it, or the device itself.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        if self.kind == Kind::Block { self.target.clone() } else { self.target.join("data") }
    }

    /// Where a second program writes meanwhile: another file, or the device 16 MiB further on.
    #[must_use]
    pub fn stream(&self) -> (PathBuf, u64) {
        match self.kind {
            Kind::Block => (self.target.clone(), 16 << 20),
            Kind::Ext4 | Kind::Xfs | Kind::Btrfs | Kind::Directory => {
                (self.target.join("stream"), 0)
            }
        }
    }

    /// Bytes that a consumer finds at the target: of the file system, or of the device.
    ///
    /// # Panics
    /// When nothing is published there.
    #[must_use]
    pub fn visible_size(&self) -> u64 {
        if self.kind == Kind::Block {
            return File::open(&self.target).unwrap().seek(SeekFrom::End(0)).unwrap();
        }
        let stats = nix::sys::statvfs::statvfs(&self.target).unwrap();
        stats.blocks() * stats.fragment_size()
    }

    /// What the kernel shows of the published volume: mounted there once, of the right type.
    ///
    /// # Panics
    /// When it is otherwise.
    pub fn assert_published(&self) {
        let all = kernel::mounts();
        let here: Vec<_> = all.iter().filter(|it| it.point == self.target).collect();
        assert_eq!(here.len(), 1, "mounts on {}: {here:?}", self.target.display());
        match self.kind {
            Kind::Ext4 | Kind::Xfs | Kind::Btrfs => {
                assert_eq!(here[0].fs_type, self.kind.fs_type());
                assert!(here[0].has("nosuid") && here[0].has("nodev"), "{:?}", here[0]);
            }
            Kind::Block | Kind::Directory => {}
        }
    }

    /// The UUID of the file system in the only image of the pool, as hexadecimal digits; none for
    /// a volume without one.
    ///
    /// # Panics
    /// When the pool does not hold one image.
    #[must_use]
    pub fn uuid(&self, host: &Host) -> Option<String> {
        self.uuid_in(&host.paths)
    }

    /// As [`Self::uuid`].
    ///
    /// # Panics
    /// As [`Self::uuid`].
    #[must_use]
    pub fn uuid_in(&self, paths: &Paths) -> Option<String> {
        let offset = match self.kind {
            Kind::Ext4 => 1024 + 0x68,
            Kind::Xfs => 0x20,
            Kind::Btrfs => (64 << 10) + 0x20,
            Kind::Block | Kind::Directory => return None,
        };
        let images = paths.images();
        assert_eq!(images.len(), 1, "{images:?}");
        let mut uuid = [0; 16];
        let mut image = File::open(&images[0]).unwrap();
        image.seek(SeekFrom::Start(offset)).unwrap();
        image.read_exact(&mut uuid).unwrap();
        assert_ne!(uuid, [0; 16], "no file system");
        Some(uuid.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// What a volume is made of that starts with a snapshot.
#[must_use]
pub fn of_snapshot(snapshot: &Snapshot) -> VolumeContentSource {
    let snapshot_id = snapshot.snapshot_id.clone();
    VolumeContentSource { r#type: Some(Source::Snapshot(SnapshotSource { snapshot_id })) }
}

/// What a volume is made of that starts with another.
#[must_use]
pub fn of_volume(life: &Life) -> VolumeContentSource {
    let source = VolumeSource { volume_id: life.id() };
    VolumeContentSource { r#type: Some(Source::Volume(source)) }
}

/// A path as requests carry it.
///
/// # Panics
/// When it is no UTF-8.
#[must_use]
pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
