//! What the node asks the controller, over a real socket.

use std::time::{Duration, Instant};

use mooring_csi::RemoteBackend;
use mooring_volume::attachment::{Attachment, Content};
use mooring_volume::backend::{
    Attachments as _, CreateVolume, DescribeAttachment, NodeFacts, Nodes as _, ValidateVolume,
    Verdict, Volumes as _,
};
use mooring_volume::capability::{AccessMode, AccessType, Capability, FsType, Mount};
use mooring_volume::capacity::CapacityRange;
use mooring_volume::topology::{Requirement, Topology};
use mooring_volume::{Call, CallId, Code, Error, NodeId, Secrets, StringMap, VolumeId, VolumeName};

use crate::model::{Gate, Mood};
use crate::setup::{Edge, Plan};

fn call(seconds: u64) -> Call {
    Call { id: CallId(1), deadline: Instant::now() + Duration::from_secs(seconds) }
}

fn map(key: &str, value: &str) -> StringMap {
    [(key.to_owned(), value.to_owned())].into()
}

fn question() -> DescribeAttachment {
    let mount = Mount { fs_type: Some(FsType::Xfs), flags: vec!["noatime".into()], group: Some(7) };
    DescribeAttachment {
        volume_id: VolumeId::new("id-0").unwrap(),
        volume_context: map("pool", "default"),
        publish_context: map("lun", "1"),
        capability: Capability {
            access: AccessType::Mount(mount),
            mode: AccessMode::SingleNodeSingleWriter,
        },
        readonly: true,
        node_id: NodeId::new("n1").unwrap(),
        secrets: [("password".to_owned(), "hunter2".to_owned())].into_iter().collect(),
    }
}

#[tokio::test]
async fn an_attachment_and_all_that_was_asked() {
    let edge = Edge::start().await;
    let backend = RemoteBackend::new(edge.link.clone());
    let attached = backend.describe_attachment(&call(30), question()).await.unwrap();
    assert!(matches!(&attached.attachment, Attachment::ImageFile(item) if item.name == "vol-1"));
    assert_eq!((attached.content, attached.minimum_size), (Content::Blank, Some(4096)));
    let asked = question();
    let wanted = format!(
        "describe id-0 {:?} {:?} {:?} true n1 [(\"password\", \"hunter2\")]",
        asked.volume_context, asked.publish_context, asked.capability
    );
    assert_eq!(edge.model.stage.effects(), [wanted]);
    let left = edge.model.stage.budgets.lock().unwrap()[0];
    assert!(left <= 30.0 && left > 10.0, "the deadline goes along: {left}");
}

#[tokio::test]
async fn a_node_and_all_its_facts() {
    let edge = Edge::start().await;
    let backend = RemoteBackend::new(edge.link.clone());
    let facts = NodeFacts {
        id: "n1".into(),
        hostname: "h".into(),
        system_uuid: Some("u".into()),
        system_serial: Some("s".into()),
        board_asset_tag: Some("b".into()),
        product_name: Some("p".into()),
        asset_tag: Some("a".into()),
        iscsi_initiator: Some("iqn".into()),
        nvme_host_nqn: Some("nqn".into()),
        fc_port_names: vec!["f".into()],
        addresses: vec!["10.0.0.1".into()],
        labels: map("zone", "a"),
    };
    let description = backend.describe_node(&call(30), facts.clone()).await.unwrap();
    assert_eq!(description.id.as_str(), "vendor-n1");
    assert_eq!(description.topology.unwrap().0, map("zone", "a"));
    assert_eq!(description.max_volumes, Some(16));
    assert_eq!(edge.model.stage.effects(), [format!("describe {facts:?}")]);
}

#[tokio::test]
async fn a_volume_is_made_and_deleted_by_its_id() {
    let edge = Edge::start().await;
    let backend = RemoteBackend::new(edge.link.clone());
    let request = CreateVolume {
        name: VolumeName::new("csi-0af3").unwrap(),
        capacity: Some(CapacityRange::new(1 << 30, 0).unwrap()),
        capabilities: vec![question().capability],
        parameters: map("tier", "b"),
        mutable_parameters: StringMap::new(),
        secrets: Secrets::default(),
        source: None,
        accessibility: Some(Requirement {
            requisite: vec![Topology(map("zone", "a"))],
            preferred: vec![Topology(map("zone", "a"))],
        }),
    };
    let made = backend.create(&call(30), request.clone()).await.unwrap();
    let again = backend.create(&call(30), request.clone()).await.unwrap();
    assert_eq!(made, again, "by name");
    assert!(made.capacity >= 1 << 30);
    let validate = ValidateVolume {
        id: made.id.clone(),
        context: made.context.clone(),
        capabilities: vec![question().capability],
        parameters: map("tier", "b"),
        mutable_parameters: StringMap::new(),
        secrets: Secrets::default(),
    };
    assert_eq!(backend.validate(&call(30), validate).await.unwrap(), Verdict::Confirmed);
    backend.delete(&call(30), made.id.clone(), Secrets::default()).await.unwrap();
    let effects = edge.model.stage.effects();
    assert_eq!(effects, ["create csi-0af3".to_owned(), format!("delete {}", made.id)]);
    let wrong = CreateVolume { capabilities: Vec::new(), ..request };
    let refused = backend.create(&call(30), wrong).await.unwrap_err();
    assert_eq!(refused.code, Code::InvalidArgument, "{refused}");
}

#[tokio::test]
async fn errors_keep_code_message_and_wait() {
    let edge = Edge::start().await;
    let backend = RemoteBackend::new(edge.link.clone());
    let sent = Error {
        retry_after: Some(Duration::from_millis(250)),
        ..Error::new(Code::DataLoss, "the disk is gone – für immer")
    };
    edge.model.stage.set(Mood::Fails(sent.clone()));
    let found = backend.describe_attachment(&call(30), question()).await.unwrap_err();
    assert_eq!(found, sent);
}

#[tokio::test]
async fn a_controller_that_hangs_costs_the_call_s_time_and_no_more() {
    let edge = Edge::planned(Plan { backend_gate: Gate::shut(), ..Plan::default() }).await;
    let backend = RemoteBackend::new(edge.link.clone());
    let short = Call { id: CallId(1), deadline: Instant::now() + Duration::from_millis(100) };
    let late = backend.describe_attachment(&short, question()).await.unwrap_err();
    assert_eq!(late.code, Code::DeadlineExceeded);
    edge.model.stage.gate.release();
}

#[tokio::test]
async fn no_controller_is_unavailable_and_a_new_one_is_found() {
    let mut edge = Edge::start().await;
    let backend = RemoteBackend::new(edge.link.clone());
    backend
        .describe_node(&call(30), NodeFacts { id: "a".into(), ..NodeFacts::default() })
        .await
        .unwrap();
    edge.controller_server.take().unwrap().stop().await;
    let absent = backend.describe_attachment(&call(30), question()).await.unwrap_err();
    assert_eq!(absent.code, Code::Unavailable);
    assert!(absent.message.contains("see whether it runs"), "{absent}");
    edge.start_controller(Duration::from_secs(5));
    backend.describe_attachment(&call(30), question()).await.unwrap();
}
