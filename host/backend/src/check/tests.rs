use mooring_volume::Secret;
use mooring_volume::attachment::{Cephfs, CephfsClient, NfsVersion, NvmeNamespace, SmbAuth};

use super::*;

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn sizes_fit_the_wire() {
    assert_eq!(bytes("capacity", 1 << 62), Ok(1 << 62));
    assert!(bytes("capacity", 1 << 63).is_err() && bytes("capacity", u64::MAX).is_err());
}

#[test]
fn maps_are_short_and_their_names_unique() {
    assert!(string_map("context", pairs(&[("a", "1"), ("b", "")])).is_ok());
    let long = "x".repeat(MAX_MAP);
    for bad in [&[("a", "1"), ("a", "2")][..], &[("", "1")], &[("a", &long)]] {
        assert!(string_map("context", pairs(bad)).is_err(), "{bad:?}");
    }
}

#[test]
fn topologies_have_the_syntax_of_csi() {
    for good in [("topology.example.com/zone", "a"), ("rack", "r-1_2.x"), ("E.com/Z", "Z1")] {
        assert!(topology(pairs(&[good])).is_ok(), "{good:?}");
    }
    for bad in
        [("", "a"), ("/zone", "a"), ("a/", "b"), ("zone", ""), ("zone", "-a"), ("zo ne", "a")]
    {
        assert!(topology(pairs(&[bad])).is_err(), "{bad:?}");
    }
}

#[test]
fn pages_hold_no_more_than_was_asked_for() {
    assert!(page(10, 10).is_ok() && page(0, 10).is_ok() && page(MAX_ENTRIES, 0).is_ok());
    assert!(page(11, 10).is_err() && page(MAX_ENTRIES + 1, 0).is_err());
    assert!(page(MAX_ENTRIES + 1, u32::MAX).is_err());
}

fn device(link: &str) -> Attachment {
    let links = vec![link.to_owned()];
    Attachment::BlockDevice(BlockDevice {
        links,
        serial: Some("s".into()),
        wwid: None,
        rescan: true,
    })
}

#[test]
fn links_stay_beneath_dev_disk() {
    assert!(attachment(&device("by-id/nvme-Vendor_vol1")).is_ok());
    for bad in ["", "/dev/sda", "../sda", "by-id/../../sda", "by-id//x", "./x", "by-id/a\0b"] {
        assert!(attachment(&device(bad)).is_err(), "{bad:?}");
    }
    let nameless =
        BlockDevice { links: vec!["by-id/x".into()], serial: None, wwid: None, rescan: false };
    assert!(block_device(&nameless).is_err());
}

#[test]
fn items_are_plain_names() {
    let item = |pool: &str, name: &str| {
        attachment(&Attachment::ImageFile(PoolItem { pool: pool.into(), name: name.into() }))
    };
    assert!(item("default", "vol-1").is_ok());
    for bad in ["", "..", "a/b", "/etc/passwd", "-rf", "a\nb"] {
        assert!(item("default", bad).is_err(), "{bad:?}");
    }
    assert!(item("../other", "vol").is_err());
}

#[test]
fn addresses_have_ports_and_nothing_else() {
    for good in ["10.0.0.1:3260", "array.example.com:4420", "[fd00::1]:3260"] {
        assert!(is_address(good), "{good}");
    }
    for bad in ["10.0.0.1", ":3260", "a:0", "a:99999", "fd00::1:3260", "a b:1", "a,b:1", "x/y:1"] {
        assert!(!is_address(bad), "{bad}");
    }
}

#[test]
fn paths_of_servers_are_absolute_and_do_not_climb() {
    let export = |path: &str| {
        let servers = vec!["nas".to_owned()];
        attachment(&Attachment::Nfs(Nfs {
            servers,
            export_path: path.into(),
            version: NfsVersion::Any,
        }))
    };
    assert!(export("/").is_ok() && export("/export/a b").is_ok());
    for bad in ["", "export", "/a/../b", "/a//b", "/a\n", "/a/"] {
        assert!(export(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn names_carry_no_separators_of_options() {
    let share = |server: &str, share: &str| {
        smb(&Smb {
            server: server.into(),
            share: share.into(),
            subdirectory: None,
            auth: SmbAuth::Guest,
        })
    };
    assert!(share("nas", "data").is_ok());
    assert!(share("nas", "data,uid=0").is_err() && share("nas/x", "data").is_err());
    let cluster = CephCluster {
        monitors: vec!["10.0.0.1:6789".into()],
        fsid: None,
        user: "admin,rw".into(),
        key: Secret::new("k".into()),
    };
    let directory =
        Cephfs { cluster, fs_name: "fs".into(), path: "/".into(), client: CephfsClient::Kernel };
    assert!(attachment(&Attachment::Cephfs(directory)).is_err());
}

#[test]
fn names_of_protocols_have_their_form() {
    let target = |iqn: &str| Iscsi {
        portals: vec!["10.0.0.1:3260".into()],
        iqn: iqn.into(),
        lun: 1,
        wwid: None,
        discover: false,
        chap: None,
        mutual_chap: None,
        discovery_chap: None,
        further_targets: Vec::new(),
    };
    assert!(iscsi(&target("iqn.2001-04.com.example:disk1")).is_ok());
    assert!(iscsi(&target("disk1")).is_err() && iscsi(&target("iqn.a/../b")).is_err());
    let unit = |wwn: &str| FibreChannel { target_wwns: vec![wwn.into()], lun: 0, wwid: None };
    assert!(fibre_channel(&unit("5006016036e01234")).is_ok());
    assert!(fibre_channel(&unit("0x5006016036e0123")).is_err());
    let namespace = |address: &str, transport| NvmeOf {
        transport,
        addresses: vec![address.into()],
        subsystem_nqn: "nqn.2014-08.org.example:sub".into(),
        namespace: NvmeNamespace::Nsid(1),
        host_nqn: None,
        dhchap_key: None,
    };
    assert!(nvme_of(&namespace("10.0.0.1:4420", NvmeTransport::Tcp)).is_ok());
    assert!(nvme_of(&namespace("10.0.0.1", NvmeTransport::Tcp)).is_err());
    assert!(nvme_of(&namespace("nn-0x10:pn-0x20", NvmeTransport::Fc)).is_ok());
}
