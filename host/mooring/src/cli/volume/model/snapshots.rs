//! The model's snapshots, groups of them, and their changed blocks.

use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::group_controller_server::GroupController;
use mooring_proto::csi::v1::snapshot_metadata_server::SnapshotMetadata;
use tokio_stream::Iter;
use tonic::{Request, Response, Status};

use super::{Answer, Service};

/// A snapshot that is copied for as long as it was asked for less than twice.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    wire: csi::Snapshot,
    asked: u32,
}

/// The pages of a stream: 30 ranges of 1 MiB, every other one.
const PAGES: [std::ops::Range<i64>; 2] = [0..20, 20..30];
const MIB: i64 = 1 << 20;

fn ranges(page: std::ops::Range<i64>, from: i64) -> Vec<csi::BlockMetadata> {
    let ranges =
        page.map(|number| csi::BlockMetadata { byte_offset: number * 2 * MIB, size_bytes: MIB });
    ranges.filter(|range| range.byte_offset + range.size_bytes > from).collect()
}

impl Service {
    pub(super) fn snapshot(
        &self,
        name: &str,
        volume: &str,
        group: &str,
    ) -> Result<csi::Snapshot, Status> {
        let size_bytes = self.with(volume, |volume| Ok(volume.capacity))?;
        let mut state = self.state.lock().unwrap();
        let fresh = Snapshot {
            wire: csi::Snapshot {
                size_bytes,
                snapshot_id: format!("snap-{name}"),
                source_volume_id: volume.to_owned(),
                creation_time: Some(mooring_proto::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
                ready_to_use: false,
                group_snapshot_id: group.to_owned(),
                accessible_topology: vec![],
            },
            asked: 0,
        };
        let snapshot = state.snapshots.entry(format!("snap-{name}")).or_insert(fresh);
        snapshot.asked += 1;
        snapshot.wire.ready_to_use = snapshot.asked > 1 || !group.is_empty();
        Ok(snapshot.wire.clone())
    }

    pub(super) fn snapshots(
        &self,
        request: &csi::ListSnapshotsRequest,
    ) -> csi::ListSnapshotsResponse {
        let fits = |filter: &str, value: &str| filter.is_empty() || filter == value;
        let state = self.state.lock().unwrap();
        let all = state.snapshots.values().map(|snapshot| snapshot.wire.clone());
        let found = all.filter(|snapshot| {
            fits(&request.snapshot_id, &snapshot.snapshot_id)
                && fits(&request.source_volume_id, &snapshot.source_volume_id)
        });
        csi::ListSnapshotsResponse {
            entries: found
                .map(|snapshot| csi::list_snapshots_response::Entry { snapshot: Some(snapshot) })
                .collect(),
            next_token: String::new(),
        }
    }

    fn members(&self, group: &str) -> Vec<csi::Snapshot> {
        let state = self.state.lock().unwrap();
        let all = state.snapshots.values().map(|snapshot| snapshot.wire.clone());
        all.filter(|snapshot| snapshot.group_snapshot_id == group).collect()
    }

    fn group(&self, group: &str) -> csi::VolumeGroupSnapshot {
        let snapshots = self.members(group);
        csi::VolumeGroupSnapshot {
            group_snapshot_id: group.to_owned(),
            creation_time: snapshots.first().and_then(|snapshot| snapshot.creation_time),
            ready_to_use: true,
            snapshots,
        }
    }

    /// CSI wants to be told the members with each call.
    fn checked(&self, group: &str, told: &[String]) -> Result<(), Status> {
        let members: Vec<_> = self.members(group).into_iter().map(|one| one.snapshot_id).collect();
        if told == members { Ok(()) } else { Err(Status::invalid_argument("other members")) }
    }
}

#[tonic::async_trait]
impl GroupController for Service {
    async fn group_controller_get_capabilities(
        &self,
        request: Request<csi::GroupControllerGetCapabilitiesRequest>,
    ) -> Answer<csi::GroupControllerGetCapabilitiesResponse> {
        self.begin("GroupControllerGetCapabilities", request).await?;
        Ok(Response::new(Default::default()))
    }
    async fn create_volume_group_snapshot(
        &self,
        request: Request<csi::CreateVolumeGroupSnapshotRequest>,
    ) -> Answer<csi::CreateVolumeGroupSnapshotResponse> {
        let request = self.begin("CreateVolumeGroupSnapshot", request).await?;
        let id = format!("group-{}", request.name);
        for volume in &request.source_volume_ids {
            self.snapshot(&format!("{}-{volume}", request.name), volume, &id)?;
        }
        let group_snapshot = Some(self.group(&id));
        Ok(Response::new(csi::CreateVolumeGroupSnapshotResponse { group_snapshot }))
    }
    async fn delete_volume_group_snapshot(
        &self,
        request: Request<csi::DeleteVolumeGroupSnapshotRequest>,
    ) -> Answer<csi::DeleteVolumeGroupSnapshotResponse> {
        let request = self.begin("DeleteVolumeGroupSnapshot", request).await?;
        self.checked(&request.group_snapshot_id, &request.snapshot_ids)?;
        let mut state = self.state.lock().unwrap();
        state.snapshots.retain(|id, _| !request.snapshot_ids.contains(id));
        Ok(Response::new(Default::default()))
    }
    async fn get_volume_group_snapshot(
        &self,
        request: Request<csi::GetVolumeGroupSnapshotRequest>,
    ) -> Answer<csi::GetVolumeGroupSnapshotResponse> {
        let request = self.begin("GetVolumeGroupSnapshot", request).await?;
        self.checked(&request.group_snapshot_id, &request.snapshot_ids)?;
        let group_snapshot = Some(self.group(&request.group_snapshot_id));
        Ok(Response::new(csi::GetVolumeGroupSnapshotResponse { group_snapshot }))
    }
}

#[tonic::async_trait]
impl SnapshotMetadata for Service {
    type GetMetadataAllocatedStream =
        Iter<std::vec::IntoIter<Result<csi::GetMetadataAllocatedResponse, Status>>>;
    type GetMetadataDeltaStream =
        Iter<std::vec::IntoIter<Result<csi::GetMetadataDeltaResponse, Status>>>;

    async fn get_metadata_allocated(
        &self,
        request: Request<csi::GetMetadataAllocatedRequest>,
    ) -> Answer<Self::GetMetadataAllocatedStream> {
        let request = self.begin("GetMetadataAllocated", request).await?;
        let page = |page| {
            Ok(csi::GetMetadataAllocatedResponse {
                block_metadata_type: csi::BlockMetadataType::VariableLength.into(),
                volume_capacity_bytes: 100 * MIB,
                block_metadata: ranges(page, request.starting_offset),
            })
        };
        Ok(Response::new(tokio_stream::iter(PAGES.map(page).to_vec())))
    }
    async fn get_metadata_delta(
        &self,
        request: Request<csi::GetMetadataDeltaRequest>,
    ) -> Answer<Self::GetMetadataDeltaStream> {
        let request = self.begin("GetMetadataDelta", request).await?;
        let page = csi::GetMetadataDeltaResponse {
            block_metadata_type: csi::BlockMetadataType::VariableLength.into(),
            volume_capacity_bytes: 100 * MIB,
            block_metadata: ranges(0..3, request.starting_offset),
        };
        Ok(Response::new(tokio_stream::iter(vec![Ok(page)])))
    }
}
