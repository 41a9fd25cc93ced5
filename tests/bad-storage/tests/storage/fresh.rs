//! What cannot be read is not formatted, and what was not written is not called done.

use std::io::Read as _;
use std::path::Path;

use mooring_bad_storage::{Effect, Fault, Operation};
use mooring_tests::{Kind, Life, Place, Settings, case, life};
use sha2::{Digest as _, Sha256};

use crate::report;
use crate::scene::Scene;

const EIO: i32 = 5;
const MIB: u64 = 1 << 20;

/// The hash of the bytes behind a volume's image, asked of the real file.
fn digest(place: &Place, image: &str) -> String {
    let mut file = std::fs::File::open(real(&place.path("storage"), image).unwrap()).unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn real(below: &Path, image: &str) -> Option<std::path::PathBuf> {
    std::fs::read_dir(below).unwrap().flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() { real(&path, image) } else { path.ends_with(image).then_some(path) }
    })
}

/// Faults of reading, each of which leaves some byte unread that matters.
fn unreadable() -> Vec<(&'static str, Fault)> {
    let fault = |effect| Fault::of(".img", &[Operation::Read], effect);
    vec![
        ("EIO everywhere", fault(Effect::Fail(EIO))),
        ("EIO in the first block", fault(Effect::Fail(EIO)).within(0, 4096)),
        ("EIO at 64 KiB", fault(Effect::Fail(EIO)).within(64 << 10, (64 << 10) + 4096)),
        ("nothing read", fault(Effect::Short(0))),
        ("reads of no sector", fault(Effect::Short(100))),
    ]
}

#[test]
fn data_that_cannot_be_read_are_not_formatted() {
    case(async |place| {
        let mut scene = Scene::new(place, Settings::default()).await;
        let mut cases = 0;
        for kind in [Kind::Ext4, Kind::Xfs] {
            let (mut life, image) =
                scene.published(kind, &format!("{kind:?}").to_lowercase()).await;
            std::fs::write(life.data(), "dear").unwrap();
            life.put_away().await;
            let before = digest(place, &image);
            for (what, fault) in unreadable() {
                scene.storage.add(Fault { files: image.clone(), ..fault });
                let staged = life.stage().await;
                let told = scene.storage.mend();
                // A part that nothing needs to read is no fault.
                if staged.is_ok() {
                    assert_eq!(told.struck, 0, "{kind:?}, {what}: staged though a read failed");
                    life.unstage().await.unwrap();
                    continue;
                }
                let message = staged.unwrap_err().message().to_owned();
                assert!(message.len() > 20, "{kind:?}, {what}: {message}");
                assert_eq!(digest(place, &image), before, "{kind:?}, {what}: it was written to");
                cases += 1;
            }
            life.stage().await.unwrap();
            life.publish().await.unwrap();
            assert_eq!(std::fs::read(life.data()).unwrap(), b"dear");
            life.end().await;
        }
        assert!(cases >= 4, "{cases} faults only");
        report::row(
            "volumes with data: reads fail, or are short",
            cases,
            "refused, not a byte changed; staged when mended",
        );
        life::nothing_left(&scene.host).await;
        scene.host.stop().await;
    });
}

/// Stages a new volume under a fault, which has to fail, and again when the storage is mended.
async fn refused_then_made(scene: &mut Scene, name: &str, fault: Fault) -> bool {
    let mut life = Life::new(&scene.host, Kind::Ext4, name).await;
    life.create().await.unwrap();
    let before = scene.storage.told().struck;
    scene.storage.add(fault);
    let staged = life.stage().await;
    let struck = scene.storage.told().struck > before;
    scene.storage.mend();
    if staged.is_ok() {
        assert!(!struck, "{name}: staged though the storage failed");
    }
    if staged.is_err() {
        life.stage().await.unwrap();
    }
    life.publish().await.unwrap();
    std::fs::write(life.data(), "new").unwrap();
    // Without what the kernel remembers.
    life.put_away().await;
    life.stage().await.unwrap();
    life.publish().await.unwrap();
    assert_eq!(std::fs::read(life.data()).unwrap(), b"new");
    life.end().await;
    struck
}

#[test]
fn a_new_volume_is_staged_only_on_storage_that_takes_it() {
    case(async |place| {
        let mut scene = Scene::new(place, Settings::default()).await;
        let fault = |on: Operation, effect| Fault::of("", &[on], effect);
        let mut cases = 0;
        let faults = vec![
            ("sync-fails", fault(Operation::Sync, Effect::Fail(EIO))),
            ("writes-fail", fault(Operation::Write, Effect::Fail(EIO))),
            ("writes-lost", fault(Operation::Write, Effect::Lose)),
            ("superblock-lost", fault(Operation::Write, Effect::Lose).within(0, 4096)),
            ("superblock-fails", fault(Operation::Write, Effect::Fail(EIO)).within(0, 4096)),
            ("no-space", fault(Operation::Write, Effect::Fail(28)).within(MIB, u64::MAX)),
            ("slow", fault(Operation::Write, Effect::Delay(5))),
        ];
        for (n, (what, fault)) in faults.into_iter().enumerate() {
            let slow = what == "slow";
            if slow {
                scene.storage.add(fault);
                let (life, _) = scene.published(Kind::Ext4, what).await;
                scene.storage.mend();
                life.end().await;
                cases += 1;
            } else {
                cases +=
                    usize::from(refused_then_made(&mut scene, &format!("{what}-{n}"), fault).await);
            }
        }
        report::row(
            "new volumes: writes fail, get lost or late, fsync fails, no space",
            cases,
            "never staged on a lie; staged when mended, data intact",
        );
        life::nothing_left(&scene.host).await;
        scene.host.stop().await;
    });
}

#[test]
fn a_new_volume_that_cannot_be_read_is_not_formatted() {
    case(async |place| {
        let mut scene = Scene::new(place, Settings::default()).await;
        let mut cases = 0;
        for (n, (what, fault)) in unreadable().into_iter().enumerate() {
            let fault = Fault { files: String::new(), ..fault };
            let struck = refused_then_made(&mut scene, &format!("unread-{n}"), fault).await;
            assert!(struck, "{what}: nothing was read");
            cases += 1;
        }
        report::row(
            "new volumes: reads fail, or are short",
            cases,
            "not formatted; formatted when mended",
        );
        life::nothing_left(&scene.host).await;
        scene.host.stop().await;
    });
}
