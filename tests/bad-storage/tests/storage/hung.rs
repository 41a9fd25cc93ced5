//! A volume whose storage hangs costs itself alone: no other RPC waits for it, repeating its own costs no
//! further thread, and a host that is started again does not wait for it either.

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mooring_proto::csi::v1::{ListVolumesRequest, ProbeRequest};
use mooring_tests::config::IMAGE;
use mooring_tests::{Host, Kind, Life, Place, Settings, call, case, eventually, kernel, life};
use nix::sys::signal::Signal;

use crate::report;
use crate::scene::Scene;

/// How often each RPC on the hung volume is repeated.
const REPEATED: usize = 20;

const GOOD: &str = "good.mooring.dev";

/// How long a caller of the hung volume waits before it gives up.
const GIVES_UP: Duration = Duration::from_millis(200);

/// Sees that of the node, and of each of its children, the controller among them, no more than one thread
/// waits for the one volume that hangs.
fn assert_one_waits(node: u32) {
    assert_so_many_wait(node, 1);
}

fn assert_so_many_wait(node: u32, most: usize) {
    let children = kernel::processes().into_iter().filter(|it| it.parent == node).map(|it| it.pid);
    for process in children.chain([node]) {
        let held = waiting(process);
        assert!(held.len() <= most, "more than {most} wait: {held:#?}");
    }
}

/// The threads of a process that nothing wakes but storage.
fn waiting(process: u32) -> Vec<String> {
    let mut found = Vec::new();
    for task in std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
        let read = |name| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
        let state = read("stat").rsplit_once(") ").and_then(|(_, it)| it.chars().next());
        let place = read("wchan");
        if state == Some('D') || place == "request_wait_answer" {
            found.push(format!("{process} {place}"));
        }
    }
    found
}

fn tasks(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().count()
}

/// Every RPC on the volume, by a caller who soon gives up. None may say that it is done.
async fn ask_everything(hung: &mut Life) {
    for n in 0..5 {
        let asked = async {
            match n {
                0 => hung.unstage().await,
                1 => hung.stage().await,
                2 => hung.publish().await,
                3 => hung.stats().await.map(drop),
                _ => hung.unstage().await,
            }
        };
        let answer = tokio::time::timeout(GIVES_UP, asked).await;
        assert!(!matches!(answer, Ok(Ok(()))), "call {n} on the hung volume is done");
    }
}

/// Everything that other volumes, and operators, ask for.
async fn serves(host: &Host, other: &mut Life) {
    other.stats().await.unwrap();
    other.put_away().await;
    other.stage().await.unwrap();
    other.publish().await.unwrap();
    let mut clients = host.connect(IMAGE).await;
    let listed = clients.controller.list_volumes(ListVolumesRequest::default()).await.unwrap();
    assert!(listed.into_inner().entries.len() >= 2);
    for page in ["/healthz", "/metrics"] {
        let page = call::get(&host.paths.sockets.join("telemetry.sock"), page).await;
        assert_eq!(page.status, 200, "{}", page.body);
    }
    let mut new = Life::new(host, other.kind, &format!("{}-new", other.name)).await;
    new.create().await.unwrap();
    new.stage().await.unwrap();
    new.publish().await.unwrap();
    new.end().await;
}

/// A volume whose unstaging hangs in the kernel, with writes that it has to wait for; another one; its image.
async fn scene(place: &Place, kind: Kind) -> (Scene, Life, Life, String) {
    let mut scene = Scene::new(place, Settings::default()).await;
    let (mut hung, image) = scene.published(kind, "hung").await;
    let (other, _) = scene.published(kind, "other").await;
    std::fs::write(hung.data(), "to be written").unwrap();
    scene.hang(&image);
    // The bind mount goes: that touches no storage.
    hung.unpublish().await.unwrap();
    let unstaged = tokio::time::timeout(GIVES_UP, hung.unstage()).await;
    assert!(!matches!(unstaged, Ok(Ok(()))), "{unstaged:?}");
    scene.storage.holds(1).await;
    (scene, hung, other, image)
}

/// The storage is back: the repeated calls end, and nothing is left.
async fn recovers(scene: &mut Scene, mut hung: Life, other: Life) {
    scene.storage.mend();
    eventually("the repeated NodeUnstageVolume ends", async || hung.unstage().await.ok()).await;
    hung.stage().await.unwrap();
    hung.publish().await.unwrap();
    assert_eq!(std::fs::read(hung.data()).unwrap(), b"to be written");
    hung.end().await;
    other.end().await;
    life::nothing_left(&scene.host).await;
    scene.host.stop().await;
}

fn costs_itself_alone(kind: Kind) {
    case(async move |place| {
        let (mut scene, mut hung, mut other, image) = scene(place, kind).await;
        let pid = scene.host.node_pid();
        ask_everything(&mut hung).await;
        let before = tasks(pid);
        for _ in 0..REPEATED {
            ask_everything(&mut hung).await;
        }
        assert!(tasks(pid) <= before + 1, "{before} threads became {}", tasks(pid));
        assert_one_waits(pid);
        serves(&scene.host, &mut other).await;
        assert!(scene.storage.told().held > 0, "it did not hang all the time");
        let bound = kernel::loops_below(place.root());
        assert!(bound.iter().any(|it| it.backing.ends_with(&image)), "given back: {bound:?}");
        report::row(
            &format!("{kind:?}: unstaging hangs, each RPC repeated"),
            REPEATED * 5,
            "one thread; all other volumes' RPCs, lists, health and metrics answer; ends OK when mended",
        );
        recovers(&mut scene, hung, other).await;
    });
}

#[test]
fn an_ext4_that_hangs_costs_itself_alone() {
    costs_itself_alone(Kind::Ext4);
}

#[test]
fn an_xfs_that_hangs_costs_itself_alone() {
    costs_itself_alone(Kind::Xfs);
}

fn restarted(how: Signal) {
    case(async move |place| {
        let (mut scene, hung, mut other, _) = scene(place, Kind::Ext4).await;
        let mut old = scene.host.abandon(how).await;
        let begun = Instant::now();
        scene.host.serve_again().await;
        let ready = begun.elapsed();
        other.reconnect(&scene.host).await;
        other.stats().await.unwrap();
        let first = begun.elapsed();
        serves(&scene.host, &mut other).await;
        assert!(scene.storage.told().held > 0, "it waited for the hung volume");
        let mut hung = hung;
        hung.reconnect(&scene.host).await;
        ask_everything(&mut hung).await;
        assert_one_waits(scene.host.node_pid());
        eprintln!("{how}: ready after {ready:?}, another volume's RPC after {first:?}");
        report::row(
            &format!("a host that gets {how} beside a hung volume, started again"),
            1,
            &format!(
                "answers Probe after {} ms, another volume's RPC after {} ms, while the volume still hangs",
                ready.as_millis(),
                first.as_millis()
            ),
        );
        recovers(&mut scene, hung, other).await;
        // What storage held of the old process is gone with the hang.
        old.wait().await.unwrap();
    });
}

#[test]
fn a_killed_host_is_back_beside_a_hung_volume() {
    restarted(Signal::SIGKILL);
}

#[test]
fn a_stopped_host_is_back_beside_a_hung_volume() {
    restarted(Signal::SIGTERM);
}

#[test]
fn a_hung_volume_in_use_is_not_unmounted_lazily() {
    case(async |place| {
        let mut scene = Scene::new(place, Settings::default()).await;
        let (mut hung, image) = scene.published(Kind::Ext4, "hung").await;
        let (other, _) = scene.published(Kind::Ext4, "other").await;
        std::fs::write(hung.data(), "to be written").unwrap();
        let used = File::open(hung.data()).unwrap();
        scene.hang(&image);
        let mounts: Vec<PathBuf> = vec![hung.staging.clone(), hung.target.clone()];
        assert!(hung.unpublish().await.is_err());
        let _ = tokio::time::timeout(GIVES_UP, hung.unstage()).await;
        for point in &mounts {
            assert!(kernel::mount_at(point).is_some(), "{} is gone", point.display());
        }
        scene.storage.mend();
        drop(used);
        eventually("it is unpublished", async || hung.unpublish().await.ok()).await;
        report::row("hangs while a program has a file open", 1, "no mount is taken off");
        recovers(&mut scene, hung, other).await;
    });
}

/// A second driver, whose pool lies elsewhere.
fn with_good_pool(place: &Place) -> Settings {
    let pool = place.directory("good-pool");
    let further_drivers = format!(
        "  - name: {GOOD}\n    backend: embedded:image-file\n    grants:\n      pools: {{default: \
         {}}}\n      attachments: [image-file]\n",
        pool.display()
    );
    Settings { further_drivers, ..Settings::default() }
}

async fn published_on_good(host: &Host) -> Life {
    let mut life = Life::of_driver(host, GOOD, Kind::Ext4, "good").await;
    life.create().await.unwrap();
    life.stage().await.unwrap();
    life.publish().await.unwrap();
    life
}

#[test]
fn stopped_storage_keeps_no_other_driver_waiting() {
    case(async |place| {
        let mut scene = Scene::new(place, with_good_pool(place)).await;
        let (mut hung, _) = scene.published(Kind::Ext4, "hung").await;
        let mut other = published_on_good(&scene.host).await;
        scene.storage.stop();
        for _ in 0..3 {
            let _ = tokio::time::timeout(GIVES_UP, hung.stats()).await;
            let _ = tokio::time::timeout(GIVES_UP, hung.stage()).await;
            other.stats().await.unwrap();
            other.put_away().await;
            other.stage().await.unwrap();
            other.publish().await.unwrap();
        }
        scene.storage.wake();
        report::row(
            "the storage's process stopped (SIGSTOP)",
            1,
            "another driver's volumes live on",
        );
        eventually("it is staged", async || hung.stage().await.ok()).await;
        other.end().await;
        hung.end().await;
        life::nothing_left(&scene.host).await;
        scene.host.stop().await;
    });
}

#[test]
fn a_host_is_back_beside_a_pool_that_hangs() {
    case(async |place| {
        let mut scene = Scene::new(place, with_good_pool(place)).await;
        let (mut hung, _) = scene.published(Kind::Ext4, "hung").await;
        std::fs::write(hung.data(), "to be written").unwrap();
        let mut other = published_on_good(&scene.host).await;
        scene.storage.stop();
        let mut old = scene.host.abandon(Signal::SIGKILL).await;
        let begun = Instant::now();
        scene.host.serve_again_unready(&[IMAGE, GOOD]).await;
        let ready = begun.elapsed();
        other.talk_to(scene.host.connect(GOOD).await);
        other.stats().await.unwrap();
        let first = begun.elapsed();
        hung.reconnect(&scene.host).await;
        for _ in 0..3 {
            // At once, or when the host has been patient: it answers while the pool does not.
            let mut identity = scene.host.connect(IMAGE).await.identity;
            let probed = identity.probe(ProbeRequest {}).await.map(|it| it.into_inner().ready);
            assert!(!matches!(probed, Ok(None | Some(true))), "ready: {probed:?}");
            ask_everything(&mut hung).await;
            other.put_away().await;
            other.stage().await.unwrap();
            other.publish().await.unwrap();
        }
        // For the volume, and for the pool's usage, which Probe asks for.
        assert_so_many_wait(scene.host.node_pid(), 2);
        eprintln!("ready after {ready:?}, another volume's RPC after {first:?}");
        report::row(
            "a host that gets SIGKILL beside a pool that hangs as a whole, started again",
            1,
            &format!(
                "its drivers answer after {} ms, another volume's RPC after {} ms, Probe says why it is not ready, while the pool still hangs",
                ready.as_millis(),
                first.as_millis()
            ),
        );
        scene.storage.wake();
        other.end().await;
        eventually("the hung volume is staged again", async || hung.stage().await.ok()).await;
        hung.publish().await.unwrap();
        assert_eq!(std::fs::read(hung.data()).unwrap(), b"to be written");
        hung.end().await;
        life::nothing_left(&scene.host).await;
        old.wait().await.unwrap();
        scene.host.stop().await;
    });
}
