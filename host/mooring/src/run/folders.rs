//! The directories of the processes: made before anything is served, each with the owner and mode
//! that keeps the others out.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use mooring_node::os::process::{Aside, Ended};

use crate::config::Config;

/// How the child of [`prepare`] ends when it is the storage that fails (EX_TEMPFAIL).
const STORAGE_FAILS_CODE: u8 = 75;
const STORAGE_FAILS: i32 = STORAGE_FAILS_CODE as i32;

/// How long all pools together may take to be made ready before the start goes on without them.
const POOLS_PATIENCE: Duration = Duration::from_secs(1);

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

/// Where the pools of a configuration are.
pub(crate) fn pools(config: &Config) -> BTreeSet<PathBuf> {
    config.drivers.iter().flat_map(|driver| driver.grants.pools.values().cloned()).collect()
}

/// What the controller process needs, and these pools. As root, before privileges are dropped: made for,
/// and handed to, its own user. Otherwise they must be there, or be makeable.
pub(crate) fn controller(config: &Config, pools: &BTreeSet<PathBuf>) -> anyhow::Result<()> {
    let owner = mooring_node::os::privilege::is_root().then_some(config.controller.uid);
    passage(&config.state_dir)?;
    passage(&config.socket_dir)?;
    private(&config.controller_state_dir(), owner)?;
    let sockets = config.controller_socket_dir();
    private(&sockets, owner)?;
    if !(config.controller.allowed_uids.is_empty() && config.telemetry.allowed_uids.is_empty()) {
        passable(&sockets)
            .with_context(|| format!("cannot open {} to others", sockets.display()))?;
    }
    prepare(pools, owner)
}

/// Makes pools ready, each in a child of its own: storage that does not answer keeps nobody from
/// starting. Its child then waits alone, with nothing but the pool's path, and ends its work when the
/// storage is back.
fn prepare(pools: &BTreeSet<PathBuf>, owner: Option<u32>) -> anyhow::Result<()> {
    let begin = |pool| -> anyhow::Result<_> {
        let mut arguments: Vec<OsString> = vec!["prepare-pool".into()];
        arguments.extend(owner.map(|owner| format!("--owner={owner}").into()));
        arguments.extend(["--".into(), OsString::from(pool)]);
        Ok((pool, Aside::spawn(&arguments).context("the child that makes a pool ready")?))
    };
    let begun: Vec<_> = pools.iter().map(begin).collect::<anyhow::Result<_>>()?;
    let until = Instant::now() + POOLS_PATIENCE;
    for (pool, child) in begun {
        match child.until(until)? {
            Some(Ended { code: Some(0), .. }) => {}
            Some(Ended { code: Some(STORAGE_FAILS), said }) => {
                tracing::warn!(reason = said.trim_end(), "a pool's storage fails");
            }
            Some(Ended { said, .. }) => bail!("{}", said.trim_end()),
            None => tracing::warn!(
                pool = %pool.display(),
                "its storage does not answer; it is made ready when it does"
            ),
        }
    }
    Ok(())
}

/// A pool, for its one user; what the child of [`prepare`] does, and how it is to end.
pub(crate) fn pool(path: &Path, owner: Option<u32>) -> (u8, anyhow::Result<()>) {
    let outcome = private(path, owner);
    let code = match &outcome {
        Ok(()) => 0,
        Err(error) if error.chain().any(is_of_storage) => STORAGE_FAILS_CODE,
        Err(_) => 1,
    };
    (code, outcome)
}

/// Whether it is a failure that passes when the storage is back, and says nothing of the configuration.
fn is_of_storage(error: &(dyn std::error::Error + 'static)) -> bool {
    let code = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
    code.is_some_and(mooring_node::os::process::is_of_storage)
}

/// A directory that others may pass through, and that only its owner may list or change.
fn passage(path: &Path) -> anyhow::Result<()> {
    make(path, 0o711).with_context(|| format!("cannot make {}", path.display()))
}

/// A directory for one user alone. One that belongs to another is not taken over.
fn private(path: &Path, owner: Option<u32>) -> anyhow::Result<()> {
    let told = || format!("cannot use {}", path.display());
    let new = !path.try_exists().with_context(told)?;
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

/// Lets others through to what is in a directory, and not look around there.
fn passable(path: &Path) -> io::Result<()> {
    let mode = fs::symlink_metadata(path)?.mode() & 0o7777;
    if mode & 0o011 == 0o011 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode | 0o011))
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
