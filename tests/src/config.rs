//! The configuration that a test's host gets, written as an operator would.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::Place;
use crate::pool::PoolKind;

/// The driver over images.
pub const IMAGE: &str = "image.mooring.dev";

/// The driver over directories.
pub const DIRECTORY: &str = "dir.mooring.dev";

/// The id of the node.
pub const NODE: &str = "worker-1";

/// The user that the controller process becomes.
pub const CONTROLLER_UID: u32 = 64613;

/// What differs from test to test.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program, where it is not the one that all tests run.
    pub program: Option<PathBuf>,
    /// The image driver's `backend`.
    pub backend: String,
    /// What image volumes get that do not say which file system they want.
    pub filesystem: &'static str,
    /// Whether the driver over directories is there, too.
    pub directory: bool,
    /// The file system that holds the pool.
    pub pool: PoolKind,
    /// Granted beyond the host's own list.
    pub mount_options: Vec<&'static str>,
    /// `grants.ephemeral` of the image driver, as YAML; empty: pods describe no volumes.
    pub ephemeral: &'static str,
    /// Whether sandboxes may mount image volumes.
    pub kata: bool,
    /// `telemetry`, as YAML; empty: the default.
    pub telemetry: String,
    /// `kubelet`, as YAML; empty: nothing is registered.
    pub kubelet: String,
    /// More entries of `drivers`, as YAML; each begins with `  - `.
    pub further_drivers: String,
    /// Who may talk to the controller, besides root and itself.
    pub allowed_uids: Vec<u32>,
    /// `MOORING_LOG`.
    pub log: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            program: None,
            backend: "embedded:image-file".to_owned(),
            filesystem: "ext4",
            directory: false,
            pool: PoolKind::Plain,
            mount_options: vec![],
            ephemeral: "",
            kata: false,
            telemetry: String::new(),
            kubelet: String::new(),
            further_drivers: String::new(),
            allowed_uids: vec![],
            log: "info",
        }
    }
}

/// The paths of a host.
#[derive(Debug, Clone)]
pub struct Paths {
    /// `stateDir`
    pub state: PathBuf,
    /// `socketDir`
    pub sockets: PathBuf,
    /// The only one of `node.targetRoots`.
    pub targets: PathBuf,
    /// The file itself.
    pub config: PathBuf,
    /// What the processes write to standard error.
    pub log: PathBuf,
}

impl Paths {
    /// Of the host in a place.
    #[must_use]
    pub fn of(place: &Place) -> Self {
        Self {
            state: place.path("state"),
            sockets: place.path("run"),
            targets: place.path("pods"),
            config: place.path("mooring.yaml"),
            log: place.path("log"),
        }
    }

    /// Where a sandbox's runtime looks for its volumes.
    #[must_use]
    pub fn direct_volumes(&self) -> PathBuf {
        self.targets.join("direct-volumes")
    }

    /// Where the node process keeps its records.
    #[must_use]
    pub fn node_state(&self) -> PathBuf {
        self.state.join("node")
    }

    /// Where the controller process keeps its own.
    #[must_use]
    pub fn controller_state(&self) -> PathBuf {
        self.state.join("controller")
    }

    /// The pool of both drivers.
    #[must_use]
    pub fn pool(&self) -> PathBuf {
        self.state.join("pool")
    }

    /// The socket that answers every service.
    #[must_use]
    pub fn socket(&self, driver: &str) -> PathBuf {
        self.sockets.join(driver).join("csi.sock")
    }

    /// The socket of the controller process.
    #[must_use]
    pub fn controller_socket(&self, driver: &str) -> PathBuf {
        self.sockets.join("controller").join(driver).join("csi.sock")
    }

    /// The socket of the controller process for people.
    #[must_use]
    pub fn admin_socket(&self) -> PathBuf {
        self.sockets.join("controller/admin.sock")
    }

    /// The files of images that exist.
    #[must_use]
    pub fn images(&self) -> Vec<PathBuf> {
        files(&self.pool().join(IMAGE).join("images"))
    }

    /// The directories of directory volumes that exist.
    #[must_use]
    pub fn directories(&self) -> Vec<PathBuf> {
        files(&self.pool().join(DIRECTORY).join("directories"))
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

impl Settings {
    /// The file's text.
    #[must_use]
    pub fn yaml(&self, paths: &Paths) -> String {
        let Paths { state, sockets, targets, .. } = paths;
        let (pool, direct) = (paths.pool(), paths.direct_volumes());
        let mut text = format!(
            "stateDir: {}\nsocketDir: {}\ncontroller: {{uid: {CONTROLLER_UID}, allowedUids: {:?}}}\n\
             node: {{id: {NODE}, targetRoots: [{}], labels: {{rack: r7}}, \
             kata: {{directVolumes: {}}}}}\ndrivers:\n\
             \x20 - name: {IMAGE}\n    backend: {}\n    filesystem: {}\n\
             \x20   grants:\n      pools: {{default: {}}}\n      attachments: [image-file{}]\n\
             \x20     mountOptions: [{}]\n",
            state.display(),
            sockets.display(),
            self.allowed_uids,
            targets.display(),
            direct.display(),
            self.backend,
            self.filesystem,
            pool.display(),
            if self.kata { ", kata-direct" } else { "" },
            self.mount_options.join(", "),
        );
        if !self.telemetry.is_empty() {
            text = format!("telemetry: {}\n{text}", self.telemetry);
        }
        if !self.kubelet.is_empty() {
            text = format!("kubelet: {}\n{text}", self.kubelet);
        }
        if !self.ephemeral.is_empty() {
            let _ = writeln!(text, "      ephemeral: {}", self.ephemeral);
        }
        if self.directory {
            let _ = write!(
                text,
                "  - name: {DIRECTORY}\n    backend: embedded:directory\n    grants:\n\
                 \x20     pools: {{default: {}}}\n      attachments: [directory]\n",
                pool.display(),
            );
        }
        text.push_str(&self.further_drivers);
        text
    }
}
