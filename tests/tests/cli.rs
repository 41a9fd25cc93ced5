//! The command line, as people and service managers use it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};

use mooring_tests::config::{IMAGE, Paths};
use mooring_tests::host::program;
use mooring_tests::life::nothing_left;
use mooring_tests::{
    Host, Kind, Life, PATIENCE, Place, Settings, case, eventually, kernel, payload,
};
use nix::sys::signal::Signal;
use serde_json::Value;

fn mooring(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Fails, and says so on standard error.
fn refused(output: &Output) -> String {
    let error = text(&output.stderr);
    assert!(!output.status.success(), "it succeeded: {}", text(&output.stdout));
    assert!(!error.contains("panicked"), "{error}");
    error
}

/// The subcommands that a help text lists.
fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_ascii_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Every command with its help, the program's own included.
fn helps(command: &[String], found: &mut BTreeMap<String, String>) {
    let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
    arguments.push("--help");
    let output = mooring(&arguments);
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    let help = text(&output.stdout);
    for name in subcommands(&help) {
        helps(&[command, &[name]].concat(), found);
    }
    found.insert(command.join(" "), help);
}

#[test]
fn every_commands_help_shows_examples_that_are_commands() {
    let mut all = BTreeMap::new();
    helps(&[], &mut all);
    for wanted in [
        "serve",
        "controller",
        "node",
        "config check",
        "backend inspect",
        "backend diff",
        "backend pull",
        "backend push",
        "backend list",
        "demo",
        "completions",
    ] {
        assert!(all.contains_key(wanted), "no command {wanted}: {:?}", all.keys());
    }
    let mut wrong = Vec::new();
    for (command, help) in &all {
        let is_leaf = subcommands(help).is_empty();
        let examples = help.lines().skip_while(|line| !line.starts_with("Example"));
        let examples: Vec<&str> =
            examples.filter(|line| line.trim().starts_with("mooring ")).collect();
        if examples.is_empty() && (is_leaf || command.is_empty()) {
            wrong.push(format!("`mooring {command} --help` shows no example"));
        }
        for example in examples {
            let words: Vec<&str> = example.split_ascii_whitespace().skip(1).collect();
            let known =
                (1..=words.len()).any(|number| all.contains_key(&words[..number].join(" ")));
            if !known {
                wrong.push(format!("`mooring {command} --help`: {example:?} is no command"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn completions_are_scripts() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = mooring(&["completions", shell]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let script = text(&output.stdout);
        assert!(script.contains("mooring") && script.contains("serve"), "{shell}");
        if shell == "bash" {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), script).unwrap();
            let checked = Command::new("bash").arg("-n").arg(file.path()).output().unwrap();
            assert!(checked.status.success(), "{}", text(&checked.stderr));
        }
    }
}

#[test]
fn unknown_words_are_told_with_a_hint() {
    for words in [&["sevre"][..], &["serve", "--confg", "x"], &["config"], &["volume", "creat"]] {
        let error = refused(&mooring(words));
        assert!(error.contains("Usage") || error.contains("--help"), "{words:?}: {error}");
    }
}

/// A configuration in a file; what `config check` makes of it.
fn check(yaml: &str) -> Output {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), yaml).unwrap();
    mooring(&["config", "check", file.path().to_str().unwrap()])
}

const GOOD: &str = "\
stateDir: /var/lib/mooring
socketDir: /run/mooring
node:
  id: worker-1
  targetRoots: [/var/lib/kubelet]
drivers:
  - name: a.example.com
    backend: embedded:image-file
    grants:
      pools: {default: /var/lib/mooring/pool}
      attachments: [image-file]
      mountOptions: [discard]
    limits: {memory: 64MiB, deadline: 30s, concurrency: 16}
";

#[test]
fn a_good_configuration_is_told_with_its_sockets() {
    let output = check(GOOD);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(
        told.contains("a.example.com") && told.contains("/run/mooring/a.example.com/csi.sock"),
        "{told}"
    );
}

#[test]
fn a_bad_configuration_is_told_with_line_and_key() {
    let mistakes: [(&str, String, &[&str]); 12] = [
        ("an unknown key", GOOD.replace("targetRoots", "targetRoot"), &["targetRoot", "5"]),
        ("an unknown key at the top", format!("{GOOD}sockets: x\n"), &["sockets", "14"]),
        ("a wrong size", GOOD.replace("64MiB", "lots"), &["memory", "13"]),
        ("a wrong duration", GOOD.replace("30s", "soon"), &["deadline", "13"]),
        ("no number", GOOD.replace("concurrency: 16", "concurrency: many"), &["concurrency", "13"]),
        (
            "an unknown attachment",
            GOOD.replace("[image-file]", "[floppy]"),
            &["attachments", "floppy", "11"],
        ),
        ("a relative path", GOOD.replace("/run/mooring", "run"), &["socketDir", "absolute"]),
        ("a bad driver name", GOOD.replace("a.example.com", "a_b!"), &["name", "7"]),
        (
            "the same driver twice",
            format!("{GOOD}{}", &GOOD[GOOD.find("  - name").unwrap()..]),
            &["a.example.com", "twice"],
        ),
        ("no backend", GOOD.replace("    backend: embedded:image-file\n", ""), &["backend"]),
        ("no YAML", GOOD.replace("node:\n", "node: [\n"), &["4"]),
        (
            "root as the controller",
            format!("controller: {{uid: 0}}\n{GOOD}"),
            &["controller.uid", "root"],
        ),
    ];
    let mut wrong = Vec::new();
    for (what, yaml, words) in mistakes {
        let error = refused(&check(&yaml));
        for word in words.iter().filter(|word| !error.contains(**word)) {
            wrong.push(format!("{what}: {word:?} is not in {error:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let error = refused(&mooring(&["config", "check", "/nowhere/mooring.yaml"]));
    assert!(error.contains("/nowhere/mooring.yaml"), "{error}");
}

#[test]
fn serve_refuses_a_bad_configuration_before_it_does_anything() {
    case(async |place| {
        let paths = Paths::of(place);
        let yaml = Settings::default().yaml(&paths).replace("labels", "lables");
        std::fs::write(&paths.config, yaml).unwrap();
        for command in ["serve", "controller", "node"] {
            let output = mooring(&[command, "--config", paths.config.to_str().unwrap()]);
            let error = refused(&output);
            assert!(error.contains("lables"), "{error}");
        }
        assert!(!paths.state.exists() && !paths.sockets.exists());
    });
}

#[test]
fn a_component_tells_what_it_can_do_and_needs() {
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = built.join("../target/plugins/wasm32-wasip2/release/image_file.wasm");
    let mut sources = vec!["embedded:image-file".to_owned(), "embedded:directory".to_owned()];
    if built.exists() {
        sources.push(built.to_str().unwrap().to_owned());
    }
    for source in sources {
        let output = mooring(&["backend", "inspect", &source]);
        let told = text(&output.stdout);
        assert!(output.status.success(), "{source}: {}", text(&output.stderr));
        for word in ["0.1.0", "mooring:backend/volumes", "mooring:host/pool", "grants.pools"] {
            assert!(told.contains(word), "{source}: {word} is not in {told}");
        }
        let output = mooring(&["backend", "inspect", &source, "-o", "json"]);
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(told.is_object(), "{told}");
    }
    let told = text(&mooring(&["backend", "inspect", "embedded:image-file"]).stdout);
    assert!(told.contains("group-snapshots") && told.contains("publishing"), "{told}");
    let told = text(&mooring(&["backend", "inspect", "embedded:directory"]).stdout);
    assert!(told.contains("capacity") && !told.contains("publishing"), "{told}");
}

#[test]
fn what_is_no_component_is_told_so() {
    let file = tempfile::Builder::new().suffix(".wasm").tempfile().unwrap();
    let path = file.path().to_str().unwrap();
    // A core module; text; nothing.
    for bytes in [&b"\0asm\x01\0\0\0"[..], b"hello", b""] {
        std::fs::write(file.path(), bytes).unwrap();
        let error = refused(&mooring(&["backend", "inspect", path]));
        assert!(error.contains(path) && error.contains("component"), "{error}");
    }
    let error = refused(&mooring(&["backend", "inspect", "embedded:floppy"]));
    assert!(error.contains("image-file"), "what there is: {error}");
    let error = refused(&mooring(&["backend", "inspect", "/nowhere.wasm"]));
    assert!(error.contains("/nowhere.wasm"), "{error}");
}

#[test]
fn serve_wants_root_and_says_so() {
    case(async |place| {
        let paths = Paths::of(place);
        std::fs::write(&paths.config, Settings::default().yaml(&paths)).unwrap();
        let copy = place.path("mooring");
        std::fs::copy(program(), &copy).unwrap();
        for command in ["serve", "node"] {
            let output = Command::new(&copy)
                .args([command, "--config"])
                .arg(&paths.config)
                .uid(64999)
                .gid(64999)
                .output()
                .unwrap();
            let error = refused(&output);
            assert!(error.contains("root") || error.contains("ermission"), "{error}");
        }
    });
}

/// Runs the program to its end, which must come by itself.
async fn run_out(place: &Place, arguments: &[&str]) -> Output {
    let config = Paths::of(place).config;
    let running = tokio::process::Command::new(program())
        .args(arguments)
        .arg(config)
        .kill_on_drop(true)
        .output();
    tokio::time::timeout(PATIENCE, running).await.expect("it ends by itself").unwrap()
}

#[test]
fn a_second_host_on_the_same_sockets_is_refused() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let (node, controller) = (host.node_pid(), host.controller_pid().await);
        for command in ["serve", "node", "controller"] {
            let output = run_out(place, &[command, "--config"]).await;
            let told = format!("{}{}", text(&output.stdout), text(&output.stderr));
            assert!(!output.status.success(), "a second {command} serves: {told}");
            let clear = ["another", "already", "in use"].iter().any(|word| told.contains(word));
            assert!(clear && told.contains(place.root().to_str().unwrap()), "{command}: {told}");
        }
        // The first is as it was.
        assert_eq!((host.node_pid(), host.controller_pid().await), (node, controller));
        let mut life = Life::new(&host, Kind::Block, "pvc-1").await;
        life.create().await.unwrap();
        life.delete().await.unwrap();
        nothing_left(&host).await;
        host.stop().await;
    });
}

#[test]
fn sigterm_lets_calls_end_and_leaves_mounts() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "published").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        life.publish().await.unwrap();
        let written = payload::write(&life.data(), 0, 8, 5).unwrap();
        let mut running = Life::new(&host, Kind::Xfs, "running").await;
        running.create().await.unwrap();

        let stopping = async {
            // Its device shows that the call is under way.
            eventually("the call is under way", async || {
                (kernel::loops_below(place.root()).len() == 2).then_some(())
            })
            .await;
            host.stop().await;
        };
        let (outcome, ()) = tokio::join!(running.stage(), stopping);
        outcome.expect("a call that was under way ends well");
        written.verify();
        life.assert_published();
        assert!(kernel::mount_at(&running.staging).is_some());

        host.serve_again().await;
        for life in [&mut life, &mut running] {
            life.reconnect(&host).await;
            life.unpublish().await.unwrap();
            life.unstage().await.unwrap();
            life.delete().await.unwrap();
        }
        nothing_left(&host).await;
        host.stop().await;
    });
}

#[test]
fn sigint_stops_too_and_sockets_are_removed() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        host.stop_by(Signal::SIGINT).await;
        assert!(!host.paths.socket(IMAGE).exists(), "the socket is still there");
        assert!(!host.paths.controller_socket(IMAGE).exists());
    });
}

#[test]
fn teardown_works_without_the_controller() {
    case(async |place| {
        let mut host = Host::apart(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        life.publish().await.unwrap();
        host.stop_controller().await;
        life.unpublish().await.unwrap();
        life.unstage().await.unwrap();
        assert_eq!(kernel::mounts_below(&host.paths.targets), vec![]);
        assert_eq!(kernel::loops_below(place.root()), vec![]);
        let status = life.stage().await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::Unavailable, "{status}");
        host.controller_again().await;
        life.delete().await.unwrap();
        nothing_left(&host).await;
        host.stop().await;
    });
}

/// As `mooring demo` holds it: killed, it takes the pipe's other end along.
#[test]
fn an_attached_host_ends_with_the_process_that_holds_its_standard_input() {
    case(async |place| {
        let paths = Paths::of(place);
        std::fs::create_dir_all(&paths.targets).unwrap();
        std::fs::write(&paths.config, Settings::default().yaml(&paths)).unwrap();
        let mut child = tokio::process::Command::new(program())
            .args(["serve", "--attached", "--config"])
            .arg(&paths.config)
            .stdin(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let held = child.stdin.take().unwrap();
        eventually("it serves", async || paths.socket(IMAGE).exists().then_some(())).await;
        assert_eq!(child.try_wait().unwrap(), None, "it serves while the pipe is open");
        drop(held);
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it ends by itself");
        assert!(ended.unwrap().success());
        assert!(!paths.socket(IMAGE).exists(), "the socket is still there");
    });
}
