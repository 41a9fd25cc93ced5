//! What a behaviour has made, and how each of it is given back.

use std::path::PathBuf;

use mooring_proto::csi::v1 as csi;

use crate::driver::{Driver, insist};
use crate::finding::Refusal;

/// Something made, or asked for: a call without an answer may have made it all the same.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Made {
    /// A folder of the suite's own.
    Directory(PathBuf),
    /// A volume that was asked for; its id is not known.
    VolumeAsked(Box<csi::CreateVolumeRequest>),
    /// A volume, by its id.
    Volume(String),
    /// A volume that is reachable from a node.
    Attached(csi::ControllerUnpublishVolumeRequest),
    /// A volume at its staging path.
    Staged(csi::NodeUnstageVolumeRequest),
    /// A volume at a target path.
    Published(csi::NodeUnpublishVolumeRequest),
    /// A snapshot that was asked for; its id is not known.
    SnapshotAsked(csi::CreateSnapshotRequest),
    /// A snapshot, by its id.
    Snapshot(String),
    /// A group that was asked for; its id is not known.
    GroupAsked(csi::CreateVolumeGroupSnapshotRequest),
    /// A group.
    Group(csi::DeleteVolumeGroupSnapshotRequest),
}

impl Made {
    /// Gives it back; what is gone already is a success.
    ///
    /// # Errors
    /// A sentence that says what is left.
    pub(crate) async fn give_back(self, driver: &Driver) -> Result<(), String> {
        let left = |refusal: Refusal| format!("not given back: {refusal}");
        match self {
            Self::Directory(path) => remove(&path),
            Self::VolumeAsked(request) => {
                // Whether it was made is found out by asking again; a refusal says that it was not.
                let answer = insist(|| driver.create_volume((*request).clone())).await;
                let made = answer.ok().and_then(|answer| answer.volume);
                let Some(volume) = made else { return Ok(()) };
                delete_volume(driver, volume.volume_id).await.map_err(left)
            }
            Self::Volume(id) => delete_volume(driver, id).await.map_err(left),
            Self::Attached(request) => {
                let call = || driver.controller_unpublish_volume(request.clone());
                insist(call).await.map(drop).map_err(left)
            }
            Self::Staged(request) => {
                let call = || driver.node_unstage_volume(request.clone());
                insist(call).await.map(drop).map_err(left)
            }
            Self::Published(request) => {
                let call = || driver.node_unpublish_volume(request.clone());
                insist(call).await.map_err(left)?;
                remove(request.target_path.as_ref())
            }
            Self::SnapshotAsked(request) => {
                let answer = insist(|| driver.create_snapshot(request.clone())).await;
                let made = answer.ok().and_then(|answer| answer.snapshot);
                let Some(snapshot) = made else { return Ok(()) };
                delete_snapshot(driver, snapshot.snapshot_id).await.map_err(left)
            }
            Self::Snapshot(id) => delete_snapshot(driver, id).await.map_err(left),
            Self::GroupAsked(request) => {
                let answer = insist(|| driver.create_volume_group_snapshot(request.clone())).await;
                let made = answer.ok().and_then(|answer| answer.group_snapshot);
                let Some(group) = made else { return Ok(()) };
                delete_group(driver, &of_group(&group)).await.map_err(left)
            }
            Self::Group(request) => delete_group(driver, &request).await.map_err(left),
        }
    }
}

async fn delete_volume(driver: &Driver, volume_id: String) -> Result<(), Refusal> {
    let request = csi::DeleteVolumeRequest { volume_id, ..Default::default() };
    insist(|| driver.delete_volume(request.clone())).await.map(drop)
}

async fn delete_snapshot(driver: &Driver, snapshot_id: String) -> Result<(), Refusal> {
    let request = csi::DeleteSnapshotRequest { snapshot_id, ..Default::default() };
    insist(|| driver.delete_snapshot(request.clone())).await.map(drop)
}

async fn delete_group(
    driver: &Driver,
    request: &csi::DeleteVolumeGroupSnapshotRequest,
) -> Result<(), Refusal> {
    insist(|| driver.delete_volume_group_snapshot(request.clone())).await.map(drop)
}

/// The request that deletes a group.
pub(crate) fn of_group(group: &csi::VolumeGroupSnapshot) -> csi::DeleteVolumeGroupSnapshotRequest {
    csi::DeleteVolumeGroupSnapshotRequest {
        group_snapshot_id: group.group_snapshot_id.clone(),
        snapshot_ids: group.snapshots.iter().map(|it| it.snapshot_id.clone()).collect(),
        secrets: Default::default(),
    }
}

/// Removes a file or an empty folder, and nothing below it: a volume may still be mounted there.
fn remove(path: &std::path::Path) -> Result<(), String> {
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    let removed =
        if found.is_dir() { std::fs::remove_dir(path) } else { std::fs::remove_file(path) };
    removed.map_err(|error| format!("not removed: {}: {error}", path.display()))
}
