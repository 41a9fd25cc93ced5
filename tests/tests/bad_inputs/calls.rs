//! Any call as a value, so that tables can hold them.

use mooring_proto::csi::v1::*;
use mooring_tests::Clients;
use tonic::Status;

macro_rules! calls {
    ($($name:ident: $client:ident.$method:ident($request:ty)),* $(,)?) => {
        /// A call of one of the drivers' methods.
        #[derive(Debug, Clone)]
        pub(crate) enum Call { $($name($request)),* }

        impl Call {
            /// Makes it.
            pub(crate) async fn make(&self, clients: &mut Clients) -> Result<(), Status> {
                match self {
                    $(Self::$name(request) => clients.$client.$method(request.clone()).await.map(drop),)*
                }
            }
        }

        $(impl From<$request> for Call {
            fn from(request: $request) -> Self {
                Self::$name(request)
            }
        })*
    };
}

calls! {
    Create: controller.create_volume(CreateVolumeRequest),
    Delete: controller.delete_volume(DeleteVolumeRequest),
    Validate: controller.validate_volume_capabilities(ValidateVolumeCapabilitiesRequest),
    List: controller.list_volumes(ListVolumesRequest),
    Get: controller.controller_get_volume(ControllerGetVolumeRequest),
    Grow: controller.controller_expand_volume(ControllerExpandVolumeRequest),
    Room: controller.get_capacity(GetCapacityRequest),
    Attach: controller.controller_publish_volume(ControllerPublishVolumeRequest),
    Detach: controller.controller_unpublish_volume(ControllerUnpublishVolumeRequest),
    Modify: controller.controller_modify_volume(ControllerModifyVolumeRequest),
    Snapshot: controller.create_snapshot(CreateSnapshotRequest),
    DropSnapshot: controller.delete_snapshot(DeleteSnapshotRequest),
    ListSnapshots: controller.list_snapshots(ListSnapshotsRequest),
    SnapshotGroup: groups.create_volume_group_snapshot(CreateVolumeGroupSnapshotRequest),
    Allocated: metadata.get_metadata_allocated(GetMetadataAllocatedRequest),
    Stage: node.node_stage_volume(NodeStageVolumeRequest),
    Unstage: node.node_unstage_volume(NodeUnstageVolumeRequest),
    Publish: node.node_publish_volume(NodePublishVolumeRequest),
    Unpublish: node.node_unpublish_volume(NodeUnpublishVolumeRequest),
    Stats: node.node_get_volume_stats(NodeGetVolumeStatsRequest),
    GrowOnNode: node.node_expand_volume(NodeExpandVolumeRequest),
}
