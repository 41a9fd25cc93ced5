//! Builds the default backends (`plugins/`) to WebAssembly, so that the program can embed them.
//!
//! A build of its own with a target folder of its own: the guests are another workspace, for
//! another target, with a profile for size.

#![expect(clippy::expect_used, clippy::panic, reason = "a build that cannot go on must stop")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The embedded backends: package `mooring-NAME`, file `NAME.wasm`.
const BACKENDS: [&str; 2] = ["image-file", "directory"];

fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let root = manifest.join("../..").canonicalize().expect("the workspace is two levels up");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    for watched in ["plugins/Cargo.toml", "plugins/Cargo.lock", "plugins/sdk", "wit"] {
        println!("cargo::rerun-if-changed={}", root.join(watched).display());
    }
    let built = build_guests(&root);
    for backend in BACKENDS {
        println!("cargo::rerun-if-changed={}", root.join("plugins").join(backend).display());
        let file = format!("{}.wasm", backend.replace('-', "_"));
        fs::copy(built.join(&file), out.join(&file)).expect("the guest was just built");
    }
}

fn build_guests(root: &Path) -> PathBuf {
    let target = root.join("target/plugins");
    let mut cargo = Command::new(env::var_os("CARGO").expect("set by cargo"));
    cargo
        .args(["build", "--release", "--locked", "--target", "wasm32-wasip2", "--manifest-path"])
        .arg(root.join("plugins/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target);
    for backend in BACKENDS {
        cargo.args(["-p", &format!("mooring-{backend}")]);
    }
    // What the outer build says of its own compiler must not reach the guests' build.
    for name in ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"]
    {
        cargo.env_remove(name);
    }
    let status = cargo.status().expect("cargo runs");
    if !status.success() {
        panic!("the default backends in plugins/ do not build");
    }
    target.join("wasm32-wasip2/release")
}
