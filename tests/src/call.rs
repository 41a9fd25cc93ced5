//! Talking to a host: CSI by generated clients, raw bytes where a generated client is too polite,
//! and plain HTTP.

use std::path::Path;

use bytes::{Buf, BufMut};
use hyper_util::rt::TokioIo;
use mooring_proto::csi::v1::controller_client::ControllerClient;
use mooring_proto::csi::v1::group_controller_client::GroupControllerClient;
use mooring_proto::csi::v1::identity_client::IdentityClient;
use mooring_proto::csi::v1::node_client::NodeClient;
use mooring_proto::csi::v1::snapshot_metadata_client::SnapshotMetadataClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Code, Request, Status};

/// The clients of one socket, on one connection.
#[derive(Debug, Clone)]
pub struct Clients {
    /// The connection itself.
    pub channel: Channel,
    /// Who it is.
    pub identity: IdentityClient<Channel>,
    /// Volumes.
    pub controller: ControllerClient<Channel>,
    /// Groups of snapshots.
    pub groups: GroupControllerClient<Channel>,
    /// Changed blocks.
    pub metadata: SnapshotMetadataClient<Channel>,
    /// This machine.
    pub node: NodeClient<Channel>,
}

impl Clients {
    /// Connects to a socket.
    ///
    /// # Errors
    /// When nothing listens there.
    pub async fn connect(socket: &Path) -> Result<Self, tonic::transport::Error> {
        let path = socket.to_owned();
        // The URI is a formality: the connector decides.
        let channel = Endpoint::from_static("http://localhost")
            .connect_with_connector(tower::service_fn(move |_: Uri| {
                let path = path.clone();
                async move { UnixStream::connect(path).await.map(TokioIo::new) }
            }))
            .await?;
        Ok(Self {
            identity: IdentityClient::new(channel.clone()),
            controller: ControllerClient::new(channel.clone()),
            groups: GroupControllerClient::new(channel.clone()),
            metadata: SnapshotMetadataClient::new(channel.clone()),
            node: NodeClient::new(channel.clone()),
            channel,
        })
    }

    /// Calls a method with these very bytes as the message; answers the bytes of the reply.
    ///
    /// # Errors
    /// The host's status.
    ///
    /// # Panics
    /// When `method` is no path such as `/csi.v1.Node/NodeGetInfo`.
    pub async fn raw(&self, method: &str, message: Vec<u8>) -> Result<Vec<u8>, Status> {
        let path = http::uri::PathAndQuery::try_from(method).unwrap();
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        client.ready().await.map_err(|error| Status::new(Code::Unavailable, error.to_string()))?;
        Ok(client.unary(Request::new(message), path, Bytes).await?.into_inner())
    }
}

/// Messages as the bytes that they are.
#[derive(Debug, Clone, Copy)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; buffer.remaining()];
        buffer.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Such as 200.
    pub status: u16,
    /// What follows the header.
    pub body: String,
}

/// GETs a page from a socket.
///
/// # Panics
/// When nothing answers, or no HTTP.
pub async fn get(socket: &Path, path: &str) -> Page {
    http(socket, "GET", path).await
}

/// POSTs nothing to a socket.
///
/// # Panics
/// When nothing answers, or no HTTP.
pub async fn post(socket: &Path, path: &str) -> Page {
    http(socket, "POST", path).await
}

async fn http(socket: &Path, method: &str, path: &str) -> Page {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    stream
        .write_all(format!("{method} {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Page { status, body: body.to_owned() }
}
