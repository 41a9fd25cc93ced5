//! Groups of snapshots: taking, deleting, showing them.

use std::collections::BTreeSet;

use mooring_proto::csi::v1 as pb;
use mooring_volume::id::{GroupSnapshotId, GroupSnapshotName, SnapshotId};
use mooring_volume::snapshot::{CreateGroupSnapshot, GroupReference, GroupSnapshot, Snapshot};
use mooring_volume::{Error, Result, VolumeId};

use super::{map, snapshot};

/// A request to take one.
pub(crate) fn create(request: pb::CreateVolumeGroupSnapshotRequest) -> Result<CreateGroupSnapshot> {
    let pb::CreateVolumeGroupSnapshotRequest { name, source_volume_ids, secrets, parameters } =
        request;
    if source_volume_ids.is_empty() {
        return Err(Error::invalid("source_volume_ids is empty; name at least one volume"));
    }
    Ok(CreateGroupSnapshot {
        name: GroupSnapshotName::new(name)?,
        sources: each_once("source_volume_ids", source_volume_ids, VolumeId::new)?,
        parameters: map::checked("parameters", parameters)?,
        secrets: map::secrets(secrets)?,
    })
}

/// A request to delete one.
pub(crate) fn delete(request: pb::DeleteVolumeGroupSnapshotRequest) -> Result<GroupReference> {
    let pb::DeleteVolumeGroupSnapshotRequest { group_snapshot_id, snapshot_ids, secrets } = request;
    Ok(GroupReference {
        id: GroupSnapshotId::new(group_snapshot_id)?,
        members: each_once("snapshot_ids", snapshot_ids, SnapshotId::new)?,
        secrets: map::secrets(secrets)?,
    })
}

/// A request to show one.
pub(crate) fn get(request: pb::GetVolumeGroupSnapshotRequest) -> Result<GroupReference> {
    let pb::GetVolumeGroupSnapshotRequest { group_snapshot_id, snapshot_ids, secrets } = request;
    Ok(GroupReference {
        id: GroupSnapshotId::new(group_snapshot_id)?,
        members: each_once("snapshot_ids", snapshot_ids, SnapshotId::new)?,
        secrets: map::secrets(secrets)?,
    })
}

/// Ids of which none may occur twice: each is held, and would be in its own way.
fn each_once<T: Clone + Ord>(
    field: &str,
    ids: Vec<String>,
    new: impl Fn(String) -> Result<T>,
) -> Result<Vec<T>> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::with_capacity(ids.len());
    for (number, id) in ids.into_iter().enumerate() {
        let id = new(id).map_err(|error| error.context(format!("{field}[{number}]")))?;
        if !seen.insert(id.clone()) {
            return Err(Error::invalid(format!(
                "{field}[{number}] was named before; name each once"
            )));
        }
        all.push(id);
    }
    Ok(all)
}

/// Checks that the group has one member of each volume that was asked for, and no other.
///
/// # Errors
/// `Internal`: the backend broke its contract.
pub(crate) fn of_sources(group: &GroupSnapshot, sources: &[VolumeId]) -> Result<()> {
    let wanted: BTreeSet<_> = sources.iter().collect();
    let found: BTreeSet<_> = group.members.iter().map(|member| &member.source).collect();
    if wanted == found && group.members.len() == wanted.len() {
        return Ok(());
    }
    Err(fault(group, "whose members are not one of each volume that was asked for"))
}

/// Checks that it is the group that was asked for.
///
/// # Errors
/// `Internal`: the backend broke its contract.
pub(crate) fn is(group: &GroupSnapshot, id: &GroupSnapshotId) -> Result<()> {
    if group.id == *id { Ok(()) } else { Err(fault(group, "and another one was asked for")) }
}

/// A group as the orchestrator sees it. Members are told to be of it, though the backend left that out.
///
/// # Errors
/// `Internal` where it has no member or one twice, one of another group, or is ready before its members.
pub(crate) fn wire(group: GroupSnapshot) -> Result<pb::VolumeGroupSnapshot> {
    let ids: BTreeSet<_> = group.members.iter().map(|member| &member.id).collect();
    if ids.is_empty() || ids.len() != group.members.len() {
        return Err(fault(&group, "that has no member, or one twice"));
    }
    if group.members.iter().any(|one| one.group.as_ref().is_some_and(|id| *id != group.id)) {
        return Err(fault(&group, "with a member of another group"));
    }
    if group.ready && !group.members.iter().all(|member| member.ready) {
        return Err(fault(&group, "that is ready before its members are"));
    }
    let GroupSnapshot { id, members, created, ready } = group;
    let of_it = |member| snapshot::wire(Snapshot { group: Some(id.clone()), ..member });
    let snapshots = members.into_iter().map(of_it).collect::<Result<_>>()?;
    Ok(pb::VolumeGroupSnapshot {
        group_snapshot_id: id.into(),
        snapshots,
        creation_time: Some(snapshot::time(created)?),
        ready_to_use: ready,
    })
}

fn fault(group: &GroupSnapshot, what: &str) -> Error {
    Error::internal(format!(
        "the backend answered group snapshot {:?}, {what}; this is a fault of the backend",
        group.id.as_str()
    ))
}
