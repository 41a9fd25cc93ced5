//! How a volume is to be used: flags to CSI's VolumeCapability, and `mooring volume validate`.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::volume_capability::access_mode::Mode;
use mooring_proto::csi::v1::volume_capability::{AccessMode, AccessType, BlockVolume, MountVolume};
use serde::Serialize;

use super::arguments::{Pair, SecretArgs, map};
use super::failure::{Exit, Failure};
use super::output::{Answer, shown};
use super::session::Session;

/// How a volume is to be used. Give the same to each command for one volume.
#[derive(Debug, Default, Args)]
pub(super) struct CapabilityArgs {
    /// The file system; without it the driver chooses.
    #[arg(
        long,
        help_heading = "How it is used",
        value_enum,
        conflicts_with = "block",
        value_name = "TYPE"
    )]
    fs_type: Option<FsType>,
    /// A raw block device instead of a file system.
    #[arg(long, help_heading = "How it is used", conflicts_with = "mount_flag")]
    block: bool,
    /// Who reads and writes, and on how many nodes.
    #[arg(long, help_heading = "How it is used", value_enum, default_value_t, value_name = "MODE")]
    access_mode: Access,
    /// A mount option, such as noatime; the driver has a list of those that it allows. May be
    /// repeated.
    #[arg(long, help_heading = "How it is used", value_name = "OPTION")]
    mount_flag: Vec<String>,
}

/// The file systems that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FsType {
    Ext4,
    Xfs,
    Btrfs,
}

impl std::fmt::Display for FsType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// One writer of a file system on one node, as most volumes are used.
pub(crate) fn filesystem(fs_type: FsType) -> csi::VolumeCapability {
    CapabilityArgs { fs_type: Some(fs_type), ..CapabilityArgs::default() }.to_csi()
}

/// CSI's access modes, as words of the command line.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Access {
    /// Read and write on one node.
    #[default]
    SingleNodeWriter,
    /// Read on one node.
    SingleNodeReaderOnly,
    /// Read and write at one target of one node.
    SingleNodeSingleWriter,
    /// Read and write at several targets of one node.
    SingleNodeMultiWriter,
    /// Read on several nodes.
    MultiNodeReaderOnly,
    /// On several nodes, one of which writes.
    MultiNodeSingleWriter,
    /// Read and write on several nodes.
    MultiNodeMultiWriter,
}

impl CapabilityArgs {
    pub(super) fn to_csi(&self) -> csi::VolumeCapability {
        let access_type = if self.block {
            AccessType::Block(BlockVolume {})
        } else {
            AccessType::Mount(MountVolume {
                fs_type: self.fs_type.map(FsType::name).unwrap_or_default().to_owned(),
                mount_flags: self.mount_flag.clone(),
                volume_mount_group: String::new(),
            })
        };
        csi::VolumeCapability {
            access_mode: Some(AccessMode { mode: self.access_mode.to_csi().into() }),
            access_type: Some(access_type),
        }
    }
}

impl FsType {
    fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
        }
    }
}

impl Access {
    fn to_csi(self) -> Mode {
        match self {
            Self::SingleNodeWriter => Mode::SingleNodeWriter,
            Self::SingleNodeReaderOnly => Mode::SingleNodeReaderOnly,
            Self::SingleNodeSingleWriter => Mode::SingleNodeSingleWriter,
            Self::SingleNodeMultiWriter => Mode::SingleNodeMultiWriter,
            Self::MultiNodeReaderOnly => Mode::MultiNodeReaderOnly,
            Self::MultiNodeSingleWriter => Mode::MultiNodeSingleWriter,
            Self::MultiNodeMultiWriter => Mode::MultiNodeMultiWriter,
        }
    }
}

/// Ask whether a volume can be used in a certain way.
#[derive(Debug, Args)]
#[command(after_help = "Ends with 0 where it can, and with 6 where it cannot.\n\n\
    Examples:\n  mooring volume validate ID --fs-type xfs\n  \
    mooring volume validate ID --block --access-mode multi-node-multi-writer -o json")]
pub(super) struct ValidateArgs {
    /// The volume.
    id: String,
    #[command(flatten)]
    capability: CapabilityArgs,
    /// A fact of the volume's context, as `get` shows it. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    context: Vec<Pair>,
    /// A parameter that it was created with. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    parameter: Vec<Pair>,
    /// A mutable parameter. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    mutable_parameter: Vec<Pair>,
    #[command(flatten)]
    secrets: SecretArgs,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verdict {
    volume_id: String,
    confirmed: bool,
    /// Why not, or what else there is to say.
    message: String,
    /// What was checked. A driver that is older than a field leaves it out.
    checked_parameters: BTreeMap<String, String>,
}

impl ValidateArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Verdict, Failure> {
        let request = csi::ValidateVolumeCapabilitiesRequest {
            volume_id: self.id.clone(),
            volume_context: map("--context", self.context)?,
            volume_capabilities: vec![self.capability.to_csi()],
            parameters: map("--parameter", self.parameter)?,
            secrets: self.secrets.read()?,
            mutable_parameters: map("--mutable-parameter", self.mutable_parameter)?,
        };
        let mut controller = session.controller().await?;
        let answer =
            controller.validate_volume_capabilities(session.request(request)).await?.into_inner();
        Ok(Verdict {
            volume_id: self.id,
            confirmed: answer.confirmed.is_some(),
            message: answer.message,
            checked_parameters: answer.confirmed.map(|known| known.parameters).unwrap_or_default(),
        })
    }
}

impl Answer for Verdict {
    fn table(&self) -> String {
        let word = if self.confirmed { "confirmed" } else { "refused" };
        let colon = if self.message.is_empty() { "" } else { ": " };
        format!("{} {word}{colon}{}\n", shown(&self.volume_id), shown(&self.message))
    }

    fn exit(&self) -> Exit {
        if self.confirmed { Exit::Done } else { Exit::Refused }
    }
}
