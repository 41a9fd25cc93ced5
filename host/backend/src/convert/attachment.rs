//! Attachments: from the contract's cases to the domain's, each checked for its form.

use mooring_volume::attachment::{
    Attached, Attachment, BlockDevice, CephCluster, Cephfs, CephfsClient, Content, Credentials,
    DirectDevice, External, FibreChannel, Fuse, Iscsi, IscsiTarget, KataDirect, MountedDirectory,
    Nfs, NfsVersion, NvmeNamespace, NvmeOf, NvmeTransport, PoolItem, Rbd, RbdMapper, Smb, SmbAuth,
    SmbPassword,
};
use mooring_volume::{Secret, Secrets};

use crate::bindings::exports::mooring::backend::attachments as wit;
use crate::check::{self, Malformed};

pub(crate) fn attached(answer: wit::Answer) -> Result<Attached, Malformed> {
    let wit::Answer { attachment: place, content, minimum_size } = answer;
    let attached = Attached {
        attachment: attachment(place)?,
        content: match content {
            wit::Content::Blank => Content::Blank,
            wit::Content::Copied => Content::Copied,
            wit::Content::Unknown => Content::Unknown,
        },
        minimum_size: minimum_size.map(|bytes| check::bytes("minimum-size", bytes)).transpose()?,
        // Another interface's to say.
        limits: None,
    };
    check::attachment(&attached.attachment)?;
    Ok(attached)
}

fn attachment(attachment: wit::Attachment) -> Result<Attachment, Malformed> {
    Ok(match attachment {
        wit::Attachment::ImageFile(item) => Attachment::ImageFile(pool_item(item)),
        wit::Attachment::Directory(item) => Attachment::Directory(pool_item(item)),
        wit::Attachment::BlockDevice(device) => Attachment::BlockDevice(block_device(device)),
        wit::Attachment::Iscsi(target) => Attachment::Iscsi(iscsi(target)),
        wit::Attachment::NvmeOf(namespace) => Attachment::NvmeOf(nvme_of(namespace)),
        wit::Attachment::FibreChannel(wit::FibreChannel { target_wwns, lun, wwid }) => {
            Attachment::FibreChannel(FibreChannel { target_wwns, lun, wwid })
        }
        wit::Attachment::Nfs(export) => Attachment::Nfs(nfs(export)),
        wit::Attachment::Smb(share) => Attachment::Smb(smb(share)),
        wit::Attachment::Rbd(image) => Attachment::Rbd(rbd(image)),
        wit::Attachment::Cephfs(directory) => Attachment::Cephfs(cephfs(directory)),
        wit::Attachment::Fuse(wit::Fuse { client, source, parameters, secrets }) => {
            Attachment::Fuse(Fuse {
                client,
                source,
                parameters: check::string_map("parameters", parameters)?,
                secrets: secrets.into_iter().collect::<Secrets>(),
            })
        }
        wit::Attachment::MountedDirectory(wit::MountedDirectory { root, path }) => {
            Attachment::MountedDirectory(MountedDirectory { root, path })
        }
        wit::Attachment::KataDirect(wit::KataDirect { device, fs_type, metadata }) => {
            Attachment::KataDirect(KataDirect {
                device: match device {
                    wit::DirectDevice::BlockDevice(device) => {
                        DirectDevice::BlockDevice(block_device(device))
                    }
                    wit::DirectDevice::ImageFile(item) => DirectDevice::ImageFile(pool_item(item)),
                },
                fs_type,
                metadata: check::string_map("metadata", metadata)?,
            })
        }
        wit::Attachment::External(wit::External { program, request, secrets }) => {
            Attachment::External(External {
                program,
                request,
                secrets: secrets.into_iter().collect::<Secrets>(),
            })
        }
    })
}

fn pool_item(item: wit::PoolItem) -> PoolItem {
    let wit::PoolItem { pool, name } = item;
    PoolItem { pool, name }
}

fn block_device(device: wit::BlockDevice) -> BlockDevice {
    let wit::BlockDevice { links, serial, wwid, rescan } = device;
    BlockDevice { links, serial, wwid, rescan }
}

fn credentials(credentials: wit::Credentials) -> Credentials {
    let wit::Credentials { user, password } = credentials;
    Credentials { user, password: Secret::new(password) }
}

fn iscsi(target: wit::Iscsi) -> Iscsi {
    let wit::Iscsi {
        portals,
        iqn,
        lun,
        further_targets,
        wwid,
        discover,
        chap,
        mutual_chap,
        discovery_chap,
    } = target;
    let further = |target| {
        let wit::IscsiTarget { portals, iqn, lun } = target;
        IscsiTarget { portals, iqn, lun }
    };
    Iscsi {
        portals,
        iqn,
        lun,
        further_targets: further_targets.into_iter().map(further).collect(),
        wwid,
        discover,
        chap: chap.map(credentials),
        mutual_chap: mutual_chap.map(credentials),
        discovery_chap: discovery_chap.map(credentials),
    }
}

fn nvme_of(namespace: wit::NvmeOf) -> NvmeOf {
    let wit::NvmeOf { transport, addresses, subsystem_nqn, namespace, host_nqn, dhchap_key } =
        namespace;
    NvmeOf {
        transport: match transport {
            wit::NvmeTransport::Tcp => NvmeTransport::Tcp,
            wit::NvmeTransport::Rdma => NvmeTransport::Rdma,
            wit::NvmeTransport::Fc => NvmeTransport::Fc,
        },
        addresses,
        subsystem_nqn,
        namespace: match namespace {
            wit::NvmeNamespace::Nsid(id) => NvmeNamespace::Nsid(id),
            wit::NvmeNamespace::Uuid(id) => NvmeNamespace::Uuid(id),
            wit::NvmeNamespace::Nguid(id) => NvmeNamespace::Nguid(id),
            wit::NvmeNamespace::Eui64(id) => NvmeNamespace::Eui64(id),
        },
        host_nqn,
        dhchap_key: dhchap_key.map(Secret::new),
    }
}

fn nfs(export: wit::Nfs) -> Nfs {
    let wit::Nfs { servers, export_path, version } = export;
    let version = match version {
        wit::NfsVersion::Any => NfsVersion::Any,
        wit::NfsVersion::V3 => NfsVersion::V3,
        wit::NfsVersion::V4 => NfsVersion::V4,
        wit::NfsVersion::V41 => NfsVersion::V41,
        wit::NfsVersion::V42 => NfsVersion::V42,
    };
    Nfs { servers, export_path, version }
}

fn smb(share: wit::Smb) -> Smb {
    let wit::Smb { server, share, subdirectory, auth } = share;
    let auth = match auth {
        wit::SmbAuth::Password(wit::SmbPassword { domain, credentials: user }) => {
            SmbAuth::Password(SmbPassword { domain, credentials: credentials(user) })
        }
        wit::SmbAuth::Kerberos => SmbAuth::Kerberos,
        wit::SmbAuth::Guest => SmbAuth::Guest,
    };
    Smb { server, share, subdirectory, auth }
}

fn ceph_cluster(cluster: wit::CephCluster) -> CephCluster {
    let wit::CephCluster { monitors, fsid, user, key } = cluster;
    CephCluster { monitors, fsid, user, key: Secret::new(key) }
}

fn rbd(image: wit::Rbd) -> Rbd {
    let wit::Rbd { cluster, pool, namespace, image, mapper } = image;
    let mapper = match mapper {
        wit::RbdMapper::Krbd => RbdMapper::Krbd,
        wit::RbdMapper::Nbd => RbdMapper::Nbd,
    };
    Rbd { cluster: ceph_cluster(cluster), pool, namespace, image, mapper }
}

fn cephfs(directory: wit::Cephfs) -> Cephfs {
    let wit::Cephfs { cluster, fs_name, path, client } = directory;
    let client = match client {
        wit::CephfsClient::Kernel => CephfsClient::Kernel,
        wit::CephfsClient::Fuse => CephfsClient::Fuse,
    };
    Cephfs { cluster: ceph_cluster(cluster), fs_name, path, client }
}
