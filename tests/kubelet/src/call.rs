//! The calls that a driver gets, and what it has to be for the model.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::codes::Code;
use crate::plan::Mishap;

/// What a new volume starts with, by the driver's ids.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the cases say it")]
pub enum Source {
    Snapshot(String),
    Volume(String),
}

/// One RPC.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "CSI documents its RPCs and their fields")]
pub enum Call {
    CreateVolume { name: String, bytes: u64, source: Option<Source> },
    DeleteVolume { id: String },
    ControllerPublish { id: String, node: usize },
    ControllerUnpublish { id: String, node: usize },
    ControllerExpand { id: String, bytes: u64 },
    CreateSnapshot { name: String, volume: String },
    DeleteSnapshot { id: String },
    Stage { id: String, staging: PathBuf },
    Unstage { id: String, staging: PathBuf },
    Publish { id: String, staging: PathBuf, target: PathBuf },
    Unpublish { id: String, target: PathBuf },
    NodeExpand { id: String, staging: PathBuf, path: PathBuf, bytes: u64 },
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateVolume { name, bytes, source } => match source {
                None => write!(f, "CreateVolume {name} of {} MiB", bytes >> 20),
                Some(source) => {
                    write!(f, "CreateVolume {name} of {} MiB from {source:?}", bytes >> 20)
                }
            },
            Self::DeleteVolume { id } => write!(f, "DeleteVolume {id}"),
            Self::ControllerPublish { id, node } => write!(f, "ControllerPublish {id} to {node}"),
            Self::ControllerUnpublish { id, node } => {
                write!(f, "ControllerUnpublish {id} from {node}")
            }
            Self::ControllerExpand { id, bytes } => {
                write!(f, "ControllerExpand {id} to {} MiB", bytes >> 20)
            }
            Self::CreateSnapshot { name, volume } => write!(f, "CreateSnapshot {name} of {volume}"),
            Self::DeleteSnapshot { id } => write!(f, "DeleteSnapshot {id}"),
            Self::Stage { id, .. } => write!(f, "NodeStage {id}"),
            Self::Unstage { id, .. } => write!(f, "NodeUnstage {id}"),
            Self::Publish { id, target, .. } => {
                write!(f, "NodePublish {id} at {}", target.display())
            }
            Self::Unpublish { id, target } => {
                write!(f, "NodeUnpublish {id} at {}", target.display())
            }
            Self::NodeExpand { id, bytes, .. } => {
                write!(f, "NodeExpand {id} to {} MiB", bytes >> 20)
            }
        }
    }
}

/// What an RPC answered, as far as anybody asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// Of the volume or snapshot made.
    pub id: String,
    /// Of the volume now.
    pub bytes: u64,
}

/// What an RPC failed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What the orchestrator goes by.
    pub code: Code,
    /// For people.
    pub message: String,
}

/// What came of an RPC.
pub type Answer = Result<Reply, Refusal>;

/// A CSI driver on some nodes, and the machines that it runs on.
pub trait Driver {
    /// How many nodes there are.
    fn nodes(&self) -> usize;

    /// Whether volumes have to be published to a node first (`PUBLISH_UNPUBLISH_VOLUME`).
    fn attaches(&self) -> bool;

    /// Whether it makes snapshots and copies.
    fn copies(&self) -> bool;

    /// kubelet's own directory on a node.
    fn root(&self, node: usize) -> PathBuf;

    /// Carries a call out: on a node, or by the controller. A host that dies of the mishap is started
    /// again before this returns.
    fn call(&mut self, node: Option<usize>, call: &Call, mishap: Option<Mishap>) -> Answer;

    /// kubelet makes a directory, with its parents.
    fn make_directory(&mut self, node: usize, path: &Path);

    /// kubelet removes an empty directory, or what a driver left of one; false: it could not.
    fn remove_directory(&mut self, node: usize, path: &Path) -> bool;

    /// Kills the host of a node between calls, and starts it again.
    fn kill_host(&mut self, node: usize);

    /// Likewise, the controller's.
    fn kill_controller(&mut self);

    /// A node's machine loses its power and starts again; answers the nodes on it, none where it can't.
    fn reboot(&mut self, node: usize) -> Vec<usize>;

    /// A pod writes to the volume at a target, and syncs.
    ///
    /// # Errors
    /// Why that failed; also when what is there is not this volume.
    fn write(&mut self, node: usize, id: &str, target: &Path, stamp: u64) -> Result<(), String>;

    /// What a pod wrote last, as it is read at a target; none: nothing yet.
    ///
    /// # Errors
    /// As of [`Self::write`].
    fn read(&mut self, node: usize, id: &str, target: &Path) -> Result<Option<u64>, String>;

    /// An operator, whom a refusal told to, erases what an mkfs left that was cut off on another node
    /// before anybody could use the volume; false: nothing of that kind is there.
    fn erase(&mut self, _node: usize, _volume: &str) -> bool {
        false
    }

    /// What the driver sees of broken promises since it was asked last.
    fn broken(&mut self) -> Vec<String>;

    /// What is left of anything, after everything was taken back.
    fn left(&mut self) -> Vec<String>;
}
