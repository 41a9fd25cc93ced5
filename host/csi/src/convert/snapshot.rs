//! Snapshots: taking, deleting, finding them; and how they are shown.

use std::time::{SystemTime, UNIX_EPOCH};

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::list_snapshots_response::Entry;
use mooring_volume::backend::{Page, Paged};
use mooring_volume::id::{SnapshotId, SnapshotName};
use mooring_volume::snapshot::{CreateSnapshot, ListSnapshots, Snapshot};
use mooring_volume::{Error, Result, Secrets, VolumeId};
use prost_types::Timestamp;

use super::{map, page, size};

/// The last second of the year 9999. Source: `google/protobuf/timestamp.proto`.
const LAST_SECOND: i64 = 253_402_300_799;

/// A request to take one.
pub(crate) fn create(request: pb::CreateSnapshotRequest) -> Result<CreateSnapshot> {
    let pb::CreateSnapshotRequest {
        source_volume_id,
        name,
        secrets,
        parameters,
        accessibility_requirements,
    } = request;
    // Source: CSI: shall not be specified without SNAPSHOT_ACCESSIBILITY_CONSTRAINTS.
    if accessibility_requirements.is_some() {
        return Err(Error::invalid(
            "accessibility_requirements is set, and this driver's snapshots know no places \
             (SNAPSHOT_ACCESSIBILITY_CONSTRAINTS); leave it out",
        ));
    }
    Ok(CreateSnapshot {
        name: SnapshotName::new(name)?,
        source: source(source_volume_id)?,
        parameters: map::checked("parameters", parameters)?,
        secrets: map::secrets(secrets)?,
    })
}

/// A request to delete one.
pub(crate) fn delete(request: pb::DeleteSnapshotRequest) -> Result<(SnapshotId, Secrets)> {
    let pb::DeleteSnapshotRequest { snapshot_id, secrets } = request;
    Ok((SnapshotId::new(snapshot_id)?, map::secrets(secrets)?))
}

/// A request to show one.
pub(crate) fn get(request: pb::GetSnapshotRequest) -> Result<(SnapshotId, Secrets)> {
    let pb::GetSnapshotRequest { snapshot_id, secrets } = request;
    Ok((SnapshotId::new(snapshot_id)?, map::secrets(secrets)?))
}

/// What a listing is asked for.
#[derive(Debug)]
pub(crate) enum Listing {
    /// The one snapshot of this id, if there is one and it is of the source where one is named.
    One(SnapshotId, Option<VolumeId>, Secrets),
    /// All, or those of a source.
    Many(ListSnapshots),
}

/// A request to list.
pub(crate) fn list(request: pb::ListSnapshotsRequest) -> Result<Listing> {
    let pb::ListSnapshotsRequest {
        max_entries,
        starting_token,
        source_volume_id,
        snapshot_id,
        secrets,
    } = request;
    let page = page::asked(max_entries, starting_token)?;
    let source = if source_volume_id.is_empty() { None } else { Some(source(source_volume_id)?) };
    let secrets = map::secrets(secrets)?;
    if snapshot_id.is_empty() {
        return Ok(Listing::Many(ListSnapshots { page, source, secrets }));
    }
    let id = SnapshotId::new(snapshot_id)?;
    if page.token.is_some() {
        return Err(Error::aborted(
            "starting_token is set beside snapshot_id, and a list of one has no second page; list from the start",
        ));
    }
    Ok(Listing::One(id, source, secrets))
}

/// A volume that snapshots are of.
fn source(id: String) -> Result<VolumeId> {
    VolumeId::new(id).map_err(|error| error.context("source_volume_id"))
}

/// The page, checked against what was asked.
pub(crate) fn wire_page(
    paged: Paged<Snapshot>,
    asked: &Page,
    source: Option<&VolumeId>,
) -> Result<pb::ListSnapshotsResponse> {
    let (entries, next_token) = page::answered("snapshots", paged, asked)?;
    let entry = |snapshot: Snapshot| {
        if let Some(source) = source {
            of_source(&snapshot, source)?;
        }
        Ok(Entry { snapshot: Some(wire(snapshot)?) })
    };
    let entries = entries.into_iter().map(entry).collect::<Result<_>>()?;
    Ok(pb::ListSnapshotsResponse { entries, next_token })
}

/// Checks that a snapshot is of the volume that was asked for: restoring another's would be restoring
/// somebody else's data.
///
/// # Errors
/// `Internal`: the backend broke its contract.
pub(crate) fn of_source(snapshot: &Snapshot, source: &VolumeId) -> Result<()> {
    if snapshot.source == *source {
        return Ok(());
    }
    Err(Error::internal(format!(
        "the backend answered snapshot {:?} of volume {:?} where {:?} was asked for; this is a fault of the backend",
        snapshot.id.as_str(),
        snapshot.source.as_str(),
        source.as_str()
    )))
}

/// Checks that it is the snapshot that was asked for.
///
/// # Errors
/// `Internal`: the backend broke its contract.
pub(crate) fn is(snapshot: &Snapshot, id: &SnapshotId) -> Result<()> {
    if snapshot.id == *id {
        return Ok(());
    }
    Err(Error::internal(format!(
        "the backend answered snapshot {:?} where {:?} was asked for; this is a fault of the backend",
        snapshot.id.as_str(),
        id.as_str()
    )))
}

/// A snapshot as the orchestrator sees it.
///
/// # Errors
/// `Internal` where it says a time that cannot be told.
pub(crate) fn wire(snapshot: Snapshot) -> Result<pb::Snapshot> {
    let Snapshot { id, source, created, size, ready, group } = snapshot;
    Ok(pb::Snapshot {
        size_bytes: size::wire(size),
        snapshot_id: id.into(),
        source_volume_id: source.into(),
        creation_time: Some(time(created)?),
        ready_to_use: ready,
        group_snapshot_id: group.map(String::from).unwrap_or_default(),
        accessible_topology: Vec::new(),
    })
}

/// A point in time on the wire.
///
/// # Errors
/// `Internal` where it is before 1970 or after 9999.
pub(crate) fn time(time: SystemTime) -> Result<Timestamp> {
    let since = time.duration_since(UNIX_EPOCH).ok();
    let parts = since.and_then(|since| {
        let seconds = i64::try_from(since.as_secs()).ok().filter(|it| *it <= LAST_SECOND)?;
        Some(Timestamp { seconds, nanos: i32::try_from(since.subsec_nanos()).ok()? })
    });
    parts.ok_or_else(|| {
        Error::internal(
            "the backend answered a creation time before 1970 or after 9999; this is a fault of the backend",
        )
    })
}
