//! The trait for volumes that a sandbox mounts itself (Kata Containers). The contract of `os` holds
//! for it, too.

use std::path::{Path, PathBuf};

use super::{Handles, Result};

/// A folder below Kata's directory of direct volumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectFolder {
    /// One that the runtime finds: it stands for a volume path.
    Named {
        /// The path that the folder's name encodes.
        volume: PathBuf,
        /// `mountInfo.json`; none where it is missing or can't be read.
        info: Option<Vec<u8>>,
        /// The names of the other files in it: the runtime makes one for each sandbox that took the
        /// volume, with the sandbox's id for a name.
        sandboxes: Vec<String>,
    },
    /// One that the runtime never finds: on its way in or out when the program died.
    Aside {
        /// Whose it is.
        label: String,
    },
}

/// What is asked of a sandbox's shim, over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShimRequest {
    /// Path and query, percent-encoded.
    pub target: String,
    /// JSON, where there is any.
    pub body: Vec<u8>,
}

/// What Kata Containers' runtime reads of volumes that its guests mount.
///
/// Source: kata-containers `docs/design/direct-blk-device-assignment.md`.
pub trait DirectVolumes: Handles {
    /// All folders below `base`, by name; none where `base` is absent. What is no folder of this
    /// kind is left out.
    ///
    /// # Errors
    /// What listing `base` answers.
    fn direct_volumes(&self, base: &Path) -> Result<Vec<DirectFolder>>;

    /// Makes the folder of the path `volume`, with `info` as its `mountInfo.json`: filled and
    /// synced aside, under `label`, and then renamed, so that the runtime sees all of it or nothing.
    /// Folders 0700, the file 0600. Missing parents are made.
    ///
    /// An error may leave what is aside.
    ///
    /// # Errors
    /// [`super::Kind::NotEmpty`] where the folder is there already.
    fn put_direct_volume(&self, base: &Path, label: &str, volume: &Path, info: &[u8])
    -> Result<()>;

    /// Takes the folder of the path `volume`, if one is given, out of the runtime's sight, and
    /// removes it with the files in it, and what is aside under `label`. Absent is OK.
    ///
    /// An error may leave what is aside.
    ///
    /// # Errors
    /// What the system calls answer.
    fn remove_direct_volume(&self, base: &Path, label: &str, volume: Option<&Path>) -> Result<()>;

    /// Posts a request to the shim of a sandbox, at the first `<place>/<sandbox>/shim-monitor.sock`
    /// that is there; answers the body. Waits ten seconds at most.
    ///
    /// # Errors
    /// [`super::Kind::NotFound`] where no shim listens, [`super::Kind::Io`] where it does not
    /// answer, [`super::Kind::Unsupported`] where it answers another status than 200, which is in
    /// the detail.
    fn ask_shim(&self, places: &[PathBuf], sandbox: &str, request: &ShimRequest)
    -> Result<Vec<u8>>;
}
