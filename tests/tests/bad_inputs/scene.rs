//! A host with volumes in different states, and things in the orchestrator's folders that are not
//! the host's business.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use mooring_proto::csi::v1::*;
use mooring_tests::life::{at_least, text};
use mooring_tests::payload::{self, Written};
use mooring_tests::snapshot::Snapshot;
use mooring_tests::{Clients, Host, Kind, Life, Place, Settings};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use tonic::Code;

use crate::calls::Call;

/// The request can never work as it stands.
pub(crate) const INVALID: &[Code] = &[Code::InvalidArgument];

/// Nothing of that id is there.
pub(crate) const UNKNOWN: &[Code] = &[Code::NotFound];

/// The volume, or what is at the path, has to change first.
pub(crate) const WRONG_STATE: &[Code] =
    &[Code::FailedPrecondition, Code::InvalidArgument, Code::AlreadyExists, Code::NotFound];

/// What takes down a volume that isn't there may say so or say OK.
pub(crate) const LEFT_ALONE: &[Code] =
    &[Code::Ok, Code::InvalidArgument, Code::FailedPrecondition, Code::NotFound];

/// There is no room for it, or not there.
pub(crate) const NO_ROOM: &[Code] = &[Code::ResourceExhausted];

/// A call, and how it must end.
#[derive(Debug)]
pub(crate) struct Row {
    /// What is bad about it.
    pub(crate) what: String,
    /// The call.
    pub(crate) call: Call,
    /// Any of these codes.
    pub(crate) codes: &'static [Code],
    /// Words of which a refusal must hold one: the field.
    pub(crate) names: &'static [&'static str],
}

/// A row of a table.
pub(crate) fn row(
    what: impl Into<String>,
    call: impl Into<Call>,
    codes: &'static [Code],
    names: &'static [&'static str],
) -> Row {
    Row { what: what.into(), call: call.into(), codes, names }
}

/// The host and what is around it.
pub(crate) struct Scene<'a> {
    place: &'a Place,
    pub(crate) host: Host,
    pub(crate) clients: Clients,
    /// Created, and nowhere on the node.
    pub(crate) made: Life,
    /// ext4, staged, published, with data.
    pub(crate) live: Life,
    /// A device, staged and published.
    pub(crate) device: Life,
    data: Written,
    foreign_mount: PathBuf,
}

impl<'a> Scene<'a> {
    pub(crate) async fn set(place: &'a Place) -> Self {
        let host = Host::serve(place, Settings::default()).await;
        let clients = host.connect(Kind::Ext4.driver()).await;
        let mut made = Life::new(&host, Kind::Ext4, "made").await;
        made.create().await.unwrap();
        let mut live = Life::new(&host, Kind::Ext4, "live").await;
        let mut device = Life::new(&host, Kind::Block, "device").await;
        for life in [&mut live, &mut device] {
            life.create().await.unwrap();
            life.stage().await.unwrap();
            life.publish().await.unwrap();
        }
        let data = payload::write(&live.data(), 0, 8, 3).unwrap();
        let foreign_mount = furnish(place, &host);
        Self { place, host, clients, made, live, device, data, foreign_mount }
    }

    /// A path below the orchestrator's root.
    pub(crate) fn target(&self, below: &str) -> String {
        text(&self.host.paths.targets.join(below))
    }

    /// Makes every call; fails with all that went wrong, each with its row.
    pub(crate) async fn refuses(&mut self, rows: Vec<Row>) {
        assert!(!rows.is_empty());
        let mut before = Snapshot::take(self.place, &self.host.paths);
        let mut wrong = Vec::new();
        for Row { what, call, codes, names } in rows {
            let outcome = call.make(&mut self.clients).await;
            let (code, message) = match &outcome {
                Ok(()) => (Code::Ok, String::new()),
                Err(status) => (status.code(), status.message().to_owned()),
            };
            let name = format!("{call:?}");
            let name = name.split('(').next().unwrap_or_default();
            if !codes.contains(&code) {
                wrong.push(format!("{name}, {what}: {code:?} ({message}), wanted {codes:?}"));
            }
            let named = names.is_empty() || names.iter().any(|word| message.contains(word));
            if code != Code::Ok && !named {
                wrong.push(format!("{name}, {what}: {message:?} names none of {names:?}"));
            }
            let after = Snapshot::take(self.place, &self.host.paths);
            let changes = before.changes(&after);
            if !changes.is_empty() {
                wrong.push(format!("{name}, {what}: {code:?}, and an effect: {changes:#?}"));
                before = after;
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    }

    /// Shows that the volumes are as they were, takes them down and stops.
    pub(crate) async fn strike(mut self) {
        self.data.verify();
        self.live.assert_published();
        for life in [&mut self.live, &mut self.device] {
            life.unpublish().await.unwrap();
            life.unstage().await.unwrap();
        }
        for life in [&mut self.made, &mut self.live, &mut self.device] {
            life.delete().await.unwrap();
        }
        umount2(&self.foreign_mount, MntFlags::empty()).unwrap();
        mooring_tests::life::nothing_left(&self.host).await;
        self.host.stop().await;
    }

    /// The calls that name a volume, for an id: that they are otherwise right.
    pub(crate) fn with_id(&self, id: &str) -> Vec<Call> {
        let staging = self.target("free/staging");
        let target = self.target("free/target");
        let capability = Some(Kind::Ext4.capability());
        let volume_id = id.to_owned();
        vec![
            DeleteVolumeRequest { volume_id: volume_id.clone(), ..Default::default() }.into(),
            ControllerGetVolumeRequest { volume_id: volume_id.clone() }.into(),
            ControllerExpandVolumeRequest {
                volume_id: volume_id.clone(),
                capacity_range: at_least(1 << 30),
                ..Default::default()
            }
            .into(),
            ValidateVolumeCapabilitiesRequest {
                volume_id: volume_id.clone(),
                volume_capabilities: capability.iter().cloned().collect(),
                ..Default::default()
            }
            .into(),
            NodeStageVolumeRequest {
                volume_id: volume_id.clone(),
                staging_target_path: staging.clone(),
                volume_capability: capability.clone(),
                ..Default::default()
            }
            .into(),
            NodePublishVolumeRequest {
                volume_id: volume_id.clone(),
                staging_target_path: staging.clone(),
                target_path: target.clone(),
                volume_capability: capability,
                ..Default::default()
            }
            .into(),
            NodeUnpublishVolumeRequest {
                volume_id: volume_id.clone(),
                target_path: target.clone(),
            }
            .into(),
            NodeUnstageVolumeRequest {
                volume_id: volume_id.clone(),
                staging_target_path: staging.clone(),
            }
            .into(),
            NodeGetVolumeStatsRequest {
                volume_id: volume_id.clone(),
                volume_path: target.clone(),
                ..Default::default()
            }
            .into(),
            NodeExpandVolumeRequest { volume_id, volume_path: target, ..Default::default() }.into(),
        ]
    }
}

/// Things that others put there: folders, files, links, devices, a mount.
fn furnish(place: &Place, host: &Host) -> PathBuf {
    let targets = &host.paths.targets;
    std::fs::create_dir_all(targets.join("free/staging")).unwrap();
    let foreign = targets.join("foreign");
    for directory in ["full/below", "empty", "mounted", "real"] {
        std::fs::create_dir_all(foreign.join(directory)).unwrap();
    }
    let outside = place.directory("outside/empty");
    for file in [foreign.join("full/precious"), foreign.join("full/below/x"), foreign.join("file")]
    {
        std::fs::write(file, "precious").unwrap();
    }
    std::fs::write(place.path("outside/precious"), "precious").unwrap();
    std::fs::write(foreign.join("empty-file"), "").unwrap();
    symlink(&outside, foreign.join("link")).unwrap();
    symlink(foreign.join("real"), foreign.join("link-inside")).unwrap();
    symlink(place.path("outside/precious"), foreign.join("link-to-file")).unwrap();
    symlink("nowhere", foreign.join("link-broken")).unwrap();
    let mode = Mode::from_bits_truncate(0o600);
    nix::unistd::mkfifo(&foreign.join("fifo"), mode).unwrap();
    mknod(&foreign.join("device"), SFlag::S_IFCHR, mode, makedev(1, 3)).unwrap();
    let mounted = foreign.join("mounted");
    let none: Option<&str> = None;
    mount(Some("tmpfs"), &mounted, Some("tmpfs"), MsFlags::empty(), none).unwrap();
    mounted
}
