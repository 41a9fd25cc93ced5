//! Another boot, numbers used again, layers of others, links in the way: what is ours goes, nothing else.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use mooring_proto::csi::v1::{NodePublishVolumeRequest, NodeUnstageVolumeRequest};
use mooring_tests::config::IMAGE;
use mooring_tests::host::Victim;
use mooring_tests::{Host, Kind, Life, Settings, case, kernel, life};
use nix::mount::{MntFlags, MsFlags, mount, umount2};

use crate::report;

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

async fn published(host: &Host, kind: Kind, name: &str) -> Life {
    let mut life = Life::new(host, kind, name).await;
    life.create().await.unwrap();
    life.stage().await.unwrap();
    life.publish().await.unwrap();
    life
}

fn bind(source: &Path, target: &Path) {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND, None::<&str>).unwrap();
}

#[test]
fn a_record_of_another_boot_is_not_trusted() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = published(&host, Kind::Ext4, "a").await;
        std::fs::write(life.data(), "kept").unwrap();
        // What a reboot takes away: the mounts and the devices. The record stays.
        host.kill_node().await;
        umount2(&life.target, MntFlags::empty()).unwrap();
        umount2(&life.staging, MntFlags::empty()).unwrap();
        kernel::loops_below(place.root()).iter().for_each(kernel::detach);
        let other = place.path("boot_id");
        std::fs::write(&other, "11111111-2222-4333-8444-555555555555\n").unwrap();
        bind(&other, Path::new(BOOT_ID));
        host.serve_again().await;
        life.reconnect(&host).await;
        assert!(life.stats().await.is_err(), "it is mounted nowhere");
        assert!(life.publish().await.is_err(), "it is not staged in this boot");
        let mut unknown =
            NodeUnstageVolumeRequest { volume_id: "never-seen".into(), ..life.unstage_request() };
        let mut node = host.connect(IMAGE).await.node;
        node.node_unstage_volume(unknown.clone()).await.unwrap();
        life.unstage().await.unwrap();
        life.stage().await.unwrap();
        life.publish().await.unwrap();
        assert_eq!(std::fs::read(life.data()).unwrap(), b"kept");
        unknown.staging_target_path = life::text(&life.staging);
        node.node_unstage_volume(unknown).await.unwrap();
        assert!(kernel::mount_at(&life.staging).is_some(), "an unknown volume's unstaging took it");
        life.end().await;
        life::nothing_left(&host).await;
        host.stop().await;
        umount2(BOOT_ID, MntFlags::empty()).unwrap();
        report::row(
            "another boot id, mounts and devices gone",
            1,
            "the record is not trusted, not formatted again, data intact",
        );
    });
}

#[test]
fn a_loop_number_that_is_anothers_now_is_left_alone() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = published(&host, Kind::Ext4, "a").await;
        host.kill_node().await;
        umount2(&life.target, MntFlags::empty()).unwrap();
        umount2(&life.staging, MntFlags::empty()).unwrap();
        let devices = kernel::loops_below(place.root());
        assert_eq!(devices.len(), 1);
        kernel::detach(&devices[0]);
        let foreign = place.path("foreign.img");
        std::fs::File::create(&foreign).unwrap().set_len(64 << 20).unwrap();
        run("mkfs.ext4", &["-q", &life::text(&foreign)]);
        let node = format!("/dev/{}", devices[0].name);
        // Another program may have been faster.
        if Command::new("losetup")
            .args([&node, &life::text(&foreign)])
            .output()
            .unwrap()
            .status
            .success()
        {
            let before = std::fs::read(&foreign).unwrap();
            host.serve_again().await;
            life.reconnect(&host).await;
            life.unpublish().await.unwrap();
            life.unstage().await.unwrap();
            let left = kernel::loops_below(place.root());
            assert_eq!(left.len(), 1, "{left:?}");
            assert!(left[0].backing.ends_with("foreign.img"));
            life.stage().await.unwrap();
            life.publish().await.unwrap();
            assert!(before == std::fs::read(&foreign).unwrap(), "it was written to");
            kernel::detach(&left[0]);
            life.end().await;
        } else {
            host.serve_again().await;
            life.reconnect(&host).await;
            life.end().await;
        }
        life::nothing_left(&host).await;
        host.stop().await;
        report::row("the loop number bound to another image", 1, "neither unbound nor written to");
    });
}

#[test]
fn a_device_that_vanishes_comes_back_with_its_data() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = published(&host, Kind::Xfs, "a").await;
        std::fs::write(life.data(), "kept").unwrap();
        umount2(&life.target, MntFlags::empty()).unwrap();
        umount2(&life.staging, MntFlags::empty()).unwrap();
        kernel::loops_below(place.root()).iter().for_each(kernel::detach);
        assert!(life.stats().await.is_err());
        life.stage().await.unwrap();
        life.publish().await.unwrap();
        assert_eq!(std::fs::read(life.data()).unwrap(), b"kept");
        life.end().await;
        life::nothing_left(&host).await;
        host.stop().await;
        report::row("mounts and device taken away under the host", 1, "staged again, data intact");
    });
}

#[test]
fn layers_of_others_stay() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let foreign = place.directory("foreign");
        let mut cases = 0;
        for layers in 1..=4 {
            let mut life = published(&host, Kind::Ext4, &format!("v{layers}")).await;
            // Ours again, above ours.
            for _ in 1..layers {
                bind(&life.staging.clone(), &life.target);
            }
            life.unpublish().await.unwrap();
            assert!(kernel::mount_at(&life.target).is_none(), "{layers} layers of ours");
            life.publish().await.unwrap();
            // Another's above ours.
            for _ in 0..layers {
                bind(&foreign, &life.target);
            }
            let answer = life.unpublish().await;
            let here = kernel::mounts().into_iter().filter(|it| it.point == life.target).count();
            assert!(here >= layers, "{layers} foreign layers became {here}: {answer:?}");
            for _ in 0..layers {
                umount2(&life.target, MntFlags::empty()).unwrap();
            }
            life.end().await;
            cases += 2;
        }
        life::nothing_left(&host).await;
        host.stop().await;
        report::row(
            "1 to 4 layers on the target, ours and others'",
            cases,
            "ours go, others' stay",
        );
    });
}

#[test]
fn links_swapped_in_while_calls_run_lead_nowhere() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let outside = place.directory("outside");
        std::fs::write(outside.join("canary"), "x").unwrap();
        let mut life = published(&host, Kind::Ext4, "a").await;
        life.unpublish().await.unwrap();
        let parent = life.target.parent().unwrap().to_owned();
        let aside = parent.with_extension("aside");
        let mut told = Vec::new();
        for n in 0..40 {
            let swap = {
                let (parent, aside, outside) = (parent.clone(), aside.clone(), outside.clone());
                move || {
                    std::fs::rename(&parent, &aside).unwrap();
                    symlink(&outside, &parent).unwrap();
                    std::fs::remove_file(&parent).unwrap();
                    std::fs::rename(&aside, &parent).unwrap();
                }
            };
            let swapping = tokio::task::spawn_blocking(swap);
            told.push(if n % 2 == 0 {
                life.publish().await.is_ok()
            } else {
                life.unpublish().await.is_ok()
            });
            swapping.await.unwrap();
            assert_eq!(kernel::mounts_below(&outside), vec![], "mounted outside");
            let entries = std::fs::read_dir(&outside).unwrap().count();
            assert_eq!(entries, 1, "something was made outside");
        }
        mooring_tests::eventually("it is unpublished", async || life.unpublish().await.ok()).await;
        // Renamed with its parent, a mount may stand where no call has named it.
        assert_eq!(kernel::mounts_below(&parent), vec![]);
        life.end().await;
        life::nothing_left(&host).await;
        host.stop().await;
        report::row(
            "links swapped in for the target's parent, during calls",
            told.len(),
            "nothing outside is touched",
        );
    });
}

#[test]
fn a_target_outside_the_roots_or_inside_the_volume_is_refused() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = published(&host, Kind::Ext4, "a").await;
        let outside = place.directory("outside");
        let inside = life.staging.join("inside");
        let mut node = host.connect(IMAGE).await.node;
        for target in [outside.join("mount"), inside] {
            let request = NodePublishVolumeRequest {
                target_path: life::text(&target),
                ..life.publish_request()
            };
            let status = node.node_publish_volume(request).await.unwrap_err();
            assert_eq!(status.code(), tonic::Code::InvalidArgument, "{status}");
            assert!(!target.exists(), "{} was made", target.display());
        }
        life.publish().await.unwrap();
        life.end().await;
        life::nothing_left(&host).await;
        host.stop().await;
        report::row(
            "targets outside the roots, and inside the volume",
            2,
            "INVALID_ARGUMENT, nothing made",
        );
    });
}

#[test]
fn a_file_system_is_stacked_on_by_a_restarted_host_as_by_its_first() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = published(&host, Kind::Ext4, "a").await;
        for _ in 0..3 {
            bind(&life.staging.clone(), &life.staging);
        }
        host.kill_and_recover(Victim::Node).await;
        life.reconnect(&host).await;
        life.end().await;
        life::nothing_left(&host).await;
        host.stop().await;
        report::row("4 layers of the volume on its staging path, host killed", 1, "all taken off");
    });
}
