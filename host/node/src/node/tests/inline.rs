//! Volumes that pods describe themselves: made, used and given back, with a failure or a crash at
//! every call to the machine and to the backend.

use std::path::Path;
use std::sync::Mutex;

use mooring_volume::capability::{AccessMode, Capability, FsType};
use mooring_volume::ephemeral::Ephemeral;
use mooring_volume::node::{
    ExpandNode, GetStats, GetVolumeHealth, Node as _, NodeHealth as _, PublishInline,
};
use mooring_volume::{Code, DriverName, Result, Secrets, StringMap};

use super::world::{MIB, SECOND, STATE, Snapshot, TARGET, Way, World, id, image_path, mount};
use crate::Meter;
use crate::os::twin::Fault;
use crate::os::{Kind, PathKind};

const VOLUME: &str = "csi-0af3";

fn world() -> World {
    let mut world = World::new(Way::Fs(FsType::Ext4));
    world.granted.ephemeral = Some(Ephemeral {
        attributes: ["tier".to_owned()].into(),
        parameters: [("pool".to_owned(), "fast".to_owned())].into(),
        max_size: Some("1Gi".parse().unwrap()),
        ..Ephemeral::default()
    });
    world.restart();
    world.info().unwrap(); // As after the start of any node: kubelet has asked who it is.
    world
}

fn attributes(size: &str) -> StringMap {
    [("csi.storage.k8s.io/ephemeral", "true"), ("size", size), ("tier", "b")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn request() -> PublishInline {
    let access = mount(Some(FsType::Ext4), &[]);
    PublishInline {
        volume_id: id(VOLUME),
        target_path: TARGET.into(),
        capability: Capability { access, mode: AccessMode::SingleNodeWriter },
        readonly: false,
        attributes: attributes("64Mi"),
        secrets: Secrets::default(),
    }
}

fn publish(world: &World) -> Result<()> {
    world.runtime.block_on(world.node.publish_inline(&World::call(), request()))
}

fn unpublish(world: &World) -> Result<()> {
    world.runtime.block_on(world.node.unpublish(&World::call(), id(VOLUME), TARGET.into()))
}

fn stats(world: &World) -> Result<u64> {
    let (volume_id, volume_path) = (id(VOLUME), TARGET.into());
    let request = GetStats { volume_id, volume_path, staging_path: None };
    let stats = world.runtime.block_on(world.node.stats(&World::call(), request));
    stats.map(|stats| stats.bytes.total)
}

fn pass(world: &World) -> usize {
    world.runtime.block_on(world.node.pass())
}

fn made(world: &World) -> bool {
    world.twin.model().images.contains_key(&image_path(VOLUME))
}

/// Nothing of it is on the node, in the backend, or noted.
fn check_gone(world: &World, at: &str) {
    let now = world.snapshot();
    assert!(!made(world), "{at}: the volume is left in the backend");
    assert!(world.is_free() && now.loops.is_empty(), "{at}: {now:#?}");
    let own = Path::new(STATE);
    assert!(!now.records.keys().any(|path| path.starts_with(own)), "{at}: {:#?}", now.records);
    assert!(!now.places.keys().any(|path| path.starts_with(own)), "{at}: {:#?}", now.places);
    assert!(!now.places.contains_key(Path::new(TARGET)), "{at}: the target is left");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rpc {
    Publish,
    Stats,
    Unpublish,
}

const LIFE: [Rpc; 3] = [Rpc::Publish, Rpc::Stats, Rpc::Unpublish];

fn call(world: &World, rpc: Rpc) -> Result<()> {
    match rpc {
        Rpc::Publish => publish(world),
        Rpc::Stats => stats(world).map(drop),
        Rpc::Unpublish => unpublish(world),
    }
}

fn golden() -> Vec<(Snapshot, usize)> {
    let world = world();
    let states = LIFE.iter().map(|rpc| {
        world.twin.arm(None);
        call(&world, *rpc).unwrap_or_else(|error| panic!("{rpc:?}: {error}"));
        let calls = world.twin.calls();
        (world.snapshot(), calls)
    });
    states.collect()
}

fn begun(calls: usize) -> World {
    let world = world();
    for rpc in &LIFE[..calls] {
        call(&world, *rpc).unwrap();
    }
    world
}

/// What the orchestrator does after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Repeats,
    TakesBack,
    /// As kubelet does after a final error of publish.
    Forgets,
}

fn sweep(faults: &[fn(usize) -> Fault], crashes: bool) -> usize {
    let golden = golden();
    let mut finals = 0;
    for (n, rpc) in LIFE.iter().enumerate() {
        for number in 0..golden[n].1 {
            for (fault, then) in faults.iter().flat_map(|fault| {
                [Then::Repeats, Then::TakesBack, Then::Forgets].map(|then| (fault(number), then))
            }) {
                let at = format!("{rpc:?} with {fault:?}, then {then:?}");
                let mut world = begun(n);
                world.twin.arm(Some(fault));
                let answer = call(&world, *rpc);
                let is_final = answer.as_ref().is_err_and(|error| error.code.is_final());
                world.twin.arm(None);
                if crashes {
                    world.restart();
                    world.info().unwrap();
                } else if answer.is_ok() && *rpc != Rpc::Unpublish {
                    assert_eq!(world.snapshot(), golden[n].0, "{at}: a false OK");
                }
                match then {
                    Then::Repeats => {
                        for (rpc, (state, _)) in LIFE.iter().zip(&golden).skip(n) {
                            assert_eq!(call(&world, *rpc), Ok(()), "{at}, then {rpc:?}");
                            assert_eq!(world.snapshot(), *state, "{at}, then {rpc:?}");
                        }
                    }
                    Then::TakesBack => assert_eq!(unpublish(&world), Ok(()), "{at}"),
                    Then::Forgets if *rpc == Rpc::Publish && is_final && !crashes => finals += 1,
                    Then::Forgets => continue,
                }
                assert_eq!(pass(&world), 0, "{at}: not given back");
                check_gone(&world, &at);
            }
        }
    }
    finals
}

#[test]
fn lives_as_long_as_its_pod() {
    let world = world();
    for _ in 0..2 {
        publish(&world).unwrap();
    }
    assert!(made(&world));
    assert_eq!(world.twin.model().mounts.len(), 4, "staged and published");
    assert_eq!(stats(&world).unwrap(), 64 * MIB);
    let staged = world.twin.model().mounts[2].point.clone();
    assert!(staged.starts_with(Path::new(STATE).join("node/image.mooring.dev/inline")));
    for _ in 0..2 {
        unpublish(&world).unwrap();
        check_gone(&world, "the end");
    }
}

#[test]
fn converges_from_an_error_at_every_call() {
    let finals = sweep(
        &[
            |n| Fault::Error(n, Kind::Other),
            |n| Fault::LateError(n, Kind::Other),
            |n| Fault::Broken(n, Kind::Other),
            |n| Fault::Error(n, Kind::NoSpace),
            |n| Fault::LateError(n, Kind::Io),
        ],
        false,
    );
    assert!(finals > 0, "no final code was ever given");
}

#[test]
fn converges_from_a_crash_at_every_call() {
    sweep(&[Fault::Crash, Fault::LateCrash], true);
}

#[test]
fn converges_from_a_power_loss_at_every_call() {
    for number in 0..golden()[0].1 {
        for fault in [Fault::Crash(number), Fault::LateCrash(number)] {
            let mut world = begun(0);
            world.twin.arm(Some(fault));
            let _lost = publish(&world);
            world.twin.reboot();
            world.restart();
            unpublish(&world).unwrap();
            assert_eq!(pass(&world), 0, "{fault:?}");
            check_gone(&world, &format!("{fault:?} and a reboot"));
        }
    }
}

#[test]
fn a_repeated_publish_that_fails_takes_nothing_from_its_pod() {
    let world = world();
    publish(&world).unwrap();
    world.twin.arm(None);
    publish(&world).unwrap();
    let calls = world.twin.calls();
    let published = world.snapshot();
    for number in 0..calls {
        for kind in [Kind::Other, Kind::Busy, Kind::Denied] {
            world.twin.arm(Some(Fault::Error(number, kind)));
            let failed = publish(&world);
            world.twin.arm(None);
            assert!(!failed.is_err_and(|error| error.code.is_final()), "call {number}, {kind:?}");
            assert_eq!(world.snapshot(), published, "call {number}, {kind:?}");
        }
    }
}

#[derive(Default)]
struct Told(Mutex<Vec<usize>>, tokio::sync::Notify);

impl Told {
    async fn until(&self, reached: impl Fn(&[usize]) -> bool) {
        while !reached(&self.0.lock().unwrap()) {
            self.1.notified().await;
        }
    }
}

impl Meter for Told {
    fn inline_deletions(&self, driver: &DriverName, waiting: usize) {
        assert_eq!(driver.as_str(), "image.mooring.dev");
        self.0.lock().unwrap().push(waiting);
        self.1.notify_one();
    }
}

#[test]
fn what_the_backend_cannot_delete_now_is_deleted_later() {
    let mut world = world();
    publish(&world).unwrap();
    world.twin.model().undeletable = true;
    unpublish(&world).unwrap();
    assert!(made(&world) && world.is_free(), "off the node, and not forgotten");
    assert_eq!(pass(&world), 1);
    // The next start finds it, and so does a pod of the same name.
    world.restart();
    assert_eq!(publish(&world).unwrap_err().code, Code::FailedPrecondition);

    let told = Told::default();
    world.runtime.block_on(async {
        let cleared = async {
            told.until(|told| told.len() == 3).await;
            world.twin.model().undeletable = false;
            told.until(|told| told.last() == Some(&0)).await;
        };
        tokio::select! {
            () = world.node.clear_leftovers(&told) => {}
            () = cleared => {}
        }
    });
    assert_eq!(told.0.lock().unwrap()[..3], [1, 1, 1]);
    check_gone(&world, "the end");
}

#[test]
fn a_pod_that_is_gone_for_good_leaves_nothing() {
    let mut world = world();
    publish(&world).unwrap();
    world.runtime.block_on(world.node.clear_orphans());
    assert!(made(&world), "its pod is there");
    world.twin.reboot();
    world.twin.model().places.retain(|path, _| !path.starts_with("/var/lib/kubelet/pods/a"));
    world.restart();
    world.runtime.block_on(world.node.clear_orphans());
    assert_eq!(pass(&world), 0);
    check_gone(&world, "the end");
}

#[test]
fn a_torn_note_is_recovered_from_the_record_or_told() {
    let tear = |world: &World| {
        let mut model = world.twin.model();
        let notes =
            model.records.iter_mut().filter(|(path, _)| path.to_string_lossy().contains("inline"));
        notes.for_each(|(_, bytes)| bytes.truncate(bytes.len() - 1));
    };
    let torn = world();
    publish(&torn).unwrap();
    tear(&torn);
    unpublish(&torn).unwrap();
    check_gone(&torn, "recovered");

    let lost = world();
    publish(&lost).unwrap();
    tear(&lost);
    lost.twin.model().records.retain(|path, _| path.to_string_lossy().contains("inline"));
    let told = unpublish(&lost).unwrap_err();
    assert_eq!(told.code, Code::Unavailable);
    assert!(told.message.contains(VOLUME), "{told}");
}

#[test]
fn what_the_controller_orders_finds_it_under_its_backends_id() {
    let world = world();
    publish(&world).unwrap();
    let asked = GetVolumeHealth { volume_id: id(VOLUME), publish_path: None, staging_path: None };
    let findings = world.runtime.block_on(world.node.volume_health(&World::call(), asked));
    assert_eq!(findings, Ok(Vec::new()));
    world.freeze(&[VOLUME]).unwrap();
    assert_eq!(publish(&world).unwrap_err().code, Code::Aborted);
    let grow = ExpandNode {
        volume_id: id(VOLUME),
        volume_path: TARGET.into(),
        staging_path: None,
        capacity: None,
        capability: None,
        secrets: Secrets::default(),
    };
    let grown = world.runtime.block_on(world.node.expand(&World::call(), grow));
    assert_eq!(grown.unwrap_err().code, Code::Aborted);
    unpublish(&world).unwrap();
    assert!(world.twin.model().frozen.is_empty(), "its end thaws it");
    check_gone(&world, "it was frozen");
}

fn refused(world: &World, change: impl FnOnce(&mut PublishInline), code: Code) {
    let before = world.snapshot();
    let mut request = request();
    change(&mut request);
    let error = world.runtime.block_on(world.node.publish_inline(&World::call(), request));
    let error = error.unwrap_err();
    assert_eq!(error.code, code, "{error}");
    assert_eq!(world.snapshot(), before, "{error}");
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_made() {
    let world = world();
    let with = |key: &'static str, value: &'static str| {
        move |request: &mut PublishInline| {
            request.attributes.insert(key.to_owned(), value.to_owned());
        }
    };
    refused(&world, |r| r.capability.access = Way::Block.access(), Code::InvalidArgument);
    for mode in [AccessMode::MultiNodeMultiWriter, AccessMode::SingleNodeReaderOnly] {
        refused(&world, |r| r.capability.mode = mode, Code::InvalidArgument);
    }
    refused(&world, with("pool", "slow"), Code::PermissionDenied);
    refused(&world, with("snapshot", "s1"), Code::PermissionDenied);
    refused(&world, with("size", "much"), Code::InvalidArgument);
    refused(&world, with("size", "2Gi"), Code::OutOfRange);
    refused(&world, |r| r.target_path = "/etc/x".into(), Code::InvalidArgument);
    refused(&world, |r| r.target_path = format!("{STATE}/x").into(), Code::InvalidArgument);
    let suid = |r: &mut PublishInline| r.capability.access = mount(None, &["suid"]);
    refused(&world, suid, Code::PermissionDenied);

    let mut persistent = World::new(Way::Fs(FsType::Ext4));
    persistent.restart();
    refused(&persistent, |_| (), Code::InvalidArgument);
}

#[test]
fn another_wish_for_the_same_volume_is_told_so() {
    let world = world();
    publish(&world).unwrap();
    refused(&world, |r| r.attributes = attributes("65Mi"), Code::AlreadyExists);
    refused(&world, |r| r.readonly = true, Code::AlreadyExists);
    world.twin.model().places.insert("/var/lib/kubelet/pods/b".into(), PathKind::Directory);
    refused(&world, |r| r.target_path = SECOND.into(), Code::AlreadyExists);
    // Of another target nothing is taken off.
    let before = world.snapshot();
    let call = World::call();
    let other = world.node.unpublish(&call, id(VOLUME), SECOND.into());
    world.runtime.block_on(other).unwrap();
    assert_eq!(world.snapshot(), before);
}
