//! Devices of the node's own: what makes sure that it is the volume's, and that they come and go as
//! the storage system likes, on the model.

use std::path::Path;

use mooring_volume::Code;
use mooring_volume::attachment::{Attachment, BlockDevice, Content as Origin};
use mooring_volume::capability::FsType;
use mooring_volume::health::VolumeFault;
use mooring_volume::node::{GetVolumeHealth, NodeHealth as _};
use mooring_volume::orders::Orders as _;

use super::world::{DISK, LINK, MIB, SECOND, SERIAL, STAGING, TARGET, Way, World, disk, id};
use super::world::{image_path, limits};
use crate::os::twin::{Content, Fault};
use crate::os::{BindSource, DeviceId, IoLimits, MountFlags, Mounts as _, PathKind};

const EXT4: Way = Way::Disk(FsType::Ext4);
const DISKS: [Way; 4] = [EXT4, Way::Disk(FsType::Xfs), Way::Disk(FsType::Btrfs), Way::RawDisk];
const OTHER: DeviceId = DeviceId { major: 8, minor: 32 };

fn published(way: Way) -> World {
    let world = World::new(way);
    world.stage(World::stage_request(way)).unwrap();
    world.publish(World::publish_request(way, TARGET)).unwrap();
    world
}

/// A stage that is refused, and changes nothing.
fn refused(world: &World, way: Way, code: Code) -> String {
    let before = world.snapshot();
    let error = world.stage(World::stage_request(way)).unwrap_err();
    assert_eq!(error.code, code, "{error}");
    assert_eq!(world.snapshot(), before, "{error}");
    error.message
}

fn describe(world: &World, device: BlockDevice) {
    let mut answers = world.backend.0.lock().unwrap();
    let answer = answers.get_mut(&id("v1")).unwrap().as_mut().unwrap();
    answer.attachment = Attachment::BlockDevice(device);
}

fn found(world: &World) -> Vec<(VolumeFault, String)> {
    let request = GetVolumeHealth { volume_id: id("v1"), publish_path: None, staging_path: None };
    let found = world.runtime.block_on(world.node.volume_health(&World::call(), request));
    found.unwrap().into_iter().map(|finding| (finding.fault, finding.reason)).collect()
}

#[test]
fn what_is_not_the_volumes_is_never_used() {
    for way in DISKS {
        let world = World::new(way);
        let map = |serial: &str| world.twin.model().map(DISK, &image_path("v1"), LINK, serial);
        map("S2");
        assert!(refused(&world, way, Code::FailedPrecondition).contains("S2"));
        map(SERIAL);
        let change = |partition: bool, held: bool| {
            let mut model = world.twin.model();
            let disk = model.disks.get_mut(&DISK).unwrap();
            (disk.partition, disk.held) = (partition, held);
        };
        change(true, false);
        assert!(refused(&world, way, Code::FailedPrecondition).contains("partition"));
        change(false, true);
        assert!(refused(&world, way, Code::FailedPrecondition).contains("in use"));
        change(false, false);
        world.add_image("v2", 12, Content::Blank);
        world.twin.model().map(OTHER, &image_path("v2"), "by-id/vendor-2", SERIAL);
        describe(&world, disk(&[LINK, "by-id/vendor-2"], SERIAL));
        assert!(refused(&world, way, Code::FailedPrecondition).contains("both say"));
        describe(&world, disk(&["by-id/other"], SERIAL));
        refused(&world, way, Code::PermissionDenied);
        describe(&world, disk(&["by-id/vendor-3"], SERIAL));
        refused(&world, way, Code::Unavailable);
        assert_eq!(world.twin.model().rescans, 1);
        for nameless in [disk(&[LINK], " "), disk(&[], SERIAL)] {
            describe(&world, nameless);
            refused(&world, way, Code::FailedPrecondition);
        }
        assert_eq!(world.content(), Content::Blank, "{way:?}");
        describe(&world, disk(&["by-id/vendor-3", LINK], SERIAL));
        world.stage(World::stage_request(way)).unwrap();
    }
}

#[test]
fn a_device_that_vanishes_is_told_and_torn_down() {
    for way in DISKS {
        let world = published(way);
        assert_eq!(found(&world), [], "{way:?}");
        world.twin.model().unmap(DISK);
        let missing = (VolumeFault::Inaccessible, "DeviceMissing".to_owned());
        assert!(found(&world).contains(&missing), "{way:?}");
        let error = world.expand(TARGET, 64 * MIB).unwrap_err();
        assert_eq!(error.code, Code::FailedPrecondition, "{way:?}: {error}");
        // What is mounted goes on as long as it can, so nothing can be said for certain.
        let error = world.stage(World::stage_request(way)).unwrap_err();
        assert_eq!(error.code, Code::Unavailable, "{way:?}: {error}");
        assert_eq!(world.unstage().unwrap_err().code, Code::FailedPrecondition, "{way:?}");
        world.unpublish(TARGET).unwrap();
        world.unstage().unwrap();
        assert!(world.is_free() && world.snapshot().records.is_empty(), "{way:?}");
        assert!(!world.snapshot().places.contains_key(Path::new(TARGET)), "{way:?}");
    }
}

#[test]
fn a_staging_whose_device_was_taken_away_is_not_published_until_it_is_staged_again() {
    for way in DISKS {
        for back_as in [None, Some(DISK), Some(OTHER)] {
            // A number is no other's as long as a file system on it is mounted.
            if back_as == Some(DISK) && way != Way::RawDisk {
                continue;
            }
            let world = World::new(way);
            world.stage(World::stage_request(way)).unwrap();
            {
                // As a forced detach does it, and an attach after it.
                let mut model = world.twin.model();
                model.unmap(DISK);
                if let Some(device) = back_as {
                    model.map(device, &image_path("v1"), LINK, SERIAL);
                }
            }
            let before = world.snapshot();
            let error = world.publish(World::publish_request(way, TARGET)).unwrap_err();
            assert_eq!(error.code, Code::FailedPrecondition, "{way:?}: {error}");
            assert!(error.message.contains("taken from this node"), "{way:?}: {error}");
            assert_eq!(world.snapshot(), before, "{way:?}");
            world.unstage().unwrap();
            let Some(device) = back_as else { continue };
            world.stage(World::stage_request(way)).unwrap();
            world.publish(World::publish_request(way, TARGET)).unwrap();
            let model = world.twin.model();
            let (image, _) = model.reached(Path::new(TARGET)).unwrap();
            assert_eq!(image, image_path("v1"), "{way:?} as {device}");
            assert!(model.images[&image].formatted <= 1, "{way:?} as {device}");
        }
    }
}

#[test]
fn another_disk_of_the_same_number_is_left_alone() {
    for way in DISKS {
        let world = published(way);
        world.add_image("v2", 12, Content::Finished(FsType::Ext4, 64 * MIB, 2));
        let theirs = IoLimits { read_iops: Some(3), ..IoLimits::default() };
        {
            let mut model = world.twin.model();
            model.unmap(DISK);
            model.map(DISK, &image_path("v2"), LINK, "S2");
            model.disks.get_mut(&DISK).unwrap().readonly = true;
            model.limits.insert(DISK, theirs);
        }
        let told = found(&world);
        assert!(told.iter().any(|(_, reason)| reason == "DeviceMissing"), "{way:?}: {told:?}");
        let error = world.publish(World::publish_request(way, SECOND)).unwrap_err();
        assert_eq!(error.code, Code::FailedPrecondition, "{way:?}: {error}");
        let error = world.stage(World::stage_request(way)).unwrap_err();
        assert!(matches!(error.code, Code::FailedPrecondition | Code::Unavailable), "{error}");
        if way == Way::RawDisk {
            // File systems keep their number; a bind of a node does not.
            world.unpublish(TARGET).unwrap();
            world.unstage().unwrap();
            assert!(world.is_free() && world.snapshot().records.is_empty(), "{way:?}");
        }
        let model = world.twin.model();
        let Some(disk) = model.disks.get(&DISK) else { panic!("it is gone") };
        assert!(disk.readonly && model.limits[&DISK] == theirs, "{way:?}");
        assert_eq!(model.images[&image_path("v2")].formatted, 0);
    }
}

#[test]
fn what_another_left_of_a_number_that_is_free_again_is_left_alone() {
    let world = World::new(Way::RawDisk);
    world.stage(World::stage_request(Way::RawDisk)).unwrap();
    world.twin.model().unmap(DISK);
    // Another volume gets the number, is mounted and given to a consumer, and is taken away, too.
    world.add_image("v2", 12, Content::Finished(FsType::Ext4, 64 * MIB, 2));
    let [mounted, given] =
        ["/var/lib/kubelet/staging/v2", "/var/lib/kubelet/pods/b/v2"].map(Path::new);
    {
        let mut model = world.twin.model();
        model.map(DISK, &image_path("v2"), LINK, "S2");
        model.places.insert(mounted.to_owned(), PathKind::Directory);
        model.places.insert(given.to_owned(), PathKind::File);
    }
    let flags = MountFlags::default();
    world.twin.mount_device(DISK, FsType::Ext4, mounted, flags, &[]).unwrap();
    world.twin.bind(BindSource::DeviceNode(DISK), given, flags).unwrap();
    world.twin.model().unmap(DISK);
    let theirs = world.snapshot().mounts;
    world.unstage().unwrap();
    assert_eq!(world.snapshot().mounts, theirs);
    assert!(world.snapshot().records.is_empty());
}

#[test]
fn a_cut_off_mkfs_is_known_by_what_the_device_says() {
    let cut_off = |serial: &str| {
        let mut world = World::new(EXT4);
        for at in 0.. {
            world.twin.arm(Some(Fault::Crash(at)));
            let _lost = world.stage(World::stage_request(EXT4));
            if matches!(world.content(), Content::Partial(_)) {
                break;
            }
            world.twin.reboot();
            world.restart();
            world.unstage().unwrap();
        }
        // It has another number after the boot.
        world.twin.reboot();
        {
            let mut model = world.twin.model();
            model.unmap(DISK);
            model.map(OTHER, &image_path("v1"), LINK, serial);
        }
        world.restart();
        describe(&world, disk(&[LINK], serial));
        world
    };
    let world = cut_off(SERIAL);
    world.stage(World::stage_request(EXT4)).unwrap();
    assert_eq!(world.twin.model().images[&image_path("v1")].formatted, 1);
    let world = cut_off("S2");
    refused(&world, EXT4, Code::FailedPrecondition);
}

#[test]
fn a_formatted_device_that_reads_blank_has_lost_its_data() {
    let mut world = World::new(EXT4);
    world.stage(World::stage_request(EXT4)).unwrap();
    world.twin.reboot();
    world.restart();
    world.set_content(Content::Blank);
    refused(&world, EXT4, Code::DataLoss);
}

#[test]
fn a_restored_device_is_measured_anew_and_its_file_system_grown() {
    for fs_type in FsType::ALL {
        let way = Way::Disk(fs_type);
        let world = World::new(way);
        world.set_content(Content::Finished(fs_type, 64 * MIB, 1));
        world.describe("v1", way, Origin::Copied);
        let minimum = |bytes: u64| {
            let mut answers = world.backend.0.lock().unwrap();
            answers.get_mut(&id("v1")).unwrap().as_mut().unwrap().minimum_size = Some(bytes);
        };
        minimum(96 * MIB);
        refused(&world, way, Code::FailedPrecondition);
        world.twin.model().images.get_mut(&image_path("v1")).unwrap().size = 96 * MIB;
        describe(&world, BlockDevice { rescan: false, ..disk(&[LINK], SERIAL) });
        refused(&world, way, Code::FailedPrecondition);
        describe(&world, disk(&[LINK], SERIAL));
        world.stage(World::stage_request(way)).unwrap();
        assert_eq!(world.content(), Content::Finished(fs_type, 96 * MIB, 1));
        assert_eq!(world.twin.model().images[&image_path("v1")].formatted, 0);
    }
}

#[test]
fn a_device_takes_writes_again_unless_it_never_did() {
    for at_first in [false, true] {
        let world = World::new(Way::RawDisk);
        world.twin.model().disks.get_mut(&DISK).unwrap().readonly = at_first;
        world.stage(World::stage_request(Way::RawDisk)).unwrap();
        let publish = |target: &str, readonly: bool| {
            let mut request = World::publish_request(Way::RawDisk, target);
            request.readonly = readonly;
            world.publish(request)
        };
        let readonly = || world.twin.model().disks[&DISK].readonly;
        publish(TARGET, true).unwrap();
        assert!(readonly());
        assert_eq!(publish(SECOND, false).unwrap_err().code, Code::FailedPrecondition);
        world.unpublish(TARGET).unwrap();
        match publish(SECOND, false) {
            Ok(()) => assert!(!at_first && !readonly()),
            Err(error) => assert!(at_first && error.code == Code::FailedPrecondition, "{error}"),
        }
        world.unpublish(SECOND).unwrap();
        publish(TARGET, true).unwrap();
        world.unpublish(TARGET).unwrap();
        world.unstage().unwrap();
        assert_eq!(readonly(), at_first);
        assert!(world.is_free() && world.snapshot().limits.is_empty());
    }
}

#[test]
fn a_raw_device_is_given_to_one_volume_that_nobody_else_uses() {
    let way = Way::RawDisk;
    let world = World::new(way);
    world.stage(World::stage_request(way)).unwrap();
    let hold = |held: bool| world.twin.model().disks.get_mut(&DISK).unwrap().held = held;
    hold(true);
    let publish = || world.publish(World::publish_request(way, TARGET));
    assert_eq!(publish().unwrap_err().code, Code::FailedPrecondition);
    hold(false);
    publish().unwrap();
    // Its consumer may claim it.
    hold(true);
    publish().unwrap();
    world.stage(World::stage_request(way)).unwrap();
    hold(false);
    let second = "/var/lib/kubelet/staging/v2";
    world.twin.model().places.insert(second.into(), PathKind::Directory);
    let answer = world.backend.0.lock().unwrap()[&id("v1")].clone();
    world.backend.0.lock().unwrap().insert(id("v2"), answer);
    let mut request = World::stage_request(way);
    (request.volume_id, request.staging_path) = (id("v2"), second.into());
    let refused = world.stage(request).unwrap_err();
    assert_eq!(refused.code, Code::FailedPrecondition, "{refused}");
    assert!(refused.message.contains(TARGET), "{refused}");
}

#[test]
fn other_limits_hold_for_it_while_it_is_there() {
    let world = published(Way::RawDisk);
    let apply = || {
        let order = world.node.apply_limits(id("v1"), Some(limits(9 << 20, None)));
        world.runtime.block_on(order)
    };
    assert_eq!(apply(), Ok(true));
    let held = world.twin.model().limits[&DISK];
    assert_eq!(held.write_bandwidth, Some(9 << 20));
    world.twin.model().unmap(DISK);
    assert_eq!(apply(), Ok(false));
}

#[test]
fn a_torn_record_finds_the_mounts_of_granted_devices_alone() {
    for way in [EXT4, Way::RawDisk] {
        let mut world = published(way);
        world.granted.devices = vec!["/dev/disk/by-id/others-*".to_owned()];
        world.restart();
        world.twin.model().records.get_mut(&World::record_path()).unwrap().pop();
        let mounted = |point: &str| {
            let mounts = world.snapshot().mounts;
            mounts.iter().any(|(at, ..)| at == Path::new(point))
        };
        let point = if way == EXT4 { STAGING } else { TARGET };
        world.unpublish(TARGET).unwrap();
        world.unstage().unwrap();
        assert!(mounted(point), "{way:?}: what may be another's was taken off");
    }
}
