//! Snapshots, groups, and volumes that are made of other volumes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::volume_content_source::{SnapshotSource, Type, VolumeSource};
use tonic::Code;

use crate::driver::{insist, until_ready};
use crate::finding::{Refusal, Verdict, ensure, finding, skipped};
use crate::ledger::{Made, of_group};
use crate::scene::{Scene, at_least};
use crate::volume::Volume;

/// A snapshot as the source of a volume.
pub(crate) fn of_snapshot(snapshot: &csi::Snapshot) -> csi::VolumeContentSource {
    let id = snapshot.snapshot_id.clone();
    csi::VolumeContentSource { r#type: Some(Type::Snapshot(SnapshotSource { snapshot_id: id })) }
}

/// A volume as the source of a volume.
pub(crate) fn of_volume(volume: &Volume) -> csi::VolumeContentSource {
    let source = VolumeSource { volume_id: volume.id() };
    csi::VolumeContentSource { r#type: Some(Type::Volume(source)) }
}

impl Scene {
    /// CreateSnapshot's request.
    pub(crate) fn snapshot_request(
        &self,
        volume: &Volume,
        label: &str,
    ) -> csi::CreateSnapshotRequest {
        csi::CreateSnapshotRequest {
            source_volume_id: volume.id(),
            name: self.name(label),
            ..Default::default()
        }
    }

    /// A snapshot, ready to use; the driver may refuse it.
    pub(crate) async fn try_snapshot(
        &self,
        volume: &Volume,
        label: &str,
    ) -> Verdict<Result<csi::Snapshot, Refusal>> {
        let request = self.snapshot_request(volume, label);
        let asked = Made::SnapshotAsked(request.clone());
        self.record(asked.clone());
        let answer = until_ready(
            || self.driver.create_snapshot(request.clone()),
            |answer| answer.snapshot.as_ref().is_some_and(|it| it.ready_to_use),
        );
        let snapshot = match answer.await {
            Ok(answer) => answer.snapshot,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(snapshot) = snapshot else {
            return finding("CreateSnapshot answered OK without a snapshot");
        };
        self.record(Made::Snapshot(snapshot.snapshot_id.clone()));
        self.gone(&asked);
        ensure!(snapshot.ready_to_use, "snapshot {} does not become ready", snapshot.snapshot_id);
        Ok(Ok(snapshot))
    }

    /// A snapshot, ready to use.
    pub(crate) async fn snapshot(&self, volume: &Volume, label: &str) -> Verdict<csi::Snapshot> {
        Ok(self.try_snapshot(volume, label).await??)
    }

    /// A snapshot of a volume that is in use, which the driver may refuse: then it is put away
    /// meanwhile. Answers where it is published afterwards.
    pub(crate) async fn snapshot_in_use(
        &self,
        volume: &mut Volume,
        target: PathBuf,
        label: &str,
    ) -> Verdict<(csi::Snapshot, PathBuf)> {
        match self.try_snapshot(volume, label).await? {
            Err(refusal) if refusal.code() == Code::FailedPrecondition => {
                volume.put_away(&target).await?;
                let snapshot = self.snapshot(volume, label).await?;
                Ok((snapshot, volume.mount().await?))
            }
            answer => Ok((answer?, target)),
        }
    }

    /// Deletes a snapshot.
    pub(crate) async fn delete_snapshot(&self, snapshot: &csi::Snapshot) -> Verdict {
        let id = snapshot.snapshot_id.clone();
        let request = csi::DeleteSnapshotRequest { snapshot_id: id.clone(), ..Default::default() };
        insist(|| self.driver.delete_snapshot(request.clone())).await?;
        self.gone(&Made::Snapshot(id));
        Ok(())
    }

    /// A volume made of something, used as `like` is; the driver may refuse it.
    pub(crate) async fn try_copy(
        &self,
        like: &Volume,
        label: &str,
        source: csi::VolumeContentSource,
        bytes: i64,
    ) -> Verdict<Result<Volume, Refusal>> {
        let mut request = self.request_as(label, like.capability.clone());
        request.capacity_range = at_least(bytes);
        request.volume_content_source = Some(source.clone());
        // Its place is where the source is.
        request.accessibility_requirements = like.request.accessibility_requirements.clone();
        let copy = match self.try_create(request).await? {
            Ok(copy) => copy,
            Err(refusal) => return Ok(Err(refusal)),
        };
        ensure!(
            copy.made.content_source == Some(source),
            "CreateVolume answered without the content source that it was asked for: {:?}",
            copy.made.content_source
        );
        Ok(Ok(copy))
    }

    /// A volume made of something, as large as its source.
    pub(crate) async fn copy(
        &self,
        like: &Volume,
        label: &str,
        source: csi::VolumeContentSource,
    ) -> Verdict<Volume> {
        let bytes = like.made.capacity_bytes.max(self.options.bytes());
        Ok(self.try_copy(like, label, source, bytes).await??)
    }

    /// A larger one; a driver may not make such.
    pub(crate) async fn larger_copy(
        &self,
        like: &Volume,
        label: &str,
        source: csi::VolumeContentSource,
        bytes: i64,
    ) -> Verdict<Volume> {
        match self.try_copy(like, label, source, bytes).await? {
            Err(refusal) if refusal.code() == Code::OutOfRange => {
                skipped(format!("the driver makes no copy larger than its source: {refusal}"))
            }
            answer => Ok(answer?),
        }
    }

    /// CreateVolumeGroupSnapshot's request.
    pub(crate) fn group_request(
        &self,
        volumes: &[&Volume],
        label: &str,
    ) -> csi::CreateVolumeGroupSnapshotRequest {
        csi::CreateVolumeGroupSnapshotRequest {
            name: self.name(label),
            source_volume_ids: volumes.iter().map(|it| it.id()).collect(),
            secrets: BTreeMap::new(),
            parameters: BTreeMap::new(),
        }
    }

    /// Snapshots of several volumes, ready to use; the driver may refuse them.
    pub(crate) async fn try_group(
        &self,
        volumes: &[&Volume],
        label: &str,
    ) -> Verdict<Result<csi::VolumeGroupSnapshot, Refusal>> {
        let request = self.group_request(volumes, label);
        let asked = Made::GroupAsked(request.clone());
        self.record(asked.clone());
        let answer = until_ready(
            || self.driver.create_volume_group_snapshot(request.clone()),
            |answer| answer.group_snapshot.as_ref().is_some_and(|it| it.ready_to_use),
        );
        let group = match answer.await {
            Ok(answer) => answer.group_snapshot,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(group) = group else {
            return finding("CreateVolumeGroupSnapshot answered OK without a group");
        };
        self.record(Made::Group(of_group(&group)));
        self.gone(&asked);
        ensure!(group.ready_to_use, "group {} does not become ready", group.group_snapshot_id);
        Ok(Ok(group))
    }
}
