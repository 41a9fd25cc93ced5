//! Kubelet comes to know each driver, and learns what becomes of it; and what an operator sees of that.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mooring_proto::csi::v1::GetPluginInfoRequest;
use mooring_tests::call::{Page, get};
use mooring_tests::config::{DIRECTORY, IMAGE, NODE, Paths};
use mooring_tests::guest::{guest, replace};
use mooring_tests::host::program;
use mooring_tests::left::nothing_left;
use mooring_tests::plugins::{PluginManager, Seen};
use mooring_tests::{
    Clients, Host, Kind, Life, PATIENCE, Place, Settings, case, eventually, kernel,
};
use serde_json::Value;
use tokio::net::UnixListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

const VERSIONS: &str = "versions.example.com";

fn registry(place: &Place) -> PathBuf {
    place.path("kubelet/plugins_registry")
}

fn settings(place: &Place) -> Settings {
    let kubelet = format!("{{registrationDir: {}}}", registry(place).display());
    Settings { kubelet, ..Settings::default() }
}

fn socket(place: &Place, driver: &str) -> PathBuf {
    registry(place).join(format!("{driver}-reg@mooring.sock"))
}

fn names(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap().map(|it| it.unwrap().file_name());
    let mut names: Vec<_> = names.map(|it| it.into_string().unwrap()).collect();
    names.sort();
    names
}

async fn page(host: &Host, path: &str) -> Page {
    get(&host.paths.sockets.join("telemetry.sock"), path).await
}

/// Waits until a page has a status and says something.
async fn says(host: &Host, path: &str, status: u16, what: &str) {
    eventually(&format!("{path} is {status}, with {what:?}"), async || {
        let Page { status: found, body } = page(host, path).await;
        (found == status && body.contains(what)).then_some(())
    })
    .await;
}

/// Of a metric with a driver's label, the value.
async fn metric(host: &Host, start: &str, driver: &str) -> Option<f64> {
    let text = page(host, "/metrics").await.body;
    let label = format!("driver=\"{driver}\"");
    let line = text.lines().find(|line| line.starts_with(start) && line.contains(&label))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn status(paths: &Paths, arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.arg("status").args(arguments).arg("--config").arg(&paths.config).output().unwrap()
}

fn of_driver(output: &Output, name: &str) -> Value {
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    let drivers = status["drivers"].as_array().unwrap();
    drivers.iter().find(|it| it["name"] == name).cloned().unwrap()
}

#[test]
fn kubelet_registers_two_drivers_and_calls_them_where_it_was_told() {
    case(async |place| {
        // As kubelet sees it, the directory of the sockets has another path.
        let seen = place.path("seen");
        std::os::unix::fs::symlink(place.path("run"), &seen).unwrap();
        let kubelet = format!(
            "{{registrationDir: {}, socketDir: {}}}",
            registry(place).display(),
            seen.display()
        );
        let manager = PluginManager::start(&registry(place));
        let settings = Settings { kubelet, directory: true, ..Settings::default() };
        let mut host = Host::serve(place, settings).await;
        for driver in [IMAGE, DIRECTORY] {
            let (endpoint, node) = manager.registers(driver, 1).await;
            assert_eq!(
                (endpoint.as_path(), node.as_str()),
                (&*seen.join(driver).join("csi.sock"), NODE)
            );
            let mut clients = Clients::connect(&endpoint).await.unwrap();
            let info = clients.identity.get_plugin_info(GetPluginInfoRequest {}).await.unwrap();
            assert_eq!(info.into_inner().name, driver);
            let meta = fs::symlink_metadata(socket(place, driver)).unwrap();
            assert!(meta.file_type().is_socket());
            assert_eq!(meta.permissions().mode() & 0o777, 0o600);
            assert_eq!(metric(&host, "mooring_kubelet_registered", driver).await, Some(1.0));
        }
        assert_eq!(
            names(&registry(place)),
            ["dir.mooring.dev-reg@mooring.sock", "image.mooring.dev-reg@mooring.sock"]
        );
        says(&host, "/livez", 200, "ok").await;
        says(&host, "/readyz", 200, &format!("{DIRECTORY} ok\n{IMAGE} ok\n")).await;
        let told = status(&host.paths, &["-o", "json"]);
        assert!(told.status.success());
        assert_eq!(of_driver(&told, IMAGE)["registered"], true);
        let table = String::from_utf8(status(&host.paths, &[]).stdout).unwrap();
        assert!(table.contains("REGISTERED") && table.contains(" yes "), "{table}");

        // Kubelet starts again, and finds what is there.
        manager.assert_tidy();
        drop(manager);
        let manager = PluginManager::start(&registry(place));
        manager.registers(IMAGE, 1).await;
        manager.registers(DIRECTORY, 1).await;

        let mut life = Life::new(&host, Kind::Ext4, "stays").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        life.publish().await.unwrap();
        host.stop().await;
        assert_eq!(names(&registry(place)), Vec::<String>::new(), "SIGTERM takes the sockets");
        manager.sees(&Seen::Gone(format!("{IMAGE}-reg@mooring.sock"))).await;
        assert!(kernel::mount_at(&life.target).is_some(), "and leaves the mounts");
        host.serve_again().await;
        manager.registers(IMAGE, 2).await;
        life.reconnect(&host).await;
        life.end().await;
        nothing_left(&host).await;
        manager.assert_tidy();
        host.stop().await;
    });
}

#[test]
fn a_refusal_is_told_in_kubelets_words_and_tried_again() {
    case(async |place| {
        const WORDS: &str = "node worker-1 has no CSINode object";
        let manager = PluginManager::start(&registry(place));
        manager.refuse(Some(WORDS));
        let mut host = Host::serve(place, settings(place)).await;
        manager.sees(&Seen::Refused(IMAGE.to_owned())).await;
        says(&host, "/readyz", 503, WORDS).await;
        let alive = page(&host, "/healthz").await;
        assert_eq!(alive.status, 200, "a restart would not help: {}", alive.body);
        let told = status(&host.paths, &["-o", "json"]);
        assert!(!told.status.success());
        let driver = of_driver(&told, IMAGE);
        assert_eq!(driver["registered"], false);
        assert!(driver["registrationProblem"].as_str().unwrap().contains(WORDS), "{driver}");
        let table = String::from_utf8(status(&host.paths, &[]).stdout).unwrap();
        assert!(table.contains(" no ") && table.contains(WORDS), "{table}");
        assert!(host.log().contains(WORDS));
        let refused = "mooring_kubelet_registrations_total";
        assert!(metric(&host, refused, IMAGE).await.unwrap() >= 1.0);
        assert_eq!(metric(&host, "mooring_kubelet_registered", IMAGE).await, Some(0.0));

        // Kubelet forgets a driver that it refused, until there is another socket.
        manager.sees(&Seen::Gone(format!("{IMAGE}-reg@mooring.sock"))).await;
        manager.refuse(None);
        manager.registers(IMAGE, 1).await;
        says(&host, "/readyz", 200, IMAGE).await;
        assert!(status(&host.paths, &[]).status.success());
        manager.assert_tidy();
        host.stop().await;
    });
}

#[test]
fn a_killed_host_is_registered_again_by_a_socket_in_the_old_ones_place() {
    case(async |place| {
        let manager = PluginManager::start(&registry(place));
        let mut host = Host::serve(place, settings(place)).await;
        manager.registers(IMAGE, 1).await;
        host.kill_node().await;
        assert!(socket(place, IMAGE).exists(), "SIGKILL leaves it");
        host.serve_again().await;
        manager.registers(IMAGE, 2).await;
        let gone = Seen::Gone(format!("{IMAGE}-reg@mooring.sock"));
        assert!(!manager.seen().contains(&gone), "it was replaced in one step");
        manager.assert_tidy();
        host.stop().await;
    });
}

#[test]
fn another_programs_registration_is_left_alone_until_it_ends() {
    case(async |place| {
        fs::create_dir_all(registry(place)).unwrap();
        let other = UnixListener::bind(socket(place, IMAGE)).unwrap();
        let mut host = Host::serve(place, settings(place)).await;
        says(&host, "/readyz", 503, "another instance serves").await;
        drop(other);
        let manager = PluginManager::start(&registry(place));
        manager.registers(IMAGE, 1).await;
        says(&host, "/readyz", 200, IMAGE).await;
        host.stop().await;
    });
}

#[test]
fn drivers_that_come_and_go_do_so_for_kubelet_too() {
    let built = guest("versions");
    case(async move |place: &Place| {
        let manager = PluginManager::start(&registry(place));
        let mut host = Host::serve(place, settings(place)).await;
        manager.registers(IMAGE, 1).await;
        let alone = settings(place).yaml(&host.paths);
        let file = place.path("versions.wasm");
        fs::copy(&built, &file).unwrap();
        let further_drivers = format!(
            "  - {{name: {VERSIONS}, backend: {}, config: {{probe: starting}}}}\n",
            file.display()
        );
        let both = Settings { further_drivers, ..settings(place) }.yaml(&host.paths);
        replace(&host.paths.config, both.as_bytes());
        manager.registers(VERSIONS, 1).await;

        // Its component says that it is not ready yet, for as long as it is configured to.
        says(&host, "/healthz", 503, &format!("{IMAGE} ok\n{VERSIONS} failed: not ready yet\n"))
            .await;
        replace(&host.paths.config, both.replace("starting", "ready").as_bytes());
        says(&host, "/healthz", 200, &format!("{IMAGE} ok\n{VERSIONS} ok\n")).await;
        says(&host, "/readyz", 200, &format!("{VERSIONS} ok\n")).await;

        replace(&host.paths.config, alone.as_bytes());
        manager.sees(&Seen::Gone(format!("{VERSIONS}-reg@mooring.sock"))).await;
        assert_eq!(names(&registry(place)), ["image.mooring.dev-reg@mooring.sock"]);
        assert_eq!(manager.registrations(IMAGE), 1, "the other one stayed: {:?}", manager.seen());
        manager.assert_tidy();
        host.stop().await;
    });
}

#[test]
fn a_driver_that_hangs_keeps_none_from_being_told_of() {
    case(async |place| {
        let mut host =
            Host::serve(place, Settings { directory: true, ..Settings::default() }).await;
        let all = format!("{DIRECTORY} ok\n{IMAGE} ok\n");
        says(&host, "/healthz", 200, &all).await;
        let place = host.paths.socket(DIRECTORY);
        let aside = place.with_extension("aside");
        fs::rename(&place, &aside).unwrap();
        says(&host, "/healthz", 503, &format!("{IMAGE} ok\n")).await;
        // It connects, and never answers.
        let silent = UnixListener::bind(&place).unwrap();
        let hangs = format!("{DIRECTORY} failed: no answer within 5s\n{IMAGE} ok\n");
        for path in ["/healthz", "/readyz"] {
            says(&host, path, 503, &hangs).await;
        }
        // They share an answer that is 5 seconds in the making; one by one they would be here for minutes.
        let mut asked = JoinSet::new();
        for _ in 0..100 {
            let socket = host.paths.sockets.join("telemetry.sock");
            asked.spawn(async move { get(&socket, "/healthz").await });
        }
        let pages = timeout(PATIENCE, asked.join_all()).await.expect("all are answered");
        assert!(pages.iter().all(|page| page.status == 503 && page.body == hangs));
        drop(silent);
        fs::rename(&aside, &place).unwrap();
        for path in ["/healthz", "/readyz"] {
            says(&host, path, 200, &all).await;
        }
        host.stop().await;
    });
}

#[test]
fn without_kubelets_directory_it_says_what_to_do_and_without_the_key_nothing_is_registered() {
    case(async |place| {
        let paths = Paths::of(place);
        fs::write(&paths.config, settings(place).yaml(&paths)).unwrap();
        let run = |arguments: &[&str]| {
            let mut command = Command::new(program());
            command.args(arguments).arg(&paths.config).output().unwrap()
        };
        for process in ["serve", "node"] {
            let refused = run(&[process, "--config"]);
            let error = String::from_utf8(refused.stderr).unwrap();
            assert!(!refused.status.success() && !error.contains("panicked"), "{error}");
            let path = registry(place).display().to_string();
            for word in ["kubelet.registrationDir", &path, "plugins_registry", "start it first"] {
                assert!(error.contains(word), "{word} in {error}");
            }
        }
        assert!(!registry(place).exists(), "one that is made here would be watched by nobody");
        let checked = run(&["config", "check"]);
        let said = String::from_utf8(checked.stdout).unwrap();
        let by = format!("registered with kubelet by {}", socket(place, IMAGE).display());
        assert!(checked.status.success() && said.contains(&by), "{said}");

        let mut host = Host::serve(place, Settings::default()).await;
        says(&host, "/readyz", 200, &format!("{IMAGE} ok\n")).await;
        let told = status(&host.paths, &["-o", "json"]);
        assert!(told.status.success());
        assert_eq!(of_driver(&told, IMAGE)["registered"], Value::Null);
        host.stop().await;
    });
}
