//! How a volume is used.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// The file systems that the host makes, grows and checks.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "file systems by their kernel names")]
pub enum FsType {
    Ext4,
    Xfs,
    Btrfs,
}

impl FsType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ext4, Self::Xfs, Self::Btrfs];

    /// The kernel's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
        }
    }
}

impl fmt::Display for FsType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FsType {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|fs| fs.as_str() == name).ok_or_else(|| {
            Error::invalid(format!(
                "volume_capability.mount.fs_type {name:?} is not served; use ext4, xfs or btrfs, \
                 or leave it empty for ext4"
            ))
        })
    }
}

/// What the consumer sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessType {
    /// A raw device.
    Block,
    /// A directory with a file system.
    Mount(Mount),
}

/// The wishes of a file-system volume.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mount {
    /// None: the host's default, or what is on the device already.
    pub fs_type: Option<FsType>,
    /// Options one by one, as asked; the node checks them against its allow-list.
    pub flags: Vec<String>,
    /// Group id that shall own the files (VOLUME_MOUNT_GROUP).
    pub group: Option<u32>,
}

/// CSI's VolumeCapability.AccessMode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "CSI documents its modes")]
pub enum AccessMode {
    SingleNodeWriter,
    SingleNodeReaderOnly,
    MultiNodeReaderOnly,
    MultiNodeSingleWriter,
    MultiNodeMultiWriter,
    SingleNodeSingleWriter,
    SingleNodeMultiWriter,
}

impl AccessMode {
    /// Whether no consumer may write.
    #[must_use]
    pub fn is_reader_only(self) -> bool {
        matches!(self, Self::SingleNodeReaderOnly | Self::MultiNodeReaderOnly)
    }

    /// Whether the volume may be on several nodes at once.
    #[must_use]
    pub fn is_multi_node(self) -> bool {
        matches!(
            self,
            Self::MultiNodeReaderOnly | Self::MultiNodeSingleWriter | Self::MultiNodeMultiWriter
        )
    }

    /// Whether the volume may be published at several targets of one node at once.
    ///
    /// Source: CSI NodePublishVolume, table of the second publish: SINGLE_NODE_SINGLE_WRITER
    /// answers FAILED_PRECONDITION, the other modes allow it.
    #[must_use]
    pub fn allows_several_targets(self) -> bool {
        self != Self::SingleNodeSingleWriter
    }
}

/// CSI's VolumeCapability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// Device or file system.
    pub access: AccessType,
    /// Who writes, who reads, on how many nodes.
    pub mode: AccessMode,
}
