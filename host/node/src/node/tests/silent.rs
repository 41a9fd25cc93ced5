//! A loop device that does not say what it is bound to is a matter of its own volume alone.

use std::path::Path;

use mooring_volume::attachment::Content as Origin;
use mooring_volume::capability::FsType;
use mooring_volume::{Code, VolumeId};

use super::world::{STAGING, TARGET, Way, World, id, image_path};
use crate::os::PathKind;
use crate::os::twin::Content;

const EXT4: Way = Way::Fs(FsType::Ext4);
const OTHER: &str = "/var/lib/kubelet/staging/v2";

/// Staged, and its device silent.
fn hung() -> World {
    let world = World::new(EXT4);
    world.stage(World::stage_request(EXT4)).unwrap();
    silence(&world);
    world
}

fn silence(world: &World) {
    let numbers: Vec<u32> = world.twin.model().bound_numbers();
    world.twin.model().silent.extend(numbers);
}

fn stage_other(world: &World) -> mooring_volume::Result<()> {
    world.add_image("v2", 12, Content::Blank);
    world.describe("v2", EXT4, Origin::Blank);
    world.twin.model().places.insert(OTHER.into(), PathKind::Directory);
    let mut request = World::stage_request(EXT4);
    (request.volume_id, request.staging_path) = (id("v2"), OTHER.into());
    world.stage(request)
}

fn unstage(world: &World, volume: &VolumeId) -> mooring_volume::Result<()> {
    let node = world.fresh();
    let path = STAGING.into();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(mooring_volume::node::Node::unstage(&node, &World::call(), volume.clone(), path))
}

#[test]
fn nothing_is_said_of_its_volume_until_it_answers() {
    let world = hung();
    let before = world.snapshot();
    for outcome in [
        world.stage(World::stage_request(EXT4)),
        world.publish(World::publish_request(EXT4, TARGET)),
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(error.code, Code::Unavailable, "{error}");
        assert!(error.message.contains("does not answer"), "{error}");
    }
    assert_eq!(world.snapshot(), before);
    world.twin.model().silent.clear();
    world.stage(World::stage_request(EXT4)).unwrap();
}

#[test]
fn it_is_taken_off_by_the_record_and_the_tables_alone() {
    for way in [EXT4, Way::Block] {
        let world = World::new(way);
        world.stage(World::stage_request(way)).unwrap();
        world.publish(World::publish_request(way, TARGET)).unwrap();
        silence(&world);
        assert_eq!(world.unstage().unwrap_err().code, Code::FailedPrecondition);
        world.unpublish(TARGET).unwrap();
        world.unstage().unwrap();
        assert!(world.is_free());
    }
}

#[test]
fn what_a_killed_host_left_of_taking_it_off_goes_too() {
    let world = hung();
    world.twin.model().mounts.retain(|entry| entry.point != Path::new(STAGING));
    world.unstage().unwrap();
    assert!(world.is_free());
}

#[test]
fn in_a_pool_that_was_moved_it_is_known_by_its_mount() {
    let world = hung();
    let moved = Path::new("/moved/image.mooring.dev/images/v1");
    world.twin.model().move_image(&image_path("v1"), moved);
    world.unstage().unwrap();
    assert!(world.is_free());
}

#[test]
fn what_may_be_its_own_is_neither_unbound_nor_forgotten() {
    let world = hung();
    let moved = Path::new("/moved/image.mooring.dev/images/v1");
    world.twin.model().move_image(&image_path("v1"), moved);
    world.twin.model().mounts.retain(|entry| entry.point != Path::new(STAGING));
    let before = world.snapshot();
    assert_eq!(world.unstage().unwrap_err().code, Code::Unavailable);
    assert_eq!(world.snapshot(), before);
    assert_eq!(world.twin.model().bound_numbers().len(), 1);
}

#[test]
fn a_new_volume_is_staged_beside_one_that_nobody_knows() {
    let world = hung();
    world.twin.model().records.clear();
    stage_other(&world).unwrap();
}

#[test]
fn a_lost_record_does_not_make_it_nobodys() {
    let world = hung();
    world.twin.model().records.clear();
    assert_eq!(world.unstage().unwrap_err().code, Code::Unavailable);
    world.twin.model().silent.clear();
    world.unstage().unwrap();
    assert!(world.is_free());
}

#[test]
fn other_volumes_do_not_notice() {
    let world = hung();
    stage_other(&world).unwrap();
    unstage(&world, &id("never-seen")).unwrap();
}
