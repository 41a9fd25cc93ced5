//! The services are complete, and a generated client talks to a generated server.

use std::collections::BTreeMap;
use std::error::Error;

use mooring_proto::FILE_DESCRIPTOR_SET;
use mooring_proto::csi::v1::{
    self as csi, identity_client, identity_server, snapshot_metadata_client,
    snapshot_metadata_server,
};
use prost::Message;
use prost_reflect::DescriptorPool;
use tokio_stream::StreamExt as _;
use tonic::{Request, Response, Status};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[test]
fn all_36_rpcs_are_there() -> Result<()> {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET)?;
    let counts: BTreeMap<_, _> = pool
        .services()
        .filter(|service| service.package_name() == "csi.v1")
        .map(|service| (service.name().to_owned(), service.methods().len()))
        .collect();
    let wanted = [
        ("Controller", 17),
        ("GroupController", 4),
        ("Identity", 3),
        ("Node", 10),
        ("SnapshotMetadata", 2),
    ];
    assert_eq!(counts, wanted.map(|(name, count)| (name.to_owned(), count)).into());
    assert_eq!(counts.values().sum::<usize>(), 36);
    Ok(())
}

#[test]
fn only_snapshot_metadata_and_orders_stream() -> Result<()> {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET)?;
    let streaming: Vec<_> = pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .filter(|method| method.is_server_streaming() || method.is_client_streaming())
        .map(|method| method.full_name().to_owned())
        .collect();
    assert_eq!(
        streaming,
        [
            "csi.v1.SnapshotMetadata.GetMetadataAllocated",
            "csi.v1.SnapshotMetadata.GetMetadataDelta",
            "mooring.internal.v1.Backend.TakeOrders",
        ]
    );
    Ok(())
}

#[test]
fn a_message_survives_the_wire() -> Result<()> {
    let sent = csi::NodePublishVolumeRequest {
        volume_id: "v1".into(),
        target_path: "/target".into(),
        volume_capability: Some(csi::VolumeCapability {
            access_type: Some(csi::volume_capability::AccessType::Block(
                csi::volume_capability::BlockVolume {},
            )),
            access_mode: Some(csi::volume_capability::AccessMode {
                mode: csi::volume_capability::access_mode::Mode::SingleNodeSingleWriter.into(),
            }),
        }),
        readonly: true,
        secrets: [("user".into(), "root".into()), ("password".into(), "toor".into())].into(),
        ..Default::default()
    };
    let bytes = sent.encode_to_vec();
    assert_eq!(csi::NodePublishVolumeRequest::decode(bytes.as_slice())?, sent);
    Ok(())
}

#[test]
fn volume_condition_has_its_numbers_of_1_12() {
    let stats = csi::NodeGetVolumeStatsResponse {
        usage: vec![],
        volume_condition: Some(csi::VolumeCondition { abnormal: true, message: "x".into() }),
    };
    // Field 2, 5 bytes: field 1 true, field 2 "x".
    assert_eq!(stats.encode_to_vec(), [0x12, 5, 0x08, 1, 0x12, 1, b'x']);
    assert_eq!(csi::controller_service_capability::rpc::Type::VolumeCondition as i32, 11);
    assert_eq!(csi::node_service_capability::rpc::Type::VolumeCondition as i32, 4);
}

/// Gives one answer of every sort: a value, an error, a stream that fails half-way.
struct Plugin;

#[tonic::async_trait]
impl identity_server::Identity for Plugin {
    async fn get_plugin_info(
        &self,
        _: Request<csi::GetPluginInfoRequest>,
    ) -> std::result::Result<Response<csi::GetPluginInfoResponse>, Status> {
        let name = "image.mooring.dev".into();
        Ok(Response::new(csi::GetPluginInfoResponse { name, ..Default::default() }))
    }

    async fn get_plugin_capabilities(
        &self,
        _: Request<csi::GetPluginCapabilitiesRequest>,
    ) -> std::result::Result<Response<csi::GetPluginCapabilitiesResponse>, Status> {
        Err(Status::resource_exhausted("full"))
    }

    async fn probe(
        &self,
        _: Request<csi::ProbeRequest>,
    ) -> std::result::Result<Response<csi::ProbeResponse>, Status> {
        Ok(Response::new(csi::ProbeResponse { ready: Some(false) }))
    }
}

type Ranges<M> = tokio_stream::Iter<std::vec::IntoIter<std::result::Result<M, Status>>>;

#[tonic::async_trait]
impl snapshot_metadata_server::SnapshotMetadata for Plugin {
    type GetMetadataAllocatedStream = Ranges<csi::GetMetadataAllocatedResponse>;
    type GetMetadataDeltaStream = Ranges<csi::GetMetadataDeltaResponse>;

    async fn get_metadata_allocated(
        &self,
        request: Request<csi::GetMetadataAllocatedRequest>,
    ) -> std::result::Result<Response<Self::GetMetadataAllocatedStream>, Status> {
        let volume_capacity_bytes = request.into_inner().starting_offset;
        let message =
            csi::GetMetadataAllocatedResponse { volume_capacity_bytes, ..Default::default() };
        Ok(Response::new(tokio_stream::iter(vec![
            Ok(message),
            Err(Status::unavailable("the array went away")),
        ])))
    }

    async fn get_metadata_delta(
        &self,
        _: Request<csi::GetMetadataDeltaRequest>,
    ) -> std::result::Result<Response<Self::GetMetadataDeltaStream>, Status> {
        Err(Status::unimplemented("no delta"))
    }
}

#[tokio::test]
async fn a_client_and_a_server_understand_each_other() -> Result<()> {
    let server = identity_server::IdentityServer::new(Plugin);
    let mut client = identity_client::IdentityClient::new(server);

    let info = client.get_plugin_info(csi::GetPluginInfoRequest {}).await?.into_inner();
    assert_eq!(info.name, "image.mooring.dev");
    let probe = client.probe(csi::ProbeRequest {}).await?.into_inner();
    assert_eq!(probe.ready, Some(false));
    let error =
        client.get_plugin_capabilities(csi::GetPluginCapabilitiesRequest {}).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (tonic::Code::ResourceExhausted, "full"));
    Ok(())
}

#[tokio::test]
async fn a_stream_carries_messages_and_then_an_error() -> Result<()> {
    let server = snapshot_metadata_server::SnapshotMetadataServer::new(Plugin);
    let mut client = snapshot_metadata_client::SnapshotMetadataClient::new(server);

    let request = csi::GetMetadataAllocatedRequest { starting_offset: 4096, ..Default::default() };
    let mut stream = client.get_metadata_allocated(request).await?.into_inner();
    let first = stream.next().await.ok_or("no first message")??;
    assert_eq!(first.volume_capacity_bytes, 4096);
    let error = stream.next().await.ok_or("no error")?.unwrap_err();
    assert_eq!(error.code(), tonic::Code::Unavailable);
    Ok(())
}
