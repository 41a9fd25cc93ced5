//! Every field of every kind comes back as it was.

use mooring_proto::csi::v1 as csi;
use mooring_proto::mooring::internal::v1 as pb;
use mooring_volume::Code;
use mooring_volume::attachment::Content;
use pb::attachment::Kind;

use super::{decode, encode};

fn text(text: &str) -> String {
    text.to_owned()
}

fn secret(value: &str) -> Option<pb::Secret> {
    Some(pb::Secret { value: text(value) })
}

fn secrets() -> Option<pb::Secrets> {
    Some(pb::Secrets { values: [(text("token"), text("hunter2"))].into() })
}

fn credentials(user: &str) -> pb::Credentials {
    pb::Credentials { user: text(user), password: secret("hunter2") }
}

fn item() -> pb::PoolItem {
    pb::PoolItem { pool: text("default"), name: text("vol-1") }
}

fn device() -> pb::BlockDevice {
    pb::BlockDevice {
        links: vec![text("by-id/a"), text("by-id/b")],
        serial: Some(text("s")),
        wwid: Some(text("w")),
        rescan: true,
    }
}

fn cluster() -> Option<pb::CephCluster> {
    Some(pb::CephCluster {
        monitors: vec![text("10.0.0.1:6789")],
        fsid: Some(text("f")),
        user: text("admin"),
        key: secret("AQD="),
    })
}

fn iscsi() -> Kind {
    Kind::Iscsi(pb::Iscsi {
        portals: vec![text("10.0.0.1:3260")],
        iqn: text("iqn.2026-01.dev.mooring:a"),
        lun: 3,
        wwid: Some(text("w")),
        discover: true,
        chap: Some(credentials("in")),
        mutual_chap: Some(credentials("out")),
        discovery_chap: Some(credentials("found")),
        further_targets: vec![pb::IscsiTarget {
            portals: vec!["[fd00::2]:3260".into()],
            iqn: "iqn.b".into(),
            lun: 7,
        }],
    })
}

fn nvme(namespace: pb::nvme_of::Namespace, transport: pb::nvme_of::Transport) -> Kind {
    Kind::NvmeOf(pb::NvmeOf {
        transport: transport.into(),
        addresses: vec![text("10.0.0.1:4420")],
        subsystem_nqn: text("nqn.a"),
        host_nqn: Some(text("nqn.b")),
        dhchap_key: secret("DHHC-1:00:"),
        namespace: Some(namespace),
    })
}

fn smb(auth: pb::smb::Auth) -> Kind {
    Kind::Smb(pb::Smb {
        server: text("files"),
        share: text("s"),
        subdirectory: Some(text("d")),
        auth: Some(auth),
    })
}

fn kata(device: pb::kata_direct::Device) -> Kind {
    Kind::KataDirect(pb::KataDirect {
        fs_type: Some(text("ext4")),
        metadata: [(text("a"), text("b"))].into(),
        device: Some(device),
    })
}

fn nfs(version: pb::nfs::Version) -> Kind {
    Kind::Nfs(pb::Nfs {
        servers: vec![text("nfs")],
        export_path: text("/e"),
        version: version.into(),
    })
}

fn rbd(mapper: pb::rbd::Mapper) -> Kind {
    Kind::Rbd(pb::Rbd {
        cluster: cluster(),
        pool: text("rbd"),
        namespace: Some(text("n")),
        image: text("i"),
        mapper: mapper.into(),
    })
}

fn cephfs(client: pb::cephfs::Client) -> Kind {
    Kind::Cephfs(pb::Cephfs {
        cluster: cluster(),
        fs_name: text("fs"),
        path: text("/p"),
        client: client.into(),
    })
}

/// Every kind, and within it every case, with every field set.
fn every_case() -> Vec<Kind> {
    use pb::cephfs::Client;
    use pb::kata_direct::Device;
    use pb::nvme_of::{Namespace, Transport};
    use pb::rbd::Mapper;
    use pb::smb::{Auth, Guest, Kerberos, Password};
    let password = Password { domain: Some(text("D")), credentials: Some(credentials("u")) };
    let mut all = vec![
        Kind::ImageFile(item()),
        Kind::Directory(item()),
        Kind::BlockDevice(device()),
        iscsi(),
        nvme(Namespace::Nsid(7), Transport::Tcp),
        nvme(Namespace::Uuid(text("u")), Transport::Rdma),
        nvme(Namespace::Nguid(text("g")), Transport::Fc),
        nvme(Namespace::Eui64(text("e")), Transport::Fc),
        Kind::FibreChannel(pb::FibreChannel {
            target_wwns: vec![text("500a")],
            lun: 9,
            wwid: Some(text("w")),
        }),
        smb(Auth::Password(password)),
        smb(Auth::Kerberos(Kerberos {})),
        smb(Auth::Guest(Guest {})),
        rbd(Mapper::Krbd),
        rbd(Mapper::Nbd),
        cephfs(Client::Kernel),
        cephfs(Client::Fuse),
        Kind::Fuse(pb::Fuse {
            client: text("s3"),
            source: text("bucket"),
            parameters: [(text("a"), text("b"))].into(),
            secrets: secrets(),
        }),
        Kind::MountedDirectory(pb::MountedDirectory { root: text("r"), path: text("p") }),
        kata(Device::BlockDevice(device())),
        kata(Device::ImageFile(item())),
        Kind::External(pb::External {
            program: text("p"),
            request: text("{}"),
            secrets: secrets(),
        }),
    ];
    use pb::nfs::Version;
    let versions = [
        Version::Any,
        Version::Version3,
        Version::Version4,
        Version::Version41,
        Version::Version42,
    ];
    all.extend(versions.map(nfs));
    all
}

fn response(kind: Option<Kind>, content: i32) -> pb::DescribeAttachmentResponse {
    pb::DescribeAttachmentResponse {
        attachment: Some(pb::Attachment { kind }),
        content,
        minimum_size: Some(1 << 30),
        limits: Some(pb::NodeLimits { write_bandwidth: 7, ..pb::NodeLimits::default() }),
    }
}

#[test]
fn every_field_of_every_kind_survives() {
    let mut kinds = std::collections::BTreeSet::new();
    for case in every_case() {
        let sent = response(Some(case), pb::Content::Blank.into());
        let attached = decode::attached(sent.clone()).unwrap();
        kinds.insert(attached.attachment.kind());
        assert_eq!(encode::attached(attached), sent);
    }
    assert_eq!(kinds.len(), 14, "every kind is tried: {kinds:?}");
}

#[test]
fn every_content_survives_and_only_blank_is_blank() {
    for content in [pb::Content::Unknown, pb::Content::Blank, pb::Content::Copied] {
        let sent = response(Some(Kind::Directory(item())), content.into());
        assert_eq!(encode::attached(decode::attached(sent.clone()).unwrap()), sent);
    }
    let later = decode::attached(response(Some(Kind::Directory(item())), 77)).unwrap();
    assert_eq!(later.content, Content::Unknown);
}

#[test]
fn what_a_later_version_might_say_is_refused_and_never_guessed() {
    let nowhere = pb::NvmeOf { transport: 77, ..pb::NvmeOf::default() };
    for kind in [
        None,
        Some(Kind::NvmeOf(nowhere)),
        Some(Kind::NvmeOf(pb::NvmeOf::default())),
        Some(Kind::Smb(pb::Smb::default())),
        Some(Kind::Rbd(pb::Rbd { cluster: cluster(), ..pb::Rbd::default() })),
        Some(Kind::Cephfs(pb::Cephfs { cluster: cluster(), ..pb::Cephfs::default() })),
        Some(Kind::KataDirect(pb::KataDirect::default())),
        Some(Kind::Nfs(pb::Nfs { version: 77, ..pb::Nfs::default() })),
    ] {
        let shown = format!("{kind:?}");
        let refused = decode::attached(response(kind, 1)).unwrap_err();
        assert_eq!(refused.code, Code::Internal, "{shown}");
        assert!(refused.message.contains("does not know"), "{shown}: {}", refused.message);
    }
}

#[test]
fn secrets_are_withheld_from_debug() {
    for case in every_case() {
        let shown = format!("{:?}", response(Some(case), 1));
        for secret in ["hunter2", "AQD=", "DHHC-1"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    // The capability's flags and the request's secrets, too.
    let request = pb::DescribeAttachmentRequest {
        secrets: [(text("k"), text("hunter2"))].into(),
        capability: Some(csi::VolumeCapability::default()),
        ..pb::DescribeAttachmentRequest::default()
    };
    assert!(!format!("{request:?}").contains("hunter2"));
}
