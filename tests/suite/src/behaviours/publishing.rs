//! ControllerPublishVolume: which node has which volume, and who says so.

use mooring_proto::csi::v1 as csi;
use tonic::Code;

use crate::ability::{Controller, Need};
use crate::behaviour::Behaviour;
use crate::behaviours::listing::entries;
use crate::driver::insist;
use crate::finding::{Verdict, ensure, finding, refused};
use crate::scene::Scene;
use crate::volume::Volume;

const PUBLISH: Need = Need::Controller(Controller::PublishUnpublishVolume);
const NODES: Need = Need::Controller(Controller::ListVolumesPublishedNodes);

/// All of this file.
pub(super) const ALL: &[Behaviour] = &[
    Behaviour {
        name: "publishing_to_an_unknown_node",
        does: "a node that does not exist is NOT_FOUND",
        says: "node does not exist: NOT_FOUND",
        section: "ControllerPublishVolume Errors",
        needs: &[PUBLISH],
        run: |scene| Box::pin(unknown_node(scene)),
    },
    Behaviour {
        name: "publishing_an_unknown_volume",
        does: "a volume that does not exist is NOT_FOUND",
        says: "volume does not exist: NOT_FOUND",
        section: "ControllerPublishVolume Errors",
        needs: &[PUBLISH],
        run: |scene| Box::pin(unknown_volume(scene)),
    },
    Behaviour {
        name: "published_nodes_are_listed",
        does: "ListVolumes names the node while it has the volume, and not before or after",
        says: "published_node_ids are the nodes that the volume is published to",
        section: "ListVolumes",
        needs: &[PUBLISH, Need::Controller(Controller::ListVolumes), NODES],
        run: |scene| Box::pin(listed(scene)),
    },
    Behaviour {
        name: "published_nodes_are_got",
        does: "ControllerGetVolume names the node while it has the volume, and not before or after",
        says: "published_node_ids are the nodes that the volume is published to",
        section: "ControllerGetVolume",
        needs: &[PUBLISH, Need::Controller(Controller::GetVolume), NODES],
        run: |scene| Box::pin(got(scene)),
    },
    Behaviour {
        name: "publishing_otherwise_is_refused",
        does: "a volume that a node has read-write is not published to it read-only",
        says: "published at the node with another readonly flag: ALREADY_EXISTS",
        section: "ControllerPublishVolume Errors",
        needs: &[PUBLISH, Need::Controller(Controller::PublishReadonly)],
        run: |scene| Box::pin(otherwise(scene)),
    },
    Behaviour {
        name: "unpublishing_from_all_nodes_twice",
        does: "ControllerUnpublishVolume without a node id takes it from every node; twice is OK",
        says: "without node_id, from all nodes; not published is OK",
        section: "ControllerUnpublishVolume",
        needs: &[PUBLISH],
        run: |scene| Box::pin(from_all(scene)),
    },
];

async fn unknown_node(scene: Scene) -> Verdict {
    let volume = scene.volume("volume").await?;
    let mut request = volume.attach_request();
    request.node_id = scene.unknown();
    let answer = insist(|| scene.driver.controller_publish_volume(request.clone())).await;
    refused(answer, &[Code::NotFound], "an unknown node")
}

async fn unknown_volume(scene: Scene) -> Verdict {
    let volume = scene.volume("volume").await?;
    let mut request = volume.attach_request();
    request.volume_id = scene.unknown();
    let answer = insist(|| scene.driver.controller_publish_volume(request.clone())).await;
    refused(answer, &[Code::NotFound], "an unknown volume")
}

async fn nodes_in_list(scene: &Scene, volume: &Volume) -> Verdict<Vec<String>> {
    let id = volume.id();
    for entry in entries(scene, 0).await? {
        if entry.volume.is_some_and(|it| it.volume_id == id) {
            return Ok(entry.status.unwrap_or_default().published_node_ids);
        }
    }
    finding(format!("ListVolumes does not have {id}"))
}

async fn nodes_of(scene: &Scene, volume: &Volume) -> Verdict<Vec<String>> {
    let request = csi::ControllerGetVolumeRequest { volume_id: volume.id() };
    let answer = insist(|| scene.driver.controller_get_volume(request.clone())).await?;
    Ok(answer.status.unwrap_or_default().published_node_ids)
}

fn are(found: &[String], wanted: &[String], when: &str) -> Verdict {
    ensure!(found == wanted, "{when}: published to {found:?}, where {wanted:?} is right");
    Ok(())
}

async fn listed(scene: Scene) -> Verdict {
    let node = [scene.driver.info.node_id.clone()];
    let mut volume = scene.volume("volume").await?;
    are(&nodes_in_list(&scene, &volume).await?, &[], "before")?;
    volume.attach().await?;
    are(&nodes_in_list(&scene, &volume).await?, &node, "meanwhile")?;
    volume.detach().await?;
    are(&nodes_in_list(&scene, &volume).await?, &[], "afterwards")
}

async fn got(scene: Scene) -> Verdict {
    let node = [scene.driver.info.node_id.clone()];
    let mut volume = scene.volume("volume").await?;
    are(&nodes_of(&scene, &volume).await?, &[], "before")?;
    volume.attach().await?;
    are(&nodes_of(&scene, &volume).await?, &node, "meanwhile")?;
    volume.detach().await?;
    are(&nodes_of(&scene, &volume).await?, &[], "afterwards")
}

async fn otherwise(scene: Scene) -> Verdict {
    let mut volume = scene.volume("volume").await?;
    volume.attach().await?;
    let mut request = volume.attach_request();
    request.readonly = true;
    let answer = insist(|| scene.driver.controller_publish_volume(request.clone())).await;
    refused(answer, &[Code::AlreadyExists], "published read-write, asked for read-only")
}

async fn from_all(scene: Scene) -> Verdict {
    let mut volume = scene.volume("volume").await?;
    volume.attach().await?;
    let mut request = volume.detach_request();
    request.node_id = String::new();
    for _ in 0..2 {
        insist(|| scene.driver.controller_unpublish_volume(request.clone())).await?;
    }
    if NODES.is_met(&scene.driver.abilities, &scene.options)
        && scene.driver.abilities.controller(Controller::GetVolume)
    {
        are(&nodes_of(&scene, &volume).await?, &[], "after unpublishing from all")?;
    }
    // It can be published anew, and be deleted afterwards.
    volume.attach().await?;
    volume.detach().await?;
    volume.delete().await
}
