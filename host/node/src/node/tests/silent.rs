//! A loop device that does not say what it is bound to is a matter of its own volume alone.

use mooring_volume::attachment::Content as Origin;
use mooring_volume::capability::FsType;
use mooring_volume::{Code, VolumeId};

use super::world::{STAGING, TARGET, Way, World, id};
use crate::os::PathKind;
use crate::os::twin::Content;

const EXT4: Way = Way::Fs(FsType::Ext4);
const OTHER: &str = "/var/lib/kubelet/staging/v2";

/// Staged, and its device silent.
fn hung() -> World {
    let world = World::new(EXT4);
    world.stage(World::stage_request(EXT4)).unwrap();
    let numbers: Vec<u32> = world.twin.model().bound_numbers();
    world.twin.model().silent.extend(numbers);
    world
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
        world.unstage(),
        world.stage(World::stage_request(EXT4)),
        world.publish(World::publish_request(EXT4, TARGET)),
        world.unpublish(TARGET),
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(error.code, Code::Unavailable, "{error}");
        assert!(error.message.contains("does not answer"), "{error}");
    }
    assert_eq!(world.snapshot(), before);
    world.twin.model().silent.clear();
    world.unstage().unwrap();
    assert!(world.is_free());
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
