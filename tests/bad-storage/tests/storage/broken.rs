//! File systems whose storage is gone, or that shut themselves down: teardown reads nothing of them, and
//! what is mounted again is replayed, never repaired.

use std::io::Write as _;
use std::process::Command;

use mooring_tests::config::IMAGE;
use mooring_tests::{Host, Kind, Life, Settings, case, kernel, life};

use crate::report;
use crate::scene::Scene;

fn torn_down(place: &mooring_tests::Place, host: &Host, life: &Life) {
    for point in [&life.staging, &life.target] {
        assert!(kernel::mount_at(point).is_none(), "{} is still mounted", point.display());
    }
    assert_eq!(life::records(&host.paths.node_state()), Vec::<std::path::PathBuf>::new());
    assert_eq!(kernel::loops_below(place.root()), vec![]);
}

/// The storage's process dies below a published volume; `again`: the host is killed, too, and knows of the
/// volume nothing but what its record and the kernel say.
fn lost(again: bool) {
    case(async move |place| {
        let kinds = [Kind::Ext4, Kind::Xfs, Kind::Btrfs, Kind::Block];
        for kind in kinds {
            let mut scene = Scene::new(place, Settings::default()).await;
            let (mut life, _) = scene.published(kind, &format!("{kind:?}").to_lowercase()).await;
            if kind != Kind::Block {
                std::fs::write(life.data(), "lost").unwrap();
            }
            scene.storage.kill();
            if again {
                scene.host.kill_node().await;
                scene.host.serve_again_unready(&[IMAGE]).await;
                life.reconnect(&scene.host).await;
                for answer in [life.stage().await, life.publish().await] {
                    assert!(answer.is_err(), "{kind:?}: used without its storage");
                }
            }
            life.unpublish().await.unwrap_or_else(|status| panic!("{kind:?}: {status}"));
            life.unstage().await.unwrap_or_else(|status| panic!("{kind:?}: {status}"));
            torn_down(place, &scene.host, &life);
            scene.host.stop().await;
            drop(scene);
            std::fs::remove_dir_all(place.path("state")).unwrap();
            std::fs::remove_dir_all(place.path("storage")).unwrap();
        }
        let host = if again { ", and the host, too" } else { "" };
        report::row(
            &format!("the storage's process killed below volumes in use (ENOTCONN){host}"),
            kinds.len(),
            "unpublished and unstaged, nothing left",
        );
    });
}

#[test]
fn what_lost_its_storage_is_torn_down() {
    lost(false);
}

#[test]
fn what_lost_its_storage_is_torn_down_by_a_host_that_never_saw_it_answer() {
    lost(true);
}

fn shut_down(life: &Life) {
    let mut command = Command::new("xfs_io");
    command.args(["-x", "-c", "shutdown"]).arg(&life.target);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_was_shut_down_is_torn_down_and_replayed() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let kinds = [Kind::Ext4, Kind::Xfs];
        for kind in kinds {
            let mut life = Life::new(&host, kind, &format!("{kind:?}").to_lowercase()).await;
            life.create().await.unwrap();
            life.stage().await.unwrap();
            life.publish().await.unwrap();
            let uuid = life.uuid(&host);
            let mut file = std::fs::File::create(life.data()).unwrap();
            file.write_all(b"acknowledged").unwrap();
            file.sync_all().unwrap();
            drop(file);
            shut_down(&life);
            assert!(
                std::fs::read_dir(&life.target)
                    .and_then(|_| std::fs::write(life.data(), "x"))
                    .is_err()
            );
            life.put_away().await;
            torn_down(place, &host, &life);
            // The log is dirty now.
            life.stage().await.unwrap();
            life.publish().await.unwrap();
            assert_eq!(std::fs::read(life.data()).unwrap(), b"acknowledged");
            assert_eq!(life.uuid(&host), uuid, "formatted again");
            life.end().await;
        }
        report::row(
            "file systems shut down (EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN)",
            kinds.len(),
            "torn down; their logs replayed at the next stage, what was synced is there",
        );
        life::nothing_left(&host).await;
        host.stop().await;
    });
}
