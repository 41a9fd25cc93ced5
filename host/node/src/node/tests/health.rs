//! What the service finds on the model of a machine: storage that hangs, operations under way, other
//! boots, records that are gone, and that looking changes nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mooring_volume::health::StorageFault::{Degraded, Unreachable};
use mooring_volume::health::VolumeFault::{DataLoss, Inaccessible};
use mooring_volume::health::{StorageFinding, VolumeFinding};
use mooring_volume::node::{GetVolumeHealth, Node as _, NodeHealth as _};
use mooring_volume::{Call, Code, Result, Secrets};

use super::world::{STAGING, TARGET, Way, World, id, image_path};
use crate::os::twin::Fault;
use crate::os::{FsFaults, Kind};

fn request() -> GetVolumeHealth {
    GetVolumeHealth { volume_id: id("v1"), publish_path: Some(TARGET.into()), staging_path: None }
}

fn soon() -> Call {
    Call { deadline: Instant::now() + Duration::from_millis(50), ..World::call() }
}

impl World {
    fn health(&self) -> Result<Vec<VolumeFinding>> {
        self.runtime.block_on(self.node.volume_health(&World::call(), request()))
    }

    fn storage(&self, call: &Call) -> Vec<StorageFinding> {
        let health = self.node.storage_health(call, Secrets::default());
        self.runtime.block_on(health).unwrap()
    }
}

fn in_use(way: Way) -> World {
    let world = World::new(way);
    world.stage(World::stage_request(way)).unwrap();
    world.publish(World::publish_request(way, TARGET)).unwrap();
    world
}

fn reasons(findings: &[VolumeFinding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.reason.as_str()).collect()
}

#[test]
fn a_sound_volume_has_no_finding_and_an_unknown_one_is_not_found() {
    for way in Way::ALL {
        let world = World::new(way);
        assert_eq!(world.health().unwrap_err().code, Code::NotFound, "{way:?}");
        let world = in_use(way);
        assert_eq!(world.health().unwrap(), [], "{way:?}");
        assert_eq!(world.storage(&World::call()), [], "{way:?}");
        world.unpublish(TARGET).unwrap();
        world.unstage().unwrap();
        assert_eq!(world.health().unwrap_err().code, Code::NotFound, "{way:?}");
    }
}

#[test]
fn what_a_sandbox_was_told_and_is_gone_is_a_finding() {
    let world = in_use(Way::Direct);
    world.twin.model().told.clear();
    assert_eq!(reasons(&world.health().unwrap()), ["SandboxNotTold"]);
    world.unpublish(TARGET).unwrap();
    assert_eq!(world.health().unwrap(), []);
}

#[test]
fn paths_of_a_bad_form_are_refused() {
    let world = in_use(Way::Block);
    let bad = GetVolumeHealth { staging_path: Some("relative".into()), ..request() };
    let refused = world.runtime.block_on(world.node.volume_health(&World::call(), bad));
    let refused = refused.unwrap_err();
    assert_eq!(refused.code, Code::InvalidArgument);
    assert!(refused.message.contains("staging_target_path"), "{refused}");
}

#[test]
fn storage_that_hangs_is_a_finding_and_costs_one_thread() {
    let way = Way::ALL[0];
    let world = in_use(way);
    world.twin.model().delete_image(&image_path("v1"));
    world.twin.hang(true);
    let ask = || world.runtime.block_on(world.node.volume_health(&soon(), request())).unwrap();
    assert_eq!(reasons(&ask()), ["StorageNotAnswering"]);
    world.twin.until_waiting(1);
    assert_eq!(reasons(&ask()), ["StorageNotAnswering"]);
    let found = world.storage(&soon());
    assert_eq!((found[0].fault, &*found[0].reason), (Unreachable, "PoolNotAnswering"));
    world.twin.until_waiting(2);
    assert_eq!(world.storage(&soon()), found);
    assert_eq!(world.twin.waiting(), 2, "one of the volume and one of its pool");
    // What the tables say is told all the same, by a node that has no look under way.
    world.twin.model().mounts.retain(|entry| entry.point != Path::new(TARGET));
    let mut restarted = in_use(way);
    restarted.twin = world.twin.clone();
    restarted.restart();
    let found = restarted.runtime.block_on(restarted.node.volume_health(&soon(), request()));
    assert_eq!(reasons(&found.unwrap()), ["NotMounted", "StorageNotAnswering"]);

    world.unpublish(TARGET).unwrap();
    world.unstage().unwrap();
    assert!(world.is_free());
    world.twin.hang(false);
}

#[test]
fn what_an_operation_has_not_done_yet_is_no_finding() {
    let world = in_use(Way::ALL[0]);
    world.twin.model().mounts.retain(|entry| entry.point != Path::new(TARGET));
    assert_eq!(reasons(&world.health().unwrap()), ["NotMounted"]);
    world.twin.hang(true);
    // Gives the root to a group, which hangs with the storage, and so stays under way.
    let mut publish = World::publish_request(Way::ALL[0], super::world::SECOND);
    if let mooring_volume::capability::AccessType::Mount(mount) = &mut publish.capability.access {
        mount.group = Some(3000);
    }
    let publish = world.runtime.block_on(world.node.publish(&soon(), publish));
    assert_eq!(publish.unwrap_err().code, Code::DeadlineExceeded);
    let found = world.runtime.block_on(world.node.volume_health(&soon(), request())).unwrap();
    assert_eq!(reasons(&found), ["StorageNotAnswering"], "{found:?}");
    world.twin.hang(false);
}

#[test]
fn records_that_are_of_another_boot_or_gone_or_torn() {
    let world = in_use(Way::ALL[0]);
    let record = world.twin.model().records[&World::record_path()].clone();
    world.twin.model().records.insert(World::record_path(), record[..9].to_vec());
    assert_eq!(reasons(&world.health().unwrap()), ["RecordUnreadable"]);
    world.twin.model().records.clear();
    assert_eq!(reasons(&world.health().unwrap()), ["RecordMissing"]);
    world.twin.model().records.insert(World::record_path(), record);
    assert_eq!(world.health().unwrap(), []);
    world.twin.reboot();
    let found = world.health().unwrap();
    assert_eq!((found[0].fault, &*found[0].reason), (Inaccessible, "NotStaged"));
    assert!(found[0].message.contains(STAGING), "{found:?}");
}

#[test]
fn every_finding_of_a_file_system_and_an_image_at_once() {
    let world = in_use(Way::ALL[2]);
    {
        let mut model = world.twin.model();
        model.faults.insert(0, FsFaults { metadata: 1, device: 2, corrupt: 3 });
        model.broken.insert(STAGING.into());
        model.pools.insert("/pool".into(), Some(1));
        model.delete_image(&image_path("v1"));
    }
    let found = world.health().unwrap();
    let wanted = [
        "FilesystemShutDown",
        "FilesystemErrors",
        "DeviceErrors",
        "DataDamaged",
        "ImageDeleted",
        "PoolNearlyFull",
    ];
    assert_eq!(reasons(&found), wanted);
    let lost: Vec<_> = found.iter().filter(|it| it.fault == DataLoss).collect();
    assert_eq!(lost.len(), 2);
}

#[test]
fn a_pool_that_is_nearly_full_or_gone() {
    let world = in_use(Way::Directory);
    let with = |available| {
        world.twin.model().pools.insert("/pool".into(), available);
        let volume = world.health().unwrap();
        let storage = world.storage(&World::call());
        assert_eq!((volume.len(), storage.len()), (1, 1), "{volume:?} {storage:?}");
        assert_eq!(volume[0].reason, storage[0].reason);
        (storage[0].fault, storage[0].reason.clone())
    };
    assert_eq!(with(Some(1 << 30)), (Degraded, "PoolNearlyFull".into()));
    assert_eq!(with(None), (Unreachable, "PoolUnreachable".into()));
}

#[test]
fn looking_changes_nothing_and_survives_every_fault() {
    for way in Way::ALL {
        let world = in_use(way);
        let before = world.snapshot();
        world.twin.arm(None);
        world.health().unwrap();
        world.storage(&World::call());
        let calls = world.twin.calls();
        assert!(calls > 8, "{way:?}: {calls}");
        for call in 0..calls {
            for kind in [Kind::Io, Kind::NotFound, Kind::Denied, Kind::Changed] {
                world.twin.arm(Some(Fault::Error(call, kind)));
                let health = world.health();
                let asked = World::call();
                let storage = world.node.storage_health(&asked, Secrets::default());
                let storage = world.runtime.block_on(storage);
                assert!(health.is_ok() || storage.is_ok(), "{way:?} {call} {kind:?}");
                if let Err(error) = health {
                    assert_ne!(error.code, Code::NotFound, "{way:?} {call} {kind:?}: {error}");
                }
                world.twin.arm(None);
                assert_eq!(world.snapshot(), before, "{way:?} {call} {kind:?}");
            }
        }
        assert_eq!(world.health().unwrap(), [], "{way:?}");
    }
}

#[test]
fn a_hundred_look_at_once() {
    let world = in_use(Way::ALL[1]);
    let answers = world.runtime.block_on(async {
        let looks = (0..100).map(|_| {
            let node = Arc::clone(&world.node);
            tokio::spawn(async move { node.volume_health(&World::call(), request()).await })
        });
        let mut answers = Vec::new();
        for look in looks.collect::<Vec<_>>() {
            answers.push(look.await.unwrap());
        }
        answers
    });
    assert!(answers.iter().all(|answer| *answer == Ok(Vec::new())), "{answers:?}");
}
