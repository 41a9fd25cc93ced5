//! Records survive a round trip, and no damage to one goes unnoticed.

use super::*;

fn volume() -> VolumeId {
    VolumeId::new("vol-1").unwrap()
}

fn record() -> Record {
    let mut record = Record::new(volume(), "boot".into());
    let backing = BackingFile { device: 1, inode: 2 };
    record.format =
        Some(Format { image: backing, fs_type: FsType::Ext4, progress: Progress::Formatting });
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
