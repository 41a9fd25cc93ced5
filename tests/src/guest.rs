//! The guests of `tests/guests`, and a driver of them in a host's configuration.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::config::{Paths, Settings};

static BUILT: LazyLock<PathBuf> = LazyLock::new(build);

/// The file of a guest, such as `versions`, built once. To be called outside of a case, in which
/// nothing can be built.
#[must_use]
pub fn guest(name: &str) -> PathBuf {
    BUILT.join(format!("{name}.wasm"))
}

fn build() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--target",
            "wasm32-wasip2",
            "--target-dir",
        ])
        .arg(workspace.join("target"))
        .current_dir(&workspace)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo runs");
    assert!(status.success(), "tests/guests does not build");
    workspace.join("target/wasm32-wasip2/release")
}

/// A driver over a component's file.
#[derive(Debug, Clone)]
pub struct Driver {
    /// The CSI driver name.
    pub name: String,
    /// The component.
    pub file: PathBuf,
    /// `config:`, as YAML in one line.
    pub config: String,
}

/// Puts a configuration with further drivers in the place of the one that is there, in one step.
///
/// # Panics
/// When it cannot be written.
pub fn configure(paths: &Paths, drivers: &[Driver]) {
    let mut text = Settings::default().yaml(paths);
    for Driver { name, file, config } in drivers {
        text.push_str(&format!(
            "  - {{name: {name}, backend: {}, config: {config}}}\n",
            file.display()
        ));
    }
    replace(&paths.config, text.as_bytes());
}

/// Puts a file in the place of another in one step, as editors do.
///
/// # Panics
/// When it cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) {
    let new = path.with_extension("new");
    std::fs::write(&new, bytes).unwrap();
    std::fs::rename(new, path).unwrap();
}
