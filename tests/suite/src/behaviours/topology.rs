//! Topology: volumes are where they were asked to be, or nowhere.

use mooring_proto::csi::v1 as csi;
use tonic::Code;

use crate::ability::{Controller, Need, Service};
use crate::behaviour::Behaviour;
use crate::driver::insist;
use crate::finding::{Verdict, ensure, refused, skipped};
use crate::scene::Scene;

const PLACES: Need = Need::Service(Service::VolumeAccessibilityConstraints);

/// All of this file.
pub(super) const ALL: &[Behaviour] = &[
    Behaviour {
        name: "volume_is_where_the_node_is",
        does: "with this node's topology as requisite, the volume is reachable from there, and is \
               used there",
        says: "the volume is accessible from at least one requisite topology, and says where from",
        section: "CreateVolume (TopologyRequirement, Volume)",
        needs: &[PLACES],
        run: |scene| Box::pin(here(scene)),
    },
    Behaviour {
        name: "volume_is_nowhere_else",
        does: "with a requisite place that does not exist, no volume is made",
        says: "unable to provision in accessible_topology: RESOURCE_EXHAUSTED",
        section: "CreateVolume Errors",
        needs: &[PLACES],
        run: |scene| Box::pin(nowhere(scene)),
    },
    Behaviour {
        name: "capacity_is_that_of_the_place",
        does: "there is room where the node is, and none in a place that does not exist",
        says: "the capacity is that of storage accessible from the topology given",
        section: "GetCapacity",
        needs: &[PLACES, Need::Controller(Controller::GetCapacity)],
        run: |scene| Box::pin(capacity(scene)),
    },
    Behaviour {
        name: "preferred_place_is_taken",
        does: "of two requisite places, the one preferred that exists is taken",
        says: "preferred topologies are tried in their order; the first that works is taken",
        section: "CreateVolume (TopologyRequirement)",
        needs: &[PLACES],
        run: |scene| Box::pin(preferred(scene)),
    },
];

/// Where this node is, and a place with the same keys that is nowhere.
fn places(scene: &Scene) -> Verdict<(csi::Topology, csi::Topology)> {
    let Some(here) = scene.driver.info.accessible_topology.clone() else {
        return skipped("NodeGetInfo answers no topology");
    };
    let segments = here.segments.keys().map(|key| (key.clone(), "nowhere".to_owned()));
    let nowhere = csi::Topology { segments: segments.collect() };
    Ok((here, nowhere))
}

/// Whether a volume with such a place is reachable from the node: every segment that it names.
fn reaches(volume: &csi::Volume, here: &csi::Topology) -> bool {
    volume.accessible_topology.iter().any(|place| {
        place.segments.iter().all(|(key, value)| {
            // Keys are equal without regard to case.
            here.segments.iter().any(|(k, v)| k.eq_ignore_ascii_case(key) && v == value)
        })
    })
}

async fn made(
    scene: &Scene,
    requisite: Vec<csi::Topology>,
    preferred: Vec<csi::Topology>,
    here: &csi::Topology,
) -> Verdict {
    let mut request = scene.request("volume");
    request.accessibility_requirements = Some(csi::TopologyRequirement { requisite, preferred });
    let mut volume = scene.create(request).await?;
    ensure!(
        reaches(&volume.made, here),
        "reachable from {:?}, where {here:?} was asked for",
        volume.made.accessible_topology
    );
    let target = volume.mount().await?;
    let written = volume.write(&target, 1)?;
    volume.holds(&target, written)
}

async fn here(scene: Scene) -> Verdict {
    let (here, _) = places(&scene)?;
    made(&scene, vec![here.clone()], vec![here.clone()], &here).await
}

async fn nowhere(scene: Scene) -> Verdict {
    let (_, nowhere) = places(&scene)?;
    let mut request = scene.request("volume");
    let requisite = vec![nowhere];
    request.accessibility_requirements =
        Some(csi::TopologyRequirement { requisite, preferred: vec![] });
    let answer = scene.try_create(request).await?;
    refused(answer, &[Code::ResourceExhausted], "a volume in a place that does not exist")
}

async fn capacity(scene: Scene) -> Verdict {
    let (here, nowhere) = places(&scene)?;
    let ask = async |place| {
        let request = csi::GetCapacityRequest {
            volume_capabilities: vec![scene.options.capability()],
            parameters: scene.options.parameters(),
            accessible_topology: Some(place),
        };
        let answer = insist(|| scene.driver.get_capacity(request.clone())).await?;
        Verdict::Ok(answer.available_capacity)
    };
    let (some, none) = (ask(here).await?, ask(nowhere).await?);
    ensure!(some > 0, "{some} bytes where the node is, where volumes can be made");
    ensure!(none == 0, "{none} bytes in a place that does not exist");
    Ok(())
}

async fn preferred(scene: Scene) -> Verdict {
    let (here, nowhere) = places(&scene)?;
    made(&scene, vec![nowhere, here.clone()], vec![here.clone()], &here).await
}
