//! Messages into attachments, by the node process: with privilege, from a process without. What is missing or
//! not known is refused; whether the attachment is granted is the policy's to say.

use std::collections::BTreeMap;

use mooring_proto::mooring::internal::v1 as pb;
use mooring_volume::attachment as domain;
use mooring_volume::{Error, Result, Secret, Secrets};
use pb::attachment::Kind;

use crate::internal::limits;

pub(crate) fn attached(message: pb::DescribeAttachmentResponse) -> Result<domain::Attached> {
    let pb::DescribeAttachmentResponse { attachment, content, minimum_size, limits } = message;
    let content = match pb::Content::try_from(content) {
        Ok(pb::Content::Blank) => domain::Content::Blank,
        Ok(pb::Content::Copied) => domain::Content::Copied,
        // What this version does not know is surely not known to be blank.
        Ok(pb::Content::Unknown) | Err(_) => domain::Content::Unknown,
    };
    let kind = attachment.and_then(|pb::Attachment { kind }| kind);
    Ok(domain::Attached {
        attachment: self::kind(given("kind", kind)?)?,
        content,
        minimum_size,
        limits: limits.map(limits::decode),
    })
}

/// What has to be there. Absent is also what a later version means by a case that this one does not know.
fn given<T>(field: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| {
        Error::internal(format!(
            "the controller process answered an attachment whose {field} this node process does not know; \
             run both in the same version"
        ))
    })
}

/// An enum's number.
fn known<T: TryFrom<i32>>(field: &str, number: i32) -> Result<T> {
    given(field, T::try_from(number).ok())
}

fn secret(field: &str, secret: Option<pb::Secret>) -> Result<Secret> {
    let pb::Secret { value } = given(field, secret)?;
    Ok(Secret::new(value))
}

fn secrets(secrets: Option<pb::Secrets>) -> Secrets {
    let values = secrets.map_or_else(BTreeMap::new, |pb::Secrets { values }| values);
    values.into_iter().collect()
}

fn kind(kind: Kind) -> Result<domain::Attachment> {
    Ok(match kind {
        Kind::ImageFile(it) => domain::Attachment::ImageFile(pool_item(it)),
        Kind::Directory(it) => domain::Attachment::Directory(pool_item(it)),
        Kind::BlockDevice(it) => domain::Attachment::BlockDevice(block_device(it)),
        Kind::Iscsi(it) => domain::Attachment::Iscsi(iscsi(it)?),
        Kind::NvmeOf(it) => domain::Attachment::NvmeOf(nvme_of(it)?),
        Kind::FibreChannel(it) => domain::Attachment::FibreChannel(fibre_channel(it)),
        Kind::Nfs(it) => domain::Attachment::Nfs(nfs(it)?),
        Kind::Smb(it) => domain::Attachment::Smb(smb(it)?),
        Kind::Rbd(it) => domain::Attachment::Rbd(rbd(it)?),
        Kind::Cephfs(it) => domain::Attachment::Cephfs(cephfs(it)?),
        Kind::Fuse(it) => domain::Attachment::Fuse(fuse(it)),
        Kind::MountedDirectory(it) => domain::Attachment::MountedDirectory(mounted_directory(it)),
        Kind::KataDirect(it) => domain::Attachment::KataDirect(kata_direct(it)?),
        Kind::External(it) => domain::Attachment::External(external(it)),
    })
}

pub(in crate::internal) fn pool_item(item: pb::PoolItem) -> domain::PoolItem {
    let pb::PoolItem { pool, name } = item;
    domain::PoolItem { pool, name }
}

fn block_device(device: pb::BlockDevice) -> domain::BlockDevice {
    let pb::BlockDevice { links, serial, wwid, rescan } = device;
    domain::BlockDevice { links, serial, wwid, rescan }
}

fn credentials(credentials: pb::Credentials) -> Result<domain::Credentials> {
    let pb::Credentials { user, password } = credentials;
    Ok(domain::Credentials { user, password: secret("password", password)? })
}

fn iscsi(iscsi: pb::Iscsi) -> Result<domain::Iscsi> {
    let pb::Iscsi {
        portals,
        iqn,
        lun,
        wwid,
        discover,
        chap,
        mutual_chap,
        discovery_chap,
        further_targets,
    } = iscsi;
    let target = |target| {
        let pb::IscsiTarget { portals, iqn, lun } = target;
        domain::IscsiTarget { portals, iqn, lun }
    };
    Ok(domain::Iscsi {
        portals,
        iqn,
        lun,
        wwid,
        discover,
        chap: chap.map(credentials).transpose()?,
        mutual_chap: mutual_chap.map(credentials).transpose()?,
        discovery_chap: discovery_chap.map(credentials).transpose()?,
        further_targets: further_targets.into_iter().map(target).collect(),
    })
}

fn nvme_of(nvme: pb::NvmeOf) -> Result<domain::NvmeOf> {
    use domain::{NvmeNamespace, NvmeTransport};
    use pb::nvme_of::{Namespace, Transport};
    let pb::NvmeOf { transport, addresses, subsystem_nqn, host_nqn, dhchap_key, namespace } = nvme;
    let transport = match known("transport", transport)? {
        Transport::Unknown => return given("transport", None),
        Transport::Tcp => NvmeTransport::Tcp,
        Transport::Rdma => NvmeTransport::Rdma,
        Transport::Fc => NvmeTransport::Fc,
    };
    let namespace = match given("namespace", namespace)? {
        Namespace::Nsid(id) => NvmeNamespace::Nsid(id),
        Namespace::Uuid(id) => NvmeNamespace::Uuid(id),
        Namespace::Nguid(id) => NvmeNamespace::Nguid(id),
        Namespace::Eui64(id) => NvmeNamespace::Eui64(id),
    };
    let dhchap_key = dhchap_key.map(|pb::Secret { value }| Secret::new(value));
    Ok(domain::NvmeOf { transport, addresses, subsystem_nqn, namespace, host_nqn, dhchap_key })
}

fn fibre_channel(channel: pb::FibreChannel) -> domain::FibreChannel {
    let pb::FibreChannel { target_wwns, lun, wwid } = channel;
    domain::FibreChannel { target_wwns, lun, wwid }
}

fn nfs(nfs: pb::Nfs) -> Result<domain::Nfs> {
    use domain::NfsVersion;
    use pb::nfs::Version;
    let pb::Nfs { servers, export_path, version } = nfs;
    let version = match known("version", version)? {
        Version::Any => NfsVersion::Any,
        Version::Version3 => NfsVersion::V3,
        Version::Version4 => NfsVersion::V4,
        Version::Version41 => NfsVersion::V41,
        Version::Version42 => NfsVersion::V42,
    };
    Ok(domain::Nfs { servers, export_path, version })
}

fn smb(smb: pb::Smb) -> Result<domain::Smb> {
    use domain::{SmbAuth, SmbPassword};
    use pb::smb::{Auth, Guest, Kerberos, Password};
    let pb::Smb { server, share, subdirectory, auth } = smb;
    let auth = match given("auth", auth)? {
        Auth::Password(Password { domain, credentials: of }) => SmbAuth::Password(SmbPassword {
            domain,
            credentials: credentials(given("credentials", of)?)?,
        }),
        Auth::Kerberos(Kerberos {}) => SmbAuth::Kerberos,
        Auth::Guest(Guest {}) => SmbAuth::Guest,
    };
    Ok(domain::Smb { server, share, subdirectory, auth })
}

fn cluster(cluster: Option<pb::CephCluster>) -> Result<domain::CephCluster> {
    let pb::CephCluster { monitors, fsid, user, key } = given("cluster", cluster)?;
    Ok(domain::CephCluster { monitors, fsid, user, key: secret("key", key)? })
}

fn rbd(rbd: pb::Rbd) -> Result<domain::Rbd> {
    use domain::RbdMapper;
    use pb::rbd::Mapper;
    let pb::Rbd { cluster: at, pool, namespace, image, mapper } = rbd;
    let mapper = match known("mapper", mapper)? {
        Mapper::Unknown => return given("mapper", None),
        Mapper::Krbd => RbdMapper::Krbd,
        Mapper::Nbd => RbdMapper::Nbd,
    };
    Ok(domain::Rbd { cluster: cluster(at)?, pool, namespace, image, mapper })
}

fn cephfs(cephfs: pb::Cephfs) -> Result<domain::Cephfs> {
    use domain::CephfsClient;
    use pb::cephfs::Client;
    let pb::Cephfs { cluster: at, fs_name, path, client } = cephfs;
    let client = match known("client", client)? {
        Client::Unknown => return given("client", None),
        Client::Kernel => CephfsClient::Kernel,
        Client::Fuse => CephfsClient::Fuse,
    };
    Ok(domain::Cephfs { cluster: cluster(at)?, fs_name, path, client })
}

fn fuse(fuse: pb::Fuse) -> domain::Fuse {
    let pb::Fuse { client, source, parameters, secrets: values } = fuse;
    domain::Fuse { client, source, parameters, secrets: secrets(values) }
}

fn mounted_directory(directory: pb::MountedDirectory) -> domain::MountedDirectory {
    let pb::MountedDirectory { root, path } = directory;
    domain::MountedDirectory { root, path }
}

fn kata_direct(direct: pb::KataDirect) -> Result<domain::KataDirect> {
    use domain::DirectDevice;
    use pb::kata_direct::Device;
    let pb::KataDirect { fs_type, metadata, device } = direct;
    let device = match given("device", device)? {
        Device::BlockDevice(it) => DirectDevice::BlockDevice(block_device(it)),
        Device::ImageFile(it) => DirectDevice::ImageFile(pool_item(it)),
    };
    Ok(domain::KataDirect { device, fs_type, metadata })
}

fn external(external: pb::External) -> domain::External {
    let pb::External { program, request, secrets: values } = external;
    domain::External { program, request, secrets: secrets(values) }
}
