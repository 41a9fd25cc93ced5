//! Health: nothing is wrong with a sound volume, and an unknown one is not sound.

use mooring_proto::csi::v1 as csi;
use tonic::Code;

use crate::ability::{Controller, Need, Node};
use crate::behaviour::Behaviour;
use crate::behaviours::listing::entries;
use crate::driver::insist;
use crate::finding::{Verdict, ensure, finding, refused};
use crate::scene::Scene;

const GET: Need = Need::Controller(Controller::GetVolumeHealth);

/// All of this file.
pub(super) const ALL: &[Behaviour] = &[
    Behaviour {
        name: "sound_volume_has_no_findings",
        does: "ControllerGetVolumeHealth of a volume in use tells nothing, and of that volume; \
               NOT_FOUND of an unknown one",
        says: "health_statuses are what is wrong; volume does not exist: NOT_FOUND",
        section: "ControllerGetVolumeHealth",
        needs: &[GET],
        run: |scene| Box::pin(controller(scene)),
    },
    Behaviour {
        name: "sound_volume_is_not_listed",
        does: "ControllerListVolumeHealth does not have a sound volume",
        says: "the list has volumes that are not well",
        section: "ControllerListVolumeHealth",
        needs: &[GET, Need::Controller(Controller::ListVolumeHealth)],
        run: |scene| Box::pin(list(scene)),
    },
    Behaviour {
        name: "node_finds_nothing_wrong_with_a_sound_volume",
        does: "NodeGetVolumeHealth of a published volume tells nothing; NOT_FOUND of an unknown one",
        says: "health_statuses are what is wrong; volume does not exist: NOT_FOUND",
        section: "NodeGetVolumeHealth",
        needs: &[Need::Node(Node::GetVolumeHealth)],
        run: |scene| Box::pin(node(scene)),
    },
    Behaviour {
        name: "node_reaches_its_storage",
        does: "NodeGetStorageHealth answers, and no volume is unreachable while one is used",
        says: "backend_health is what is wrong between this node and its storage",
        section: "NodeGetStorageHealth",
        needs: &[Need::Node(Node::GetStorageHealth)],
        run: |scene| Box::pin(storage(scene)),
    },
    Behaviour {
        name: "condition_of_a_sound_volume_in_lists",
        does: "ListVolumes and ControllerGetVolume tell a condition, and that it is normal",
        says: "with VOLUME_CONDITION, volume_condition is given (1.12)",
        section: "ListVolumes, ControllerGetVolume",
        needs: &[Need::Controller(Controller::VolumeCondition)],
        run: |scene| Box::pin(condition(scene)),
    },
    Behaviour {
        name: "condition_of_a_sound_volume_in_stats",
        does: "NodeGetVolumeStats of a published volume tells a condition, and that it is normal",
        says: "with VOLUME_CONDITION, volume_condition is given (1.12)",
        section: "NodeGetVolumeStats",
        needs: &[Need::Node(Node::VolumeCondition), Need::Node(Node::GetVolumeStats)],
        run: |scene| Box::pin(stats(scene)),
    },
];

fn sound(health: Option<&csi::VolumeHealth>, id: &str) -> Verdict {
    let found = health.map(|it| it.volume_id.as_str());
    ensure!(found == Some(id), "the health of {found:?}, where {id} was asked for");
    let findings = health.map(|it| &it.health_statuses);
    ensure!(findings.is_none_or(|it| it.is_empty()), "of a sound volume: {findings:?}");
    Ok(())
}

fn normal(rpc: &str, condition: Option<&csi::VolumeCondition>) -> Verdict {
    match condition {
        Some(condition) => {
            ensure!(!condition.abnormal, "{rpc} says of a sound volume: {}", condition.message);
            Ok(())
        }
        None => finding(format!("{rpc} tells no condition, and VOLUME_CONDITION is advertised")),
    }
}

async fn controller(scene: Scene) -> Verdict {
    let mut volume = scene.volume("volume").await?;
    volume.mount().await?;
    let ask = |volume_id| csi::ControllerGetVolumeHealthRequest { volume_id, ..Default::default() };
    let request = ask(volume.id());
    let call = || scene.driver.controller_get_volume_health(request.clone());
    sound(insist(call).await?.volume_health.as_ref(), &volume.id())?;
    let answer = scene.driver.controller_get_volume_health(ask(scene.unknown())).await;
    refused(answer, &[Code::NotFound], "the health of an unknown volume")
}

async fn list(scene: Scene) -> Verdict {
    let volume = scene.volume("volume").await?;
    let mut request = csi::ControllerListVolumeHealthRequest::default();
    loop {
        let answer = insist(|| scene.driver.controller_list_volume_health(request.clone())).await?;
        let entry = answer.entries.iter().find(|it| it.volume_id == volume.id());
        ensure!(entry.is_none(), "a sound volume is listed: {entry:?}");
        if answer.next_token.is_empty() {
            return Ok(());
        }
        request.starting_token = answer.next_token;
    }
}

async fn node(scene: Scene) -> Verdict {
    let mut volume = scene.volume("volume").await?;
    let target = volume.mount().await?;
    let mut request = csi::NodeGetVolumeHealthRequest {
        volume_id: volume.id(),
        volume_publish_path: target.to_string_lossy().into_owned(),
        staging_target_path: volume.staging_path(),
    };
    let call = || scene.driver.node_get_volume_health(request.clone());
    sound(insist(call).await?.volume_health.as_ref(), &volume.id())?;
    request.volume_id = scene.unknown();
    let answer = scene.driver.node_get_volume_health(request).await;
    refused(answer, &[Code::NotFound], "the health of an unknown volume")
}

async fn storage(scene: Scene) -> Verdict {
    let mut volume = scene.volume("volume").await?;
    let target = volume.mount().await?;
    let written = volume.write(&target, 1)?;
    let request = csi::NodeGetStorageHealthRequest::default();
    let answer = insist(|| scene.driver.node_get_storage_health(request.clone())).await?;
    let unreachable = csi::StorageHealthErrorType::StorageUnreachable;
    let wrong = answer.backend_health.iter().find(|it| it.status() == unreachable);
    ensure!(wrong.is_none(), "unreachable while it is used: {wrong:?}");
    volume.holds(&target, written)
}

async fn condition(scene: Scene) -> Verdict {
    let volume = scene.volume("volume").await?;
    let abilities = &scene.driver.abilities;
    if abilities.controller(Controller::ListVolumes) {
        let all = entries(&scene, 0).await?;
        let of = |it: &csi::Volume| it.volume_id == volume.id();
        let entry = all.into_iter().find(|it| it.volume.as_ref().is_some_and(of));
        let status = entry.and_then(|it| it.status);
        normal("ListVolumes", status.and_then(|it| it.volume_condition).as_ref())?;
    }
    if abilities.controller(Controller::GetVolume) {
        let request = csi::ControllerGetVolumeRequest { volume_id: volume.id() };
        let call = || scene.driver.controller_get_volume(request.clone());
        let status = insist(call).await?.status;
        normal("ControllerGetVolume", status.and_then(|it| it.volume_condition).as_ref())?;
    }
    Ok(())
}

async fn stats(scene: Scene) -> Verdict {
    let mut volume = scene.volume("volume").await?;
    let target = volume.mount().await?;
    let request = csi::NodeGetVolumeStatsRequest {
        volume_id: volume.id(),
        volume_path: target.to_string_lossy().into_owned(),
        staging_target_path: volume.staging_path(),
    };
    let answer = insist(|| scene.driver.node_get_volume_stats(request.clone())).await?;
    normal("NodeGetVolumeStats", answer.volume_condition.as_ref())
}
