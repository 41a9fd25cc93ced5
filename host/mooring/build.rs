//! Builds the default backends (`plugins/`) to WebAssembly, so that the program can embed them, and
//! chooses how the program's relocations are stored.
//!
//! The guests' is a build of its own with a target folder of its own: they are another workspace,
//! for another target, with a profile for size.

#![expect(clippy::expect_used, clippy::panic, reason = "a build that cannot go on must stop")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The embedded backends: package `mooring-NAME`, file `NAME.wasm`.
const BACKENDS: [&str; 2] = ["image-file", "directory"];

/// The first glibc whose loader knows packed relative relocations. An older one would not apply
/// them, and the program would crash at its start. Source: the release notes of glibc 2.36.
const PACKED_RELOCATIONS: (u32, u32) = (2, 36);

fn main() {
    pack_relocations();
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let root = manifest.join("../..").canonicalize().expect("the workspace is two levels up");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    for watched in
        ["plugins/.cargo", "plugins/Cargo.toml", "plugins/Cargo.lock", "plugins/sdk", "wit"]
    {
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
    // In their own folder, whose `.cargo/config.toml` has the linker's arguments.
    cargo
        .current_dir(root.join("plugins"))
        .args(["build", "--release", "--locked", "--target", "wasm32-wasip2", "--target-dir"])
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

/// Stores the 70,000 relative relocations of the program in 20 KiB instead of 1.6 MiB. The loader reads
/// all of them at each start, so they stand in the resident memory of every process.
///
/// Only where the program is built for the machine that builds it, whose loader can be asked.
fn pack_relocations() {
    if env::var("HOST") == env::var("TARGET") && glibc().is_some_and(|it| it >= PACKED_RELOCATIONS)
    {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's C library; none where that is not glibc.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?.stdout;
    let said = String::from_utf8(said).ok()?;
    let (major, rest) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    let minor = rest.split('.').next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
