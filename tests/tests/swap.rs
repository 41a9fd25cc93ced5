//! Drivers come, change and go while others serve.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mooring_proto::csi::v1::{
    CreateVolumeRequest, DeleteVolumeRequest, GetPluginInfoRequest, Volume,
};
use mooring_tests::call::{get, post};
use mooring_tests::config::{CONTROLLER_UID, IMAGE};
use mooring_tests::guest::{Driver, configure, guest, replace};
use mooring_tests::host::{program, signal};
use mooring_tests::life::{at_least, block};
use mooring_tests::{Clients, Host, Kind, Life, Place, Settings, case, eventually};
use nix::sys::signal::Signal;
use serde_json::Value;
use tonic::Status;

const NAME: &str = "versions.example.com";

/// The files of both versions in a place.
fn versions(place: &Place, built: &[PathBuf; 2]) -> [PathBuf; 2] {
    let put = |from: &Path, name: &str| {
        let file = place.path(name);
        std::fs::copy(from, &file).unwrap();
        file
    };
    [put(&built[0], "one.wasm"), put(&built[1], "two.wasm")]
}

fn built() -> [PathBuf; 2] {
    [guest("versions"), guest("versions_next")]
}

fn driver(file: &Path, config: &str) -> Driver {
    Driver { name: NAME.to_owned(), file: file.to_owned(), config: config.to_owned() }
}

async fn create(clients: &mut Clients, name: String) -> Result<Volume, Status> {
    let request = CreateVolumeRequest {
        name,
        capacity_range: at_least(8 << 20),
        volume_capabilities: vec![block()],
        ..Default::default()
    };
    Ok(clients.controller.create_volume(request).await?.into_inner().volume.unwrap())
}

async fn delete(clients: &mut Clients, volume_id: String) -> Result<(), Status> {
    let request = DeleteVolumeRequest { volume_id, ..Default::default() };
    clients.controller.delete_volume(request).await.map(|_| ())
}

/// The version that serves on a driver's public socket, if one does.
async fn serving(host: &Host) -> Option<String> {
    let mut clients = Clients::connect(&host.paths.socket(NAME)).await.ok()?;
    let info = clients.identity.get_plugin_info(GetPluginInfoRequest {}).await.ok()?;
    Some(info.into_inner().vendor_version)
}

async fn serves(host: &Host, version: &str) {
    eventually(&format!("{version} serves; log:\n{}", host.log()), async || {
        (serving(host).await.as_deref() == Some(version)).then_some(())
    })
    .await;
}

async fn status(host: &Host) -> Value {
    serde_json::from_str(&get(&host.paths.admin_socket(), "/v1/status").await.body).unwrap()
}

/// What the status says of the driver.
async fn of_driver(host: &Host) -> Value {
    let status = status(host).await;
    let drivers = status["drivers"].as_array().unwrap();
    drivers.iter().find(|driver| driver["name"] == NAME).cloned().unwrap_or_default()
}

async fn last_swap(host: &Host, outcome: &str) -> Value {
    eventually(&format!("the last swap: {outcome}"), async || {
        let swap = of_driver(host).await["lastSwap"].clone();
        (swap["outcome"] == outcome).then_some(swap)
    })
    .await
}

fn mooring(host: &Host, arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.args(arguments).arg("--socket-dir").arg(&host.paths.sockets).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn drivers_come_change_and_go_by_their_files_while_another_serves() {
    let built = built();
    case(async move |place: &Place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "stays").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        life.publish().await.unwrap();
        let [one, two] = versions(place, &built);

        configure(&host.paths, &[driver(&one, "{label: 1.0.0}")]);
        serves(&host, "1.0.0").await;
        // Its component's file becomes another.
        replace(&one, &std::fs::read(&two).unwrap());
        serves(&host, "2.0.0").await;
        // Its configuration names another.
        std::fs::copy(&built[0], place.path("three.wasm")).unwrap();
        configure(&host.paths, &[driver(&place.path("three.wasm"), "{label: 1.0.0}")]);
        serves(&host, "1.0.0").await;
        let switched = last_swap(&host, "switched").await;
        assert!(switched["detail"].as_str().unwrap().contains("versions 1.0.0"), "{switched}");

        // What is no component, and what does not fit its schema, are refused.
        replace(&place.path("three.wasm"), b"no component");
        let refused = last_swap(&host, "refused").await;
        assert!(refused["detail"].as_str().unwrap().contains("no WebAssembly component"));
        assert_eq!(serving(&host).await.as_deref(), Some("1.0.0"));
        configure(&host.paths, &[driver(&two, "{label: [no, text]}")]);
        eventually("the config is refused", async || {
            let problem = of_driver(&host).await["problem"].as_str()?.to_owned();
            problem.contains("label").then_some(())
        })
        .await;
        assert_eq!(serving(&host).await.as_deref(), Some("1.0.0"));

        // So is a configuration that is none, with its line and key.
        let good = std::fs::read_to_string(&host.paths.config).unwrap();
        replace(&host.paths.config, format!("{good}sokketDir: /x\n").as_bytes());
        eventually("the configuration is refused", async || {
            let problem = status(&host).await["problem"].as_str()?.to_owned();
            let line = (good.lines().count() + 1).to_string();
            (problem.contains("sokketDir") && problem.contains(&line)).then_some(())
        })
        .await;
        assert_eq!(serving(&host).await.as_deref(), Some("1.0.0"));

        configure(&host.paths, &[]);
        eventually("the driver is gone", async || {
            let gone = !host.paths.socket(NAME).exists()
                && !host.paths.controller_socket(NAME).exists()
                && of_driver(&host).await.is_null();
            gone.then_some(())
        })
        .await;
        // On the connection of the beginning, and on the volume that was mounted all along.
        std::fs::write(life.target.join("file"), "written").unwrap();
        life.unpublish().await.unwrap();
        life.unstage().await.unwrap();
        life.delete().await.unwrap();
        host.stop().await;
    });
}

#[test]
fn a_hundred_swaps_under_sixteen_callers_fail_and_mix_no_call() {
    let built = built();
    case(async move |place: &Place| {
        let mut host = Host::serve(place, Settings { log: "warn", ..Settings::default() }).await;
        let [one, two] = versions(place, &built);
        let drivers = [driver(&one, "{label: 1.0.0}"), driver(&two, "{label: 2.0.0}")];
        configure(&host.paths, &drivers[..1]);
        serves(&host, "1.0.0").await;

        let (over, pairs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..16 {
            let mut clients = host.connect(NAME).await;
            let (over, pairs) = (Arc::clone(&over), Arc::clone(&pairs));
            callers.spawn(async move {
                let mut seen = BTreeSet::new();
                for number in 0.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let name = format!("volume-{caller}-{number}");
                    let volume = create(&mut clients, name).await.unwrap();
                    let told = |key: &str| volume.volume_context[key].clone();
                    assert_eq!(told("before"), told("version"));
                    assert_eq!(told("after"), told("version"));
                    seen.insert(told("version"));
                    delete(&mut clients, volume.volume_id).await.unwrap();
                    pairs.fetch_add(1, Ordering::Relaxed);
                }
                seen
            });
        }
        let swap = format!("/v1/drivers/{NAME}/swap");
        for round in 1..=100 {
            let so_far = pairs.load(Ordering::Relaxed);
            configure(&host.paths, &[drivers[round % 2].clone()]);
            let answer = post(&host.paths.admin_socket(), &swap).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            eventually("calls of the new version", async || {
                (pairs.load(Ordering::Relaxed) >= so_far + 16).then_some(())
            })
            .await;
        }
        over.store(true, Ordering::Relaxed);
        let seen: BTreeSet<String> = callers.join_all().await.into_iter().flatten().collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["1.0.0", "2.0.0"]);
        let metrics = get(&host.paths.sockets.join("controller/telemetry.sock"), "/metrics").await;
        let switched = metrics
            .body
            .lines()
            .find(|line| line.starts_with("mooring_swaps_total") && line.contains("switched"));
        assert!(switched.unwrap().ends_with(" 100"), "{switched:?}");
        host.stop().await;
    });
}

#[test]
fn one_that_fails_is_rolled_back_and_tried_again_when_asked() {
    let built = built();
    case(async move |place: &Place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let [one, two] = versions(place, &built);
        configure(&host.paths, &[driver(&one, "{label: 1.0.0}")]);
        serves(&host, "1.0.0").await;
        configure(&host.paths, &[driver(&two, "{label: 2.0.0, trap: 'yes'}")]);
        serves(&host, "2.0.0").await;
        let mut clients = host.connect(NAME).await;
        let mut failed = 0;
        while let Err(status) = create(&mut clients, format!("volume-{failed}")).await {
            assert_eq!(status.code(), tonic::Code::Unavailable, "{status}");
            failed += 1;
        }
        assert_eq!(failed, 3);
        assert_eq!(serving(&host).await.as_deref(), Some("1.0.0"));
        let swap = last_swap(&host, "rolled-back").await;
        assert!(swap["detail"].as_str().unwrap().contains("3 of its last"), "{swap}");
        assert!(host.log().contains("the one before serves again"));

        // A file that changes beside it brings it back no more than nothing does …
        configure(
            &host.paths,
            &[
                driver(&two, "{label: 2.0.0, trap: 'yes'}"),
                Driver { name: "b.example.com".to_owned(), ..driver(&one, "{}") },
            ],
        );
        eventually("the other driver serves", async || {
            Clients::connect(&host.paths.socket("b.example.com")).await.ok().map(|_| ())
        })
        .await;
        assert_eq!(serving(&host).await.as_deref(), Some("1.0.0"));
        // … and SIGHUP, which reaches both processes, does.
        signal(host.node_pid(), Signal::SIGHUP);
        serves(&host, "2.0.0").await;
        host.stop().await;
    });
}

#[test]
fn people_see_what_serves_and_swap_it() {
    let built = built();
    case(async move |place: &Place| {
        let mut host = Host::apart(place, Settings::default()).await;
        let [one, two] = versions(place, &built);
        configure(&host.paths, &[driver(&one, "{label: 1.0.0}")]);
        serves(&host, "1.0.0").await;

        let socket = std::fs::metadata(host.paths.admin_socket()).unwrap();
        assert_eq!((socket.uid(), socket.permissions().mode() & 0o777), (CONTROLLER_UID, 0o600));

        let table = mooring(&host, &["status"]);
        let said = text(&table.stdout);
        assert!(table.status.success(), "{said}{}", text(&table.stderr));
        assert!(said.contains("versions 1.0.0") && said.contains(IMAGE), "{said}");

        // Without a watch the file is another one, unnoticed: the config is as it was.
        let config = host.paths.config.to_string_lossy().into_owned();
        let dry = mooring(&host, &["backend", "swap", NAME, "--dry-run", "--config", &config]);
        assert_eq!(text(&dry.stdout).trim(), "no difference", "{}", text(&dry.stderr));
        configure(&host.paths, &[driver(&two, "{label: 2.0.0}")]);
        let swapped = mooring(&host, &["backend", "swap", NAME, "-o", "json"]);
        assert!(swapped.status.success(), "{}", text(&swapped.stderr));
        serves(&host, "2.0.0").await;

        configure(&host.paths, &[driver(&one, "{probe: unfit}")]);
        let refused = mooring(&host, &["backend", "swap", NAME]);
        assert!(!refused.status.success());
        assert!(text(&refused.stderr).contains("it has no array"), "{}", text(&refused.stderr));
        let unknown = mooring(&host, &["backend", "swap", "nobody.example.com"]);
        assert!(text(&unknown.stderr).contains(NAME), "{}", text(&unknown.stderr));
        serves(&host, "2.0.0").await;
        let status = mooring(&host, &["status", "-o", "json"]);
        assert!(!status.status.success(), "a driver does not serve as configured");
        let said: Value = serde_json::from_slice(&status.stdout).unwrap();
        let problem = said["drivers"].as_array().unwrap().iter().find(|it| it["name"] == NAME);
        assert!(problem.unwrap()["problem"].as_str().unwrap().contains("it has no array"));
        host.stop().await;
    });
}

#[test]
fn state_is_migrated_by_a_swap_and_never_back() {
    let migrating = guest("migrating");
    case(async move |place: &Place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let file = place.path("migrating.wasm");
        std::fs::copy(&migrating, &file).unwrap();
        configure(&host.paths, &[driver(&file, "{schema: 1}")]);
        serves(&host, "1.0.0").await;
        let mut clients = host.connect(NAME).await;
        for number in 0..10 {
            create(&mut clients, format!("volume-{number}")).await.unwrap();
        }
        configure(&host.paths, &[driver(&file, "{schema: 2}")]);
        // It says that it can serve only where it can read every entry.
        serves(&host, "2.0.0").await;
        assert_eq!(of_driver(&host).await["stateSchema"], 2);
        configure(&host.paths, &[driver(&file, "{schema: 1}")]);
        let refused = last_swap(&host, "refused").await;
        assert!(refused["detail"].as_str().unwrap().contains("no way back"), "{refused}");
        assert_eq!(serving(&host).await.as_deref(), Some("2.0.0"));
        let volume = create(&mut clients, "volume-0".to_owned()).await.unwrap();
        assert_eq!(volume.volume_context["schema"], "2");
        host.stop().await;
    });
}
