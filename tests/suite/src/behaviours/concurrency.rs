//! Races: many callers of one thing, opposite calls at once, callers that go away.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::Code;

use crate::ability::{Controller, Need, Node};
use crate::behaviour::Behaviour;
use crate::behaviours::listing::volume_ids;
use crate::driver::insist;
use crate::finding::{Refusal, Stop, Verdict, ensure, finding};
use crate::kernel;
use crate::ledger::Made;
use crate::scene::Scene;

/// Callers at once.
const CALLERS: usize = 16;

/// How often two opposite calls meet.
const ROUNDS: usize = 8;

/// When a caller goes away, in milliseconds after its call.
const MOMENTS: [u64; 6] = [0, 1, 3, 10, 30, 100];

/// All of this file.
pub(super) const ALL: &[Behaviour] = &[
    Behaviour {
        name: "sixteen_creators_of_one_name",
        does: "16 callers create one name at once: one id, and OK or ABORTED to each",
        says: "calls for one volume may come at once, and may be answered ABORTED; a name gives \
               one volume",
        section: "Concurrency, CreateVolume",
        needs: &[],
        run: |scene| Box::pin(creators(scene)),
    },
    Behaviour {
        name: "sixteen_deleters_of_one_volume",
        does: "16 callers delete one volume at once: OK or ABORTED to each, and it is gone",
        says: "calls for one volume may come at once, and may be answered ABORTED; deleting what \
               is gone is OK",
        section: "Concurrency, DeleteVolume",
        needs: &[],
        run: |scene| Box::pin(deleters(scene)),
    },
    Behaviour {
        name: "sixteen_stagers_of_one_volume",
        does: "16 callers stage one volume at once: OK or ABORTED to each, and it works",
        says: "calls for one volume may come at once, and may be answered ABORTED; staging is \
               idempotent",
        section: "Concurrency, NodeStageVolume",
        needs: &[Need::Node(Node::StageUnstageVolume)],
        run: |scene| Box::pin(stagers(scene)),
    },
    Behaviour {
        name: "sixteen_publishers_at_one_target",
        does: "16 callers publish one volume at one target at once: one mount, and nothing left \
               after one unpublish",
        says: "calls for one volume may come at once, and may be answered ABORTED; publishing is \
               idempotent",
        section: "Concurrency, NodePublishVolume",
        needs: &[],
        run: |scene| Box::pin(publishers(scene)),
    },
    Behaviour {
        name: "create_against_delete_leaves_no_ghost",
        does: "a name is created while its volume is deleted: afterwards one delete leaves \
               nothing in the list",
        says: "calls for one volume may come at once; ListVolumes tells what exists",
        section: "Concurrency, CreateVolume, DeleteVolume, ListVolumes",
        needs: &[Need::Controller(Controller::ListVolumes)],
        run: |scene| Box::pin(ghost(scene)),
    },
    Behaviour {
        name: "a_call_whose_caller_went_away_can_be_repeated",
        does: "create, stage, publish, unpublish, unstage and delete are cancelled at several \
               moments, and repeated: each succeeds, with the same volume",
        says: "any call may time out and be retried; a retried call continues where it left off",
        section: "Timeouts",
        needs: &[],
        run: |scene| Box::pin(cancelled(scene)),
    },
];

/// Calls at once; answers those that were OK, and holds the others to be ABORTED.
async fn at_once<T, F>(calls: impl Iterator<Item = F>) -> Verdict<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Refusal>> + Send + 'static,
{
    let mut running: JoinSet<_> = calls.collect();
    let mut answers = Vec::new();
    let mut problem = None;
    // All are waited for: none may still be at work when what it made is given back.
    while let Some(done) = running.join_next().await {
        match done {
            Ok(Ok(answer)) => answers.push(answer),
            Ok(Err(refusal)) if refusal.code() == Code::Aborted => {}
            Ok(Err(refusal)) => problem = Some(format!("one of many callers: {refusal}")),
            Err(error) => problem = Some(format!("the suite itself failed: {error}")),
        }
    }
    problem.map_or(Ok(answers), |sentence| Err(Stop::Finding(sentence)))
}

async fn creators(scene: Scene) -> Verdict {
    let request = scene.request("volume");
    let asked = Made::VolumeAsked(Box::new(request.clone()));
    scene.record(asked);
    let calls = (0..CALLERS).map(|_| {
        let (driver, request) = (scene.driver.clone(), request.clone());
        async move { driver.create_volume(request).await }
    });
    let answers = at_once(calls).await?;
    let ids = answers.into_iter().filter_map(|it| it.volume).map(|it| it.volume_id);
    let mut ids: BTreeSet<String> = ids.collect();
    for id in &ids {
        scene.record(Made::Volume(id.clone()));
    }
    ids.insert(scene.create(request).await?.id());
    ensure!(ids.len() == 1, "one name gave several volumes: {ids:?}");
    Ok(())
}

async fn deleters(scene: Scene) -> Verdict {
    let volume = scene.volume("volume").await?;
    let calls = (0..CALLERS).map(|_| {
        let (driver, request) = (scene.driver.clone(), volume.delete_request());
        async move { driver.delete_volume(request).await }
    });
    at_once(calls).await?;
    volume.delete().await?;
    if scene.driver.abilities.controller(Controller::ListVolumes) {
        let listed = volume_ids(&scene).await?.contains(&volume.id());
        ensure!(!listed, "a deleted volume is still listed");
    }
    Ok(())
}

async fn stagers(scene: Scene) -> Verdict {
    let mut volume = scene.volume("volume").await?;
    volume.attach().await?;
    scene.record(Made::Staged(volume.unstage_request()));
    let calls = (0..CALLERS).map(|_| {
        let (driver, request) = (scene.driver.clone(), volume.stage_request());
        async move { driver.node_stage_volume(request).await }
    });
    at_once(calls).await?;
    let target = volume.mount().await?;
    let written = volume.write(&target, 1)?;
    volume.put_away(&target).await?;
    let target = volume.mount().await?;
    volume.holds(&target, written)
}

async fn publishers(scene: Scene) -> Verdict {
    let mut volume = scene.volume("volume").await?;
    volume.attach().await?;
    volume.stage().await?;
    let target = volume.target("pod")?;
    scene.record(Made::Published(volume.unpublish_request(&target)));
    let calls = (0..CALLERS).map(|_| {
        let (driver, request) = (scene.driver.clone(), volume.publish_request(&target));
        async move { driver.node_publish_volume(request).await }
    });
    at_once(calls).await?;
    volume.publish(volume.publish_request(&target)).await?;
    one_mount(&volume, &target)?;
    let written = volume.write(&target, 1)?;
    volume.holds(&target, written)?;
    volume.unpublish(&target).await?;
    let left = kernel::mounts_at(&target)?.len();
    ensure!(left == 0, "{left} mounts at the target after NodeUnpublishVolume");
    Ok(())
}

/// A device need not be a mount; a file system is one, once.
pub(super) fn one_mount(volume: &crate::volume::Volume, target: &std::path::Path) -> Verdict {
    let count = kernel::mounts_at(target)?.len();
    let enough = count == 1 || (count == 0 && volume.is_block());
    ensure!(enough, "{count} mounts at {}", target.display());
    Ok(())
}

async fn ghost(scene: Scene) -> Verdict {
    let before = volume_ids(&scene).await?;
    for round in 0..ROUNDS {
        let request = scene.request(&format!("volume-{round}"));
        let volume = scene.create(request.clone()).await?;
        let (one, other) = (scene.driver.clone(), scene.driver.clone());
        let deletion = volume.delete_request();
        scene.record(Made::VolumeAsked(Box::new(request.clone())));
        let (created, deleted) =
            tokio::join!(one.create_volume(request.clone()), other.delete_volume(deletion));
        for refusal in [created.err(), deleted.err()].into_iter().flatten() {
            ensure!(refusal.code() == Code::Aborted, "create against delete: {refusal}");
        }
        volume.delete().await?;
        // Whatever the race left, the name is usable, and one delete removes what it stands for.
        scene.create(request).await?.delete().await?;
    }
    let mut after = volume_ids(&scene).await?;
    after.retain(|id| !before.contains(id));
    for id in &after {
        scene.record(Made::Volume(id.clone()));
    }
    if after.is_empty() {
        return Ok(());
    }
    finding(format!("volumes are listed that nobody has a name for: {after:?}"))
}

async fn cancelled(scene: Scene) -> Verdict {
    for after in MOMENTS {
        let moment = Duration::from_millis(after);
        let request = scene.request(&format!("volume-{after}"));
        scene.record(Made::VolumeAsked(Box::new(request.clone())));
        let driver = &scene.driver;
        // What the caller would have heard is lost: an answer in time is one of the cases.
        let _ = timeout(moment, driver.create_volume(request.clone())).await;
        let mut volume = scene.create(request.clone()).await?;
        let again = scene.create(request).await?.id();
        ensure!(again == volume.id(), "one name gave {again} and {}", volume.id());

        volume.attach().await?;
        if driver.abilities.node(Node::StageUnstageVolume) {
            scene.record(Made::Staged(volume.unstage_request()));
            let _ = timeout(moment, driver.node_stage_volume(volume.stage_request())).await;
            volume.stage().await?;
        }
        let target = volume.target("pod")?;
        let request = volume.publish_request(&target);
        scene.record(Made::Published(volume.unpublish_request(&target)));
        let _ = timeout(moment, driver.node_publish_volume(request.clone())).await;
        volume.publish(request).await?;
        one_mount(&volume, &target)?;
        let written = volume.write(&target, after + 1)?;
        volume.holds(&target, written)?;

        let request = volume.unpublish_request(&target);
        let _ = timeout(moment, driver.node_unpublish_volume(request)).await;
        volume.unpublish(&target).await?;
        if driver.abilities.node(Node::StageUnstageVolume) {
            let _ = timeout(moment, driver.node_unstage_volume(volume.unstage_request())).await;
        }
        volume.detach().await?;
        let _ = timeout(moment, driver.delete_volume(volume.delete_request())).await;
        insist(|| driver.delete_volume(volume.delete_request())).await?;
        volume.delete().await?;
    }
    Ok(())
}
