//! The operators' configuration: its keys are a contract (added to, never renamed).
//!
//! Every key has a default but `drivers`, whose default is the embedded image-file backend over
//! a pool below the state directory. Unknown keys are errors.

mod load;

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use mooring_node::KataPaths;
use mooring_source::{Registries, Trust};
use mooring_volume::attachment::AttachmentKind;
use mooring_volume::capability::FsType;
use mooring_volume::policy::Grants;
use mooring_volume::{CsiVersion, DriverName, StringMap};
use serde::{Deserialize, Serialize};

pub(crate) use mooring_source::Source;

/// The configuration file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Config {
    /// What must outlive a restart.
    pub(crate) state_dir: PathBuf,
    /// `<socketDir>/<driver name>/csi.sock` is what kubelet and people talk to.
    pub(crate) socket_dir: PathBuf,
    pub(crate) controller: Controller,
    pub(crate) node: Node,
    pub(crate) telemetry: Telemetry,
    /// How kubelet comes to know the drivers. None: by somebody else, such as node-driver-registrar, or not at all.
    pub(crate) kubelet: Option<Kubelet>,
    /// How registries are reached, by host and port; those that are not named, with the defaults.
    pub(crate) registries: Registries,
    /// A directory in the OCI image layout, which is used instead of any registry.
    pub(crate) offline: Option<PathBuf>,
    /// How often registries are asked what the tags mean by which drivers follow them.
    #[serde(with = "humantime_serde")]
    pub(crate) ask_tags_every: Duration,
    pub(crate) drivers: Vec<Driver>,
    /// Whether the embedded default driver is served where `drivers` names none. Not where something else writes
    /// `drivers`, and may write that there are none.
    pub(crate) default_driver: bool,
}

/// The process that runs components.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Controller {
    /// `<controller.socketDir>/<driver name>/csi.sock` is what sidecars and the node talk to.
    /// Default: `<socketDir>/controller`.
    pub(crate) socket_dir: Option<PathBuf>,
    /// The user and group id that the process takes on when it is started as root.
    pub(crate) uid: u32,
    /// Further user ids that may connect, besides root and the process's own.
    pub(crate) allowed_uids: Vec<u32>,
}

/// The process that mounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Node {
    /// Default: the host name.
    pub(crate) id: Option<String>,
    /// Staging and target paths outside of these are refused.
    pub(crate) target_roots: Vec<PathBuf>,
    /// Handed to backends that describe nodes.
    pub(crate) labels: StringMap,
    pub(crate) kata: Kata,
}

/// Where Kata Containers is to be found, for drivers with the attachment `kata-direct`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Kata {
    /// The runtime looks below it for the volumes that guests mount.
    pub(crate) direct_volumes: PathBuf,
    /// Sandboxes' directories with their shims' sockets, by the sandboxes' ids.
    pub(crate) sandboxes: Vec<PathBuf>,
}

impl Default for Kata {
    fn default() -> Self {
        let KataPaths { direct_volumes, sandboxes } = KataPaths::default();
        Self { direct_volumes, sandboxes }
    }
}

/// The kubelet of this machine, with which the node process registers each driver: by the socket
/// `<registrationDir>/<driver name>-reg@mooring.sock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Kubelet {
    /// `plugins_registry` of kubelet's `--root-dir`, as this process sees it. It must be there: kubelet makes it.
    pub(crate) registration_dir: PathBuf,
    /// `socketDir` as kubelet sees it, where that is not the same path, as in a container. Default: `socketDir`.
    pub(crate) socket_dir: Option<PathBuf>,
}

impl Default for Kubelet {
    fn default() -> Self {
        Self {
            registration_dir: PathBuf::from("/var/lib/kubelet/plugins_registry"),
            socket_dir: None,
        }
    }
}

fn ext4() -> FsType {
    FsType::Ext4
}

fn empty_object() -> serde_json::Value {
    serde_json::Value::Object(serde_json::Map::new())
}

/// Where `/healthz`, `/readyz` and `/metrics` are served, and where traces go.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Telemetry {
    /// An address and port, such as `127.0.0.1:9810`, beside the socket
    /// `<socketDir>/telemetry.sock`, which is always there. Whoever reaches it reads health and metrics: names of
    /// drivers, no volumes and no secrets; nothing can be ordered there.
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// User ids that may read what is served, besides root and the controller process's own, at
    /// `<controller.socketDir>/status.sock`, which is there where any is named.
    pub(crate) allowed_uids: Vec<u32>,
    /// Where traces go. None: there are none.
    pub(crate) otlp: Option<Otlp>,
}

/// A receiver of traces, such as a collector on the node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Otlp {
    /// Of OTLP over gRPC, such as `http://127.0.0.1:4317`.
    pub(crate) endpoint: String,
    /// Lines of `name: value`, sent with every export. Read at the start, before privileges are dropped.
    #[serde(default)]
    pub(crate) headers_file: Option<PathBuf>,
    /// Which part of the traces that begin here is exported, 0 to 1; one that a caller began is if the
    /// caller's is. Default: all.
    #[serde(default)]
    pub(crate) sample_ratio: Option<f64>,
}

/// One driver: a backend under a CSI driver name, with what it may touch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Driver {
    pub(crate) name: DriverName,
    pub(crate) backend: Source,
    /// What has to be true of the backend before it is compiled.
    #[serde(default)]
    pub(crate) trust: Trust,
    /// The backend's own, checked against its schema.
    #[serde(default = "empty_object")]
    pub(crate) config: serde_json::Value,
    /// What volumes get that do not say which file system they want.
    #[serde(default = "ext4")]
    pub(crate) filesystem: FsType,
    /// The version of CSI whose capabilities are advertised.
    #[serde(default)]
    pub(crate) csi: CsiVersion,
    #[serde(default)]
    pub(crate) grants: Grants,
    #[serde(default)]
    pub(crate) limits: Limits,
}

/// What one call of a driver may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// Linear memories together.
    pub(crate) memory: ByteSize,
    /// Wall time.
    #[serde(with = "humantime_serde")]
    pub(crate) deadline: Duration,
    /// Calls at once.
    pub(crate) concurrency: u32,
}

impl Default for Limits {
    fn default() -> Self {
        // 128 MiB suits every guest language measured so far; Rust guests use about 1.
        Self { memory: ByteSize::mib(128), deadline: Duration::from_secs(30), concurrency: 16 }
    }
}

impl Default for Controller {
    fn default() -> Self {
        // Beyond the ranges that Debian and systemd hand out, and not 65534 (nobody), which
        // other programs share.
        Self { socket_dir: None, uid: 64613, allowed_uids: Vec::new() }
    }
}

impl Default for Node {
    fn default() -> Self {
        Self {
            id: None,
            target_roots: vec![PathBuf::from("/var/lib/kubelet")],
            labels: StringMap::new(),
            kata: Kata::default(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            state_dir: PathBuf::from("/var/lib/mooring"),
            socket_dir: PathBuf::from("/run/mooring"),
            controller: Controller::default(),
            node: Node::default(),
            telemetry: Telemetry::default(),
            kubelet: None,
            registries: Registries::new(),
            offline: None,
            ask_tags_every: Duration::from_secs(300),
            drivers: Vec::new(),
            default_driver: true,
        }
    }
}

/// How one driver is registered with kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registration {
    /// The socket that kubelet finds.
    ///
    /// Kubelet takes the path for the name of the HTTP/2 server that it talks to (`:authority`), percent-encoded but for
    /// delimiters (grpc-go, `encodeAuthority`). Such a name has no place for a `%` but before an `@` (RFC 3986, section
    /// 3.2), and is refused with PROTOCOL_ERROR; with the `@` all of the path is a user of the server `mooring.sock`.
    /// Source: <https://github.com/kubernetes/kubernetes/issues/109081>, <https://github.com/hyperium/h2/pull/487>.
    pub(crate) socket: PathBuf,
    /// The driver's CSI socket, as kubelet sees it.
    pub(crate) endpoint: PathBuf,
}

impl Config {
    /// The configuration as the processes use it: with the embedded default driver if none is
    /// named, and `defaultDriver` lets it.
    pub(crate) fn with_default_driver(mut self) -> mooring_volume::Result<Self> {
        if self.drivers.is_empty() && self.default_driver {
            self.drivers.push(self.default_driver()?);
        }
        Ok(self)
    }

    fn default_driver(&self) -> mooring_volume::Result<Driver> {
        let pools = [("default".to_owned(), self.state_dir.join("pool"))].into();
        let attachments = [AttachmentKind::ImageFile].into();
        Ok(Driver {
            name: DriverName::new("image.mooring.dev")?,
            backend: Source::Embedded("image-file".to_owned()),
            trust: Trust::default(),
            config: empty_object(),
            filesystem: FsType::Ext4,
            csi: CsiVersion::default(),
            grants: Grants { pools, attachments, ..Grants::default() },
            limits: Limits::default(),
        })
    }

    /// Where a driver's public socket is.
    pub(crate) fn socket(&self, driver: &DriverName) -> PathBuf {
        self.socket_dir.join(driver.as_str()).join("csi.sock")
    }

    /// Where kubelet finds a driver, and what it is told; none where drivers are not registered.
    pub(crate) fn registration(&self, driver: &DriverName) -> Option<Registration> {
        let Kubelet { registration_dir, socket_dir } = self.kubelet.as_ref()?;
        let sockets = socket_dir.as_ref().unwrap_or(&self.socket_dir);
        Some(Registration {
            socket: registration_dir.join(format!("{driver}-reg@mooring.sock")),
            endpoint: sockets.join(driver.as_str()).join("csi.sock"),
        })
    }

    /// Where a driver's socket of the controller process is.
    pub(crate) fn controller_socket(&self, driver: &DriverName) -> PathBuf {
        self.controller_socket_dir().join(driver.as_str()).join("csi.sock")
    }

    /// Where the controller process tells `telemetry.allowedUids` what it serves.
    pub(crate) fn status_socket(&self) -> PathBuf {
        self.controller_socket_dir().join("status.sock")
    }

    /// Where the node process reaches a driver's controller.
    pub(crate) fn private_socket(&self, driver: &DriverName) -> PathBuf {
        self.controller_socket_dir().join(driver.as_str()).join("node.sock")
    }

    /// The controller process's own directory of sockets.
    pub(crate) fn controller_socket_dir(&self) -> PathBuf {
        self.controller.socket_dir.clone().unwrap_or_else(|| self.socket_dir.join("controller"))
    }

    /// The controller process's own part of the state directory.
    pub(crate) fn controller_state_dir(&self) -> PathBuf {
        self.state_dir.join("controller")
    }

    /// The node process's own part of the state directory.
    pub(crate) fn node_state_dir(&self) -> PathBuf {
        self.state_dir.join("node")
    }
}
