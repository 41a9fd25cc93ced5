//! What the service refuses, with which code, and that it leaves the machine as it was.

use std::path::{Path, PathBuf};

use mooring_volume::attachment::{Attached, Attachment, Content as Origin, FibreChannel};
use mooring_volume::capability::{AccessMode, FsType};
use mooring_volume::node::{Publish, Stage};
use mooring_volume::{Code, Error};

use super::world::{DISK, MIB, SECOND, STAGING, TARGET, Way, World, id, image_path, mount};
use crate::os::twin::{Content, SMALLEST};
use crate::os::{LoopDevices, PathKind, PoolFiles};

const EXT4: Way = Way::Fs(FsType::Ext4);

fn refuses_stage(world: &World, change: impl FnOnce(&mut Stage), code: Code) -> Error {
    let before = world.snapshot();
    let mut request = World::stage_request(EXT4);
    change(&mut request);
    let error = world.stage(request).unwrap_err();
    assert_eq!(error.code, code, "{error}");
    assert_eq!(world.snapshot(), before, "{error}");
    error
}

fn refuses_publish(world: &World, way: Way, change: impl FnOnce(&mut Publish), code: Code) {
    let before = world.snapshot();
    let mut request = World::publish_request(way, TARGET);
    change(&mut request);
    let error = world.publish(request).unwrap_err();
    assert_eq!(error.code, code, "{error}");
    assert_eq!(world.snapshot(), before, "{error}");
}

fn published(way: Way) -> World {
    let world = World::new(way);
    world.stage(World::stage_request(way)).unwrap();
    world.publish(World::publish_request(way, TARGET)).unwrap();
    world
}

#[test]
fn what_is_not_proven_blank_is_not_formatted() {
    let other = Content::Finished(FsType::Xfs, 64 * MIB, 1);
    for (content, origin, code) in [
        (Content::Data, Origin::Blank, Code::FailedPrecondition),
        (Content::Foreign, Origin::Blank, Code::FailedPrecondition),
        (Content::Partial(FsType::Ext4), Origin::Blank, Code::FailedPrecondition),
        (Content::Partial(FsType::Xfs), Origin::Blank, Code::FailedPrecondition),
        (Content::Unreadable, Origin::Blank, Code::Unavailable),
        (Content::Blank, Origin::Copied, Code::FailedPrecondition),
        (Content::Blank, Origin::Unknown, Code::FailedPrecondition),
        (other, Origin::Blank, Code::FailedPrecondition),
    ] {
        let world = World::new(EXT4);
        world.set_content(content);
        world.describe("v1", EXT4, origin);
        refuses_stage(&world, |_| (), code);
    }
    let world = World::new(EXT4);
    let reader = |request: &mut Stage| request.capability.mode = AccessMode::SingleNodeReaderOnly;
    refuses_stage(&world, reader, Code::FailedPrecondition);
    assert!(world.is_free());
}

#[test]
fn a_formatted_volume_that_reads_blank_has_lost_its_data() {
    let mut world = World::new(EXT4);
    world.stage(World::stage_request(EXT4)).unwrap();
    // Power is lost, and something zeroes the image before the next stage.
    world.twin.reboot();
    world.restart();
    world.set_content(Content::Blank);
    refuses_stage(&world, |_| (), Code::DataLoss);
}

#[test]
fn what_is_deleted_or_replaced_while_it_is_attached_is_not_staged() {
    for way in [EXT4, Way::Block, Way::Direct] {
        for (replaced_by, code) in [(None, Code::NotFound), (Some(12), Code::Aborted)] {
            let world = World::new(way);
            world.twin.model().fleeting.insert(image_path("v1"), replaced_by);
            let error = world.stage(World::stage_request(way)).unwrap_err();
            assert_eq!(error.code, code, "{way:?}: {error}");
            assert!(world.is_free(), "{way:?}");
        }
    }
}

#[test]
fn a_torn_record_is_never_a_fresh_start() {
    for way in Way::ALL {
        let world = published(way);
        world.twin.model().records.get_mut(&World::record_path()).unwrap().pop();
        world.unpublish(TARGET).unwrap();
        world.unstage().unwrap();
        assert!(world.is_free() && world.snapshot().records.is_empty(), "{way:?}");
    }
    let world = World::new(EXT4);
    world.twin.model().records.insert(World::record_path(), b"{}".to_vec());
    // Blank as it reads, nothing is formatted, and the node is not called clean.
    refuses_stage(&world, |_| (), Code::Unavailable);
    world.unstage().unwrap();
    world.stage(World::stage_request(EXT4)).unwrap();
}

#[test]
fn a_pod_never_gets_the_nodes_own_disk() {
    for way in Way::ALL {
        let world = World::new(way);
        refuses_publish(&world, way, |_| (), Code::FailedPrecondition);
        world.stage(World::stage_request(way)).unwrap();
        let elsewhere = |request: &mut Publish| {
            request.staging_path = "/var/lib/kubelet/staging/other".into();
        };
        refuses_publish(&world, way, elsewhere, Code::FailedPrecondition);
        if way == Way::RawDisk {
            world.twin.model().unmap(DISK);
        } else if matches!(way, Way::Block | Way::Direct) {
            world.twin.model().cut_loops();
        } else {
            world.twin.model().mounts.pop();
        }
        refuses_publish(&world, way, |_| (), Code::FailedPrecondition);
        world.mount_foreign(STAGING);
        refuses_publish(&world, way, |_| (), Code::FailedPrecondition);
    }
}

#[test]
fn another_image_on_the_same_loop_number_is_not_the_volume() {
    let world = World::new(EXT4);
    world.stage(World::stage_request(EXT4)).unwrap();
    world.add_image("v2", 12, Content::Finished(FsType::Ext4, 64 * MIB, 2));
    {
        let mut model = world.twin.model();
        model.mounts.pop();
        model.cut_loops();
    }
    let pool = Path::new("/pool");
    let handle = world.twin.open_image(pool, image_path("v2").strip_prefix(pool).unwrap(), false);
    let device = world.twin.bind_loop(&handle.unwrap(), "another's", false).unwrap();
    assert_eq!(device.number, 0);
    let mut model = world.twin.model();
    let like = model.mounts[0].clone();
    let entry = crate::os::MountEntry { device: device.device, block: Some(device.device), ..like };
    model.put(entry, Path::new(STAGING), crate::os::MountFlags::default());
    drop(model);
    refuses_publish(&world, EXT4, |_| (), Code::FailedPrecondition);
    let before = world.snapshot();
    world.unstage().unwrap();
    assert_eq!(world.snapshot().mounts, before.mounts, "another volume's mount was taken off");
}

#[test]
fn a_path_that_could_harm_is_refused() {
    let long = format!("/var/lib/kubelet/{}", "x/".repeat(2100));
    let bad = [
        "/",
        "/etc",
        "etc",
        "/var/lib/kubelet/../../etc",
        "/var/lib/kubelet",
        "/pool/x",
        "/var/lib/mooring/x",
        "/var/lib/kubelet/a\nb",
        &long,
    ];
    let world = published(EXT4);
    let fresh = World::new(EXT4);
    for path in bad {
        refuses_stage(&fresh, |r| r.staging_path = path.into(), Code::InvalidArgument);
        refuses_publish(&world, EXT4, |r| r.target_path = path.into(), Code::InvalidArgument);
    }
    let inside_staging = format!("{STAGING}/x");
    let inside_target = format!("{TARGET}/x");
    for path in [STAGING, &inside_staging, &inside_target] {
        refuses_publish(&world, EXT4, |r| r.target_path = path.into(), Code::InvalidArgument);
    }
}

#[test]
fn a_place_of_the_wrong_kind_is_refused() {
    for (way, kind) in [
        (EXT4, PathKind::File),
        (EXT4, PathKind::Other),
        (Way::Block, PathKind::Directory),
        (Way::Block, PathKind::Other),
    ] {
        let world = World::new(way);
        world.stage(World::stage_request(way)).unwrap();
        world.twin.model().places.insert(TARGET.into(), kind);
        refuses_publish(&world, way, |_| (), Code::InvalidArgument);
    }
    let world = World::new(EXT4);
    world.twin.model().places.insert(STAGING.into(), PathKind::File);
    refuses_stage(&world, |_| (), Code::InvalidArgument);
    world.twin.model().places.remove(Path::new(STAGING));
    refuses_stage(&world, |_| (), Code::FailedPrecondition);
}

#[test]
fn foreign_mounts_are_left_alone() {
    let world = World::new(EXT4);
    world.mount_foreign(STAGING);
    refuses_stage(&world, |_| (), Code::FailedPrecondition);
    world.unstage().unwrap();
    world.unpublish(STAGING).unwrap();
    assert_eq!(world.snapshot().mounts.len(), 3);

    let world = World::new(EXT4);
    world.stage(World::stage_request(EXT4)).unwrap();
    world.mount_foreign(TARGET);
    refuses_publish(&world, EXT4, |_| (), Code::FailedPrecondition);

    let world = published(EXT4);
    for point in [TARGET, STAGING] {
        world.mount_foreign(point);
        let before = world.snapshot();
        let error = if point == TARGET { world.unpublish(TARGET) } else { world.unstage() };
        assert_eq!(error.unwrap_err().code, Code::FailedPrecondition, "{point}");
        assert_eq!(world.snapshot(), before, "{point}");
    }
}

#[test]
fn the_same_place_with_other_arguments_exists_already() {
    let world = published(EXT4);
    refuses_publish(&world, EXT4, |r| r.readonly = true, Code::AlreadyExists);
    let noexec = |r: &mut Publish| r.capability.access = mount(Some(FsType::Ext4), &["noexec"]);
    refuses_publish(&world, EXT4, noexec, Code::AlreadyExists);
    let mode = |r: &mut Publish| r.capability.mode = AccessMode::SingleNodeMultiWriter;
    refuses_publish(&world, EXT4, mode, Code::AlreadyExists);
    let block = |r: &mut Publish| r.capability.access = Way::Block.access();
    refuses_publish(&world, EXT4, block, Code::AlreadyExists);

    let mode = |r: &mut Stage| r.capability.mode = AccessMode::SingleNodeMultiWriter;
    refuses_stage(&world, mode, Code::AlreadyExists);
    let block = |r: &mut Stage| r.capability.access = Way::Block.access();
    refuses_stage(&world, block, Code::AlreadyExists);
    let flags = |r: &mut Stage| r.capability.access = mount(Some(FsType::Ext4), &["noexec"]);
    refuses_stage(&world, flags, Code::AlreadyExists);
    let xfs = |r: &mut Stage| r.capability.access = mount(Some(FsType::Xfs), &["noatime"]);
    refuses_stage(&world, xfs, Code::AlreadyExists);
    let path = |r: &mut Stage| r.staging_path = "/var/lib/kubelet/staging/other".into();
    refuses_stage(&world, path, Code::AlreadyExists);
}

#[test]
fn a_single_writer_has_a_single_target() {
    let world = World::new(EXT4);
    let single = AccessMode::SingleNodeSingleWriter;
    let mut request = World::stage_request(EXT4);
    request.capability.mode = single;
    world.stage(request).unwrap();
    let mut request = World::publish_request(EXT4, SECOND);
    request.capability.mode = single;
    world.publish(request).unwrap();
    let mode = |r: &mut Publish| r.capability.mode = single;
    refuses_publish(&world, EXT4, mode, Code::FailedPrecondition);
}

#[test]
fn a_volume_in_use_is_not_taken_down() {
    for way in Way::ALL {
        let world = published(way);
        let before = world.snapshot();
        assert_eq!(world.unstage().unwrap_err().code, Code::FailedPrecondition, "{way:?}");
        assert_eq!(world.snapshot(), before, "{way:?}");
        if way == Way::Direct {
            continue;
        }
        world.twin.model().busy.insert(TARGET.into());
        assert_eq!(world.unpublish(TARGET).unwrap_err().code, Code::FailedPrecondition);
        assert_eq!(world.snapshot(), before, "{way:?}");
    }
}

#[test]
fn teardown_of_what_is_not_there_is_ok_and_touches_nothing() {
    let world = World::new(EXT4);
    world.twin.model().places.insert(TARGET.into(), PathKind::Directory);
    let before = world.snapshot();
    for path in [TARGET, SECOND, "/etc", "/", "/var/lib/kubelet"] {
        world.unpublish(path).unwrap();
    }
    world.unstage().unwrap();
    assert_eq!(world.snapshot(), before);
    for path in ["", "relative", "/var/../etc"] {
        assert_eq!(world.unpublish(path).unwrap_err().code, Code::InvalidArgument);
    }
}

#[test]
fn what_was_put_into_a_target_meanwhile_is_not_deleted() {
    let world = published(EXT4);
    let inside: PathBuf = Path::new(TARGET).join("data");
    world.twin.model().places.insert(inside.clone(), PathKind::File);
    assert_eq!(world.unpublish(TARGET).unwrap_err().code, Code::FailedPrecondition);
    assert!(world.snapshot().places.contains_key(&inside));
    world.twin.model().places.remove(&inside);
    world.unpublish(TARGET).unwrap();
}

#[test]
fn an_image_that_others_use_is_left_to_them() {
    let pool = Path::new("/pool");
    let below = image_path("v1").strip_prefix(pool).unwrap().to_owned();
    let world = World::new(EXT4);
    let theirs = world.twin.open_image(pool, &below, false).unwrap();
    world.twin.lock(&theirs).unwrap();
    refuses_stage(&world, |_| (), Code::FailedPrecondition);
    drop(theirs);
    let theirs = world.twin.open_image(pool, &below, false).unwrap();
    world.twin.bind_loop(&theirs, "/pool/v1", false).unwrap();
    let error = refuses_stage(&world, |_| (), Code::FailedPrecondition);
    assert!(error.message.contains("losetup"), "{error}");
}

#[test]
fn a_refusal_of_the_backend_is_final_on_a_clean_node_alone() {
    let denied = || Error::denied("no");
    let world = World::new(EXT4);
    world.refuse("v1", denied());
    refuses_stage(&world, |_| (), Code::PermissionDenied);
    world.describe("v1", EXT4, Origin::Blank);
    world.stage(World::stage_request(EXT4)).unwrap();
    world.refuse("v1", denied());
    refuses_stage(&world, |_| (), Code::Unavailable);
}

#[test]
fn attachments_need_a_grant_and_a_version_that_has_them() {
    let world = World::new(EXT4);
    let attachment =
        Attachment::FibreChannel(FibreChannel { target_wwns: Vec::new(), lun: 1, wwid: None });
    let attached =
        Attached { attachment, content: Origin::Blank, minimum_size: None, limits: None };
    world.backend.0.lock().unwrap().insert(id("v1"), Ok(attached.clone()));
    refuses_stage(&world, |_| (), Code::PermissionDenied);
    let grants = mooring_volume::policy::Grants {
        attachments: [attached.attachment.kind()].into(),
        ..mooring_volume::policy::Grants::default()
    };
    let error = crate::attach::locate(&super::world::driver(), &grants, &attached.attachment);
    assert_eq!(error.unwrap_err().code, Code::Unimplemented);
}

#[test]
fn options_and_sizes_are_checked_before_anything_is_done() {
    let world = World::new(EXT4);
    let flags = |list: &'static [&'static str]| {
        move |r: &mut Stage| r.capability.access = mount(None, list)
    };
    refuses_stage(&world, flags(&["bind"]), Code::InvalidArgument);
    refuses_stage(&world, flags(&["suid"]), Code::PermissionDenied);
    world.describe("v1", Way::Directory, Origin::Blank);
    refuses_stage(&world, flags(&["discard"]), Code::InvalidArgument);
    let block = |r: &mut Stage| r.capability.access = Way::Block.access();
    refuses_stage(&world, block, Code::InvalidArgument);
    world.describe("v1", EXT4, Origin::Blank);
    world.twin.model().images.get_mut(&image_path("v1")).unwrap().size = 100;
    refuses_stage(&world, |_| (), Code::FailedPrecondition);
    world.twin.model().images.get_mut(&image_path("v1")).unwrap().size = SMALLEST - 512;
    let before = world.snapshot();
    let error = refuses_stage(&world, |_| (), Code::OutOfRange);
    assert!(error.message.contains(&SMALLEST.to_string()), "{error}");
    assert_eq!(world.snapshot(), before, "nothing was written");
    world.twin.model().images.clear();
    refuses_stage(&world, |_| (), Code::NotFound);
}

#[test]
fn growing_never_shrinks_and_says_which_right_is_missing() {
    let world = published(EXT4);
    let size = |bytes: u64| {
        world.twin.model().images.get_mut(&image_path("v1")).unwrap().size = bytes;
    };
    let before = world.snapshot().loops;
    size(32 * MIB);
    assert_eq!(world.expand(TARGET, MIB).unwrap_err().code, Code::FailedPrecondition);
    assert_eq!(world.snapshot().loops, before);
    size(64 * MIB);
    assert_eq!(world.expand(TARGET, 65 * MIB).unwrap_err().code, Code::FailedPrecondition);
    size(96 * MIB);
    world.twin.model().unprivileged = true;
    let error = world.expand(TARGET, 96 * MIB).unwrap_err();
    assert_eq!(error.code, Code::FailedPrecondition);
    assert_eq!(error.message.matches("CAP_SYS_RESOURCE").count(), 1, "{error}");
    // The next stage grows it.
    world.unpublish(TARGET).unwrap();
    world.unstage().unwrap();
    world.stage(World::stage_request(EXT4)).unwrap();
    assert_eq!(world.content(), Content::Finished(FsType::Ext4, 96 * MIB, 11));
    assert_eq!(world.twin.model().grown_offline, 1);
}
