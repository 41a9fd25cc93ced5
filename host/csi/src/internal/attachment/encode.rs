//! Attachments into messages, by the controller process. Secrets leave their type here, and enter it again
//! in `decode`.

use std::collections::BTreeMap;

use mooring_proto::mooring::internal::v1 as pb;
use mooring_volume::attachment as domain;
use mooring_volume::{Secret, Secrets};
use pb::attachment::Kind;

use crate::internal::limits;

pub(crate) fn attached(attached: domain::Attached) -> pb::DescribeAttachmentResponse {
    let domain::Attached { attachment, content, minimum_size, limits } = attached;
    let content = match content {
        domain::Content::Blank => pb::Content::Blank,
        domain::Content::Copied => pb::Content::Copied,
        domain::Content::Unknown => pb::Content::Unknown,
    };
    pb::DescribeAttachmentResponse {
        attachment: Some(pb::Attachment { kind: Some(kind(attachment)) }),
        content: content.into(),
        minimum_size,
        limits: limits.map(limits::encode),
    }
}

/// Secrets for the request that they are for.
pub(in crate::internal) fn exposed(secrets: &Secrets) -> BTreeMap<String, String> {
    secrets.iter().map(|(name, value)| (name.to_owned(), value.expose().to_owned())).collect()
}

fn secret(value: &Secret) -> pb::Secret {
    pb::Secret { value: value.expose().to_owned() }
}

fn secrets(values: &Secrets) -> Option<pb::Secrets> {
    Some(pb::Secrets { values: exposed(values) })
}

fn kind(attachment: domain::Attachment) -> Kind {
    match attachment {
        domain::Attachment::ImageFile(it) => Kind::ImageFile(pool_item(it)),
        domain::Attachment::Directory(it) => Kind::Directory(pool_item(it)),
        domain::Attachment::BlockDevice(it) => Kind::BlockDevice(block_device(it)),
        domain::Attachment::Iscsi(it) => Kind::Iscsi(iscsi(it)),
        domain::Attachment::NvmeOf(it) => Kind::NvmeOf(nvme_of(it)),
        domain::Attachment::FibreChannel(it) => Kind::FibreChannel(fibre_channel(it)),
        domain::Attachment::Nfs(it) => Kind::Nfs(nfs(it)),
        domain::Attachment::Smb(it) => Kind::Smb(smb(it)),
        domain::Attachment::Rbd(it) => Kind::Rbd(rbd(it)),
        domain::Attachment::Cephfs(it) => Kind::Cephfs(cephfs(it)),
        domain::Attachment::Fuse(it) => Kind::Fuse(fuse(it)),
        domain::Attachment::MountedDirectory(it) => Kind::MountedDirectory(mounted_directory(it)),
        domain::Attachment::KataDirect(it) => Kind::KataDirect(kata_direct(it)),
        domain::Attachment::External(it) => Kind::External(external(it)),
    }
}

pub(in crate::internal) fn pool_item(item: domain::PoolItem) -> pb::PoolItem {
    let domain::PoolItem { pool, name } = item;
    pb::PoolItem { pool, name }
}

fn block_device(device: domain::BlockDevice) -> pb::BlockDevice {
    let domain::BlockDevice { links, serial, wwid, rescan } = device;
    pb::BlockDevice { links, serial, wwid, rescan }
}

fn credentials(credentials: domain::Credentials) -> pb::Credentials {
    let domain::Credentials { user, password } = credentials;
    pb::Credentials { user, password: Some(secret(&password)) }
}

fn iscsi(iscsi: domain::Iscsi) -> pb::Iscsi {
    let domain::Iscsi {
        portals,
        iqn,
        lun,
        further_targets,
        wwid,
        discover,
        chap,
        mutual_chap,
        discovery_chap,
    } = iscsi;
    let target = |target| {
        let domain::IscsiTarget { portals, iqn, lun } = target;
        pb::IscsiTarget { portals, iqn, lun }
    };
    pb::Iscsi {
        portals,
        iqn,
        lun,
        wwid,
        discover,
        chap: chap.map(credentials),
        mutual_chap: mutual_chap.map(credentials),
        discovery_chap: discovery_chap.map(credentials),
        further_targets: further_targets.into_iter().map(target).collect(),
    }
}

fn nvme_of(nvme: domain::NvmeOf) -> pb::NvmeOf {
    use domain::{NvmeNamespace, NvmeTransport};
    use pb::nvme_of::{Namespace, Transport};
    let domain::NvmeOf { transport, addresses, subsystem_nqn, namespace, host_nqn, dhchap_key } =
        nvme;
    let transport = match transport {
        NvmeTransport::Tcp => Transport::Tcp,
        NvmeTransport::Rdma => Transport::Rdma,
        NvmeTransport::Fc => Transport::Fc,
    };
    let namespace = match namespace {
        NvmeNamespace::Nsid(id) => Namespace::Nsid(id),
        NvmeNamespace::Uuid(id) => Namespace::Uuid(id),
        NvmeNamespace::Nguid(id) => Namespace::Nguid(id),
        NvmeNamespace::Eui64(id) => Namespace::Eui64(id),
    };
    pb::NvmeOf {
        transport: transport.into(),
        addresses,
        subsystem_nqn,
        host_nqn,
        dhchap_key: dhchap_key.as_ref().map(secret),
        namespace: Some(namespace),
    }
}

fn fibre_channel(channel: domain::FibreChannel) -> pb::FibreChannel {
    let domain::FibreChannel { target_wwns, lun, wwid } = channel;
    pb::FibreChannel { target_wwns, lun, wwid }
}

fn nfs(nfs: domain::Nfs) -> pb::Nfs {
    use domain::NfsVersion;
    use pb::nfs::Version;
    let domain::Nfs { servers, export_path, version } = nfs;
    let version = match version {
        NfsVersion::Any => Version::Any,
        NfsVersion::V3 => Version::Version3,
        NfsVersion::V4 => Version::Version4,
        NfsVersion::V41 => Version::Version41,
        NfsVersion::V42 => Version::Version42,
    };
    pb::Nfs { servers, export_path, version: version.into() }
}

fn smb(smb: domain::Smb) -> pb::Smb {
    use domain::{SmbAuth, SmbPassword};
    use pb::smb::{Auth, Guest, Kerberos, Password};
    let domain::Smb { server, share, subdirectory, auth } = smb;
    let auth = match auth {
        SmbAuth::Password(SmbPassword { domain, credentials: of }) => {
            Auth::Password(Password { domain, credentials: Some(credentials(of)) })
        }
        SmbAuth::Kerberos => Auth::Kerberos(Kerberos {}),
        SmbAuth::Guest => Auth::Guest(Guest {}),
    };
    pb::Smb { server, share, subdirectory, auth: Some(auth) }
}

fn cluster(cluster: domain::CephCluster) -> pb::CephCluster {
    let domain::CephCluster { monitors, fsid, user, key } = cluster;
    pb::CephCluster { monitors, fsid, user, key: Some(secret(&key)) }
}

fn rbd(rbd: domain::Rbd) -> pb::Rbd {
    use domain::RbdMapper;
    use pb::rbd::Mapper;
    let domain::Rbd { cluster: at, pool, namespace, image, mapper } = rbd;
    let mapper = match mapper {
        RbdMapper::Krbd => Mapper::Krbd,
        RbdMapper::Nbd => Mapper::Nbd,
    };
    pb::Rbd { cluster: Some(cluster(at)), pool, namespace, image, mapper: mapper.into() }
}

fn cephfs(cephfs: domain::Cephfs) -> pb::Cephfs {
    use domain::CephfsClient;
    use pb::cephfs::Client;
    let domain::Cephfs { cluster: at, fs_name, path, client } = cephfs;
    let client = match client {
        CephfsClient::Kernel => Client::Kernel,
        CephfsClient::Fuse => Client::Fuse,
    };
    pb::Cephfs { cluster: Some(cluster(at)), fs_name, path, client: client.into() }
}

fn fuse(fuse: domain::Fuse) -> pb::Fuse {
    let domain::Fuse { client, source, parameters, secrets: values } = fuse;
    pb::Fuse { client, source, parameters, secrets: secrets(&values) }
}

fn mounted_directory(directory: domain::MountedDirectory) -> pb::MountedDirectory {
    let domain::MountedDirectory { root, path } = directory;
    pb::MountedDirectory { root, path }
}

fn kata_direct(direct: domain::KataDirect) -> pb::KataDirect {
    use domain::DirectDevice;
    use pb::kata_direct::Device;
    let domain::KataDirect { device, fs_type, metadata } = direct;
    let device = match device {
        DirectDevice::BlockDevice(it) => Device::BlockDevice(block_device(it)),
        DirectDevice::ImageFile(it) => Device::ImageFile(pool_item(it)),
    };
    pb::KataDirect { fs_type, metadata, device: Some(device) }
}

fn external(external: domain::External) -> pb::External {
    let domain::External { program, request, secrets: values } = external;
    pb::External { program, request, secrets: secrets(&values) }
}
