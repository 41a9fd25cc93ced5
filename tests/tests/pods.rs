//! Volumes that live and die with a pod, and volumes that a pod's sandbox mounts itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use mooring_proto::csi::v1::*;
use mooring_tests::config::IMAGE;
use mooring_tests::host::Victim;
use mooring_tests::life::{mount, nothing_left, text};
use mooring_tests::{Clients, Host, Kind, Life, Settings, case, eventually, kernel, payload};
use serde_json::Value;
use tonic::{Code, Status};

/// A volume as a pod describes it.
struct Inline {
    clients: Clients,
    id: String,
    target: PathBuf,
}

impl Inline {
    async fn new(host: &Host, pod: &str) -> Self {
        let target = host.paths.targets.join(format!("pods/{pod}/volumes/scratch/mount"));
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        let clients = host.connect(IMAGE).await;
        Self { clients, id: format!("csi-{pod}"), target }
    }

    /// As kubelet does with a `CSIDriver` that has `podInfoOnMount`.
    async fn publish(&mut self, attributes: &[(&str, &str)]) -> Result<(), Status> {
        let orchestrators =
            [("csi.storage.k8s.io/ephemeral", "true"), ("csi.storage.k8s.io/pod.name", "web-0")];
        let all = orchestrators.iter().chain(attributes);
        let volume_context: HashMap<String, String> =
            all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let request = NodePublishVolumeRequest {
            volume_id: self.id.clone(),
            target_path: text(&self.target),
            volume_capability: Some(mount("ext4", &[])),
            volume_context: volume_context.into_iter().collect(),
            ..Default::default()
        };
        self.clients.node.node_publish_volume(request).await.map(drop)
    }

    async fn unpublish(&mut self) -> Result<(), Status> {
        let (volume_id, target_path) = (self.id.clone(), text(&self.target));
        let request = NodeUnpublishVolumeRequest { volume_id, target_path };
        self.clients.node.node_unpublish_volume(request).await.map(drop)
    }
}

const EPHEMERAL: &str = "{size: 64Mi, maxSize: 128Mi, attributes: [pool]}";

fn with_ephemeral() -> Settings {
    Settings { ephemeral: EPHEMERAL, ..Settings::default() }
}

/// What is deleted once the pod is gone is deleted in the background.
async fn deleted(host: &Host) {
    let images = &host.paths;
    eventually("the pods' images are gone", async || images.images().is_empty().then_some(()))
        .await;
    nothing_left(host).await;
}

#[test]
fn a_pod_has_its_volume_for_as_long_as_it_lives() {
    case(async |place| {
        let mut host = Host::serve(place, with_ephemeral()).await;
        let mut scratch = Inline::new(&host, "web-0").await;
        scratch.publish(&[("size", "96Mi")]).await.unwrap();
        assert_eq!(std::fs::metadata(&host.paths.images()[0]).unwrap().len(), 96 << 20);
        let written = payload::write(&scratch.target.join("data"), 0, 4, 1).unwrap();
        scratch.publish(&[("size", "96Mi")]).await.unwrap();
        assert_eq!(host.paths.images().len(), 1);

        for victim in [Victim::Controller, Victim::Node] {
            host.kill_and_recover(victim).await;
            scratch.clients = host.connect(IMAGE).await;
            scratch.publish(&[("size", "96Mi")]).await.unwrap();
            written.verify();
        }
        scratch.unpublish().await.unwrap();
        assert_eq!(kernel::mount_at(&scratch.target), None);
        deleted(&host).await;
        scratch.unpublish().await.unwrap();
        host.stop().await;
    });
}

#[test]
fn a_pod_that_ends_while_the_controller_is_away_leaves_nothing() {
    case(async |place| {
        let mut host = Host::apart(place, with_ephemeral()).await;
        let mut scratch = Inline::new(&host, "web-0").await;
        scratch.publish(&[]).await.unwrap();
        host.stop_controller().await;
        scratch.unpublish().await.unwrap();
        assert_eq!(kernel::mount_at(&scratch.target), None);
        assert_eq!(host.paths.images().len(), 1, "nobody was there to delete it");
        host.controller_again().await;
        deleted(&host).await;
        host.stop().await;
    });
}

#[test]
fn a_pod_gets_no_more_than_it_is_granted() {
    case(async |place| {
        let mut host = Host::serve(place, with_ephemeral()).await;
        let mut scratch = Inline::new(&host, "web-0").await;
        for (attributes, code) in [
            (&[("size", "129Mi")], Code::OutOfRange),
            (&[("size", "some")], Code::InvalidArgument),
            (&[("writeIops", "0")], Code::PermissionDenied),
            (&[("pool", "other")], Code::InvalidArgument),
        ] {
            let refused = scratch.publish(attributes).await.unwrap_err();
            assert_eq!(refused.code(), code, "{attributes:?}: {refused}");
        }
        deleted(&host).await;
        host.stop().await;
    });
}

#[test]
fn a_driver_that_is_not_granted_them_makes_no_volume_for_a_pod() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let refused = Inline::new(&host, "web-0").await.publish(&[]).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains("grants.ephemeral"), "{refused}");
        nothing_left(&host).await;
        host.stop().await;
    });
}

/// What the runtime is told of the only direct volume.
fn told(folder: &Path) -> Value {
    let folders: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    let info = std::fs::read(folders[0].path().join("mountInfo.json")).unwrap();
    serde_json::from_slice(&info).unwrap()
}

fn is_to_format(info: &Value) -> bool {
    info["metadata"]["createFilesystem"] == "true"
}

#[test]
fn a_sandbox_gets_the_device_and_formats_it_once() {
    case(async |place| {
        let settings = Settings { kata: true, ..Settings::default() };
        let mut host = Host::serve(place, settings).await;
        let mut clients = host.connect(IMAGE).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        let mut request = life.create_request();
        request.parameters.insert("directVolume".to_owned(), "true".to_owned());
        let answer = clients.controller.create_volume(request).await.unwrap().into_inner();
        life.volume = answer.volume;
        life.stage().await.unwrap();
        life.publish().await.unwrap();
        life.publish().await.unwrap();
        assert_eq!(kernel::mounts_below(&host.paths.targets), [], "nothing is mounted here");

        let folder = host.paths.direct_volumes();
        let info = told(&folder);
        assert_eq!((&info["volume-type"], &info["fstype"]), (&"directvol".into(), &"ext4".into()));
        assert!(is_to_format(&info), "{info}");
        let device = info["device"].as_str().unwrap();
        // What the guest does with a device that it is handed.
        let made = Command::new("mkfs.ext4").args(["-q", "-L", "guest", device]).status().unwrap();
        assert!(made.success());

        life.unpublish().await.unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        host.kill_and_recover(Victim::Node).await;
        life.reconnect(&host).await;
        life.publish().await.unwrap();
        let info = told(&folder);
        assert!(!is_to_format(&info), "a guest's data would be formatted: {info}");

        life.expand().await.unwrap();
        life.node_expand().await.unwrap();
        let size = Command::new("blockdev").args(["--getsize64", device]).output().unwrap();
        let bytes: i64 = String::from_utf8(size.stdout).unwrap().trim().parse().unwrap();
        assert_eq!(bytes, Kind::Ext4.sizes().1);
        life.end().await;
        nothing_left(&host).await;
        host.stop().await;
    });
}

#[test]
fn a_sandbox_is_given_nothing_that_is_not_granted() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut clients = host.connect(IMAGE).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        let mut request = life.create_request();
        request.parameters.insert("directVolume".to_owned(), "true".to_owned());
        let answer = clients.controller.create_volume(request).await.unwrap().into_inner();
        life.volume = answer.volume;
        let refused = life.stage().await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
        assert!(refused.message().contains("kata-direct"), "{refused}");
        life.end().await;
        nothing_left(&host).await;
        host.stop().await;
    });
}
