//! What a run is told: where the driver is, and what volumes to ask it for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Parser, ValueEnum};
use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::volume_capability::access_mode::Mode;
use mooring_proto::csi::v1::volume_capability::{AccessMode, AccessType, BlockVolume, MountVolume};

/// Looks at a CSI driver as workloads and orchestrators do: at bytes, races, repetition, copies,
/// groups, changed blocks, topology, health. Everything that it makes it gives back.
///
/// Run it as root, on the node, in the mount namespace in which the driver mounts, and against a
/// driver that nobody else uses meanwhile.
#[derive(Debug, Clone, Parser)]
#[command(version, after_help = "Exit code: 0 no finding, 1 findings, 2 it could not run.")]
pub(crate) struct Options {
    /// The driver's socket.
    #[arg(long, env = "CSI_ENDPOINT", value_parser = parse_socket, value_name = "PATH")]
    #[arg(required_unless_present = "list")]
    pub(crate) socket: Option<PathBuf>,
    /// The socket of the Controller service, where it is another one.
    #[arg(long, value_parser = parse_socket, value_name = "PATH")]
    pub(crate) controller_socket: Option<PathBuf>,
    /// Where volumes are staged and published; a new folder below the system's temporary one, if
    /// not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) mount_dir: Option<PathBuf>,
    /// The file system to ask for; empty: the driver chooses.
    #[arg(long, default_value = "", value_name = "TYPE")]
    pub(crate) fs_type: String,
    /// How volumes are used.
    #[arg(long, value_enum, default_value_t = Access::Mount)]
    pub(crate) access: Access,
    /// A parameter of every volume; can be repeated.
    #[arg(long = "parameter", value_parser = parse_pair, value_name = "KEY=VALUE")]
    pub(crate) parameters: Vec<(String, String)>,
    /// A parameter that ControllerModifyVolume can set; can be repeated.
    #[arg(long, value_parser = parse_pair, value_name = "KEY=VALUE")]
    pub(crate) mutable: Vec<(String, String)>,
    /// Bytes of a volume; it is grown to twice as many. XFS wants 300 MiB.
    #[arg(long, default_value = "64MiB")]
    pub(crate) size: ByteSize,
    /// Runs this behaviour alone; can be repeated. A part of a name selects all that have it.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// How long one behaviour may take, and as long again to give back what it made.
    #[arg(long, default_value = "3m", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,
    /// Prints the table of all behaviours as Markdown, and ends.
    #[arg(long)]
    pub(crate) list: bool,
    /// How the outcome is printed.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    pub(crate) output: Format,
}

/// How volumes are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Access {
    /// As file systems.
    Mount,
    /// As devices.
    Block,
}

/// How the outcome is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For scripts: one object.
    Json,
}

impl Options {
    /// The sockets of the Node and of the Controller service.
    pub(crate) fn sockets(&self) -> Option<(&Path, &Path)> {
        let node = self.socket.as_deref()?;
        Some((node, self.controller_socket.as_deref().unwrap_or(node)))
    }

    /// Bytes of a volume.
    pub(crate) fn bytes(&self) -> i64 {
        // Twice as many must still be a size.
        i64::try_from(self.size.as_u64()).map_or(i64::MAX / 2, |bytes| bytes.min(i64::MAX / 2))
    }

    /// The parameters of every volume.
    pub(crate) fn parameters(&self) -> BTreeMap<String, String> {
        self.parameters.iter().cloned().collect()
    }

    /// The parameters that can be changed.
    pub(crate) fn mutable(&self) -> BTreeMap<String, String> {
        self.mutable.iter().cloned().collect()
    }

    /// How a volume is to be used.
    pub(crate) fn capability(&self) -> csi::VolumeCapability {
        match self.access {
            Access::Block => block(),
            Access::Mount => self.mount(&[], ""),
        }
    }

    /// As a file system, with mount flags and a group that can write.
    pub(crate) fn mount(&self, flags: &[&str], group: &str) -> csi::VolumeCapability {
        capability(AccessType::Mount(MountVolume {
            fs_type: self.fs_type.clone(),
            mount_flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            volume_mount_group: group.to_owned(),
        }))
    }
}

/// As a device.
pub(crate) fn block() -> csi::VolumeCapability {
    capability(AccessType::Block(BlockVolume {}))
}

fn capability(access: AccessType) -> csi::VolumeCapability {
    csi::VolumeCapability {
        access_type: Some(access),
        access_mode: Some(AccessMode { mode: Mode::SingleNodeWriter.into() }),
    }
}

/// The same use, in another mode.
pub(crate) fn in_mode(mut capability: csi::VolumeCapability, mode: Mode) -> csi::VolumeCapability {
    capability.access_mode = Some(AccessMode { mode: mode.into() });
    capability
}

/// A path, or the `unix://` form that CSI_ENDPOINT has.
fn parse_socket(text: &str) -> Result<PathBuf, String> {
    let path =
        text.strip_prefix("unix:").map_or(text, |rest| rest.strip_prefix("//").unwrap_or(rest));
    if path.is_empty() { Err("a path is wanted".to_owned()) } else { Ok(path.into()) }
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_and_endpoints() {
        for text in ["/run/x.sock", "unix:///run/x.sock", "unix:/run/x.sock"] {
            assert_eq!(parse_socket(text), Ok("/run/x.sock".into()));
        }
        assert!(parse_socket("unix://").is_err());
    }

    #[test]
    fn pairs_keep_what_follows_the_first_sign() {
        assert_eq!(parse_pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(parse_pair("=b").is_err() && parse_pair("a").is_err());
    }
}
