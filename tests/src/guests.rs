//! The components of `tests/guests`, built once a test binary.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--quiet", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(workspace.join("target"))
        .current_dir(&workspace)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo runs");
    assert!(status.success(), "tests/guests does not build");
    workspace.join("target/wasm32-wasip2/release")
});

/// The file of a guest, such as `hostile`. To be called before a case begins, in which nothing can be built.
///
/// # Panics
/// When the guests do not build.
#[must_use]
pub fn guest(name: &str) -> Vec<u8> {
    let path = BUILT.join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
