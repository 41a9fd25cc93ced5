//! Points in time of volumes, one by one and in groups.

use std::future::Future;
use std::time::SystemTime;

use crate::backend::{Page, Paged};
use crate::error::Result;
use crate::id::{GroupSnapshotId, GroupSnapshotName, SnapshotId, SnapshotName, VolumeId};
use crate::secret::Secrets;
use crate::{Call, StringMap};

/// A point in time of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The backend's id.
    pub id: SnapshotId,
    /// The volume that it was taken of; that may be gone since.
    pub source: VolumeId,
    /// The point in time that it holds.
    pub created: SystemTime,
    /// The smallest volume that a restore fits into, in bytes; 0 where unknown.
    pub size: u64,
    /// Whether volumes can be made of it yet.
    pub ready: bool,
    /// The group that it belongs to.
    pub group: Option<GroupSnapshotId>,
}

/// CreateSnapshot.
#[derive(Debug, Clone)]
pub struct CreateSnapshot {
    /// The key of idempotence.
    pub name: SnapshotName,
    /// Of which volume.
    pub source: VolumeId,
    /// The VolumeSnapshotClass's.
    pub parameters: StringMap,
    /// Of this call.
    pub secrets: Secrets,
}

/// ListSnapshots.
#[derive(Debug, Clone, Default)]
pub struct ListSnapshots {
    /// Which part of the list.
    pub page: Page,
    /// Only those of this volume.
    pub source: Option<VolumeId>,
    /// Of this call.
    pub secrets: Secrets,
}

/// Snapshots of several volumes, of one point in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSnapshot {
    /// The backend's id.
    pub id: GroupSnapshotId,
    /// One a volume.
    pub members: Vec<Snapshot>,
    /// The point in time that they hold.
    pub created: SystemTime,
    /// Whether all members are.
    pub ready: bool,
}

/// CreateVolumeGroupSnapshot.
#[derive(Debug, Clone)]
pub struct CreateGroupSnapshot {
    /// The key of idempotence.
    pub name: GroupSnapshotName,
    /// Of which volumes; none twice.
    pub sources: Vec<VolumeId>,
    /// The VolumeGroupSnapshotClass's.
    pub parameters: StringMap,
    /// Of this call.
    pub secrets: Secrets,
}

/// A group, and the members that the orchestrator believes it to have.
#[derive(Debug, Clone)]
pub struct GroupReference {
    /// Which group.
    pub id: GroupSnapshotId,
    /// Empty where the orchestrator does not say.
    pub members: Vec<SnapshotId>,
    /// Of this call.
    pub secrets: Secrets,
}

/// `snapshots`.
pub trait Snapshots: Send + Sync + 'static {
    /// Takes one, idempotent by name. The point in time is fixed when this answers.
    fn create_snapshot(
        &self,
        call: &Call,
        request: CreateSnapshot,
    ) -> impl Future<Output = Result<Snapshot>> + Send;
    /// Deletes one; an unknown id is OK.
    fn delete_snapshot(
        &self,
        call: &Call,
        id: SnapshotId,
        secrets: Secrets,
    ) -> impl Future<Output = Result<()>> + Send;
    /// A page of them. An unknown source has none.
    fn list_snapshots(
        &self,
        call: &Call,
        request: ListSnapshots,
    ) -> impl Future<Output = Result<Paged<Snapshot>>> + Send;
    /// One of them.
    fn get_snapshot(
        &self,
        call: &Call,
        id: SnapshotId,
        secrets: Secrets,
    ) -> impl Future<Output = Result<Snapshot>> + Send;
}

/// `group-snapshots`.
pub trait GroupSnapshots: Send + Sync + 'static {
    /// Takes all members at one point in time, or none; idempotent by name.
    fn create_group(
        &self,
        call: &Call,
        request: CreateGroupSnapshot,
    ) -> impl Future<Output = Result<GroupSnapshot>> + Send;
    /// Deletes a group with its members; an unknown id is OK.
    fn delete_group(
        &self,
        call: &Call,
        group: GroupReference,
    ) -> impl Future<Output = Result<()>> + Send;
    /// One group.
    fn get_group(
        &self,
        call: &Call,
        group: GroupReference,
    ) -> impl Future<Output = Result<GroupSnapshot>> + Send;
}
