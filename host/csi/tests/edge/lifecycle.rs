//! A volume's whole life, through both processes.

use mooring_proto::csi::v1 as pb;
use mooring_volume::Code;
use tonic::Code as Grpc;

use crate::inputs::{
    good_controller_publish, good_create, good_expand, good_node_expand, good_publish, good_stage,
    good_validate,
};
use crate::setup::Edge;

#[tokio::test]
async fn controller() {
    let edge = Edge::start().await;
    let mut client = edge.controller().await;
    let created = client.create_volume(good_create()).await.unwrap().into_inner().volume.unwrap();
    assert_eq!((created.volume_id.as_str(), created.capacity_bytes), ("id-0", 1 << 30));
    assert_eq!(created.volume_context["pool"], "default");
    assert_eq!(created.accessible_topology[0].segments["zone"], "a");

    let validated =
        client.validate_volume_capabilities(good_validate()).await.unwrap().into_inner();
    let confirmed = validated.confirmed.unwrap();
    assert_eq!(confirmed.volume_capabilities, good_validate().volume_capabilities);
    assert_eq!(confirmed.parameters, good_validate().parameters);

    let published = client.controller_publish_volume(good_controller_publish()).await.unwrap();
    let context = published.into_inner().publish_context;
    assert_eq!((&*context["lun"], &*context["mooring.dev/readonly"]), ("1", "true"));
    let writing =
        pb::ControllerPublishVolumeRequest { readonly: false, ..good_controller_publish() };
    let context = client.controller_publish_volume(writing).await.unwrap().into_inner();
    assert_eq!(context.publish_context.keys().collect::<Vec<_>>(), ["lun"]);
    let expanded = client.controller_expand_volume(good_expand()).await.unwrap().into_inner();
    assert_eq!((expanded.capacity_bytes, expanded.node_expansion_required), (2 << 30, true));

    let id = || "id-0".to_owned();
    let get = pb::ControllerGetVolumeRequest { volume_id: id() };
    let got = client.controller_get_volume(get).await.unwrap().into_inner();
    assert_eq!(got.status.unwrap().published_node_ids, ["n1"]);
    let room = client.get_capacity(pb::GetCapacityRequest::default()).await.unwrap().into_inner();
    assert_eq!((room.available_capacity, room.maximum_volume_size), (i64::MAX, Some(1 << 40)));

    let everywhere = pb::ControllerUnpublishVolumeRequest { volume_id: id(), ..Default::default() };
    client.controller_unpublish_volume(everywhere).await.unwrap();
    let delete = pb::DeleteVolumeRequest { volume_id: id(), ..Default::default() };
    client.delete_volume(delete.clone()).await.unwrap();
    client.delete_volume(delete).await.unwrap();
    assert_eq!(
        edge.model.stage.effects(),
        [
            "create pvc-1",
            "publish id-0 n1",
            "publish id-0 n1",
            "expand id-0",
            "unpublish id-0 every node",
            "delete id-0",
            "delete id-0"
        ]
    );
    let measured = edge.measured.rpcs();
    assert_eq!(measured.first(), Some(&("CreateVolume", "OK")));
    assert_eq!(measured.len(), 10);
}

#[tokio::test]
async fn pages_fit_together_and_a_bad_token_is_aborted() {
    let edge = Edge::start().await;
    let mut client = edge.controller().await;
    for number in 0..5 {
        let request = pb::CreateVolumeRequest { name: format!("pvc-{number}"), ..good_create() };
        client.create_volume(request).await.unwrap();
    }
    let (mut seen, mut starting_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListVolumesRequest { max_entries: 2, starting_token };
        let page = client.list_volumes(request).await.unwrap().into_inner();
        assert!(page.entries.len() <= 2);
        seen.extend(page.entries.into_iter().map(|entry| entry.volume.unwrap().volume_id));
        starting_token = page.next_token;
        if starting_token.is_empty() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, ["id-0", "id-1", "id-2", "id-3", "id-4"]);
    let bad = pb::ListVolumesRequest { starting_token: "invalid-token".into(), max_entries: 0 };
    assert_eq!(client.list_volumes(bad).await.unwrap_err().code(), Grpc::Aborted);
}

#[tokio::test]
async fn what_cannot_be_satisfied_is_told_without_an_error() {
    let edge = Edge::start().await;
    let mut client = edge.controller().await;
    client.create_volume(good_create()).await.unwrap();
    let mut request = good_validate();
    request.volume_capabilities[0].access_mode.as_mut().unwrap().mode = 5;
    let answer = client.validate_volume_capabilities(request).await.unwrap().into_inner();
    assert_eq!((answer.confirmed, answer.message.as_str()), (None, "one node only"));
    let unknown =
        pb::ValidateVolumeCapabilitiesRequest { volume_id: "x".into(), ..good_validate() };
    let refused = client.validate_volume_capabilities(unknown).await.unwrap_err();
    assert_eq!(refused.code(), Grpc::NotFound);
}

#[tokio::test]
async fn node() {
    let edge = Edge::start().await;
    let mut client = edge.node().await;
    client.node_stage_volume(good_stage()).await.unwrap();
    client.node_stage_volume(good_stage()).await.unwrap();
    client.node_publish_volume(good_publish()).await.unwrap();
    let inline = pb::NodePublishVolumeRequest {
        volume_id: "csi-0af3".into(),
        target_path: "/pods/p2/mount".into(),
        staging_target_path: String::new(),
        volume_context: [("csi.storage.k8s.io/ephemeral", "true"), ("size", "1Gi")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        ..good_publish()
    };
    client.node_publish_volume(inline).await.unwrap();
    let context = [("csi.storage.k8s.io/ephemeral".to_owned(), "false".to_owned())].into();
    let persistent = pb::NodePublishVolumeRequest { volume_context: context, ..good_publish() };
    client.node_publish_volume(persistent).await.unwrap();
    let stats = pb::NodeGetVolumeStatsRequest {
        volume_id: "id-0".into(),
        volume_path: "/pods/p1/mount".into(),
        ..Default::default()
    };
    let usage = client.node_get_volume_stats(stats).await.unwrap().into_inner().usage;
    assert_eq!((usage[0].total, usage[0].used, usage[0].unit), (1000, 400, 1));
    assert_eq!((usage[1].total, usage[1].available, usage[1].unit), (10, 7, 2));
    let expanded = client.node_expand_volume(good_node_expand()).await.unwrap().into_inner();
    assert_eq!(expanded.capacity_bytes, 2 << 30);
    let unpublish = pb::NodeUnpublishVolumeRequest {
        volume_id: "id-0".into(),
        target_path: "/pods/p1/mount".into(),
    };
    client.node_unpublish_volume(unpublish).await.unwrap();
    let unstage = pb::NodeUnstageVolumeRequest {
        volume_id: "id-0".into(),
        staging_target_path: "/staging/id-0".into(),
    };
    client.node_unstage_volume(unstage.clone()).await.unwrap();
    client.node_unstage_volume(unstage).await.unwrap();
    let effects = edge.node.stage.effects();
    assert_eq!(
        effects,
        [
            "stage id-0",
            "publish id-0",
            r#"publish inline csi-0af3 {"csi.storage.k8s.io/ephemeral": "true", "size": "1Gi"} false"#,
            "expand id-0",
            "unpublish id-0",
            "unstage id-0"
        ]
    );
}

/// As csi-sanity asks it.
#[tokio::test]
async fn node_expansion_needs_neither_capability_nor_staging_path() {
    let edge = Edge::start().await;
    let mut client = edge.node().await;
    client.node_stage_volume(good_stage()).await.unwrap();
    let bare = pb::NodeExpandVolumeRequest {
        volume_id: "id-0".into(),
        volume_path: "/pods/p1/mount".into(),
        ..Default::default()
    };
    client.node_expand_volume(bare.clone()).await.unwrap();
    let relative = pb::NodeExpandVolumeRequest { volume_path: "some/path".into(), ..bare };
    assert_eq!(client.node_expand_volume(relative).await.unwrap_err().code(), Grpc::NotFound);
}

#[tokio::test]
async fn how_a_node_is_described() {
    let edge = Edge::start().await;
    let mut client = edge.node().await;
    let info = client.node_get_info(pb::NodeGetInfoRequest {}).await.unwrap().into_inner();
    assert_eq!((info.node_id.as_str(), info.max_volumes_per_node), ("n1", 0));
    edge.node.description.lock().unwrap().max_volumes = Some(0);
    let refused = client.node_get_info(pb::NodeGetInfoRequest {}).await.unwrap_err();
    assert_eq!(refused.code(), Grpc::FailedPrecondition, "0 would mean: no bound");
}

#[tokio::test]
async fn the_backend_s_codes_and_waits_reach_the_caller() {
    let edge = Edge::start().await;
    let mut client = edge.controller().await;
    let wait = Some(std::time::Duration::from_millis(1500));
    let full = mooring_volume::Error {
        retry_after: wait,
        ..mooring_volume::Error::new(Code::ResourceExhausted, "the pool is full")
    };
    edge.model.stage.set(crate::model::Mood::Fails(full));
    let refused = client.create_volume(good_create()).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Grpc::ResourceExhausted, "the pool is full"));
    assert_eq!(refused.metadata().get("grpc-retry-pushback-ms").unwrap(), "1500");
    assert_eq!(edge.measured.rpcs(), [("CreateVolume", "RESOURCE_EXHAUSTED")]);
}
