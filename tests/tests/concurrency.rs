//! Many callers at once: one effect a volume, and the others are told so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use std::collections::BTreeMap;
use std::future::Future;

use mooring_proto::csi::v1::*;
use mooring_tests::life::{nothing_left, text};
use mooring_tests::{Clients, Host, Kind, Life, Settings, case, eventually, kernel, payload};
use tokio::task::JoinSet;
use tonic::{Code, Status};

const CALLERS: usize = 100;

/// Makes calls at once, over several connections; the codes with how often each came, and the
/// answers.
async fn at_once<T, F>(
    host: &Host,
    kind: Kind,
    callers: usize,
    call: impl Fn(Clients, usize) -> F,
) -> (BTreeMap<String, usize>, Vec<T>)
where
    T: 'static + Send,
    F: Future<Output = Result<T, Status>> + Send + 'static,
{
    let mut connections = Vec::new();
    for _ in 0..10 {
        connections.push(host.connect(kind.driver()).await);
    }
    let mut calls = JoinSet::new();
    for number in 0..callers {
        calls.spawn(call(connections[number % connections.len()].clone(), number));
    }
    let (mut codes, mut answers) = (BTreeMap::new(), Vec::new());
    while let Some(outcome) = calls.join_next().await {
        let code = match outcome.unwrap() {
            Ok(answer) => {
                answers.push(answer);
                Code::Ok
            }
            Err(status) => status.code(),
        };
        *codes.entry(format!("{code:?}")).or_default() += 1;
    }
    (codes, answers)
}

fn assert_only(codes: &BTreeMap<String, usize>, allowed: &[Code]) {
    let allowed: Vec<String> = allowed.iter().map(|code| format!("{code:?}")).collect();
    assert!(codes.keys().all(|code| allowed.contains(code)), "{codes:?}, allowed {allowed:?}");
}

/// One effect, OK or "come again" to everybody.
fn assert_one_effect(codes: &BTreeMap<String, usize>) {
    assert_only(codes, &[Code::Ok, Code::Aborted]);
    assert!(codes.contains_key("Ok"), "nobody succeeded: {codes:?}");
}

/// Repeats until it is OK; ABORTED means "again".
async fn settle(what: &str, mut call: impl AsyncFnMut() -> Result<(), Status>) {
    eventually(what, async || match call().await {
        Ok(()) => Some(()),
        Err(status) => {
            assert_eq!(status.code(), Code::Aborted, "{what}: {status}");
            None
        }
    })
    .await;
}

async fn take_down(life: &mut Life) {
    settle("unpublish", async || life.unpublish().await).await;
    settle("unstage", async || life.unstage().await).await;
    settle("delete", async || life.delete().await).await;
}

#[test]
fn a_hundred_identical_callers_make_one_volume() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        let request = life.create_request();
        let create = |mut clients: Clients, _| {
            let request = request.clone();
            async move {
                let answer = clients.controller.create_volume(request).await?.into_inner();
                Ok(answer.volume.unwrap())
            }
        };
        let (codes, volumes) = at_once(&host, Kind::Ext4, CALLERS, create).await;
        assert_one_effect(&codes);
        assert!(volumes.iter().all(|volume| *volume == volumes[0]), "{volumes:?}");
        let mut clients = host.connect(Kind::Ext4.driver()).await;
        let listed = clients.controller.list_volumes(ListVolumesRequest::default()).await;
        assert_eq!(listed.unwrap().into_inner().entries.len(), 1);
        life.create().await.unwrap();
        take_down(&mut life).await;
        nothing_left(&host).await;
        host.stop().await;
    });
}

async fn a_hundred_callers_on_the_node(place: &mooring_tests::Place, kind: Kind) {
    let mut host = Host::serve(place, Settings::default()).await;
    let mut life = Life::new(&host, kind, "pvc-1").await;
    life.create().await.unwrap();
    let request = life.stage_request();
    let (codes, _) = at_once(&host, kind, CALLERS, |mut clients, _| {
        let request = request.clone();
        async move { clients.node.node_stage_volume(request).await }
    })
    .await;
    assert_one_effect(&codes);
    settle("stage", async || life.stage().await).await;
    assert_eq!(kernel::loops_below(place.root()).len(), 1);
    let mounted = usize::from(kind != Kind::Block);
    let staged = kernel::mounts_below(&host.paths.targets);
    assert_eq!(staged.iter().filter(|it| it.point == life.staging).count(), mounted);

    let request = life.publish_request();
    let (codes, _) = at_once(&host, kind, CALLERS, |mut clients, _| {
        let request = request.clone();
        async move { clients.node.node_publish_volume(request).await }
    })
    .await;
    assert_one_effect(&codes);
    settle("publish", async || life.publish().await).await;
    life.assert_published();
    let written = payload::write(&life.data(), 0, 4, 1).unwrap();
    written.verify();

    let request = life.unpublish_request();
    let (codes, _) = at_once(&host, kind, CALLERS, |mut clients, _| {
        let request = request.clone();
        async move { clients.node.node_unpublish_volume(request).await }
    })
    .await;
    assert_one_effect(&codes);
    settle("unpublish", async || life.unpublish().await).await;
    let request = life.unstage_request();
    let (codes, _) = at_once(&host, kind, CALLERS, |mut clients, _| {
        let request = request.clone();
        async move { clients.node.node_unstage_volume(request).await }
    })
    .await;
    assert_one_effect(&codes);
    take_down(&mut life).await;
    nothing_left(&host).await;
    host.stop().await;
}

#[test]
fn a_hundred_identical_callers_mount_once() {
    case(async |place| a_hundred_callers_on_the_node(place, Kind::Xfs).await);
}

#[test]
fn a_hundred_identical_callers_bind_a_device_once() {
    case(async |place| a_hundred_callers_on_the_node(place, Kind::Block).await);
}

#[test]
fn of_two_sizes_for_a_name_one_wins() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        for round in 0..4 {
            let life = Life::new(&host, Kind::Block, &format!("pvc-{round}")).await;
            let request = life.create_request();
            let create = |mut clients: Clients, number: usize| {
                let size = if number.is_multiple_of(2) { 64 << 20 } else { 128 << 20 };
                let range = CapacityRange { required_bytes: size, limit_bytes: size };
                let request =
                    CreateVolumeRequest { capacity_range: Some(range), ..request.clone() };
                async move {
                    let answer = clients.controller.create_volume(request).await?.into_inner();
                    Ok(answer.volume.unwrap())
                }
            };
            let (codes, volumes) = at_once(&host, Kind::Block, 40, create).await;
            assert_only(&codes, &[Code::Ok, Code::Aborted, Code::AlreadyExists]);
            assert!(!volumes.is_empty(), "{codes:?}");
            assert!(volumes.iter().all(|volume| *volume == volumes[0]), "{volumes:?}");
            let mut clients = host.connect(Kind::Block.driver()).await;
            let volume_id = volumes[0].volume_id.clone();
            let delete = DeleteVolumeRequest { volume_id, ..Default::default() };
            clients.controller.delete_volume(delete).await.unwrap();
        }
        nothing_left(&host).await;
        host.stop().await;
    });
}

#[test]
fn of_two_staging_paths_one_wins() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        let other = host.paths.targets.join("plugins/other/globalmount");
        std::fs::create_dir_all(&other).unwrap();
        let request = life.stage_request();
        let paths = [text(&life.staging), text(&other)];
        let (codes, winners) = at_once(&host, Kind::Ext4, 40, |mut clients, number| {
            let staging_target_path = paths[number % 2].clone();
            let request =
                NodeStageVolumeRequest { staging_target_path: staging_target_path.clone(), ..request.clone() };
            async move { clients.node.node_stage_volume(request).await.map(|_| staging_target_path) }
        })
        .await;
        assert_only(
            &codes,
            &[Code::Ok, Code::Aborted, Code::FailedPrecondition, Code::AlreadyExists],
        );
        assert!(winners.iter().all(|path| *path == winners[0]), "{winners:?}");
        assert_eq!(kernel::mounts_below(&host.paths.targets).len(), 1);
        assert_eq!(kernel::loops_below(place.root()).len(), 1);
        life.staging = winners[0].clone().into();
        take_down(&mut life).await;
        nothing_left(&host).await;
        host.stop().await;
    });
}

#[test]
fn of_read_only_and_read_write_one_wins() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        for _ in 0..4 {
            let request = life.publish_request();
            let (codes, winners) = at_once(&host, Kind::Ext4, 40, |mut clients, number| {
                let readonly = number.is_multiple_of(2);
                let request = NodePublishVolumeRequest { readonly, ..request.clone() };
                async move { clients.node.node_publish_volume(request).await.map(|_| readonly) }
            })
            .await;
            assert_only(&codes, &[Code::Ok, Code::Aborted, Code::AlreadyExists]);
            assert!(winners.iter().all(|readonly| *readonly == winners[0]), "{winners:?}");
            life.assert_published();
            let mount = kernel::mount_at(&life.target).unwrap();
            assert_eq!(mount.has("ro"), winners[0], "{mount:?}");
            settle("unpublish", async || life.unpublish().await).await;
        }
        take_down(&mut life).await;
        nothing_left(&host).await;
        host.stop().await;
    });
}

#[test]
fn staging_and_unstaging_at_once_ends_in_one_of_the_two() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        for _ in 0..4 {
            let (stage, unstage) = (life.stage_request(), life.unstage_request());
            let (codes, _) = at_once(&host, Kind::Ext4, 40, |mut clients, number| {
                let (stage, unstage) = (stage.clone(), unstage.clone());
                async move {
                    if number.is_multiple_of(2) {
                        clients.node.node_stage_volume(stage).await.map(drop)
                    } else {
                        clients.node.node_unstage_volume(unstage).await.map(drop)
                    }
                }
            })
            .await;
            assert_one_effect(&codes);
            let mounts = kernel::mounts_below(&host.paths.targets).len();
            assert_eq!(kernel::loops_below(place.root()).len(), mounts, "half staged");
            assert!(mounts <= 1);
        }
        settle("stage", async || life.stage().await).await;
        settle("publish", async || life.publish().await).await;
        life.assert_published();
        take_down(&mut life).await;
        nothing_left(&host).await;
        host.stop().await;
    });
}

#[test]
fn publishing_and_unstaging_at_once_leaves_no_dangling_target() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        for _ in 0..6 {
            settle("stage", async || life.stage().await).await;
            let (publish, unstage) = (life.publish_request(), life.unstage_request());
            let (codes, _) = at_once(&host, Kind::Ext4, 20, |mut clients, number| {
                let (publish, unstage) = (publish.clone(), unstage.clone());
                async move {
                    if number.is_multiple_of(2) {
                        clients.node.node_publish_volume(publish).await.map(drop)
                    } else {
                        clients.node.node_unstage_volume(unstage).await.map(drop)
                    }
                }
            })
            .await;
            assert_only(&codes, &[Code::Ok, Code::Aborted, Code::FailedPrecondition]);
            let published = kernel::mount_at(&life.target).is_some();
            let staged = kernel::mount_at(&life.staging).is_some();
            assert!(staged || !published, "published, and not staged any more");
            settle("unpublish", async || life.unpublish().await).await;
        }
        take_down(&mut life).await;
        nothing_left(&host).await;
        host.stop().await;
    });
}

#[test]
fn deleting_and_staging_at_once_never_stages_what_is_gone() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        for round in 0..8 {
            let mut life = Life::new(&host, Kind::Block, &format!("pvc-{round}")).await;
            life.create().await.unwrap();
            let stage = life.stage_request();
            let volume_id = life.id();
            let (codes, _) = at_once(&host, Kind::Block, 10, |mut clients, number| {
                let (stage, volume_id) = (stage.clone(), volume_id.clone());
                async move {
                    if number == round {
                        let delete = DeleteVolumeRequest { volume_id, ..Default::default() };
                        clients.controller.delete_volume(delete).await.map(drop)
                    } else {
                        clients.node.node_stage_volume(stage).await.map(drop)
                    }
                }
            })
            .await;
            assert_only(
                &codes,
                &[Code::Ok, Code::Aborted, Code::NotFound, Code::FailedPrecondition],
            );
            for device in kernel::loops_below(place.root()) {
                assert!(!device.backing.ends_with("(deleted)"), "staged what was deleted");
            }
            take_down(&mut life).await;
        }
        nothing_left(&host).await;
        host.stop().await;
    });
}

#[test]
fn growing_to_two_sizes_at_once_ends_with_the_larger() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Block, "pvc-1").await;
        life.create().await.unwrap();
        let volume_id = life.id();
        let sizes = [128 << 20, 256 << 20];
        let grow = |mut clients: Clients, number: usize| {
            let size = sizes[number % 2];
            let request = ControllerExpandVolumeRequest {
                volume_id: volume_id.clone(),
                capacity_range: Some(CapacityRange { required_bytes: size, limit_bytes: 0 }),
                ..Default::default()
            };
            async move {
                let answer = clients.controller.controller_expand_volume(request).await?;
                Ok((size, answer.into_inner().capacity_bytes))
            }
        };
        eventually("both sizes were answered", async || {
            let (codes, answers) = at_once(&host, Kind::Block, 20, grow).await;
            assert_only(&codes, &[Code::Ok, Code::Aborted]);
            assert!(answers.iter().all(|(asked, got)| got >= asked), "{answers:?}");
            answers.iter().any(|(asked, _)| *asked == sizes[1]).then_some(())
        })
        .await;
        life.stage().await.unwrap();
        life.publish().await.unwrap();
        assert_eq!(life.visible_size(), 256 << 20);
        take_down(&mut life).await;
        nothing_left(&host).await;
        host.stop().await;
    });
}

/// A life among others: no call of it is in another's way.
async fn live(host: &Host, number: u64) {
    let kind = [Kind::Ext4, Kind::Block, Kind::Btrfs, Kind::Directory]
        [usize::try_from(number % 4).unwrap()];
    let mut life = Life::new(host, kind, &format!("pvc-{number}")).await;
    life.create().await.unwrap();
    life.stage().await.unwrap();
    life.publish().await.unwrap();
    life.assert_published();
    let written = payload::write(&life.data(), 0, 8, number).unwrap();
    life.stats().await.unwrap();
    life.unpublish().await.unwrap();
    life.unstage().await.unwrap();
    life.stage().await.unwrap();
    life.publish().await.unwrap();
    written.verify();
    life.unpublish().await.unwrap();
    life.unstage().await.unwrap();
    life.delete().await.unwrap();
}

#[test]
fn sixteen_lives_at_once_do_not_meet() {
    case(async |place| {
        let mut host =
            Host::serve(place, Settings { directory: true, ..Settings::default() }).await;
        let lives = (0..16).map(|number| live(&host, number));
        join_all(lives.map(Box::pin).collect()).await;
        nothing_left(&host).await;
        host.stop().await;
    });
}

/// Polls all of them until the last has ended; on one thread, so that they may borrow.
async fn join_all<F: Future<Output = ()>>(mut futures: Vec<std::pin::Pin<Box<F>>>) {
    std::future::poll_fn(|context| {
        futures.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if futures.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}
