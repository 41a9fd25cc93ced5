//! What the service does when all goes well.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mooring_volume::attachment::Content as Origin;
use mooring_volume::capability::{AccessMode, AccessType, FsType};
use mooring_volume::node::{GetStats, Node as _};
use mooring_volume::{Call, Code, Error};

use super::world::{MIB, SECOND, STAGING, TARGET, Way, World, id, image_path, mount};
use crate::os::twin::Content;

const EXT4: Way = Way::Fs(FsType::Ext4);

fn staged(way: Way) -> World {
    let world = World::new(way);
    world.stage(World::stage_request(way)).unwrap();
    world
}

#[test]
fn takes_the_file_system_that_is_there_else_ext4() {
    for (content, expected) in [
        (Content::Blank, FsType::Ext4),
        (Content::Finished(FsType::Xfs, 64 * MIB, 1), FsType::Xfs),
        (Content::Finished(FsType::Btrfs, 64 * MIB, 1), FsType::Btrfs),
    ] {
        let world = World::new(EXT4);
        world.set_content(content);
        let mut request = World::stage_request(EXT4);
        request.capability.access = mount(None, &[]);
        world.stage(request).unwrap();
        let mounted = world.snapshot().mounts[2].1.clone();
        assert!(mounted.starts_with(expected.as_str()), "{content:?} was mounted as {mounted}");
    }
}

#[test]
fn mounts_a_clone_beside_its_source() {
    let world = staged(Way::Fs(FsType::Xfs));
    let source = world.content();
    world.add_image("v2", 12, source);
    world.describe("v2", Way::Fs(FsType::Xfs), Origin::Copied);
    let clone = "/var/lib/kubelet/staging/v2";
    world.twin.model().places.insert(clone.into(), crate::os::PathKind::Directory);
    let mut request = World::stage_request(Way::Fs(FsType::Xfs));
    (request.volume_id, request.staging_path) = (id("v2"), clone.into());
    world.stage(request).unwrap();
    assert_eq!(world.snapshot().mounts.len(), 4);
}

#[test]
fn grows_what_was_restored_to_a_larger_size() {
    for (fs_type, unprivileged) in FsType::ALL.into_iter().flat_map(|it| [(it, false), (it, true)])
    {
        let world = World::new(Way::Fs(fs_type));
        world.twin.model().unprivileged = unprivileged;
        world.set_content(Content::Finished(fs_type, 32 * MIB, 1));
        world.describe("v1", Way::Fs(fs_type), Origin::Copied);
        world.stage(World::stage_request(Way::Fs(fs_type))).unwrap();
        assert_eq!(world.content(), Content::Finished(fs_type, 64 * MIB, 1));
        assert_eq!(world.twin.model().images[&image_path("v1")].formatted, 0);
        // A program that is cut off leaves what no program repairs unasked: only where nothing else
        // can, one grows an ext4.
        let offline = fs_type == FsType::Ext4 && unprivileged;
        assert_eq!(world.twin.model().grown_offline, u32::from(offline));
    }
}

#[test]
fn reader_only_volumes_take_no_writes() {
    let world = World::new(EXT4);
    world.set_content(Content::Finished(FsType::Ext4, 32 * MIB, 1));
    let mut request = World::stage_request(EXT4);
    request.capability.mode = AccessMode::MultiNodeReaderOnly;
    world.stage(request).unwrap();
    assert_eq!(world.content(), Content::Finished(FsType::Ext4, 32 * MIB, 1), "it was grown");
    let mut request = World::publish_request(EXT4, TARGET);
    request.capability.mode = AccessMode::MultiNodeReaderOnly;
    world.publish(request).unwrap();
    assert!(world.snapshot().mounts.iter().skip(2).all(|(_, _, flags)| flags.readonly));

    let world = World::new(Way::Block);
    let mut request = World::stage_request(Way::Block);
    request.capability.mode = AccessMode::SingleNodeReaderOnly;
    world.stage(request).unwrap();
    assert!(world.snapshot().loops[0].1, "the loop device is writable");
}

#[test]
fn volumes_that_were_published_for_reading_take_no_writes() {
    let context = || [(mooring_volume::node::READONLY.to_owned(), "true".to_owned())].into();
    let world = World::new(EXT4);
    world.set_content(Content::Finished(FsType::Ext4, 32 * MIB, 1));
    let mut request = World::stage_request(EXT4);
    request.publish_context = context();
    world.stage(request).unwrap();
    let mut request = World::publish_request(EXT4, TARGET);
    request.publish_context = context();
    world.publish(request).unwrap();
    assert_eq!(world.content(), Content::Finished(FsType::Ext4, 32 * MIB, 1), "it was grown");
    assert!(world.snapshot().mounts.iter().skip(2).all(|(_, _, flags)| flags.readonly));

    for way in [Way::Block, Way::RawDisk] {
        let world = World::new(way);
        let mut request = World::stage_request(way);
        request.publish_context = context();
        world.stage(request).unwrap();
        let loops = world.snapshot().loops;
        assert!(loops.iter().all(|(_, readonly, _)| *readonly), "the loop device is writable");
        let writes = world.stage(World::stage_request(way)).unwrap_err();
        assert_eq!(writes.code, Code::AlreadyExists, "{writes}");
        let mut request = World::publish_request(way, TARGET);
        assert_eq!(world.publish(request.clone()).unwrap_err().code, Code::FailedPrecondition);
        request.publish_context = context();
        world.publish(request).unwrap();
        assert!(crate::os::BlockDevices::is_device_readonly(&world.twin, way.device()).unwrap());
    }
}

#[test]
fn a_raw_device_takes_writes_for_all_its_targets_or_none() {
    let world = staged(Way::Block);
    let ask = |target: &str, readonly: bool| {
        let mut request = World::publish_request(Way::Block, target);
        request.readonly = readonly;
        world.publish(request)
    };
    let device = crate::os::DeviceId { major: 7, minor: 0 };
    let refuses = || crate::os::BlockDevices::is_device_readonly(&world.twin, device).unwrap();
    ask(TARGET, true).unwrap();
    assert!(refuses());
    assert_eq!(ask(SECOND, false).unwrap_err().code, Code::FailedPrecondition);
    world.unpublish(TARGET).unwrap();
    ask(SECOND, false).unwrap();
    assert!(!refuses());
}

#[test]
fn publications_keep_the_restrictions_of_what_is_below() {
    let mut world = World::new(EXT4);
    world.grant_options(&["suid"]);
    let mut request = World::stage_request(EXT4);
    request.capability.access = mount(Some(FsType::Ext4), &["noexec", "noatime"]);
    world.stage(request).unwrap();
    let mut request = World::publish_request(EXT4, TARGET);
    request.capability.access = mount(Some(FsType::Ext4), &["suid"]);
    request.readonly = true;
    world.publish(request).unwrap();
    let flags = world.snapshot().mounts[3].2;
    assert!(flags.readonly && flags.nosuid && flags.nodev && flags.noexec && flags.noatime);
}

#[test]
fn gives_the_root_directory_to_the_group() {
    for way in [EXT4, Way::Directory] {
        let world = staged(way);
        let mut request = World::publish_request(way, TARGET);
        if let AccessType::Mount(mount) = &mut request.capability.access {
            mount.group = Some(3000);
        }
        world.publish(request).unwrap();
        let model = world.twin.model();
        let image = model.images[&image_path("v1")].group;
        let directory = model.directories.values().next().copied().flatten();
        assert_eq!(image.or(directory), Some(3000), "{way:?}");
    }
}

#[test]
fn tears_down_with_the_backend_broken_and_every_mount_stacked() {
    for way in Way::ALL {
        let mut world = staged(way);
        world.publish(World::publish_request(way, TARGET)).unwrap();
        if way != Way::Direct {
            for _ in 0..3 {
                world.stack_again(TARGET);
            }
        }
        world.refuse("v1", Error::unavailable("gone"));
        world.restart();
        world.unpublish(TARGET).unwrap();
        world.unstage().unwrap();
        assert!(world.is_free(), "{way:?}");
        assert!(world.snapshot().records.is_empty(), "{way:?}");
    }
}

#[test]
fn tells_how_full_a_volume_is_and_how_large_it_grew() {
    for way in Way::ALL {
        let world = staged(way);
        world.publish(World::publish_request(way, TARGET)).unwrap();
        world.enter_sandbox(TARGET);
        let raw = |path: &str| way.is_raw() || way == Way::Direct && path == STAGING;
        for path in [STAGING, TARGET] {
            let stats = world.stats(path).unwrap();
            assert!(stats.bytes.total > 0, "{way:?} {path}");
            assert_eq!(stats.inodes.is_none(), raw(path), "{way:?} {path}");
        }
        for path in [SECOND, "/", "/nonsense"] {
            assert_eq!(world.stats(path).unwrap_err().code, Code::NotFound, "{way:?} {path}");
            assert_eq!(world.expand(path, MIB).unwrap_err().code, Code::NotFound, "{way:?}");
        }
        assert_eq!(world.expand(TARGET, 64 * MIB).unwrap(), 64 * MIB, "{way:?}");
    }
}

#[test]
fn describes_the_node_by_the_operators_id() {
    let description = World::new(EXT4).info().unwrap();
    assert_eq!(description.id.as_str(), "worker-1@twin");
    assert_eq!(description.max_volumes, Some(7));
}

#[test]
fn a_hundred_callers_have_one_effect() {
    let world = World::new(EXT4);
    let calls = (0..100).map(|_| {
        let node = Arc::clone(&world.node);
        async move { node.stage(&World::call(), World::stage_request(EXT4)).await }
    });
    let answers = world.runtime.block_on(async {
        let tasks: Vec<_> = calls.map(tokio::spawn).collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        answers
    });
    assert!(answers.iter().any(Result::is_ok));
    let busy = |answer: &Result<(), Error>| answer.as_ref().is_err_and(|e| e.code == Code::Aborted);
    assert!(answers.iter().all(|answer| answer.is_ok() || busy(answer)));
    assert_eq!(world.snapshot().mounts.len(), 3);
    assert_eq!(world.twin.model().images[&image_path("v1")].formatted, 1);
}

#[test]
fn hanging_storage_costs_one_thread_and_no_teardown() {
    let world = staged(EXT4);
    world.publish(World::publish_request(EXT4, TARGET)).unwrap();
    world.twin.hang(true);
    let request =
        || GetStats { volume_id: id("v1"), volume_path: TARGET.into(), staging_path: None };
    let ask = || {
        let deadline = Instant::now() + Duration::from_millis(50);
        let call = Call { deadline, ..World::call() };
        world.runtime.block_on(world.node.stats(&call, request()))
    };
    assert_eq!(ask().unwrap_err().code, Code::DeadlineExceeded);
    assert_eq!(ask().unwrap_err().code, Code::Aborted);
    world.unpublish(TARGET).unwrap();
    world.unstage().unwrap();
    assert!(world.is_free());
    world.twin.hang(false);
}
