//! Who may what, as the kernel reports it; and who depends on what, as cargo does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mooring_tests::config::{CONTROLLER_UID, IMAGE};
use mooring_tests::host::program;
use mooring_tests::life::records;
use mooring_tests::{Host, Kind, Life, Settings, case, kernel};
use serde_json::Value;

/// Privileges belong to threads: each of them is looked at.
fn threads(pid: u32) -> Vec<BTreeMap<String, String>> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    tasks
        .map(|task| task.file_name().to_str().unwrap().parse().unwrap())
        .filter_map(kernel::status)
        .collect()
}

/// The process that serves them has a umask that would shut everybody out.
#[test]
fn those_who_may_talk_to_the_controller_get_through_to_its_socket() {
    case(async |place| {
        for (allowed_uids, shown) in [(vec![64_620], [0o711, 0o711]), (vec![], [0o700, 0o700])] {
            let mut host =
                Host::apart(place, Settings { allowed_uids, ..Settings::default() }).await;
            let socket = host.paths.controller_socket(IMAGE);
            let own = socket.parent().unwrap();
            let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
            assert_eq!([mode(own.parent().unwrap()), mode(own)], shown);
            host.stop().await;
            fs::remove_dir_all(own.parent().unwrap()).unwrap();
        }
    });
}

fn assert_without_privilege(pid: u32) {
    let threads = threads(pid);
    assert!(!threads.is_empty(), "the controller has ended");
    let everywhere = vec![CONTROLLER_UID.to_string(); 4].join("\t");
    for status in &threads {
        assert_eq!(status["Uid"], everywhere, "real, effective, saved, file system");
        assert_eq!(status["Gid"], everywhere);
        assert_eq!(status["Groups"], "");
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            assert_eq!(status[set], "0000000000000000", "{set}");
        }
        assert_eq!(status["NoNewPrivs"], "1");
    }
}

#[test]
fn the_controller_has_no_privilege_as_a_child_of_serve() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        assert_without_privilege(host.controller_pid().await);
        host.stop().await;
    });
}

#[test]
fn the_controller_has_no_privilege_on_its_own() {
    case(async |place| {
        let mut host = Host::apart(place, Settings::default()).await;
        assert_without_privilege(host.controller_pid().await);
        host.stop().await;
    });
}

/// Machine code that came from no file: what a compiler made while the process ran.
fn has_generated_code(pid: u32) -> bool {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    maps.lines().any(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let no_file =
            fields[4] == "0" && fields.get(5).is_none_or(|name| name.starts_with("[anon"));
        fields[1].contains('x') && no_file
    })
}

#[test]
fn the_node_runs_no_vendor_code() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        let controller = host.controller_pid().await;
        assert!(has_generated_code(controller), "the controller runs components: the check works");
        assert!(!has_generated_code(host.node_pid()), "the node has code of no file");
        life.unstage().await.unwrap();
        life.delete().await.unwrap();
        host.stop().await;
    });
}

#[test]
fn the_controller_inherits_no_file_of_the_node() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        let paths = host.paths.clone();
        let open = kernel::open_files(host.controller_pid().await);
        let foreign: Vec<&PathBuf> = open
            .iter()
            .filter(|path| {
                let own = path.starts_with(paths.controller_state())
                    || path.starts_with(paths.pool())
                    || path.starts_with(paths.sockets.join("controller"));
                // The last is wasmtime's own: a component's first memory, to be copied on write.
                let harmless = **path == paths.log
                    || *path == Path::new("/dev/null")
                    || path.starts_with("/memfd:wasm-memory-image (deleted)");
                path.is_absolute() && !own && !harmless
            })
            .collect();
        assert_eq!(foreign, Vec::<&PathBuf>::new());
        life.unstage().await.unwrap();
        life.delete().await.unwrap();
        host.stop().await;
    });
}

/// Runs a program as some user without groups.
fn run_as(uid: u32, program: &Path, arguments: &[&Path]) -> Output {
    use std::os::unix::process::CommandExt as _;
    // Changing the uid away from root drops the groups too.
    Command::new(program).args(arguments).uid(uid).gid(uid).output().unwrap()
}

#[test]
fn the_controllers_user_cannot_read_what_is_the_nodes() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        let state = host.paths.node_state();
        let record = records(&state).first().expect("a record of what is staged").clone();
        let device = kernel::loops_below(place.root()).first().expect("a device").name.clone();
        let device = Path::new("/dev").join(device);
        let socket = host.paths.socket(Kind::Ext4.driver());
        let secret = [record.as_path(), &device, &socket];
        for path in secret {
            let output =
                run_as(CONTROLLER_UID, Path::new("/usr/bin/head"), &[Path::new("-c1"), path]);
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                !output.status.success() && error.contains("Permission denied"),
                "{path:?}: {error}"
            );
        }
        let output = run_as(CONTROLLER_UID, Path::new("/usr/bin/ls"), &[&state]);
        assert!(!output.status.success(), "the controller's user lists {state:?}");
        let touched = host.paths.sockets.join("intruder");
        let output = run_as(CONTROLLER_UID, Path::new("/usr/bin/touch"), &[&touched]);
        assert!(!output.status.success() && !touched.exists());
        life.unstage().await.unwrap();
        life.delete().await.unwrap();
        host.stop().await;
    });
}

#[test]
fn another_user_cannot_call_the_host() {
    const ANYBODY: u32 = 64999;
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let copy = place.path("mooring");
        fs::copy(program(), &copy).unwrap();
        let driver = Kind::Ext4.driver();
        for socket in [host.paths.socket(driver), host.paths.controller_socket(driver)] {
            let words = ["volume", "list", "--socket"].map(Path::new);
            let arguments: Vec<&Path> = words.into_iter().chain([socket.as_path()]).collect();
            let output = run_as(0, &copy, &arguments);
            assert!(output.status.success(), "root may: {output:?}");
            let output = run_as(ANYBODY, &copy, &arguments);
            assert!(!output.status.success(), "anybody may call {}", socket.display());
        }
        host.stop().await;
    });
}

/// Everything below a directory, with what it is; not across mounts.
fn everything(directory: &Path) -> Vec<(PathBuf, fs::Metadata)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let meta = fs::symlink_metadata(entry.path()).unwrap();
        if meta.is_dir() {
            found.extend(everything(&entry.path()));
        }
        found.push((entry.path(), meta));
    }
    found
}

#[test]
fn sockets_and_folders_are_for_their_owners_alone() {
    case(async |place| {
        let mut host =
            Host::serve(place, Settings { directory: true, ..Settings::default() }).await;
        let mut sockets = 0;
        for (path, meta) in everything(&host.paths.sockets) {
            if !meta.file_type().is_socket() {
                continue;
            }
            sockets += 1;
            let controllers = path.starts_with(host.paths.sockets.join("controller"));
            let owner = if controllers { CONTROLLER_UID } else { 0 };
            assert_eq!((meta.uid(), meta.gid()), (owner, owner), "{path:?}");
            assert_eq!(meta.mode() & 0o777, 0o600, "{path:?}");
            let folder = path.parent().unwrap();
            if folder != host.paths.sockets {
                let meta = fs::metadata(folder).unwrap();
                assert_eq!((meta.mode() & 0o777, meta.uid()), (0o700, owner), "{folder:?}");
            }
        }
        // A driver: public, controller's, private; a process: telemetry.
        assert!(sockets >= 2 * 3 + 2, "{sockets} sockets");
        for folder in [&host.paths.sockets, &host.paths.state] {
            let meta = fs::metadata(folder).unwrap();
            assert_eq!((meta.mode() & 0o777, meta.uid()), (0o711, 0), "{folder:?}");
        }
        let node = fs::metadata(host.paths.node_state()).unwrap();
        assert_eq!((node.mode() & 0o777, node.uid()), (0o700, 0));
        for folder in [host.paths.controller_state(), host.paths.pool()] {
            let meta = fs::metadata(&folder).unwrap();
            assert_eq!((meta.mode() & 0o777, meta.uid()), (0o700, CONTROLLER_UID), "{folder:?}");
            for (path, meta) in everything(&folder) {
                assert_eq!((meta.uid(), meta.mode() & 0o077), (CONTROLLER_UID, 0), "{path:?}");
            }
        }
        host.stop().await;
    });
}

/// Which packages of the workspace's graph use which, as they are built (no tests, no builds).
struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    /// As cargo resolves it from the lock file.
    fn read() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version=1", "--locked", "--manifest-path"])
            .arg(manifest)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let list = |value: &Value| value.as_array().unwrap().clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let names: BTreeMap<String, String> = list(&metadata["packages"])
            .iter()
            .map(|it| (text(&it["id"]), text(&it["name"])))
            .collect();
        let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let uses = list(&node["deps"])
                .into_iter()
                .filter(|it| list(&it["dep_kinds"]).iter().any(|kind| kind["kind"].is_null()));
            let uses = uses.map(|it| names[&text(&it["pkg"])].clone());
            graph.entry(names[&text(&node["id"])].clone()).or_default().extend(uses);
        }
        Self(graph)
    }

    /// All that a package is built from, without going through `barred`.
    fn below(&self, package: &str, barred: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut next = vec![package.to_owned()];
        while let Some(package) = next.pop() {
            let uses = self.0.get(&package).unwrap_or_else(|| panic!("no package {package}"));
            let new = uses.iter().filter(|it| *it != barred && !found.contains(*it));
            let new: Vec<String> = new.cloned().collect();
            found.extend(new.iter().cloned());
            next.extend(new);
        }
        found
    }
}

#[test]
fn only_the_backend_crate_knows_the_component_runtime() {
    let graph = Graph::read();
    assert!(graph.below("mooring-backend", "").contains("wasmtime"), "the check works");
    for package in [
        "mooring-node",
        "mooring-csi",
        "mooring-store",
        "mooring-egress",
        "mooring-volume",
        "mooring-proto",
        "mooring-operator",
    ] {
        let below = graph.below(package, "");
        let runtime: Vec<_> = below.iter().filter(|it| it.starts_with("wasmtime")).collect();
        assert!(runtime.is_empty(), "{package} is built from {runtime:?}");
    }
    let without = graph.below("mooring", "mooring-backend");
    let runtime: Vec<_> = without.iter().filter(|it| it.starts_with("wasmtime")).collect();
    assert!(runtime.is_empty(), "mooring has {runtime:?} otherwise than by mooring-backend");
}

#[test]
fn only_the_node_crate_knows_the_machine() {
    let graph = Graph::read();
    assert!(graph.below("mooring-node", "").contains("nix"), "the check works");
    for package in [
        "mooring-backend",
        "mooring-store",
        "mooring-egress",
        "mooring-csi",
        "mooring-volume",
        "mooring-operator",
    ] {
        let below = graph.below(package, "");
        assert!(!below.contains("nix"), "{package} is built from nix");
        assert!(!below.contains("mooring-node"), "{package} is built from mooring-node");
    }
}

#[test]
fn arrows_point_one_way() {
    let graph = Graph::read();
    for (package, strangers) in [
        (
            "mooring-volume",
            &["mooring-proto", "mooring-csi", "mooring-backend", "mooring-store"][..],
        ),
        (
            "mooring-node",
            &[
                "mooring-proto",
                "mooring-csi",
                "mooring-backend",
                "mooring-store",
                "mooring-egress",
                "tonic",
            ],
        ),
        (
            "mooring-egress",
            &["mooring-proto", "mooring-csi", "mooring-backend", "mooring-store", "tonic"],
        ),
        ("mooring-backend", &["mooring-proto", "mooring-csi", "tonic"]),
        (
            "mooring-source",
            &["mooring-proto", "mooring-csi", "mooring-backend", "tonic", "wasmtime"],
        ),
        ("mooring-store", &["mooring-proto", "mooring-csi", "mooring-backend", "tonic"]),
        ("mooring-csi", &["mooring-backend", "mooring-store", "mooring-node"]),
        // It meets the host at a file and a socket.
        (
            "mooring-operator",
            &["mooring", "mooring-volume", "mooring-proto", "mooring-csi", "tonic"],
        ),
    ] {
        let below = graph.below(package, "");
        for stranger in strangers {
            assert!(!below.contains(*stranger), "{package} is built from {stranger}");
        }
    }
}
