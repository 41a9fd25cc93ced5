//! A secret leaves in the request that it is for, and nowhere else: after every RPC that takes secrets, with
//! and without faults, and with a component that tells what it is told, it is in no log, error, trace, metric,
//! argument, environment, file or core.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mooring_proto::csi::v1::*;
use mooring_tests::call::get;
use mooring_tests::canary::{CANARY, contains, forms};
use mooring_tests::config::NODE;
use mooring_tests::guest::guest;
use mooring_tests::life::{at_least, mount, nothing_left, text};
use mooring_tests::traces::Receiver;
use mooring_tests::{Clients, Host, Kind, Life, Place, Settings, case, eventually, kernel};
use tonic::{Response, Status};

/// Watches the arguments and environments of every process that the host starts.
struct Watch {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Vec<u8>>,
}

impl Watch {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let own = std::process::id();
        let thread = std::thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !until.load(Ordering::Acquire) {
                let others =
                    kernel::processes().into_iter().filter(|it| it.pid != own && it.parent != 2);
                for process in others {
                    for file in ["cmdline", "environ"] {
                        let path = format!("/proc/{}/{file}", process.pid);
                        seen.insert(std::fs::read(path).unwrap_or_default());
                    }
                }
            }
            seen.into_iter().flatten().collect()
        });
        Self { stop, thread }
    }

    fn stop(self) -> Vec<u8> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().unwrap()
    }
}

/// Every file below a directory, as bytes; not across mounts, since a volume's content is its own.
fn files(directory: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        found.push((format!("the name {path:?}"), text(&path).into_bytes()));
        if kind.is_dir() && kernel::mount_at(&path).is_none() {
            files(&path, found);
        } else if kind.is_file() {
            found.push((text(&path), std::fs::read(&path).unwrap_or_default()));
        }
    }
}

/// Everything that the host let out.
async fn let_out(place: &Place, host: &Host, watched: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![("an argument or environment".to_owned(), watched)];
    for socket in ["telemetry.sock", "controller/telemetry.sock"] {
        for page in ["/metrics", "/healthz"] {
            let body = get(&host.paths.sockets.join(socket), page).await.body.into_bytes();
            all.push((format!("{page} of {socket}"), body));
        }
    }
    files(place.root(), &mut all);
    all
}

fn secrets() -> BTreeMap<String, String> {
    [("password".to_owned(), CANARY.to_owned())].into()
}

/// What the callers were told.
#[derive(Default)]
struct Told(Vec<String>);

impl Told {
    fn answer<T: std::fmt::Debug>(&mut self, answer: Result<Response<T>, Status>) -> bool {
        let fine = answer.is_ok();
        self.0.push(format!("{answer:?}"));
        if let Err(status) = answer {
            self.0.push(status.message().to_owned());
        }
        fine
    }

    async fn stream<T: std::fmt::Debug>(
        &mut self,
        answer: Result<Response<tonic::Streaming<T>>, Status>,
    ) {
        match answer {
            Err(status) => self.0.push(format!("{status:?}")),
            Ok(stream) => {
                let mut stream = stream.into_inner();
                loop {
                    let next = stream.message().await;
                    self.0.push(format!("{next:?}"));
                    if !matches!(next, Ok(Some(_))) {
                        break;
                    }
                }
            }
        }
    }
}

/// Every RPC of the controller that takes secrets, for these ids. Whether it succeeds does not matter here.
async fn controller_calls(clients: &mut Clients, id: &str, kind: Kind) -> Told {
    let mut told = Told::default();
    let (secrets, capability) = (secrets(), kind.capability());
    let controller = &mut clients.controller;
    let create = CreateVolumeRequest {
        name: id.to_owned(),
        capacity_range: at_least(kind.sizes().0),
        volume_capabilities: vec![capability.clone()],
        secrets: secrets.clone(),
        ..Default::default()
    };
    let created = controller.create_volume(create).await;
    let made = created.as_ref().ok().and_then(|it| it.get_ref().volume.clone());
    told.answer(created);
    let validate = ValidateVolumeCapabilitiesRequest {
        volume_id: id.to_owned(),
        volume_capabilities: vec![capability.clone()],
        secrets: secrets.clone(),
        ..Default::default()
    };
    told.answer(controller.validate_volume_capabilities(validate).await);
    let publish = ControllerPublishVolumeRequest {
        volume_id: id.to_owned(),
        node_id: NODE.to_owned(),
        volume_capability: Some(capability),
        secrets: secrets.clone(),
        ..Default::default()
    };
    told.answer(controller.controller_publish_volume(publish).await);
    let unpublish = ControllerUnpublishVolumeRequest {
        volume_id: id.to_owned(),
        node_id: NODE.to_owned(),
        secrets: secrets.clone(),
    };
    told.answer(controller.controller_unpublish_volume(unpublish).await);
    let expand = ControllerExpandVolumeRequest {
        volume_id: id.to_owned(),
        capacity_range: at_least(kind.sizes().1),
        secrets: secrets.clone(),
        ..Default::default()
    };
    told.answer(controller.controller_expand_volume(expand).await);
    let modify = ControllerModifyVolumeRequest {
        volume_id: id.to_owned(),
        secrets: secrets.clone(),
        mutable_parameters: [("unknown".to_owned(), "value".to_owned())].into(),
    };
    told.answer(controller.controller_modify_volume(modify).await);
    health(clients, id, &mut told).await;
    copies(clients, id, &mut told).await;
    for volume_id in
        [Some(id.to_owned()), made.map(|volume| volume.volume_id)].into_iter().flatten()
    {
        let delete = DeleteVolumeRequest { volume_id, secrets: secrets.clone() };
        told.answer(clients.controller.delete_volume(delete).await);
    }
    told
}

async fn health(clients: &mut Clients, id: &str, told: &mut Told) {
    let secrets = secrets();
    let controller = &mut clients.controller;
    let get =
        ControllerGetVolumeHealthRequest { volume_id: id.to_owned(), secrets: secrets.clone() };
    told.answer(controller.controller_get_volume_health(get).await);
    let list = ControllerListVolumeHealthRequest { secrets: secrets.clone(), ..Default::default() };
    told.answer(controller.controller_list_volume_health(list).await);
    let storage = NodeGetStorageHealthRequest { secrets };
    told.answer(clients.node.node_get_storage_health(storage).await);
}

async fn copies(clients: &mut Clients, id: &str, told: &mut Told) {
    let (secrets, snapshot) = (secrets(), format!("snapshot-of-{id}"));
    let create = CreateSnapshotRequest {
        source_volume_id: id.to_owned(),
        name: snapshot.clone(),
        secrets: secrets.clone(),
        ..Default::default()
    };
    let controller = &mut clients.controller;
    told.answer(controller.create_snapshot(create).await);
    let list = ListSnapshotsRequest { secrets: secrets.clone(), ..Default::default() };
    let listed = controller.list_snapshots(list).await;
    let entries = listed.as_ref().map(|it| it.get_ref().entries.clone()).unwrap_or_default();
    told.answer(listed);
    let made = entries.into_iter().filter_map(|entry| entry.snapshot).next();
    let snapshot_id = made.map_or(snapshot, |it| it.snapshot_id);
    let get = GetSnapshotRequest { snapshot_id: snapshot_id.clone(), secrets: secrets.clone() };
    told.answer(controller.get_snapshot(get).await);
    let allocated = GetMetadataAllocatedRequest {
        snapshot_id: snapshot_id.clone(),
        secrets: secrets.clone(),
        ..Default::default()
    };
    told.stream(clients.metadata.get_metadata_allocated(allocated).await).await;
    let delta = GetMetadataDeltaRequest {
        base_snapshot_id: snapshot_id.clone(),
        target_snapshot_id: "unknown".to_owned(),
        secrets: secrets.clone(),
        ..Default::default()
    };
    told.stream(clients.metadata.get_metadata_delta(delta).await).await;
    let delete = DeleteSnapshotRequest { snapshot_id, secrets: secrets.clone() };
    told.answer(clients.controller.delete_snapshot(delete).await);
    let group = CreateVolumeGroupSnapshotRequest {
        name: format!("group-of-{id}"),
        source_volume_ids: vec![id.to_owned()],
        secrets: secrets.clone(),
        ..Default::default()
    };
    let grouped = clients.groups.create_volume_group_snapshot(group).await;
    let made = grouped.as_ref().ok().and_then(|it| it.get_ref().group_snapshot.clone());
    told.answer(grouped);
    let made = made.unwrap_or_default();
    let snapshot_ids: Vec<_> = made.snapshots.into_iter().map(|it| it.snapshot_id).collect();
    let get = GetVolumeGroupSnapshotRequest {
        group_snapshot_id: made.group_snapshot_id.clone(),
        snapshot_ids: snapshot_ids.clone(),
        secrets: secrets.clone(),
    };
    told.answer(clients.groups.get_volume_group_snapshot(get).await);
    let delete = DeleteVolumeGroupSnapshotRequest {
        group_snapshot_id: made.group_snapshot_id,
        snapshot_ids,
        secrets,
    };
    told.answer(clients.groups.delete_volume_group_snapshot(delete).await);
}

/// A life with the secret in every call that takes secrets, and calls with it that fail.
async fn live_with_secrets(host: &Host, kind: Kind) -> Told {
    let mut life = Life::new(host, kind, "pvc-1").await;
    life.secrets = secrets();
    life.create().await.unwrap();
    life.stage().await.unwrap();
    life.publish().await.unwrap();
    if kind != Kind::Directory {
        life.expand().await.unwrap();
        // Without CAP_SYS_RESOURCE it is refused, which must not tell the secret either.
        let _ = life.node_expand().await;
    }
    let mut clients = host.connect(kind.driver()).await;
    let mut told = fail_with_secrets(&mut clients, &life).await;
    life.unpublish().await.unwrap();
    life.unstage().await.unwrap();
    let id = life.id();
    told.0.extend(controller_calls(&mut clients, &id, kind).await.0);
    life.delete().await.unwrap();
    told
}

async fn fail_with_secrets(clients: &mut Clients, life: &Life) -> Told {
    let mut told = Told::default();
    let mut refused = |status: Status| told.0.push(format!("{status:?} {}", status.message()));
    let unknown = "unknown".to_owned();
    let stage = NodeStageVolumeRequest { volume_id: unknown.clone(), ..life.stage_request() };
    refused(clients.node.node_stage_volume(stage).await.unwrap_err());
    let publish = NodePublishVolumeRequest { volume_id: unknown.clone(), ..life.publish_request() };
    refused(clients.node.node_publish_volume(publish).await.unwrap_err());
    let validate = ValidateVolumeCapabilitiesRequest {
        volume_id: unknown,
        volume_capabilities: vec![life.kind.capability()],
        secrets: secrets(),
        ..Default::default()
    };
    refused(clients.controller.validate_volume_capabilities(validate).await.unwrap_err());
    // Mount flags may hold credentials (CSI: "may contain sensitive information").
    let flags = ["password=c4nary-7f3d9e51b2"];
    let flag = Some(mount("ext4", &flags));
    let stage = NodeStageVolumeRequest { volume_capability: flag, ..life.stage_request() };
    refused(clients.node.node_stage_volume(stage).await.unwrap_err());
    let key = [(CANARY.to_owned(), "value".to_owned())].into();
    let create = CreateVolumeRequest { secrets: key, ..life.create_request() };
    refused(clients.controller.create_volume(create).await.unwrap_err());
    let nul = [("password".to_owned(), format!("{CANARY}\0"))].into();
    let create = CreateVolumeRequest { secrets: nul, ..life.create_request() };
    refused(clients.controller.create_volume(create).await.unwrap_err());
    told
}

const HOSTILE: &str = "hostile.example.com";

/// A component that logs, prints and quotes what it is given, and one that then breaks off.
async fn tell_to_the_hostile(host: &Host) -> Told {
    let mut clients = Clients::connect(&host.paths.socket(HOSTILE)).await.unwrap();
    let mut told = controller_calls(&mut clients, "echo-secrets", Kind::Block).await;
    let stage = NodeStageVolumeRequest {
        volume_id: "echo-secrets".to_owned(),
        staging_target_path: text(&host.paths.targets.join("hostile")),
        volume_capability: Some(Kind::Block.capability()),
        secrets: secrets(),
        ..Default::default()
    };
    assert!(!told.answer(clients.node.node_stage_volume(stage).await));
    told.0.extend(controller_calls(&mut clients, "echo-then-trap", Kind::Block).await.0);
    let all = told.0.join("\n");
    assert!(all.contains("login failed: [secret]"), "the component was not asked: {all}");
    told
}

/// What a process leaves behind when the kernel ends it.
fn assert_no_cores(pid: u32) {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{core}");
}

/// What is not dumpable belongs to root in /proc, whoever it runs as (proc(5)).
fn assert_not_dumpable(pid: u32) {
    let of = |file: &str| std::fs::metadata(format!("/proc/{pid}/{file}")).unwrap().uid();
    assert_eq!(of("environ"), 0, "the process can be dumped");
}

/// The host with everything turned on that could tell something.
async fn talkative(place: &Place, directory: bool, hostile: &[u8]) -> (Host, Receiver) {
    let (receiver, address) = Receiver::start().await;
    let file = place.path("hostile.wasm");
    std::fs::write(&file, hostile).unwrap();
    let settings = Settings {
        log: "trace",
        directory,
        telemetry: format!("{{otlp: {{endpoint: 'http://{address}'}}}}"),
        further_drivers: format!(
            "  - name: {HOSTILE}\n    backend: {}\n    limits: {{deadline: 2s}}\n",
            file.display()
        ),
        ..Settings::default()
    };
    (Host::serve(place, settings).await, receiver)
}

async fn keeps_secrets(place: &Place, kind: Kind, hostile: Vec<u8>) {
    let (mut host, receiver) = talkative(place, kind == Kind::Directory, &hostile).await;
    // It is not looked for in what the test itself put there.
    std::fs::remove_file(place.path("hostile.wasm")).unwrap();
    for pid in [host.node_pid(), host.controller_pid().await] {
        assert_no_cores(pid);
        assert_not_dumpable(pid);
    }
    let watch = Watch::start();
    let mut told = live_with_secrets(&host, kind).await;
    told.0.extend(tell_to_the_hostile(&host).await.0);
    nothing_left(&host).await;
    let mut all = let_out(place, &host, watch.stop()).await;
    all.extend(told.0.into_iter().map(|it| (format!("the answer {it:?}"), it.into_bytes())));
    eventually("spans of the hostile calls", async || {
        let spans = receiver.spans();
        spans.iter().any(|it| it.attribute("mooring.driver") == HOSTILE).then_some(())
    })
    .await;
    host.stop().await;
    all.push(("the log after the end".to_owned(), host.log().into_bytes()));
    all.push(("the traces".to_owned(), receiver.raw()));
    let mut leaks = BTreeSet::new();
    for (form, needle) in forms(CANARY) {
        for (place, bytes) in &all {
            if contains(bytes, &needle) {
                leaks.insert(format!("{form} in {place}"));
            }
        }
    }
    let logged = host.log();
    let lines: Vec<&str> =
        logged.lines().filter(|line| line.contains("7f3d9e51b2")).take(5).collect();
    assert!(leaks.is_empty(), "{leaks:#?}\n{lines:#?}");
}

#[test]
fn no_secret_of_an_image_volume_gets_out() {
    let hostile = std::fs::read(guest("hostile")).unwrap();
    case(async move |place| keeps_secrets(place, Kind::Ext4, hostile).await);
}

#[test]
fn no_secret_of_a_directory_volume_gets_out() {
    let hostile = std::fs::read(guest("hostile")).unwrap();
    case(async move |place| keeps_secrets(place, Kind::Directory, hostile).await);
}
