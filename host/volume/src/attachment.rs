//! What a component says of a volume's whereabouts: data, never a path or a flag of this machine.
//!
//! The vendor contract (`wit/attachments.wit`) documents each field; the cases here are the same.

use crate::StringMap;
use crate::limits::NodeLimits;
use crate::secret::{Secret, Secrets};

/// The kinds of attachment, as operators grant them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "documented in wit/attachments.wit")]
pub enum AttachmentKind {
    ImageFile,
    Directory,
    BlockDevice,
    Iscsi,
    NvmeOf,
    FibreChannel,
    Nfs,
    Smb,
    Rbd,
    Cephfs,
    Fuse,
    MountedDirectory,
    KataDirect,
    External,
}

impl std::fmt::Display for AttachmentKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ImageFile => "image-file",
            Self::Directory => "directory",
            Self::BlockDevice => "block-device",
            Self::Iscsi => "iscsi",
            Self::NvmeOf => "nvme-of",
            Self::FibreChannel => "fibre-channel",
            Self::Nfs => "nfs",
            Self::Smb => "smb",
            Self::Rbd => "rbd",
            Self::Cephfs => "cephfs",
            Self::Fuse => "fuse",
            Self::MountedDirectory => "mounted-directory",
            Self::KataDirect => "kata-direct",
            Self::External => "external",
        })
    }
}

/// What the volume held when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// Nothing: it may be formatted, if it also reads back empty.
    Blank,
    /// A snapshot's or another volume's bytes: never to be formatted.
    Copied,
    /// Not known: never to be formatted.
    Unknown,
}

/// A backend's answer: the attachment and what is known of the volume.
#[derive(Debug, Clone)]
pub struct Attached {
    /// Where it is.
    pub attachment: Attachment,
    /// What it held at first.
    pub content: Content,
    /// Bytes that the device must at least have.
    pub minimum_size: Option<u64>,
    /// What the node has to enforce; none: nothing.
    pub limits: Option<NodeLimits>,
}

/// Where a volume is.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "documented in wit/attachments.wit")]
pub enum Attachment {
    ImageFile(PoolItem),
    Directory(PoolItem),
    BlockDevice(BlockDevice),
    Iscsi(Iscsi),
    NvmeOf(NvmeOf),
    FibreChannel(FibreChannel),
    Nfs(Nfs),
    Smb(Smb),
    Rbd(Rbd),
    Cephfs(Cephfs),
    Fuse(Fuse),
    MountedDirectory(MountedDirectory),
    KataDirect(KataDirect),
    External(External),
}

impl Attachment {
    /// Its kind, as operators grant it.
    #[must_use]
    pub fn kind(&self) -> AttachmentKind {
        match self {
            Self::ImageFile(_) => AttachmentKind::ImageFile,
            Self::Directory(_) => AttachmentKind::Directory,
            Self::BlockDevice(_) => AttachmentKind::BlockDevice,
            Self::Iscsi(_) => AttachmentKind::Iscsi,
            Self::NvmeOf(_) => AttachmentKind::NvmeOf,
            Self::FibreChannel(_) => AttachmentKind::FibreChannel,
            Self::Nfs(_) => AttachmentKind::Nfs,
            Self::Smb(_) => AttachmentKind::Smb,
            Self::Rbd(_) => AttachmentKind::Rbd,
            Self::Cephfs(_) => AttachmentKind::Cephfs,
            Self::Fuse(_) => AttachmentKind::Fuse,
            Self::MountedDirectory(_) => AttachmentKind::MountedDirectory,
            Self::KataDirect(_) => AttachmentKind::KataDirect,
            Self::External(_) => AttachmentKind::External,
        }
    }
}

/// An image or directory of a granted pool, by name.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PoolItem {
    /// The pool's name in the grants.
    pub pool: String,
    /// The item's name in the pool.
    pub name: String,
}

macro_rules! data {
    ($($(#[$meta:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {
        $($(#[$meta])*
        #[derive(Debug, Clone)]
        #[expect(missing_docs, reason = "documented in wit/attachments.wit")]
        pub struct $name { $(pub $field: $type),* })*
    };
}

data! {
    /// A device that is there already, or appears by itself.
    BlockDevice { links: Vec<String>, serial: Option<String>, wwid: Option<String>, rescan: bool }
    /// A user and its password.
    Credentials { user: String, password: Secret }
    /// An iSCSI logical unit.
    Iscsi {
        portals: Vec<String>, iqn: String, lun: u32, further_targets: Vec<IscsiTarget>,
        wwid: Option<String>, discover: bool, chap: Option<Credentials>,
        mutual_chap: Option<Credentials>, discovery_chap: Option<Credentials>,
    }
    /// A further target of the same iSCSI logical unit.
    IscsiTarget { portals: Vec<String>, iqn: String, lun: u32 }
    /// An NVMe-oF namespace.
    NvmeOf {
        transport: NvmeTransport, addresses: Vec<String>, subsystem_nqn: String,
        namespace: NvmeNamespace, host_nqn: Option<String>, dhchap_key: Option<Secret>,
    }
    /// A Fibre Channel logical unit.
    FibreChannel { target_wwns: Vec<String>, lun: u32, wwid: Option<String> }
    /// An NFS export.
    Nfs { servers: Vec<String>, export_path: String, version: NfsVersion }
    /// An SMB share.
    Smb { server: String, share: String, subdirectory: Option<String>, auth: SmbAuth }
    /// How a Ceph cluster is reached.
    CephCluster { monitors: Vec<String>, fsid: Option<String>, user: String, key: Secret }
    /// A RADOS block device.
    Rbd {
        cluster: CephCluster, pool: String, namespace: Option<String>, image: String,
        mapper: RbdMapper,
    }
    /// A directory of a Ceph file system.
    Cephfs { cluster: CephCluster, fs_name: String, path: String, client: CephfsClient }
    /// A FUSE client that the operator granted by name.
    Fuse { client: String, source: String, parameters: StringMap, secrets: Secrets }
    /// A directory below a file system that a daemon of the node has mounted.
    MountedDirectory { root: String, path: String }
    /// A volume that Kata's agent mounts in the sandbox.
    KataDirect { device: DirectDevice, fs_type: Option<String>, metadata: StringMap }
    /// An attach program that the operator granted by name.
    External { program: String, request: String, secrets: Secrets }
}

macro_rules! choice {
    ($($(#[$meta:meta])* $name:ident { $($case:ident $(($type:ty))?),* $(,)? })*) => {
        $($(#[$meta])*
        #[derive(Debug, Clone)]
        #[expect(missing_docs, reason = "documented in wit/attachments.wit")]
        pub enum $name { $($case $(($type))?),* })*
    };
}

choice! {
    /// NVMe-oF transports.
    NvmeTransport { Tcp, Rdma, Fc }
    /// How an NVMe namespace is found.
    NvmeNamespace { Nsid(u32), Uuid(String), Nguid(String), Eui64(String) }
    /// NFS protocol versions.
    NfsVersion { Any, V3, V4, V41, V42 }
    /// Who an SMB client says it is.
    SmbAuth { Password(SmbPassword), Kerberos, Guest }
    /// Kernel or user-space mapping of an RBD image.
    RbdMapper { Krbd, Nbd }
    /// Kernel or FUSE client of CephFS.
    CephfsClient { Kernel, Fuse }
    /// What Kata's runtime hands to the sandbox.
    DirectDevice { BlockDevice(BlockDevice), ImageFile(PoolItem) }
}

data! {
    /// A domain user of an SMB server.
    SmbPassword { domain: Option<String>, credentials: Credentials }
}
