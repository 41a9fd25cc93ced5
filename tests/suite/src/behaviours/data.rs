//! Bytes: what was written is what is read, in the volume and in its copies.

use mooring_proto::csi::v1 as csi;
use tonic::Code;

use crate::ability::{Controller, Need, Node};
use crate::behaviour::Behaviour;
use crate::copy::{of_snapshot, of_volume};
use crate::driver::insist;
use crate::finding::{Verdict, ensure};
use crate::scene::{Scene, at_least};
use crate::volume::Volume;

const SNAPSHOTS: Need = Need::Controller(Controller::CreateDeleteSnapshot);
const CLONES: Need = Need::Controller(Controller::CloneVolume);

/// All of this file.
pub(super) const ALL: &[Behaviour] = &[
    Behaviour {
        name: "data_survives_restaging",
        does: "bytes survive unpublish, unstage, stage and publish",
        says: "a volume's data outlives its use: unstaging and unpublishing undo staging and \
               publishing alone",
        section: "Volume Lifecycle",
        needs: &[],
        run: |scene| Box::pin(survives_restaging(scene)),
    },
    Behaviour {
        name: "expansion_keeps_data",
        does: "a grown volume is larger for its workload, and holds what it held; where it cannot \
               grow in use, the next stage grows it",
        says: "the volume has at least the required size afterwards; without ONLINE it is put away \
               first, and NodeExpandVolume may refuse a volume in use with FAILED_PRECONDITION",
        section: "ControllerExpandVolume, NodeExpandVolume Errors",
        needs: &[Need::Controller(Controller::ExpandVolume)],
        run: |scene| Box::pin(expansion(scene)),
    },
    Behaviour {
        name: "snapshot_holds_its_moment",
        does: "a restored snapshot holds what was there when it was taken, not what came later",
        says: "a snapshot is a point-in-time copy of its volume",
        section: "Terminology, CreateSnapshot",
        needs: &[SNAPSHOTS],
        run: |scene| Box::pin(moment(scene)),
    },
    Behaviour {
        name: "restore_to_larger_size",
        does: "a snapshot restored to twice its size gives a workload more room and the same bytes",
        says: "the volume has the capacity asked for, whatever its source; OUT_OF_RANGE where the \
               plugin makes none larger than its source",
        section: "CreateVolume, CreateVolume Errors",
        needs: &[SNAPSHOTS],
        run: |scene| Box::pin(larger(scene)),
    },
    Behaviour {
        name: "clone_is_independent",
        does: "a clone holds its source's bytes; writing to one of them changes nothing in the \
               other; it lives on without it",
        says: "a volume can be made from a volume, and is a volume of its own",
        section: "CreateVolume",
        needs: &[CLONES],
        run: |scene| Box::pin(clone(scene)),
    },
    Behaviour {
        name: "snapshot_outlives_its_volume",
        does: "a snapshot whose volume is deleted can be restored; or the deletion is refused and \
               alters nothing",
        says: "snapshots stay fully operational when their volume is deleted; a plugin that cannot \
               do that answers FAILED_PRECONDITION and does not alter the volume",
        section: "DeleteVolume",
        needs: &[SNAPSHOTS],
        run: |scene| Box::pin(outlives(scene)),
    },
    Behaviour {
        name: "copy_is_mounted_beside_its_source",
        does: "a restored volume and its source are in use on one node at once, each with its own \
               bytes",
        says: "each volume can be staged and published by itself; nothing is said of equal file \
               system identities",
        section: "NodeStageVolume, NodePublishVolume",
        needs: &[SNAPSHOTS],
        run: |scene| Box::pin(beside(scene)),
    },
];

async fn survives_restaging(scene: Scene) -> Verdict {
    let mut volume = scene.volume("volume").await?;
    let target = volume.mount().await?;
    let written = volume.write(&target, 1)?;
    volume.holds(&target, written)?;
    volume.put_away(&target).await?;
    let target = volume.mount().await?;
    volume.holds(&target, written)
}

async fn expansion(scene: Scene) -> Verdict {
    let mut volume = scene.volume("volume").await?;
    let mut target = volume.mount().await?;
    let written = volume.write(&target, 1)?;
    let before = volume.size(&target)?;
    let wanted = volume.made.capacity_bytes.max(scene.options.bytes()) * 2;

    let online = scene.driver.abilities.grows_online;
    if !online {
        volume.put_away(&target).await?;
    }
    let request = csi::ControllerExpandVolumeRequest {
        volume_id: volume.id(),
        capacity_range: at_least(wanted),
        volume_capability: Some(volume.capability.clone()),
        ..Default::default()
    };
    let answer = insist(|| scene.driver.controller_expand_volume(request.clone())).await?;
    let grown = answer.capacity_bytes;
    ensure!(grown >= wanted, "ControllerExpandVolume answered {grown} bytes of {wanted}");
    if !online {
        target = volume.mount().await?;
    }
    if answer.node_expansion_required {
        let able = scene.driver.abilities.node(Node::ExpandVolume);
        ensure!(able, "node expansion is required, and the node has no EXPAND_VOLUME");
        target = grow_on_node(&scene, &mut volume, target, wanted).await?;
    }
    let after = volume.size(&target)?;
    is_larger(before, after, wanted / 2)?;
    volume.holds(&target, written)?;
    let more = volume.write(&target, 2)?;
    volume.holds(&target, more)
}

/// Where it may not grow in use, it is put away and staged again.
async fn grow_on_node(
    scene: &Scene,
    volume: &mut Volume,
    target: std::path::PathBuf,
    bytes: i64,
) -> Verdict<std::path::PathBuf> {
    let request = csi::NodeExpandVolumeRequest {
        volume_id: volume.id(),
        volume_path: target.to_string_lossy().into_owned(),
        staging_target_path: volume.staging_path(),
        capacity_range: at_least(bytes),
        volume_capability: Some(volume.capability.clone()),
        ..Default::default()
    };
    match insist(|| scene.driver.node_expand_volume(request.clone())).await {
        Err(refusal) if refusal.code() == Code::FailedPrecondition => {
            volume.put_away(&target).await?;
            volume.mount().await
        }
        answer => answer.map(|_| target).map_err(Into::into),
    }
}

/// A file system takes some of what a device gains.
fn is_larger(before: u64, after: u64, gained: i64) -> Verdict {
    let gained = u64::try_from(gained).unwrap_or_default();
    ensure!(
        after >= before.saturating_add(gained / 4 * 3),
        "a workload sees {after} bytes, {before} before, of a volume that gained {gained}"
    );
    Ok(())
}

async fn moment(scene: Scene) -> Verdict {
    let mut source = scene.volume("source").await?;
    let target = source.mount().await?;
    let first = source.write(&target, 1)?;
    let (snapshot, target) = scene.snapshot_in_use(&mut source, target, "snapshot").await?;
    let second = source.write(&target, 2)?;
    source.holds(&target, second)?;
    source.put_away(&target).await?;

    let mut restored = scene.copy(&source, "restored", of_snapshot(&snapshot)).await?;
    let target = restored.mount().await?;
    restored.holds(&target, first)?;
    restored.put_away(&target).await?;
    let target = source.mount().await?;
    source.holds(&target, second)
}

async fn larger(scene: Scene) -> Verdict {
    let mut source = scene.volume("source").await?;
    let target = source.mount().await?;
    let written = source.write(&target, 1)?;
    let before = source.size(&target)?;
    source.put_away(&target).await?;
    let snapshot = scene.snapshot(&source, "snapshot").await?;

    let size = snapshot.size_bytes.max(scene.options.bytes()) * 2;
    let from = of_snapshot(&snapshot);
    let mut restored = scene.larger_copy(&source, "restored", from, size).await?;
    let target = restored.mount().await?;
    restored.holds(&target, written)?;
    is_larger(before, restored.size(&target)?, size / 2)
}

async fn clone(scene: Scene) -> Verdict {
    let mut source = scene.volume("source").await?;
    let target = source.mount().await?;
    let first = source.write(&target, 1)?;
    source.put_away(&target).await?;

    let mut clone = scene.copy(&source, "clone", of_volume(&source)).await?;
    let there = clone.mount().await?;
    clone.holds(&there, first)?;
    let second = clone.write(&there, 2)?;
    clone.put_away(&there).await?;

    let target = source.mount().await?;
    source.holds(&target, first)?;
    source.write(&target, 3)?;
    source.put_away(&target).await?;
    source.delete().await?;
    let there = clone.mount().await?;
    clone.holds(&there, second)
}

async fn outlives(scene: Scene) -> Verdict {
    let mut source = scene.volume("source").await?;
    let target = source.mount().await?;
    let written = source.write(&target, 1)?;
    source.put_away(&target).await?;
    let snapshot = scene.snapshot(&source, "snapshot").await?;
    match source.try_delete().await {
        Err(refusal) if refusal.code() == Code::FailedPrecondition => {
            let target = source.mount().await?;
            return source.holds(&target, written);
        }
        answer => answer?,
    }
    let mut restored = scene.copy(&source, "restored", of_snapshot(&snapshot)).await?;
    let target = restored.mount().await?;
    restored.holds(&target, written)
}

async fn beside(scene: Scene) -> Verdict {
    let mut source = scene.volume("source").await?;
    let target = source.mount().await?;
    let first = source.write(&target, 1)?;
    let (snapshot, target) = scene.snapshot_in_use(&mut source, target, "snapshot").await?;
    let mut restored = scene.copy(&source, "restored", of_snapshot(&snapshot)).await?;
    let there = restored.mount().await?;
    restored.holds(&there, first)?;
    let second = restored.write(&there, 2)?;
    source.holds(&target, first)?;
    let third = source.write(&target, 3)?;
    restored.holds(&there, second)?;
    restored.put_away(&there).await?;
    source.holds(&target, third)
}
