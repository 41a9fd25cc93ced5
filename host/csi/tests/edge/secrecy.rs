//! Secrets are in no log, at any level, and in no error.

use std::io::Write;
use std::sync::{Arc, Mutex};

use mooring_proto::csi::v1 as pb;
use mooring_volume::Ability;
use pb::volume_capability::{AccessType, MountVolume};
use tracing_subscriber::filter::LevelFilter;

use crate::inputs::{capability, good_create, good_stage};
use crate::model::Mood;
use crate::setup::Edge;

const SECRET: &str = "hunter2-is-a-secret";

/// Keeps all that is logged by this test.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

fn secret() -> std::collections::BTreeMap<String, String> {
    [("password".to_owned(), SECRET.to_owned())].into()
}

#[tokio::test]
async fn neither_logs_nor_errors_hold_a_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // All tasks of this test run on its thread.
    let _guard = tracing::subscriber::set_default(subscriber);

    let edge = Edge::start().await;
    let (mut controller, mut node) = (edge.controller().await, edge.node().await);
    let create = pb::CreateVolumeRequest { secrets: secret(), ..good_create() };
    controller.create_volume(create.clone()).await.unwrap();
    let stage = pb::NodeStageVolumeRequest { secrets: secret(), ..good_stage() };
    node.node_stage_volume(stage.clone()).await.unwrap();

    // Refused: in a key, in a value, and in mount flags, which may hold credentials.
    let mut refused = Vec::new();
    for secrets in [
        [(format!("{SECRET} "), "v".to_owned())].into(),
        [("k".to_owned(), format!("{SECRET}\0"))].into(),
        [("k".to_owned(), SECRET.repeat(1000))].into(),
    ] {
        let create = pb::CreateVolumeRequest { secrets, ..good_create() };
        refused.push(controller.create_volume(create).await.unwrap_err());
    }
    for flag in
        [format!("password={SECRET},ro"), format!("password={SECRET}\n"), SECRET.repeat(999)]
    {
        let mount = MountVolume { mount_flags: vec![flag], ..MountVolume::default() };
        let bad =
            pb::VolumeCapability { access_type: Some(AccessType::Mount(mount)), ..capability() };
        let stage = pb::NodeStageVolumeRequest { volume_capability: Some(bad), ..good_stage() };
        refused.push(node.node_stage_volume(stage).await.unwrap_err());
    }

    // Quoted by a backend, and by a node, that should not.
    edge.model.stage.set(Mood::Blabs);
    edge.node.stage.set(Mood::Blabs);
    edge.model.can(&[
        Ability::Publishing,
        Ability::Expansion,
        Ability::AccessibilityConstraints,
        Ability::Modification,
    ]);
    let blabbed = [
        controller.create_volume(create).await.unwrap_err(),
        node.node_stage_volume(stage).await.unwrap_err(),
        controller
            .delete_volume(pb::DeleteVolumeRequest { volume_id: "v".into(), secrets: secret() })
            .await
            .unwrap_err(),
        controller
            .controller_unpublish_volume(pb::ControllerUnpublishVolumeRequest {
                volume_id: "v".into(),
                secrets: secret(),
                ..Default::default()
            })
            .await
            .unwrap_err(),
    ];
    for status in &blabbed {
        assert_eq!(status.message(), "login failed with password=[secret]");
    }
    refused.extend(blabbed);
    for status in &refused {
        assert!(!format!("{status:?}").contains("hunter2"), "{status:?}");
    }

    let text = log.text();
    assert!(!text.contains("hunter2"), "a secret was logged");
    let line = text
        .lines()
        .find(|line| line.contains("method=\"NodeStageVolume\"") && line.contains("answered"))
        .expect("a line an RPC");
    for part in ["driver=model.mooring.dev", "call=", "volume=\"id-0\"", "code=\"OK\""] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    assert!(text.contains("login failed with password=[secret]"), "the error itself is logged");
}
