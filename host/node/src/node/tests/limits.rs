//! I/O limits that the node enforces: at stage, again when they change, and no longer than the volume
//! is there.

use mooring_volume::Code;
use mooring_volume::attachment::Content as Origin;
use mooring_volume::capability::FsType;

use super::world::{STAGING, Way, World, limits};
use crate::os::IoLimits;

fn held(world: &World) -> Option<IoLimits> {
    let model = world.twin.model();
    let limits = Way::ALL.into_iter().find_map(|way| model.limits.get(&way.device()));
    limits.copied()
}

fn discards(world: &World) -> bool {
    let model = world.twin.model();
    model.mounts.iter().any(|entry| entry.point == std::path::Path::new(STAGING) && entry.discards)
}

fn rates(write_bandwidth: u64) -> IoLimits {
    IoLimits { read_iops: Some(100), write_bandwidth: Some(write_bandwidth), ..IoLimits::default() }
}

#[test]
fn a_device_gets_its_volumes_limits_and_none_of_its_numbers_former_ones() {
    for way in Way::ALL.into_iter().filter(|way| *way != Way::Directory) {
        let world = World::new(way);
        assert!(held(&world).is_some(), "the number was limited before");
        world.stage(World::stage_request(way)).unwrap();
        assert_eq!(held(&world), Some(rates(1 << 20)), "{way:?}");
        assert_eq!(discards(&world), matches!(way, Way::Fs(_) | Way::Disk(_)), "{way:?}");
        world.unstage().unwrap();
        assert_eq!(held(&world), None, "{way:?}");

        let world = World::new(way);
        world.describe_limits(None);
        world.stage(World::stage_request(way)).unwrap();
        assert_eq!(held(&world), None, "{way:?}: inherited");
        assert!(!discards(&world), "{way:?}");
    }
}

#[test]
fn staging_again_takes_changed_limits_over() {
    let way = Way::Fs(FsType::Ext4);
    let world = World::new(way);
    world.stage(World::stage_request(way)).unwrap();
    world.describe_limits(Some(limits(5 << 20, Some(false))));
    world.stage(World::stage_request(way)).unwrap();
    assert_eq!(held(&world), Some(rates(5 << 20)));
    assert!(!discards(&world));
    world.describe_limits(None);
    world.stage(World::stage_request(way)).unwrap();
    assert_eq!(held(&world), None);
}

#[test]
fn a_machine_that_cannot_limit_stages_only_what_needs_none() {
    for way in
        [Way::Fs(FsType::Ext4), Way::Block, Way::Disk(FsType::Ext4), Way::RawDisk, Way::Direct]
    {
        let world = World::new(way);
        world.twin.model().unlimited = true;
        let refused = world.stage(World::stage_request(way)).unwrap_err();
        assert_eq!(refused.code, Code::FailedPrecondition, "{refused}");
        assert!(world.is_free(), "{way:?}");
        world.describe_limits(None);
        world.stage(World::stage_request(way)).unwrap();
    }
}

#[test]
fn what_a_kind_of_volume_cannot_have_is_refused() {
    for (way, asked) in [
        (Way::Directory, limits(1 << 20, None)),
        (Way::Block, limits(1 << 20, Some(false))),
        (Way::RawDisk, limits(1 << 20, Some(false))),
        (Way::Direct, limits(1 << 20, Some(false))),
    ] {
        let world = World::new(way);
        world.describe_limits(Some(asked));
        let refused = world.stage(World::stage_request(way)).unwrap_err();
        assert_eq!(refused.code, Code::FailedPrecondition, "{refused}");
        assert!(world.is_free(), "{way:?}");
    }
}

#[test]
fn xfs_takes_other_discards_at_the_next_mount() {
    let way = Way::Fs(FsType::Xfs);
    let world = World::new(way);
    world.stage(World::stage_request(way)).unwrap();
    world.describe_limits(Some(limits(5 << 20, Some(false))));
    let refused = world.stage(World::stage_request(way)).unwrap_err();
    assert_eq!(refused.code, Code::Unavailable, "it is staged since an earlier call: {refused}");
    assert_eq!(held(&world), Some(rates(1 << 20)), "nothing was changed");
    world.unstage().unwrap();
    world.stage(World::stage_request(way)).unwrap();
    assert!(!discards(&world));
    assert_eq!(held(&world), Some(rates(5 << 20)));
}

#[test]
fn rates_are_those_that_the_kernel_can_hold() {
    let huge = IoLimits::of(&limits(u64::MAX, None));
    assert_eq!(huge, IoLimits { read_iops: Some(100), ..IoLimits::default() });
    assert_eq!(IoLimits::of(&limits(1, None)).write_bandwidth, Some(2));
    let world = World::new(Way::Block);
    world.describe("v1", Way::Block, Origin::Unknown);
    world.describe_limits(Some(limits(u64::MAX, None)));
    world.stage(World::stage_request(Way::Block)).unwrap();
    assert_eq!(held(&world), Some(huge));
}
