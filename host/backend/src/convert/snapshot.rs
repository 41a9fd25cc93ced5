//! Points in time ⇄ the contract's.

use mooring_volume::VolumeId;
use mooring_volume::backend::Paged;
use mooring_volume::id::{GroupSnapshotId, SnapshotId};
use mooring_volume::snapshot::{
    CreateGroupSnapshot, CreateSnapshot, GroupSnapshot, ListSnapshots, Snapshot,
};

use super::{exposed, map, page, snapshot_id, volume_id};
use crate::bindings::exports::mooring::backend::{group_snapshots, snapshots as contract};
use crate::bindings::mooring::backend::types;
use crate::check::{self, Malformed};

// To components.

pub(crate) fn create_snapshot(request: CreateSnapshot) -> contract::CreateRequest {
    let CreateSnapshot { name, source, parameters, secrets } = request;
    contract::CreateRequest {
        name: name.into(),
        source_volume_id: source.into(),
        parameters: map(parameters),
        secrets: exposed(&secrets),
    }
}

pub(crate) fn list_snapshots(request: ListSnapshots) -> contract::ListRequest {
    let ListSnapshots { page: asked, source, secrets } = request;
    contract::ListRequest {
        page: page(asked),
        source_volume_id: source.map(VolumeId::into),
        secrets: exposed(&secrets),
    }
}

pub(crate) fn create_group(request: CreateGroupSnapshot) -> group_snapshots::CreateRequest {
    let CreateGroupSnapshot { name, sources, parameters, secrets } = request;
    group_snapshots::CreateRequest {
        name: name.into(),
        source_volume_ids: sources.into_iter().map(VolumeId::into).collect(),
        parameters: map(parameters),
        secrets: exposed(&secrets),
    }
}

pub(crate) fn snapshot_ids(ids: Vec<SnapshotId>) -> Vec<String> {
    ids.into_iter().map(SnapshotId::into).collect()
}

// From components.

pub(crate) fn snapshot(snapshot: types::Snapshot) -> Result<Snapshot, Malformed> {
    let types::Snapshot { id, source_volume_id, created, size, ready, group_id: group } = snapshot;
    Ok(Snapshot {
        id: snapshot_id(id)?,
        source: volume_id(source_volume_id)?,
        created: check::moment("created", created)?,
        size: check::bytes("size", size)?,
        ready,
        group: group.map(group_id).transpose()?,
    })
}

pub(crate) fn snapshots(
    page: contract::SnapshotPage,
    max_entries: u32,
) -> Result<Paged<Snapshot>, Malformed> {
    let contract::SnapshotPage { entries, next } = page;
    check::page(entries.len(), max_entries)?;
    Ok(Paged {
        entries: entries.into_iter().map(snapshot).collect::<Result<_, _>>()?,
        next: next.map(check::token).transpose()?,
    })
}

pub(crate) fn group(group: group_snapshots::Group) -> Result<GroupSnapshot, Malformed> {
    let group_snapshots::Group { id, members, created, ready } = group;
    let group = GroupSnapshot {
        id: group_id(id)?,
        members: members.into_iter().map(snapshot).collect::<Result<_, _>>()?,
        created: check::moment("created", created)?,
        ready,
    };
    check::group(&group)?;
    Ok(group)
}

fn group_id(id: String) -> Result<GroupSnapshotId, Malformed> {
    check::id("group snapshot id", GroupSnapshotId::new(id))
}
