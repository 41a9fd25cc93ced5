//! Builds components and looks into them: each is valid, exports exactly the interfaces that its
//! `backend!` names, and imports nothing that it does not call.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use wasmparser::{Validator, WasmFeatures};
use wit_component::DecodedWasm;

/// The components' sizes above which something has crept in that does not belong there. The image
/// backend had 137 KB with five abilities and 188 KB with seven; it has 316 KB with all twelve, and
/// the interfaces' own glue is a third of that. The array's backend has 488 KB with nine: whole JSON,
/// fifteen resources of WASI's HTTP, and a dozen forms of answers that are read and checked.
const SMALL: [(&str, usize); 3] =
    [("image_file.wasm", 330 << 10), ("directory.wasm", 140 << 10), ("http_array.wasm", 510 << 10)];

/// What they import of WASI: the clock that a snapshot is stamped with, and HTTP with what it needs.
fn wasi_needs(file: &str) -> &'static [&'static str] {
    match file {
        "image_file.wasm" => &["wasi:clocks/wall-clock"],
        "http_array.wasm" => &[
            "wasi:clocks/monotonic-clock",
            "wasi:http/outgoing-handler",
            "wasi:http/types",
            "wasi:io/error",
            "wasi:io/poll",
            "wasi:io/streams",
        ],
        _ => &[],
    }
}

/// What the host's runtime has on: WebAssembly 2 and components, without component-model async.
fn features() -> WasmFeatures {
    WasmFeatures::WASM2 | WasmFeatures::COMPONENT_MODEL
}

/// Builds the shipped components and the SDK's examples, once; answers where they are.
fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for what in [["--workspace", "--lib"], ["--package=mooring-sdk", "--examples"]] {
            let status = Command::new(env!("CARGO"))
                .args(["build", "--release", "--locked", "--target=wasm32-wasip2"])
                .args(what)
                .current_dir(workspace)
                .status()
                .unwrap();
            assert!(status.success(), "cargo build {what:?}: {status}");
        }
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        target.unwrap_or_else(|| workspace.join("target")).join("wasm32-wasip2/release")
    })
}

/// What a component imports and exports, without the versions, sorted; and its size.
struct Component {
    imports: Vec<String>,
    exports: Vec<String>,
    size: usize,
}

fn component(file: &str) -> Component {
    let bytes = std::fs::read(built().join(file)).unwrap();
    Validator::new_with_features(features()).validate_all(&bytes).unwrap();
    let decoded = wit_component::decode(&bytes).unwrap();
    let DecodedWasm::Component(resolve, world) = decoded else { panic!("{file} is WIT alone") };
    let world = &resolve.worlds[world];
    let names = |items: &mut dyn Iterator<Item = &wit_parser::WorldKey>| {
        let name =
            |key| resolve.name_world_key(key).split('@').next().unwrap_or_default().to_owned();
        let mut names: Vec<_> = items.map(name).collect();
        names.sort();
        names
    };
    Component {
        imports: names(&mut world.imports.keys()),
        exports: names(&mut world.exports.keys()),
        size: bytes.len(),
    }
}

fn interfaces(names: &[&str]) -> Vec<String> {
    let mut names: Vec<_> = names.iter().map(|name| format!("mooring:backend/{name}")).collect();
    names.sort();
    names
}

/// The imports of our own contract; the shared types are no function's.
fn host_imports(component: &Component) -> Vec<&str> {
    let all = component.imports.iter().map(String::as_str);
    all.filter(|name| name.starts_with("mooring:") && !name.ends_with("/types")).collect()
}

fn wasi_imports(component: &Component) -> Vec<&str> {
    component.imports.iter().map(String::as_str).filter(|name| name.starts_with("wasi:")).collect()
}

#[test]
fn image_file_exports_what_it_names() {
    let component = component("image_file.wasm");
    let exported = [
        "identity",
        "volumes",
        "attachments",
        "publishing",
        "listing",
        "capacity",
        "expansion",
        "modification",
        "snapshots",
        "group-snapshots",
        "changed-blocks",
        "health",
        "nodes",
    ];
    assert_eq!(component.exports, interfaces(&exported));
    let needed =
        ["mooring:host/config", "mooring:host/logging", "mooring:host/pool", "mooring:host/state"];
    assert_eq!(host_imports(&component), needed);
}

#[test]
fn directory_exports_what_it_names() {
    let component = component("directory.wasm");
    let exported = ["identity", "volumes", "attachments", "listing", "capacity"];
    assert_eq!(component.exports, interfaces(&exported));
    let needed = ["mooring:host/logging", "mooring:host/pool", "mooring:host/state"];
    assert_eq!(host_imports(&component), needed);
}

#[test]
fn http_array_exports_what_it_names() {
    let component = component("http_array.wasm");
    let exported = [
        "identity",
        "volumes",
        "attachments",
        "publishing",
        "listing",
        "capacity",
        "expansion",
        "snapshots",
        "health",
        "nodes",
    ];
    assert_eq!(component.exports, interfaces(&exported));
    let needed = ["mooring:host/config", "mooring:host/logging", "mooring:host/state"];
    assert_eq!(host_imports(&component), needed);
}

#[test]
fn shipped_components_are_small_and_import_no_more_of_wasi_than_they_need() {
    for (file, most) in SMALL {
        let component = component(file);
        assert_eq!(wasi_imports(&component), wasi_needs(file), "{file}");
        assert!(component.size < most, "{file} has {} bytes", component.size);
    }
}

#[test]
fn a_backend_with_the_standard_library_imports_what_it_calls() {
    let component = component("examples/shares.wasm");
    assert_eq!(component.exports, interfaces(&["identity", "volumes", "attachments"]));
    assert_eq!(host_imports(&component), ["mooring:host/config", "mooring:host/pool"]);
    let wasi = wasi_imports(&component);
    let reaches_out = |name: &&str| name.contains("http") || name.contains("sockets");
    assert!(!wasi.iter().any(reaches_out), "{wasi:?}");
}

#[test]
fn every_ability_can_be_exported_by_one_component() {
    let component = component("examples/skeleton.wasm");
    let all = [
        "identity",
        "volumes",
        "attachments",
        "publishing",
        "listing",
        "capacity",
        "expansion",
        "modification",
        "snapshots",
        "group-snapshots",
        "changed-blocks",
        "health",
        "nodes",
    ];
    assert_eq!(component.exports, interfaces(&all));
    assert_eq!(host_imports(&component), Vec::<&str>::new());
}
