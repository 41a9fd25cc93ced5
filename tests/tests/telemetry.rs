//! What an operator sees: health, metrics, logs; and what nobody may see: secrets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use mooring_proto::csi::v1::*;
use mooring_tests::call::{Page, get};
use mooring_tests::config::{DIRECTORY, IMAGE};
use mooring_tests::host::signal;
use mooring_tests::life::{mount, nothing_left, text};
use mooring_tests::{Host, Kind, Life, Place, Settings, case, eventually, kernel};
use nix::sys::signal::Signal;
use serde_json::Value;

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
        let hung = get(&socket, "/healthz").await;
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

/// Not a word of any language, and with what each way of writing changes.
const CANARY: &str = "c4nary/+~=&%?\"\\ \u{fc}-7f3d9e51b2";

/// How a secret could be written: as it is, escaped, encoded.
fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let url: String = secret
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let json = serde_json::to_string(secret).unwrap();
    let debug = format!("{secret:?}");
    let mut forms = vec![
        ("raw", secret.as_bytes().to_vec()),
        ("its plain end", b"7f3d9e51b2".to_vec()),
        ("JSON", json.trim_matches('"').as_bytes().to_vec()),
        ("debug", debug.trim_matches('"').as_bytes().to_vec()),
        ("hex", hex.clone().into_bytes()),
        ("HEX", hex.to_uppercase().into_bytes()),
        ("URL", url.to_lowercase().into_bytes()),
        ("URL", url.clone().into_bytes()),
        ("form", url.replace("%20", "+").into_bytes()),
    ];
    // Within a longer text base64 depends on the position: what is the same in all of each.
    for shift in 0..3 {
        let shifted = [vec![b'.'; shift], secret.as_bytes().to_vec()].concat();
        let whole = shifted.len() / 3 * 3;
        let head = if shift == 0 { 0 } else { 4 };
        for encoded in [STANDARD.encode(&shifted[..whole]), URL_SAFE.encode(&shifted[..whole])] {
            forms.push(("base64", encoded.as_bytes()[head..].to_vec()));
        }
    }
    forms
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

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
    for socket in telemetry(host) {
        for page in ["/metrics", "/healthz"] {
            let body = get(&socket, page).await.body.into_bytes();
            all.push((format!("{page} of {}", socket.display()), body));
        }
    }
    files(place.root(), &mut all);
    all
}

fn secrets() -> std::collections::BTreeMap<String, String> {
    [("password".to_owned(), CANARY.to_owned())].into()
}

/// A life with the secret in every call that takes secrets, and calls with it that fail.
async fn live_with_secrets(host: &Host, kind: Kind) -> Vec<String> {
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
    let messages = fail_with_secrets(host, &life).await;
    life.unpublish().await.unwrap();
    life.unstage().await.unwrap();
    life.delete().await.unwrap();
    messages
}

async fn fail_with_secrets(host: &Host, life: &Life) -> Vec<String> {
    let mut clients = host.connect(life.kind.driver()).await;
    let mut messages = Vec::new();
    let unknown = "unknown".to_owned();
    let stage = NodeStageVolumeRequest { volume_id: unknown.clone(), ..life.stage_request() };
    messages.push(clients.node.node_stage_volume(stage).await.unwrap_err());
    let publish = NodePublishVolumeRequest { volume_id: unknown.clone(), ..life.publish_request() };
    messages.push(clients.node.node_publish_volume(publish).await.unwrap_err());
    let validate = ValidateVolumeCapabilitiesRequest {
        volume_id: unknown,
        volume_capabilities: vec![life.kind.capability()],
        secrets: secrets(),
        ..Default::default()
    };
    messages.push(clients.controller.validate_volume_capabilities(validate).await.unwrap_err());
    // Mount flags may hold credentials (CSI: "may contain sensitive information").
    let flags = ["password=c4nary-7f3d9e51b2"];
    let flag = Some(mount("ext4", &flags));
    let stage = NodeStageVolumeRequest { volume_capability: flag, ..life.stage_request() };
    messages.push(clients.node.node_stage_volume(stage).await.unwrap_err());
    let key = [(CANARY.to_owned(), "value".to_owned())].into();
    let create = CreateVolumeRequest { secrets: key, ..life.create_request() };
    messages.push(clients.controller.create_volume(create).await.unwrap_err());
    let nul = [("password".to_owned(), format!("{CANARY}\0"))].into();
    let create = CreateVolumeRequest { secrets: nul, ..life.create_request() };
    messages.push(clients.controller.create_volume(create).await.unwrap_err());
    messages.iter().map(|status| status.message().to_owned()).collect()
}

async fn keeps_secrets(place: &Place, kind: Kind) {
    let directory = kind == Kind::Directory;
    // The most talkative that it can be.
    let settings = Settings { log: "trace", directory, ..Settings::default() };
    let mut host = Host::serve(place, settings).await;
    let watch = Watch::start();
    let messages = live_with_secrets(&host, kind).await;
    nothing_left(&host).await;
    let mut all = let_out(place, &host, watch.stop()).await;
    all.extend(messages.into_iter().map(|it| (format!("the message {it:?}"), it.into_bytes())));
    host.stop().await;
    all.push(("the log after the end".to_owned(), host.log().into_bytes()));
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
    case(async |place| keeps_secrets(place, Kind::Ext4).await);
}

#[test]
fn no_secret_of_a_directory_volume_gets_out() {
    case(async |place| keeps_secrets(place, Kind::Directory).await);
}

#[test]
fn the_search_for_secrets_finds_each_form() {
    for (form, needle) in forms(CANARY) {
        let around = [b"before ".as_slice(), &needle, b" after"].concat();
        assert!(contains(&around, &needle), "{form}");
    }
    for shift in 0..6 {
        let text = format!("{}{CANARY}tail", ".".repeat(shift));
        let encoded = STANDARD.encode(text);
        let found = forms(CANARY).into_iter().any(|(_, it)| contains(encoded.as_bytes(), &it));
        assert!(found, "base64, {shift} bytes in");
    }
}
