//! The directories of the processes: made before anything is served, each with the owner and mode
//! that keeps the others out.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, bail};

use crate::config::Config;

/// What the node process needs; to be called as root.
pub(crate) fn node(config: &Config) -> anyhow::Result<()> {
    passage(&config.state_dir)?;
    passage(&config.socket_dir)?;
    private(&config.node_state_dir(), None)?;
    registry(config)
}

/// Kubelet's own directory, which kubelet makes: one that is made here would be watched by nobody.
fn registry(config: &Config) -> anyhow::Result<()> {
    let Some(kubelet) = &config.kubelet else { return Ok(()) };
    let path = &kubelet.registration_dir;
    let reason = match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => "no directory".to_owned(),
        Err(error) => error.to_string(),
    };
    bail!(
        "kubelet.registrationDir: kubelet is not found at {path} ({reason}). It makes this directory when it \
         starts: start it first; where it has another --root-dir, name that one's plugins_registry; in a \
         container, mount it. Without the key `kubelet` no driver is registered from here",
        path = path.display(),
    )
}

/// What the controller process needs. As root, before privileges are dropped: made for, and handed
/// to, its own user. Otherwise they must be there, or be makeable.
pub(crate) fn controller(config: &Config) -> anyhow::Result<()> {
    let owner = mooring_node::os::privilege::is_root().then_some(config.controller.uid);
    passage(&config.state_dir)?;
    passage(&config.socket_dir)?;
    private(&config.controller_state_dir(), owner)?;
    private(&config.controller_socket_dir(), owner)?;
    for driver in &config.drivers {
        for pool in driver.grants.pools.values() {
            private(pool, owner)?;
        }
    }
    Ok(())
}

/// A directory that others may pass through, and that only its owner may list or change.
fn passage(path: &Path) -> anyhow::Result<()> {
    make(path, 0o711).with_context(|| format!("cannot make {}", path.display()))
}

/// A directory for one user alone. One that belongs to another is not taken over.
fn private(path: &Path, owner: Option<u32>) -> anyhow::Result<()> {
    let told = || format!("cannot use {}", path.display());
    let new = !path.exists();
    make(path, 0o700).with_context(told)?;
    let Some(owner) = owner else { return Ok(()) };
    let found = fs::symlink_metadata(path).with_context(told)?;
    if found.uid() == owner {
        return Ok(());
    }
    let empty = || -> io::Result<bool> { Ok(fs::read_dir(path)?.next().is_none()) };
    if new || (found.uid() == 0 && empty().with_context(told)?) {
        fs::set_permissions(path, Permissions::from_mode(0o700)).with_context(told)?;
        return std::os::unix::fs::chown(path, Some(owner), Some(owner)).with_context(told);
    }
    bail!(
        "{path} belongs to uid {found} and holds files; the controller runs as uid {owner} \
         (controller.uid). If they are its own: chown -R {owner}:{owner} {path}",
        path = path.display(),
        found = found.uid(),
    )
}

fn make(path: &Path, mode: u32) -> io::Result<()> {
    if let Some(parent) = path.parent()
        && !parent.exists()
    {
        // As mkdir -p: what leads there may be passed through.
        DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
    }
    match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        outcome => outcome,
    }
}
