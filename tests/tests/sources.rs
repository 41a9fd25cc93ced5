//! Components from a registry: by hand, and as a host's drivers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use mooring_tests::call::get;
use mooring_tests::config::{IMAGE, Paths};
use mooring_tests::guest::guest;
use mooring_tests::host::program;
use mooring_tests::{Place, Settings, case, eventually};
use serde_json::Value;

/// A registry in memory, without TLS; gone when it is dropped.
struct Registry {
    process: Child,
    host: String,
}

impl Registry {
    fn start() -> Self {
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/registry");
        let mut command = Command::new(if tool.is_file() { tool } else { "registry".into() });
        let mut process = command
            .args(["-port", "0"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("registry is missing: run ./setup");
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let host = format!("localhost:{}", first.rsplit_once("port ").unwrap().1);
        // Read on, so that it is never held up.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, host }
    }

    fn reference(&self, rest: &str) -> String {
        format!("oci://{}/vendor/array{rest}", self.host)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn backend(arguments: &[&str]) -> Output {
    Command::new(program()).arg("backend").args(arguments).output().unwrap()
}

/// What it says, where it ends with this code.
fn told(output: Output, code: i32) -> String {
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

fn json(output: Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_component_goes_to_a_registry_and_comes_back() {
    case(async |place| {
        let registry = Registry::start();
        let (one, two) = (registry.reference(":1.0.0"), registry.reference(":2.0.0"));
        let push = |what: &str, to: &str, more: &[&str]| {
            backend(&[&["push", what, to, "--plain-http", "-o", "json"], more].concat())
        };
        let pushed = json(push("embedded:image-file", &one, &["--version", "1.0.0"]));
        json(push("embedded:directory", &two, &["--version", "2.0.0"]));
        let exists = told(push("embedded:directory", &one, &[]), 4);
        assert!(exists.contains("--replace"), "{exists}");

        let listed =
            json(backend(&["list", &registry.reference(""), "--plain-http", "-o", "json"]));
        let tags: Vec<_> =
            listed["tags"].as_array().unwrap().iter().map(|tag| &tag["tag"]).collect();
        assert_eq!(tags, ["2.0.0", "1.0.0"]);
        let table = told(backend(&["list", &registry.reference(""), "--plain-http"]), 0);
        assert!(table.lines().count() == 3 && table.starts_with("TAG"), "{table}");

        let file = place.path("array.wasm");
        let pull = |from: &str, more: &[&str]| {
            backend(&[&["pull", from, "-o", file.to_str().unwrap(), "--plain-http"], more].concat())
        };
        let pulled = json(pull(&one, &["--json"]));
        assert_eq!(
            (&pulled["manifest"], &pulled["digest"]),
            (&pushed["manifest"], &pushed["digest"])
        );
        assert_eq!(pulled["version"], "1.0.0");
        assert!(told(pull(&two, &[]), 4).contains("is there already"));
        assert!(told(pull(&two, &["--replace"]), 0).contains("2.0.0"));
        assert!(told(pull(&registry.reference(":3"), &["--replace"]), 3).contains("NOT_FOUND"));
        let unsigned = ["--replace", "--key", "/nowhere/cosign.pub"];
        assert!(told(pull(&one, &unsigned), 6).contains("/nowhere/cosign.pub"));

        let told_of = told(backend(&["inspect", &two, "--plain-http"]), 0);
        assert!(told_of.contains("mooring:backend/volumes"), "{told_of}");
        let same = told(backend(&["diff", &two, file.to_str().unwrap(), "--plain-http"]), 0);
        assert!(same.starts_with("both are sha256:"), "{same}");
        let diff =
            json(backend(&["diff", &one, "embedded:directory", "--plain-http", "-o", "json"]));
        let gone = diff["abilities"]["removed"].as_array().unwrap();
        assert!(gone.iter().any(|ability| ability == "group-snapshots"), "{diff}");

        drop(registry);
        assert!(told(pull(&one, &["--replace"]), 5).contains("UNAVAILABLE"));
    });
}

/// A controller whose only driver comes from a registry.
struct Controller {
    process: Child,
    log: PathBuf,
}

impl Controller {
    fn start(place: &Place, registry: &str, backend: &str, trust: &str) -> Self {
        let paths = Paths::of(place);
        let source = format!("backend: {backend}\n    trust: {trust}");
        let yaml =
            Settings::default().yaml(&paths).replace("backend: embedded:image-file", &source);
        Self::configured(&paths, registry, &yaml)
    }

    fn configured(paths: &Paths, registry: &str, yaml: &str) -> Self {
        let yaml = format!("registries: {{\"{registry}\": {{plainHttp: true}}}}\n{yaml}");
        fs::write(&paths.config, yaml).unwrap();
        let log = fs::File::create(&paths.log).unwrap();
        let process = Command::new(program())
            .args(["controller", "--config"])
            .arg(&paths.config)
            .stderr(log)
            .spawn()
            .unwrap();
        Self { process, log: paths.log.clone() }
    }

    async fn says(&self, what: &str) -> String {
        eventually(what, async || {
            let log = fs::read_to_string(&self.log).unwrap();
            log.contains(what).then_some(log)
        })
        .await
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_driver_from_a_registry_starts_again_without_it() {
    case(async |place| {
        let registry = Registry::start();
        let (host, tag) = (registry.host.clone(), registry.reference(":stable"));
        let pushed =
            json(backend(&["push", "embedded:image-file", &tag, "--plain-http", "-o", "json"]));
        let pinned = registry.reference(&format!("@{}", pushed["manifest"].as_str().unwrap()));
        drop(Controller::start(place, &host, &tag, "{}").says("serving").await);
        drop(registry);
        for source in [tag, pinned] {
            let controller = Controller::start(place, &host, &source, "{}");
            controller.says("serving").await;
        }
    });
}

#[test]
fn a_tag_that_comes_to_mean_another_component_is_followed_while_it_serves() {
    let built = [guest("versions"), guest("versions_next")];
    case(async move |place| {
        let registry = Registry::start();
        let (tag, paths) = (registry.reference(":stable"), Paths::of(place));
        let push = |file: &Path| {
            let file = file.to_str().unwrap();
            json(backend(&["push", file, &tag, "--plain-http", "--replace", "-o", "json"]))
        };
        push(&built[0]);
        let further_drivers = format!(
            "  - name: versions.example.com\n    backend: {tag}\n    config: {{label: 1.0.0}}\n"
        );
        let settings = Settings { further_drivers, ..Settings::default() };
        let yaml = format!("askTagsEvery: 1s\n{}", settings.yaml(&paths));
        let controller = Controller::configured(&paths, &registry.host, &yaml);
        controller.says("serving").await;
        eventually("its status can be asked", async || paths.admin_socket().exists().then_some(()))
            .await;
        let pushed = push(&built[1]);
        eventually("the component that the tag means now serves", async || {
            let status = get(&paths.admin_socket(), "/v1/status").await.body;
            let status: Value = serde_json::from_str(&status).ok()?;
            let driver = status["drivers"].as_array()?.iter().find(|it| it["name"] != IMAGE)?;
            let digest = pushed["digest"].as_str()?.trim_start_matches("sha256:");
            driver["digest"].as_str()?.ends_with(digest).then_some(())
        })
        .await;
    });
}

#[test]
fn what_is_not_trusted_is_not_compiled() {
    case(async |place| {
        let registry = Registry::start();
        let tag = registry.reference(":1.0.0");
        let push = ["push", "embedded:image-file", &tag, "--plain-http", "--version", "1.0.0"];
        told(backend(&push), 0);
        let key = Path::new(env!("CARGO_MANIFEST_DIR"));
        let key = key.join("../host/source/tests/fixtures/cosign/cosign.pub");
        fs::copy(key, place.path("cosign.pub")).unwrap();
        let keys = format!("{{keys: [{}]}}", place.path("cosign.pub").display());
        for (trust, what) in [
            (keys.as_str(), "there is no signature at"),
            ("{minimumVersion: 1.1.0}", "`trust.minimumVersion` is 1.1.0"),
            (
                "{digest: \"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}",
                "`trust.digest` pins",
            ),
        ] {
            let controller = Controller::start(place, &registry.host, &tag, trust);
            let log = controller.says("none of the drivers can be served").await;
            assert!(log.contains(what) && log.contains(IMAGE), "{log}");
        }
        let code = Paths::of(place).controller_state().join("code");
        let files: Vec<_> =
            fs::read_dir(code).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, ["key"], "the cache's own key, and nothing that was compiled");
    });
}
