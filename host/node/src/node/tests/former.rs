//! What an earlier boot left, and what another program on this machine has.

use std::path::Path;

use mooring_volume::{Code, Error};

use super::world::{DISK, LINK, SECOND, SERIAL, TARGET, Way, World, image_path};
use crate::os::twin::Content;
use crate::os::{DeviceId, LoopDevices as _, MountFlags, Mounts as _, PathKind, PoolFiles as _};
use mooring_volume::capability::FsType;

const EXT4: Way = Way::Fs(FsType::Ext4);

/// Staged and published at two places, before the machine lost its power.
fn after_a_reboot() -> World {
    let mut world = World::new(EXT4);
    world.stage(World::stage_request(EXT4)).unwrap();
    for target in [TARGET, SECOND] {
        world.publish(World::publish_request(EXT4, target)).unwrap();
    }
    world.twin.reboot();
    world.restart();
    world
}

#[test]
fn a_final_code_leaves_no_record_of_an_earlier_boot() {
    let world = after_a_reboot();
    for target in [TARGET, SECOND] {
        world.unpublish(target).unwrap();
        assert!(!world.twin.model().places.contains_key(Path::new(target)));
    }
    assert!(world.snapshot().records.is_empty(), "nothing is left that it tells of");

    let mut world = World::new(EXT4);
    world.stage(World::stage_request(EXT4)).unwrap();
    world.twin.reboot();
    world.restart();
    world.refuse("v1", Error::not_found("it is gone"));
    let refused = world.stage(World::stage_request(EXT4)).unwrap_err();
    assert_eq!(refused.code, Code::NotFound);
    assert!(world.snapshot().records.is_empty(), "nobody would ever unstage it");
}

#[test]
fn places_of_an_earlier_boot_are_known_until_they_are_taken_away() {
    let world = after_a_reboot();
    world.refuse("v1", Error::not_found("it is gone"));
    let refused = world.stage(World::stage_request(EXT4)).unwrap_err();
    assert_eq!(refused.code, Code::NotFound);
    for target in [TARGET, SECOND] {
        world.unpublish(target).unwrap();
        assert!(!world.twin.model().places.contains_key(Path::new(target)), "{target} is left");
    }
    assert!(world.snapshot().records.is_empty());
}

#[test]
fn a_device_that_another_program_mounted_is_told_of_and_not_opened() {
    let world = World::new(EXT4);
    world.set_content(Content::Finished(FsType::Ext4, 64 << 20, 1));
    let root = Path::new("/pool");
    let below = image_path("v1").strip_prefix(root).unwrap().to_owned();
    let image = world.twin.open_image(root, &below, false).unwrap();
    let device = world.twin.bind_loop(&image, "another's", false).unwrap().device;
    let elsewhere = Path::new("/elsewhere");
    world.twin.model().places.insert(elsewhere.to_owned(), PathKind::Directory);
    let flags = MountFlags::default();
    world.twin.mount_device(device, FsType::Ext4, elsewhere, flags, &[]).unwrap();
    let refused = world.stage(World::stage_request(EXT4)).unwrap_err();
    assert_eq!(refused.code, Code::FailedPrecondition);
    assert!(refused.message.contains("bound to /dev/loop0 by something else"), "{refused}");
}

#[test]
fn a_device_that_was_taken_away_and_came_back_is_staged_anew() {
    for way in [Way::Disk(FsType::Ext4), Way::Disk(FsType::Btrfs), Way::RawDisk] {
        let world = World::new(way);
        world.stage(World::stage_request(way)).unwrap();
        let other = DeviceId { major: 8, minor: 32 };
        {
            let mut model = world.twin.model();
            model.unmap(DISK);
            model.map(other, &image_path("v1"), LINK, SERIAL);
        }
        world.stage(World::stage_request(way)).unwrap_or_else(|error| panic!("{way:?}: {error}"));
        world.publish(World::publish_request(way, TARGET)).unwrap();
        let reached = world.twin.model().reached(Path::new(TARGET));
        assert_eq!(reached.map(|it| it.0), Ok(image_path("v1")), "{way:?}");
        world.unpublish(TARGET).unwrap();
        world.unstage().unwrap();
        assert!(world.is_free() && world.snapshot().records.is_empty(), "{way:?}");
        assert!(world.twin.model().images[&image_path("v1")].formatted <= 1);
    }
}
