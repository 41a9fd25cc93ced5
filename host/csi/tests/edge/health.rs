//! The health of volumes: as CSI 1.13 tells it, and as the condition of CSI up to 1.12.

use mooring_proto::csi::v1 as pb;
use mooring_volume::health::{VolumeFault, VolumeFinding, VolumeHealth};
use mooring_volume::{Ability, VolumeId};
use tonic::Code;

use crate::inputs::good_create;
use crate::setup::Edge;

fn finding(fault: VolumeFault, reason: &str) -> VolumeFinding {
    VolumeFinding { fault, reason: reason.into(), message: "look at it".into() }
}

fn sick(edge: &Edge, findings: Vec<VolumeFinding>) {
    let volume = VolumeId::new("id-0").unwrap();
    *edge.model.optional.health.lock().unwrap() = vec![VolumeHealth { volume, findings }];
}

fn ask() -> pb::ControllerGetVolumeHealthRequest {
    pb::ControllerGetVolumeHealthRequest { volume_id: "id-0".into(), ..Default::default() }
}

fn every() -> pb::ControllerListVolumeHealthRequest {
    pb::ControllerListVolumeHealthRequest::default()
}

#[tokio::test]
async fn of_one_and_of_all_and_as_a_condition() {
    let edge = Edge::start().await;
    let mut client = edge.controller().await;
    client.create_volume(good_create()).await.unwrap();
    let get = || pb::ControllerGetVolumeRequest { volume_id: "id-0".into() };

    let sound = client.controller_get_volume_health(ask()).await.unwrap().into_inner();
    assert!(sound.volume_health.unwrap().health_statuses.is_empty());
    let volume = client.controller_get_volume(get()).await.unwrap().into_inner();
    let condition = volume.status.unwrap().volume_condition.unwrap();
    assert!(!condition.abnormal && !condition.message.is_empty());
    let none = client.controller_list_volume_health(every()).await.unwrap();
    assert!(none.into_inner().entries.is_empty());

    let two = [(VolumeFault::Degraded, "PathLost"), (VolumeFault::DataLoss, "ImageCut")];
    sick(&edge, two.map(|(fault, reason)| finding(fault, reason)).into());
    let health = client.controller_get_volume_health(ask()).await.unwrap().into_inner();
    let health = health.volume_health.unwrap();
    let told: Vec<_> = health.health_statuses.iter().map(|it| (it.status, &*it.reason)).collect();
    assert_eq!(told, [(1, "PathLost"), (3, "ImageCut")]);
    let all = client.controller_list_volume_health(every()).await.unwrap();
    assert_eq!(all.into_inner().entries, [health]);
    let volume = client.controller_get_volume(get()).await.unwrap().into_inner();
    let condition = volume.status.unwrap().volume_condition.unwrap();
    assert!(condition.abnormal);
    assert_eq!(condition.message, "PathLost: look at it; ImageCut: look at it");

    edge.model.can(&[Ability::Listing]);
    let volume = client.controller_get_volume(get()).await.unwrap().into_inner();
    assert_eq!(volume.status.unwrap().volume_condition, None, "nothing is claimed");
    edge.model.can(&[Ability::Health]);
    let unknown = pb::ControllerGetVolumeHealthRequest { volume_id: "x".into(), ..ask() };
    let refused = client.controller_get_volume_health(unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test]
async fn findings_that_break_the_rules_are_the_backend_s_fault() {
    let edge = Edge::start().await;
    let mut client = edge.controller().await;
    client.create_volume(good_create()).await.unwrap();
    let one = |reason: &str| finding(VolumeFault::Degraded, reason);
    for findings in [
        vec![],
        vec![one("")],
        vec![one("path lost")],
        vec![one("pathLost")],
        vec![one(&"X".repeat(129))],
        vec![one("PathLost"), one("PathLost")],
    ] {
        sick(&edge, findings.clone());
        let status = client.controller_list_volume_health(every()).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{findings:?}");
        assert!(status.message().contains("fault of the backend"), "{status:?}");
    }
}
