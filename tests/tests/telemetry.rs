//! What an operator sees: health, metrics, logs. What nobody may see stands in `secrets.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use mooring_proto::csi::v1::*;
use mooring_tests::call::{Page, get};
use mooring_tests::config::{DIRECTORY, IMAGE};
use mooring_tests::guest::guest;
use mooring_tests::host::signal;
use mooring_tests::life::{at_least, mount};
use mooring_tests::{Clients, Host, Kind, Life, Settings, case, eventually};
use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::task::JoinSet;

const HOSTILE: &str = "hostile.example.com";

fn telemetry(host: &Host) -> [PathBuf; 2] {
    let own = host.paths.sockets.join("telemetry.sock");
    [own, host.paths.sockets.join("controller/telemetry.sock")]
}

#[test]
fn health_tells_each_driver() {
    case(async |place| {
        let mut host =
            Host::serve(place, Settings { directory: true, ..Settings::default() }).await;
        for socket in telemetry(&host) {
            let Page { status, body } = get(&socket, "/healthz").await;
            assert_eq!(status, 200, "{body}");
            for driver in [IMAGE, DIRECTORY] {
                assert!(body.contains(&format!("{driver} ok\n")), "{body}");
            }
        }
        host.stop().await;
    });
}

#[test]
fn health_fails_while_the_controller_hangs() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let [socket, _] = telemetry(&host);
        let controller = host.controller_pid().await;
        signal(controller, Signal::SIGSTOP);
        // Good news of the moment before may be kept for a second.
        let hung = eventually("health tells", async || {
            Some(get(&socket, "/healthz").await).filter(|page| page.status != 200)
        })
        .await;
        signal(controller, Signal::SIGCONT);
        assert_eq!(hung.status, 503, "{}", hung.body);
        assert!(hung.body.contains(&format!("{IMAGE} failed: ")), "{}", hung.body);
        eventually("health recovers", async || {
            (get(&socket, "/healthz").await.status == 200).then_some(())
        })
        .await;
        host.stop().await;
    });
}

#[test]
fn many_who_ask_at_once_are_one_probe() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let [socket, _] = telemetry(&host);
        let probes = async || {
            let labels = [("process", "node"), ("driver", IMAGE), ("method", "Probe")];
            sum(&get(&socket, "/metrics").await.body, "mooring_rpcs_total", &labels)
        };
        let before = probes().await;
        let mut asked = JoinSet::new();
        for _ in 0..100 {
            let socket = socket.clone();
            asked.spawn(async move { get(&socket, "/healthz").await });
        }
        for page in asked.join_all().await {
            assert_eq!(page.status, 200, "{}", page.body);
        }
        let made = probes().await - before;
        assert!(made <= 10.0, "100 who asked made {made} probes");
        host.stop().await;
    });
}

/// The sum of a metric's samples that have these labels.
fn sum(text: &str, metric: &str, labels: &[(&str, &str)]) -> f64 {
    let samples = text.lines().filter(|line| {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let has = |(key, value): &(&str, &str)| line.contains(&format!("{key}=\"{value}\""));
        name == metric && labels.iter().all(has)
    });
    samples.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

/// Whether Prometheus can read it: each family described once and in one piece, each value a
/// number, an end.
fn assert_well_formed(text: &str) {
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert_eq!(text.matches("# EOF").count(), 1, "{text}");
    let (mut described, mut samples) = (BTreeSet::new(), BTreeSet::new());
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(words) = line.strip_prefix("# ") {
            let words: Vec<&str> = words.splitn(3, ' ').collect();
            assert!(described.insert((words[0].to_owned(), words[1].to_owned())), "twice: {line}");
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            assert!(samples.insert(name.to_owned()), "twice: {line}");
        }
    }
}

#[test]
fn metrics_count_what_was_called() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        life.stage().await.unwrap();
        life.unstage().await.unwrap();
        let unknown =
            NodeStageVolumeRequest { volume_id: "unknown".into(), ..life.stage_request() };
        let mut clients = host.connect(IMAGE).await;
        clients.node.node_stage_volume(unknown).await.unwrap_err();
        life.delete().await.unwrap();

        let [both, controllers] = telemetry(&host);
        let text = get(&both, "/metrics").await.body;
        assert_well_formed(&text);
        assert_well_formed(&get(&controllers, "/metrics").await.body);
        let rpcs = |process: &str, method: &str, code: &str| {
            let labels =
                [("process", process), ("driver", IMAGE), ("method", method), ("code", code)];
            sum(&text, "mooring_rpcs_total", &labels)
        };
        assert_eq!(rpcs("node", "NodeStageVolume", "OK"), 2.0, "{text}");
        assert_eq!(rpcs("node", "NodeStageVolume", "NOT_FOUND"), 1.0, "{text}");
        assert_eq!(rpcs("node", "NodeUnstageVolume", "OK"), 1.0, "{text}");
        assert_eq!(rpcs("controller", "CreateVolume", "OK"), 1.0, "{text}");
        assert_eq!(rpcs("controller", "DeleteVolume", "OK"), 1.0, "{text}");
        let of_driver = [("driver", IMAGE)];
        assert!(sum(&text, "mooring_guest_calls_total", &of_driver) >= 4.0, "{text}");
        assert!(
            sum(&text, "mooring_guest_call_duration_seconds_count", &of_driver) >= 4.0,
            "{text}"
        );
        let staged = [("driver", IMAGE), ("method", "NodeStageVolume")];
        assert_eq!(sum(&text, "mooring_rpc_duration_seconds_count", &staged), 3.0, "{text}");
        host.stop().await;
    });
}

#[test]
fn names_from_outside_make_no_new_metrics() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let clients = host.connect(IMAGE).await;
        for number in 0..50 {
            let method = format!("/csi.v1.Node/Made{number}Up");
            clients.raw(&method, vec![]).await.unwrap_err();
        }
        let text = get(&telemetry(&host)[0], "/metrics").await.body;
        assert!(!text.contains("Made"), "{text}");
        host.stop().await;
    });
}

#[test]
fn logs_are_json_lines_that_tell_the_call() {
    case(async |place| {
        let settings = Settings { log: "debug", ..Settings::default() };
        let mut host = Host::serve(place, settings).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        let volume_id = "line\nbreak".to_owned();
        let forged = NodeUnstageVolumeRequest { volume_id, ..life.unstage_request() };
        let mut clients = host.connect(IMAGE).await;
        clients.node.node_unstage_volume(forged).await.unwrap_err();
        life.unstage().await.unwrap();
        life.delete().await.unwrap();
        host.stop().await;
        let log = host.log();
        let lines: Vec<Value> = log.lines().map(json).collect();
        for line in &lines {
            for key in ["timestamp", "level", "message"] {
                assert!(line[key].is_string(), "no {key}: {line}");
            }
        }
        let of = |method: &str, code: &str| {
            let found =
                lines.iter().find(|it| it["span"]["method"] == method && it["code"] == code);
            found.unwrap_or_else(|| panic!("no line of {method} with {code}: {log}"))
        };
        for (process, method) in [("node", "NodeStageVolume"), ("controller", "CreateVolume")] {
            let answered = of(method, "OK");
            assert_eq!(answered["span"]["driver"], IMAGE, "{process}");
            assert!(answered["span"]["call"].is_string(), "{answered}");
        }
        assert_eq!(of("NodeStageVolume", "OK")["span"]["volume"], life.id());
        let refused = of("NodeUnstageVolume", "INVALID_ARGUMENT");
        assert!(refused["reason"].as_str().unwrap().contains("volume_id"), "{refused}");
    });
}

/// A line as an object whose keys differ: of two alike, readers would drop one.
fn json(line: &str) -> Value {
    struct Unique(serde_json::Map<String, Value>);
    impl<'de> serde::Deserialize<'de> for Unique {
        fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
            struct Keys;
            impl<'de> serde::de::Visitor<'de> for Keys {
                type Value = Unique;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Unique, A::Error> {
                    let mut object = serde_json::Map::new();
                    while let Some((key, value)) = map.next_entry::<String, Value>()? {
                        if object.insert(key.clone(), value).is_some() {
                            let twice = format!("the key {key} is there twice");
                            return Err(serde::de::Error::custom(twice));
                        }
                    }
                    Ok(Unique(object))
                }
            }
            input.deserialize_map(Keys)
        }
    }
    let Unique(object) =
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    Value::Object(object)
}

/// The metrics that a dashboard or a rule asks for.
fn asked_for(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("mooring_")).map(str::to_owned).collect()
}

/// Those that need what this test does not bring about; each is proven where it is named.
const ELSEWHERE: [&str; 4] = [
    // host/mooring, telemetry/copies.rs
    "mooring_copy_done_bytes",
    "mooring_copy_size_bytes",
    // traces.rs
    "mooring_trace_spans_total",
    // pods.rs
    "mooring_inline_deletions_waiting",
];

#[test]
fn the_dashboard_and_the_alerts_ask_for_what_is_there() {
    let hostile = std::fs::read(guest("hostile")).unwrap();
    case(async move |place| {
        let file = place.path("hostile.wasm");
        std::fs::write(&file, hostile).unwrap();
        let further_drivers = format!("  - name: {HOSTILE}\n    backend: {}\n", file.display());
        let mut host = Host::serve(
            place,
            Settings { further_drivers, mount_options: vec!["bogus"], ..Settings::default() },
        )
        .await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        let mut hostile = Clients::connect(&host.paths.socket(HOSTILE)).await.unwrap();
        let socket = telemetry(&host)[0].clone();
        eventually("dropped lines are counted, with the next one that passes", async || {
            let flood = CreateVolumeRequest {
                name: "flood".to_owned(),
                capacity_range: at_least(8 << 20),
                ..life.create_request()
            };
            hostile.controller.create_volume(flood).await.unwrap();
            let text = get(&socket, "/metrics").await.body;
            text.contains("mooring_guest_log_lines_dropped_total").then_some(())
        })
        .await;
        for _ in 0..5 {
            let panic = CreateVolumeRequest { name: "panic".to_owned(), ..life.create_request() };
            hostile.controller.create_volume(panic).await.unwrap_err();
        }
        let mut second = Life::new(&host, Kind::Ext4, "pvc-2").await;
        second.create().await.unwrap();
        // The operator allows an option that the kernel does not know: the step that mounts fails.
        let stage = NodeStageVolumeRequest {
            volume_capability: Some(mount("ext4", &["bogus"])),
            ..second.stage_request()
        };
        host.connect(IMAGE).await.node.node_stage_volume(stage).await.unwrap_err();

        let text = get(&socket, "/metrics").await.body;
        assert_well_formed(&text);
        let there = asked_for(&text);
        for file in ["dashboards/mooring.json", "alerts.yaml"] {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/");
            let asked = asked_for(&std::fs::read_to_string(format!("{path}{file}")).unwrap());
            assert!(asked.len() > 4, "{file}: {asked:?}");
            let missing: Vec<_> = asked
                .iter()
                .filter(|name| !there.contains(*name) && !ELSEWHERE.contains(&name.as_str()))
                .collect();
            assert!(missing.is_empty(), "{file} asks for {missing:?}, which is not in\n{text}");
        }
        let count = |metric: &str, labels: &[(&str, &str)]| sum(&text, metric, labels);
        let mkfs = [("program", "mkfs.ext4"), ("outcome", "ok")];
        assert_eq!(count("mooring_node_programs_total", &mkfs), 2.0, "{text}");
        let mounting = [("driver", IMAGE), ("step", "mount device")];
        assert_eq!(count("mooring_node_steps_failed_total", &mounting), 1.0, "{text}");
        assert_eq!(count("mooring_node_volumes", &[("driver", IMAGE)]), 1.0, "{text}");
        assert!(count("mooring_node_loop_devices", &[]) >= 1.0, "{text}");
        assert_eq!(count("mooring_breaker_open", &[("driver", HOSTILE)]), 1.0, "{text}");
        assert_eq!(count("mooring_rpcs_in_flight", &[("process", "node")]), 0.0, "{text}");
        second.delete().await.unwrap();
        life.unstage().await.unwrap();
        life.delete().await.unwrap();
        host.stop().await;
    });
}
