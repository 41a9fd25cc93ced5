//! Records survive a round trip, and no damage to one goes unnoticed.

use super::*;

fn volume() -> VolumeId {
    VolumeId::new("vol-1").unwrap()
}

fn record() -> Record {
    let mut record = Record::new(volume(), "boot".into());
    let backing = BackingFile { device: 1, inode: 2 };
    record.format = Some(Format {
        medium: Medium::Image(backing),
        fs_type: FsType::Ext4,
        progress: Progress::Formatting,
    });
    record.staging = Some(Staging {
        path: "/staging".into(),
        source: Source::Image { root: "/pool".into(), below: "d/images/v".into(), backing },
        access: Access::Mount {
            fs_type: Some(FsType::Ext4),
            flags: MountFlags::default(),
            options: vec!["discard".into()],
            group: None,
        },
        mode: AccessMode::SingleNodeWriter,
        targets: [(
            PathBuf::from("/target"),
            Target { flags: MountFlags::default(), mode: AccessMode::SingleNodeWriter },
        )]
        .into(),
    });
    record
}

#[test]
fn what_is_written_is_read() {
    let bytes = record().encode().unwrap();
    assert_eq!(Stored::decode(Some(&bytes), &volume()), Stored::Whole(Box::new(record())));
    assert_eq!(Stored::decode(None, &volume()), Stored::Absent);
}

/// What earlier versions wrote is read, and written again as they would.
#[test]
fn a_record_of_the_first_version_is_read() {
    let old = r#"{"version":1,"volume":"vol-1","boot":"boot","format":{"image":{"device":1,"inode":2},"fs_type":"ext4","progress":"formatting"},"staging":{"path":"/staging","source":{"image":{"root":"/pool","below":"d/images/v","backing":{"device":1,"inode":2}}},"access":{"mount":{"fs_type":"ext4","flags":{"readonly":false,"nosuid":false,"nodev":false,"noexec":false,"noatime":false,"nodiratime":false},"options":["discard"],"group":null}},"mode":"SingleNodeWriter","targets":{"/target":{"flags":{"readonly":false,"nosuid":false,"nodev":false,"noexec":false,"noatime":false,"nodiratime":false},"mode":"SingleNodeWriter"}}}}"#;
    let bytes = seal(old.as_bytes().to_vec());
    assert_eq!(Stored::decode(Some(&bytes), &volume()), Stored::Whole(Box::new(record())));
    assert_eq!(record().encode().unwrap(), bytes);
}

#[test]
fn a_device_of_the_nodes_own_is_remembered_by_what_it_says() {
    let identity = Identity { serial: Some("S1".into()), wwid: None };
    let mut with_device = record();
    let (fs_type, progress) = (FsType::Xfs, Progress::Formatted);
    let medium = Medium::Device(identity.clone());
    with_device.format = Some(Format { medium, fs_type, progress });
    with_device.staging.as_mut().unwrap().source = Source::Device(RecordedDevice {
        identity,
        number: DeviceId { major: 8, minor: 16 },
        sequence: Some(7),
        node: "/dev/sdb".into(),
        rescan: true,
        readonly: false,
        protected: false,
    });
    let bytes = with_device.encode().unwrap();
    assert_eq!(Stored::decode(Some(&bytes), &volume()), Stored::Whole(Box::new(with_device)));
}

#[test]
fn every_truncation_and_every_flipped_bit_is_noticed() {
    let bytes = record().encode().unwrap();
    let unreadable =
        |bytes: &[u8]| matches!(Stored::decode(Some(bytes), &volume()), Stored::Unreadable(_));
    for len in 0..bytes.len() {
        assert!(unreadable(&bytes[..len]), "cut at {len}");
    }
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << bit;
            assert!(unreadable(&bad), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn another_volumes_record_is_no_record() {
    let bytes = record().encode().unwrap();
    let other = VolumeId::new("vol-2").unwrap();
    assert!(matches!(Stored::decode(Some(&bytes), &other), Stored::Unreadable(_)));
}

#[test]
fn labels_fit_the_kernels_field_and_differ() {
    let of = |state: &str, node: &str, driver: &str, volume: &str| {
        let node = NodeId::new(node).unwrap();
        let driver = DriverName::new(driver).unwrap();
        label(Path::new(state), &node, &driver, &VolumeId::new(volume).unwrap())
    };
    let one = of("/state", "worker", "a.b", "vol-1");
    assert!(one.len() <= 63 && one.starts_with("mooring:"));
    for other in [
        of("/other", "worker", "a.b", "vol-1"),
        of("/state", "other", "a.b", "vol-1"),
        of("/state", "worker", "a.c", "vol-1"),
        of("/state", "worker", "a.b", "vol-2"),
    ] {
        assert_ne!(one, other);
    }
}
