//! Every call told twice is as told once; taking down what is not there succeeds.

use mooring_proto::csi::v1 as csi;
use tonic::Code;

use crate::ability::{Controller, Need, Node};
use crate::behaviour::Behaviour;
use crate::behaviours::concurrency::one_mount;
use crate::driver::insist;
use crate::finding::{Verdict, ensure};
use crate::scene::{Scene, at_least};
use crate::volume::Volume;

/// All of this file.
pub(super) const ALL: &[Behaviour] = &[
    Behaviour {
        name: "every_call_of_a_life_twice",
        does: "a volume's whole life with each call told twice: same answers, one mount, same data",
        says: "these RPCs are idempotent: a repeated call has the effect and the answer of one",
        section: "Controller Service RPC, Node Service RPC",
        needs: &[],
        run: |scene| Box::pin(life(scene)),
    },
    Behaviour {
        name: "expansion_twice",
        does: "ControllerExpandVolume told twice answers the same size",
        says: "a volume that is as large as required is OK",
        section: "ControllerExpandVolume",
        needs: &[Need::Controller(Controller::ExpandVolume)],
        run: |scene| Box::pin(expansion(scene)),
    },
    Behaviour {
        name: "snapshot_twice",
        does: "CreateSnapshot told twice gives one snapshot, DeleteSnapshot told twice is OK",
        says: "creating and deleting snapshots is idempotent",
        section: "CreateSnapshot, DeleteSnapshot",
        needs: &[Need::Controller(Controller::CreateDeleteSnapshot)],
        run: |scene| Box::pin(snapshot(scene)),
    },
    Behaviour {
        name: "taking_down_what_was_never_put_up",
        does: "unpublish, unstage and detach of a volume that was never used are OK",
        says: "what is not published or staged need not be undone: OK",
        section: "NodeUnpublishVolume, NodeUnstageVolume, ControllerUnpublishVolume",
        needs: &[],
        run: |scene| Box::pin(never_used(scene)),
    },
    Behaviour {
        name: "deleting_what_is_not_there",
        does: "deleting a volume, snapshot or group that nobody knows is OK",
        says: "where the volume, snapshot or group does not exist, the answer is OK",
        section: "DeleteVolume, DeleteSnapshot, DeleteVolumeGroupSnapshot",
        needs: &[],
        run: |scene| Box::pin(not_there(scene)),
    },
];

async fn life(scene: Scene) -> Verdict {
    let driver = &scene.driver;
    let mut volume = scene.volume("volume").await?;
    let again = scene.volume("volume").await?;
    ensure!(again.made == volume.made, "CreateVolume: {:?}, then {:?}", volume.made, again.made);
    volume.attach().await?;
    volume.attach().await?;
    volume.stage().await?;
    volume.stage().await?;
    let target = volume.target("pod")?;
    volume.publish(volume.publish_request(&target)).await?;
    let written = volume.write(&target, 1)?;
    volume.publish(volume.publish_request(&target)).await?;
    // After publishing it, an orchestrator that restarts stages it again too.
    volume.stage().await?;
    one_mount(&volume, &target)?;
    volume.holds(&target, written)?;
    if driver.abilities.node(Node::GetVolumeStats) {
        let request = csi::NodeGetVolumeStatsRequest {
            volume_id: volume.id(),
            volume_path: target.to_string_lossy().into_owned(),
            staging_target_path: volume.staging_path(),
        };
        for _ in 0..2 {
            insist(|| driver.node_get_volume_stats(request.clone())).await?;
        }
    }
    volume.unpublish(&target).await?;
    volume.unpublish(&target).await?;
    volume.detach().await?;
    volume.detach().await?;
    let target = volume.mount().await?;
    volume.holds(&target, written)?;
    volume.put_away(&target).await?;
    volume.delete().await?;
    volume.delete().await
}

async fn expansion(scene: Scene) -> Verdict {
    let volume = scene.volume("volume").await?;
    let request = csi::ControllerExpandVolumeRequest {
        volume_id: volume.id(),
        capacity_range: at_least(volume.made.capacity_bytes.max(scene.options.bytes()) * 2),
        volume_capability: Some(volume.capability.clone()),
        ..Default::default()
    };
    let call = || scene.driver.controller_expand_volume(request.clone());
    let (one, other) = (insist(call).await?.capacity_bytes, insist(call).await?.capacity_bytes);
    ensure!(one == other, "ControllerExpandVolume answered {one} bytes, then {other}");
    Ok(())
}

async fn snapshot(scene: Scene) -> Verdict {
    let volume = scene.volume("volume").await?;
    let one = scene.snapshot(&volume, "snapshot").await?;
    let other = scene.snapshot(&volume, "snapshot").await?;
    ensure!(one == other, "CreateSnapshot: {one:?}, then {other:?}");
    scene.delete_snapshot(&one).await?;
    scene.delete_snapshot(&one).await
}

/// Never staged and published; then gone as well, where the answer may be NOT_FOUND.
async fn never_used(scene: Scene) -> Verdict {
    let mut volume = scene.volume("volume").await?;
    let target = volume.target("pod")?;
    volume.unpublish(&target).await?;
    // Its staging path is made with the first attach.
    volume.attach().await?;
    volume.detach().await?;
    volume.detach().await?;
    volume.delete().await?;
    gone(&scene, &volume, &target).await
}

async fn gone(scene: &Scene, volume: &Volume, target: &std::path::Path) -> Verdict {
    let driver = &scene.driver;
    let mut answers =
        vec![insist(|| driver.node_unpublish_volume(volume.unpublish_request(target))).await.err()];
    if driver.abilities.node(Node::StageUnstageVolume) {
        let call = || driver.node_unstage_volume(volume.unstage_request());
        answers.push(insist(call).await.err());
    }
    if driver.abilities.controller(Controller::PublishUnpublishVolume) {
        let call = || driver.controller_unpublish_volume(volume.detach_request());
        answers.push(insist(call).await.err());
    }
    for refusal in answers.into_iter().flatten() {
        ensure!(refusal.code() == Code::NotFound, "of a deleted volume: {refusal}");
    }
    Ok(())
}

async fn not_there(scene: Scene) -> Verdict {
    let driver = &scene.driver;
    let request = csi::DeleteVolumeRequest { volume_id: scene.unknown(), ..Default::default() };
    insist(|| driver.delete_volume(request.clone())).await?;
    if driver.abilities.controller(Controller::CreateDeleteSnapshot) {
        let id = scene.unknown();
        let request = csi::DeleteSnapshotRequest { snapshot_id: id, ..Default::default() };
        insist(|| driver.delete_snapshot(request.clone())).await?;
    }
    if Need::Groups.is_met(&driver.abilities, &scene.options) {
        let request = csi::DeleteVolumeGroupSnapshotRequest {
            group_snapshot_id: scene.unknown(),
            ..Default::default()
        };
        insist(|| driver.delete_volume_group_snapshot(request.clone())).await?;
    }
    Ok(())
}
