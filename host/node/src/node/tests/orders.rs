//! Orders of the controller, on the model of a machine: what is frozen, what is refused, and that
//! nothing stays frozen.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mooring_volume::attachment::{Content as Origin, PoolItem};
use mooring_volume::capability::FsType;
use mooring_volume::limits::NodeLimits;
use mooring_volume::orders::{FreezeId, Frozen, LONGEST_HOLD, Orders as _};
use mooring_volume::{Code, Result};

use super::world::{FREEZES, STAGING, TARGET, Way, World, id, limits};
use crate::os::twin::{Content, Fault};
use crate::os::{DeviceId, Kind, PathKind};

const EXT4: Way = Way::Fs(FsType::Ext4);
const OTHER_STAGING: &str = "/var/lib/kubelet/staging/v2";

impl World {
    /// Orders to freeze, for the longest time.
    pub(super) fn freeze(&self, names: &[&str]) -> Result<Frozen> {
        let item = |name: &&str| PoolItem { pool: "default".into(), name: (*name).to_owned() };
        let images = names.iter().map(item).collect();
        let frozen = self.runtime.block_on(self.node.freeze(images, LONGEST_HOLD))?;
        *self.frozen.lock().unwrap() = Some(frozen.id);
        Ok(frozen)
    }

    /// Thaws the last freeze.
    pub(super) fn thaw(&self) -> Result<bool> {
        let last = *self.frozen.lock().unwrap();
        last.map_or(Ok(false), |id| self.runtime.block_on(self.node.thaw(id)))
    }

    /// Nobody orders any more.
    pub(super) fn release(&self) {
        self.runtime.block_on(self.node.release());
    }

    pub(super) fn apply(&self, limits: Option<NodeLimits>) -> Result<bool> {
        self.runtime.block_on(self.node.apply_limits(id("v1"), limits))
    }
}

fn staged(way: Way) -> World {
    let world = World::new(way);
    world.stage(World::stage_request(way)).unwrap();
    world
}

/// With a second volume beside the first.
fn two(way: Way) -> World {
    let world = staged(EXT4);
    world.add_image("v2", 12, Content::Blank);
    world.describe("v2", way, Origin::Blank);
    world.twin.model().places.insert(OTHER_STAGING.into(), PathKind::Directory);
    let mut request = World::stage_request(way);
    (request.volume_id, request.staging_path) = (id("v2"), OTHER_STAGING.into());
    world.stage(request).unwrap();
    world
}

fn frozen(world: &World) -> usize {
    world.twin.model().frozen.len()
}

fn notes(world: &World) -> usize {
    let model = world.twin.model();
    model.records.keys().filter(|path| path.starts_with(FREEZES)).count()
}

fn names(images: &[PoolItem]) -> Vec<&str> {
    images.iter().map(|item| item.name.as_str()).collect()
}

#[test]
fn mounted_images_are_frozen_until_the_thaw() {
    let world = two(Way::Fs(FsType::Xfs));
    world.add_image("v3", 13, Content::Blank);
    let answer = world.freeze(&["v1", "v2", "v3", "never-made"]).unwrap();
    assert_eq!(names(&answer.images), ["v1", "v2"], "the others are not attached");
    assert_eq!((frozen(&world), notes(&world)), (2, 1));
    assert!(world.thaw().unwrap(), "it was frozen until now");
    assert_eq!((frozen(&world), notes(&world)), (0, 0));
    assert!(!world.thaw().unwrap(), "it is over");
    let unknown = world.runtime.block_on(world.node.thaw(FreezeId(77)));
    assert_eq!(unknown, Ok(false));
}

#[test]
fn a_frozen_volume_is_worked_on_by_nobody_but_unstage_which_thaws() {
    let world = staged(EXT4);
    world.freeze(&["v1"]).unwrap();
    let again = world.stage(World::stage_request(EXT4)).unwrap_err();
    let published = world.publish(World::publish_request(EXT4, TARGET)).unwrap_err();
    let grown = world.expand(STAGING, 1).unwrap_err();
    let twice = world.freeze(&["v1"]).unwrap_err();
    let limited = world.apply(None).unwrap_err();
    for refused in [again, published, grown, twice, limited] {
        assert_eq!(refused.code, Code::Aborted, "{refused}");
    }
    world.unstage().unwrap();
    assert!(world.is_free() && frozen(&world) == 0 && notes(&world) == 0);
    assert!(!world.thaw().unwrap(), "it was thawed before");
}

#[test]
fn all_are_frozen_or_none() {
    for (way, why) in [(Way::Block, "raw block device"), (Way::Direct, "for a sandbox")] {
        let world = two(way);
        let other = world.freeze(&["v1", "v2"]).unwrap_err();
        assert_eq!(other.code, Code::FailedPrecondition);
        assert!(other.message.contains(why), "{other}");
        assert_eq!((frozen(&world), notes(&world)), (0, 0));
        world.freeze(&["v1"]).unwrap();
    }
}

#[test]
fn what_another_program_froze_is_refused_and_stays_frozen() {
    let world = two(EXT4);
    let other = DeviceId { major: 7, minor: 1 };
    world.twin.model().frozen.insert(other);
    let refused = world.freeze(&["v1", "v2"]).unwrap_err();
    assert_eq!(refused.code, Code::FailedPrecondition, "{refused}");
    assert_eq!(world.twin.model().frozen, BTreeSet::from([other]));
    assert_eq!(notes(&world), 0);
}

#[test]
fn orders_are_bounded() {
    let world = staged(EXT4);
    let many: Vec<String> = (0..65).map(|n| format!("v{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(world.freeze(&many).unwrap_err().code, Code::InvalidArgument);
    for hold in [Duration::ZERO, LONGEST_HOLD + Duration::from_millis(1)] {
        let refused = world.runtime.block_on(world.node.freeze(Vec::new(), hold)).unwrap_err();
        assert_eq!(refused.code, Code::InvalidArgument);
    }
    for name in ["../v1", "a/b", ""] {
        assert_eq!(world.freeze(&[name]).unwrap_err().code, Code::InvalidArgument, "{name}");
    }
    let elsewhere = vec![PoolItem { pool: "other".into(), name: "v1".into() }];
    let refused = world.runtime.block_on(world.node.freeze(elsewhere, LONGEST_HOLD)).unwrap_err();
    assert_eq!(refused.code, Code::PermissionDenied, "{refused}");
    assert_eq!(frozen(&world), 0);
}

#[test]
fn the_hold_ends_by_itself() {
    let world = staged(EXT4);
    let images = vec![PoolItem { pool: "default".into(), name: "v1".into() }];
    world.runtime.block_on(async {
        let hold = Duration::from_millis(20);
        let answer = world.node.freeze(images, hold).await.unwrap();
        while frozen(&world) > 0 || notes(&world) > 0 {
            tokio::task::yield_now().await;
        }
        assert!(!world.node.thaw(answer.id).await.unwrap());
    });
}

#[test]
fn the_end_of_the_stream_thaws() {
    let world = two(EXT4);
    world.freeze(&["v1"]).unwrap();
    world.freeze(&["v2"]).unwrap();
    assert_eq!((frozen(&world), notes(&world)), (2, 2));
    world.release();
    assert_eq!((frozen(&world), notes(&world)), (0, 0));
}

#[test]
fn a_killed_program_thaws_when_it_starts_however_often_it_is_killed_there() {
    for at in 0.. {
        let mut world = two(EXT4);
        world.freeze(&["v1", "v2"]).unwrap();
        // Killed: the model stays, a new program starts, and is killed at one of its calls.
        world.node = std::sync::Arc::new(world.fresh());
        world.twin.arm(Some(Fault::Crash(at)));
        let first = world.runtime.block_on(world.node.recover());
        world.restart();
        assert_eq!((frozen(&world), notes(&world)), (0, 0), "killed at {at}");
        if first.is_ok() {
            assert!(at > 4, "it was never killed");
            return;
        }
    }
}

#[test]
fn a_note_that_cannot_be_read_stays_and_is_told() {
    let world = staged(EXT4);
    let note = std::path::Path::new(FREEZES).join("image.mooring.dev/0.json");
    world.twin.model().records.insert(note, b"torn".to_vec());
    assert!(world.runtime.block_on(world.node.recover()).is_err());
    assert_eq!(notes(&world), 1);
    // Another takes another name.
    world.freeze(&["v1"]).unwrap();
    assert_eq!(notes(&world), 2);
    assert!(world.thaw().unwrap());
    assert_eq!(notes(&world), 1);
}

#[test]
fn what_was_frozen_for_long_rests() {
    let world = two(EXT4);
    let later = Instant::now() + Duration::from_secs(3600);
    world.node.inner.freezes.rest(&[id("v1")].into(), later);
    assert_eq!(world.freeze(&["v1"]).unwrap_err().code, Code::ResourceExhausted);
    world.freeze(&["v2"]).unwrap();
}

#[test]
fn an_image_that_no_record_names_is_refused() {
    let world = staged(EXT4);
    world.twin.model().records.clear();
    let refused = world.freeze(&["v1"]).unwrap_err();
    assert_eq!(refused.code, Code::FailedPrecondition, "{refused}");
    assert_eq!(frozen(&world), 0);
}

#[test]
fn limits_change_while_the_volume_is_in_use() {
    for way in [EXT4, Way::Block, Way::Direct] {
        let world = staged(way);
        let device = DeviceId { major: 7, minor: 0 };
        for rate in [5 << 20, 6 << 20, 6 << 20] {
            assert_eq!(world.apply(Some(limits(rate, None))), Ok(true), "{way:?}");
            let held = world.twin.model().limits[&device];
            assert_eq!(held.write_bandwidth, Some(rate), "{way:?}");
        }
        assert_eq!(world.apply(None), Ok(true));
        assert!(world.twin.model().limits.is_empty(), "{way:?}");
        world.unstage().unwrap();
        assert_eq!(world.apply(Some(limits(1, None))), Ok(false), "it is not on the node");
    }
    let world = staged(Way::Directory);
    assert_eq!(world.apply(None), Ok(true));
    let refused = world.apply(Some(limits(1, None))).unwrap_err();
    assert_eq!(refused.code, Code::FailedPrecondition, "{refused}");

    let world = staged(EXT4);
    world.twin.arm(Some(Fault::Broken(0, Kind::Io)));
    assert_eq!(world.apply(None).unwrap_err().code, Code::Unavailable);
}
