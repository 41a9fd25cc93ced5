//! What is wrong with a volume, or between a node and its storage. Sound is: no finding.

use std::fmt;
use std::future::Future;

use crate::Call;
use crate::backend::{Page, Paged};
use crate::error::Result;
use crate::id::{NodeId, VolumeId};
use crate::secret::Secrets;

/// How bad it is for a volume (CSI VolumeHealthErrorType).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VolumeFault {
    /// Usable, though not as it should be.
    Degraded,
    /// Out of reach.
    Inaccessible,
    /// Data is lost for good, surely or probably.
    DataLoss,
}

/// How bad it is between a node and its storage (CSI StorageHealthErrorType).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StorageFault {
    /// Works, though not as it should.
    Degraded,
    /// Out of reach.
    Unreachable,
}

/// One finding, of a volume or of the storage. Fault and reason together occur once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding<F> {
    /// How bad it is.
    pub fault: F,
    /// CamelCase, for programs.
    pub reason: String,
    /// For people: what is wrong and what to do.
    pub message: String,
}

/// What is wrong with a volume.
pub type VolumeFinding = Finding<VolumeFault>;

/// What is wrong with the storage.
pub type StorageFinding = Finding<StorageFault>;

impl<F> fmt::Display for Finding<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.message)
    }
}

/// What is wrong with one of many volumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeHealth {
    /// Which one.
    pub volume: VolumeId,
    /// At least one in a listing.
    pub findings: Vec<VolumeFinding>,
}

/// `health`.
pub trait Health: Send + Sync + 'static {
    /// Of one volume. An unknown id is `NotFound`; one whose storage is gone has findings.
    fn volume_health(
        &self,
        call: &Call,
        volume: VolumeId,
        secrets: Secrets,
    ) -> impl Future<Output = Result<Vec<VolumeFinding>>> + Send;
    /// A page of the volumes with which something is wrong.
    fn list_health(
        &self,
        call: &Call,
        page: Page,
        secrets: Secrets,
    ) -> impl Future<Output = Result<Paged<VolumeHealth>>> + Send;
    /// Of the storage behind a node, or behind all where none is named.
    fn storage_health(
        &self,
        call: &Call,
        node: Option<NodeId>,
        secrets: Secrets,
    ) -> impl Future<Output = Result<Vec<StorageFinding>>> + Send;
}
