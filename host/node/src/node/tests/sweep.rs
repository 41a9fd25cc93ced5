//! Every call of every operation fails, or is the last one before a crash; then the operation is
//! repeated, or taken back. The end is the same as if nothing had happened.

use mooring_volume::{Code, Result};

use super::world::{FREEZES, MIB, SECOND, STAGING, Snapshot, TARGET, Way, World, image_path};
use crate::os::Kind;
use crate::os::twin::{Content, Fault};
use crate::record::{Progress, Stored};

/// A volume's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rpc {
    Stage,
    Publish,
    PublishReadonly,
    Stats,
    Freeze,
    Thaw,
    Expand,
    UnpublishReadonly,
    Unpublish,
    Unstage,
}

const LIFE: [Rpc; 10] = [
    Rpc::Stage,
    Rpc::Publish,
    Rpc::PublishReadonly,
    Rpc::Stats,
    Rpc::Freeze,
    Rpc::Thaw,
    Rpc::Expand,
    Rpc::UnpublishReadonly,
    Rpc::Unpublish,
    Rpc::Unstage,
];

fn call(world: &World, way: Way, rpc: Rpc) -> Result<()> {
    match rpc {
        Rpc::Stage => world.stage(World::stage_request(way)),
        Rpc::Publish => world.publish(World::publish_request(way, TARGET)),
        // A device can be in one sandbox alone.
        Rpc::PublishReadonly if way == Way::Direct => {
            world.publish(World::publish_request(way, TARGET))
        }
        Rpc::PublishReadonly => {
            let mut request = World::publish_request(way, SECOND);
            // A device takes writes for all its targets or for none.
            request.readonly = !way.is_raw();
            world.publish(request)
        }
        Rpc::Stats => {
            world.enter_sandbox(TARGET);
            world.stats(TARGET).map(|_| ())
        }
        Rpc::Freeze => {
            // A volume is frozen once at a time.
            world.thaw()?;
            match world.freeze(&["v1"]) {
                Err(refused)
                    if (way.is_raw() || way == Way::Direct)
                        && refused.code == Code::FailedPrecondition =>
                {
                    Ok(())
                }
                other => other.map(|_| ()),
            }
        }
        Rpc::Thaw => world.thaw().map(|_| ()),
        Rpc::Expand => {
            // The controller's part comes first.
            world.twin.model().images.get_mut(&image_path("v1")).unwrap().size = 96 * MIB;
            world.expand(TARGET, 96 * MIB).map(|_| ())
        }
        Rpc::UnpublishReadonly => world.unpublish(SECOND),
        Rpc::Unpublish => world.unpublish(TARGET),
        Rpc::Unstage => world.unstage(),
    }
}

fn begun(way: Way, calls: usize) -> World {
    let world = World::new(way);
    for rpc in &LIFE[..calls] {
        call(&world, way, *rpc).unwrap_or_else(|error| panic!("{way:?} {rpc:?}: {error}"));
    }
    world
}

fn formatted(world: &World) -> u32 {
    world.twin.model().images[&image_path("v1")].formatted
}

/// What the machine is like after each call, and how many calls to the machine each makes.
fn golden(way: Way) -> Vec<(Snapshot, usize)> {
    let world = World::new(way);
    let states = LIFE.iter().map(|rpc| {
        world.twin.arm(None);
        call(&world, way, *rpc).unwrap_or_else(|error| panic!("{way:?} {rpc:?}: {error}"));
        let calls = world.twin.calls();
        (world.snapshot(), calls)
    });
    states.collect()
}

/// A final code of stage or publish, while anything of the volume is where it was asked to be.
fn check_final(world: &World, rpc: Rpc, answer: &Result<()>, at: &str) {
    let Err(error) = answer else { return };
    if !error.code.is_final() {
        return;
    }
    world.twin.arm(None);
    let now = world.snapshot();
    let target = match rpc {
        Rpc::Stage => {
            assert!(world.is_free(), "{at}: final {error:?} with {now:#?}");
            return;
        }
        Rpc::Publish => TARGET,
        Rpc::PublishReadonly => SECOND,
        Rpc::Stats
        | Rpc::Freeze
        | Rpc::Thaw
        | Rpc::Expand
        | Rpc::UnpublishReadonly
        | Rpc::Unpublish
        | Rpc::Unstage => {
            return;
        }
    };
    let mounted = now.mounts.iter().any(|(point, ..)| point == std::path::Path::new(target));
    let made = now.places.contains_key(std::path::Path::new(target));
    assert!(!mounted && !made, "{at}: final {error:?} with {now:#?}");
}

/// Nothing is left, but for what the next stage has to know of an mkfs that was cut off.
fn check_gone(world: &World, at: &str) {
    let now = world.snapshot();
    let record = now.records.get(&World::record_path());
    let stored = Stored::decode(record.map(String::as_bytes), &super::world::id("v1"));
    let cut_off = stored.format().is_some_and(|f| f.progress == Progress::Formatting);
    assert!(stored == Stored::Absent || cut_off, "{at}: {stored:?}");
    assert!(world.is_free() && now.loops.is_empty(), "{at}: {now:#?}");
    assert!(now.frozen.is_empty(), "{at}: frozen");
    let notes = now.records.keys().filter(|path| path.starts_with(FREEZES)).count();
    assert_eq!(notes, 0, "{at}: notes are left");
    for path in [TARGET, SECOND] {
        assert!(!now.places.contains_key(std::path::Path::new(path)), "{at}: {path} is left");
    }
    assert!(now.places.contains_key(std::path::Path::new(STAGING)), "{at}: staging is gone");
}

fn repeat(world: &World, way: Way, from: usize, golden: &[(Snapshot, usize)], at: &str) {
    for (rpc, (state, _)) in LIFE.iter().zip(golden).skip(from) {
        let answer = call(world, way, *rpc);
        assert_eq!(answer, Ok(()), "{at}, then {rpc:?}");
        assert_eq!(world.snapshot(), *state, "{at}, then {rpc:?}");
    }
    assert!(formatted(world) <= 1, "{at}: formatted twice");
    check_gone(world, at);
}

fn take_back(world: &World, way: Way, golden: &[(Snapshot, usize)], at: &str) {
    // As when the stream of orders ends, or the hold does.
    world.release();
    assert!(world.snapshot().frozen.is_empty(), "{at}: frozen");
    for rpc in [Rpc::UnpublishReadonly, Rpc::Unpublish, Rpc::Unstage] {
        assert_eq!(call(world, way, rpc), Ok(()), "{at}, then {rpc:?}");
    }
    check_gone(world, at);
    for rpc in LIFE {
        assert_eq!(call(world, way, rpc), Ok(()), "{at}, taken back, then {rpc:?}");
    }
    let end = &golden.last().unwrap().0;
    assert!(end.limits.is_empty(), "limits are left: {:?}", end.limits);
    assert_eq!(world.snapshot(), *end, "{at}, taken back and lived again");
    assert!(formatted(world) <= 1, "{at}: formatted twice");
}

/// Faults of one kind at each call of each operation. What is still wrong is found by `after`.
fn sweep(way: Way, faults: &[fn(usize) -> Fault], crashes: bool) {
    let golden = golden(way);
    for (n, rpc) in LIFE.iter().enumerate() {
        for call_number in 0..golden[n].1 {
            for fault in faults {
                let fault = fault(call_number);
                let at = format!("{way:?} {rpc:?} with {fault:?}");
                for backwards in [false, true] {
                    let mut world = begun(way, n);
                    world.twin.arm(Some(fault));
                    let answer = call(&world, way, *rpc);
                    if answer.is_ok() {
                        world.twin.arm(None);
                        assert_eq!(world.snapshot(), golden[n].0, "{at}: a false OK");
                    }
                    check_final(&world, *rpc, &answer, &at);
                    world.twin.arm(None);
                    if crashes {
                        world.restart();
                    }
                    if backwards {
                        take_back(&world, way, &golden, &at);
                    } else {
                        repeat(&world, way, n, &golden, &at);
                    }
                }
            }
        }
    }
}

#[test]
fn twice_is_the_same_as_once() {
    for way in Way::ALL {
        let golden = golden(way);
        let world = World::new(way);
        for (rpc, (state, _)) in LIFE.iter().zip(&golden) {
            for _ in 0..2 {
                assert_eq!(call(&world, way, *rpc), Ok(()), "{way:?} {rpc:?}");
                if *rpc != Rpc::Stats {
                    assert_eq!(world.snapshot(), *state, "{way:?} {rpc:?}");
                }
            }
        }
        check_gone(&world, "the end");
        assert_eq!(formatted(&world), u32::from(matches!(way, Way::Fs(_) | Way::Disk(_))));
    }
}

#[test]
fn converges_from_an_error_at_every_call() {
    for way in Way::ALL {
        sweep(
            way,
            &[
                |n| Fault::Error(n, Kind::Other),
                |n| Fault::LateError(n, Kind::Other),
                |n| Fault::Broken(n, Kind::Other),
                |n| Fault::Error(n, Kind::NoSpace),
                |n| Fault::Broken(n, Kind::Busy),
            ],
            false,
        );
    }
}

#[test]
fn converges_from_a_crash_at_every_call() {
    for way in Way::ALL {
        sweep(way, &[Fault::Crash, Fault::LateCrash], true);
    }
}

#[test]
fn converges_from_a_power_loss_at_every_call() {
    for way in Way::ALL {
        let golden = golden(way);
        for (n, rpc) in LIFE.iter().enumerate() {
            for call_number in 0..golden[n].1 {
                for fault in [Fault::Crash(call_number), Fault::LateCrash(call_number)] {
                    let at = format!("{way:?} {rpc:?} with {fault:?} and a reboot");
                    let mut world = begun(way, n);
                    world.twin.arm(Some(fault));
                    let _lost = call(&world, way, *rpc);
                    world.twin.reboot();
                    world.restart();
                    take_back(&world, way, &golden, &at);
                }
            }
        }
    }
}

#[test]
fn a_cut_off_mkfs_is_repeated_and_data_after_a_finished_one_is_not() {
    let way = Way::Fs(mooring_volume::capability::FsType::Ext4);
    // The last call of mkfs is the one after which the content is finished.
    let calls = golden(way)[0].1;
    let mut cut = 0;
    for at in 0..calls {
        let mut world = begun(way, 0);
        world.twin.arm(Some(Fault::Crash(at)));
        let _lost = call(&world, way, Rpc::Stage);
        world.restart();
        let content = world.twin.model().images[&image_path("v1")].content;
        if matches!(content, Content::Partial(_)) {
            cut += 1;
        }
        call(&world, way, Rpc::Stage).unwrap();
        call(&world, way, Rpc::Unstage).unwrap();
        world.twin.model().images.get_mut(&image_path("v1")).unwrap().content = Content::Data;
        let refused = call(&world, way, Rpc::Stage).unwrap_err();
        assert_eq!(refused.code, mooring_volume::Code::FailedPrecondition, "{refused}");
        assert_eq!(formatted(&world), 1);
    }
    assert!(cut > 0, "no crash fell into mkfs");
}

#[test]
fn a_final_code_means_clean_even_after_a_crash() {
    let way = Way::Fs(mooring_volume::capability::FsType::Xfs);
    let mut finals = 0;
    for first in 0..golden(way)[0].1 {
        let crashed = || {
            let mut world = begun(way, 0);
            world.twin.arm(Some(Fault::LateCrash(first)));
            let _lost = call(&world, way, Rpc::Stage);
            world.restart();
            world
        };
        let calls = {
            let world = crashed();
            call(&world, way, Rpc::Stage).unwrap();
            world.twin.calls()
        };
        for second in 0..calls {
            for fault in [Fault::Error(second, Kind::Other), Fault::Broken(second, Kind::Other)] {
                let world = crashed();
                world.twin.arm(Some(fault));
                let answer = call(&world, way, Rpc::Stage);
                finals += u32::from(answer.as_ref().is_err_and(|error| error.code.is_final()));
                check_final(&world, Rpc::Stage, &answer, &format!("crash at {first}, {fault:?}"));
            }
        }
    }
    assert!(finals > 0, "no final code was ever given");
}
