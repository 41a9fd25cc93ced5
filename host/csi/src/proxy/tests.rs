//! Streams pass through piece by piece, and end with a status even where the other side dies. The service on
//! the other side is a twin that streams what the test hands to it.

use std::path::Path;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use mooring_proto::csi::v1 as pb;
use mooring_volume::DriverName;
use pb::snapshot_metadata_client::SnapshotMetadataClient;
use pb::snapshot_metadata_server::{SnapshotMetadata, SnapshotMetadataServer};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::{Code, Request, Response, Status, Streaming, async_trait};

use super::*;
use crate::app::App;
use crate::serve;
use crate::services::{Boxed, Services};
use crate::socket::{Listener, Peers};

type Item = Result<pb::GetMetadataAllocatedResponse, Status>;

/// Streams what the test hands to it.
struct Source(Mutex<Option<mpsc::Receiver<Item>>>);

#[async_trait]
impl SnapshotMetadata for Source {
    type GetMetadataAllocatedStream = ReceiverStream<Item>;
    type GetMetadataDeltaStream =
        Pin<Box<tokio_stream::Empty<Result<pb::GetMetadataDeltaResponse, Status>>>>;

    async fn get_metadata_allocated(
        &self,
        _: Request<pb::GetMetadataAllocatedRequest>,
    ) -> Result<Response<Self::GetMetadataAllocatedStream>, Status> {
        let items = self.0.lock().unwrap().take().unwrap();
        Ok(Response::new(ReceiverStream::new(items)))
    }

    async fn get_metadata_delta(
        &self,
        _: Request<pb::GetMetadataDeltaRequest>,
    ) -> Result<Response<Self::GetMetadataDeltaStream>, Status> {
        Ok(Response::new(Box::pin(tokio_stream::empty())))
    }
}

fn app(services: Services) -> App {
    App { chain: Boxed::new(services), tasks: TaskTracker::new(), ending: CancellationToken::new() }
}

fn link(path: &Path) -> Link {
    Link::new(DriverName::new("model.mooring.dev").unwrap(), path)
}

/// A process in miniature: its runtime holds all that it runs.
fn process(path: &Path, services: Services) -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = {
        let _inside = runtime.enter();
        Listener::bind(path, &Peers::default()).unwrap()
    };
    runtime.spawn(serve(listener, app(services), std::future::pending(), Duration::ZERO));
    runtime
}

struct Setup {
    items: mpsc::Sender<Item>,
    back: Runtime,
    front: Runtime,
    stream: Streaming<pb::GetMetadataAllocatedResponse>,
    _directory: TempDir,
}

async fn setup() -> Setup {
    let directory = tempfile::tempdir().unwrap();
    let (back, front) = (directory.path().join("back.sock"), directory.path().join("front.sock"));
    let (items, receiver) = mpsc::channel(8);
    let source = SnapshotMetadataServer::new(Source(Mutex::new(Some(receiver))));
    let forward = Forward::new(link(&back));
    let names = FORWARDED
        .iter()
        .fold(Services::default(), |services, name| services.named(name, forward.clone()));
    let back = process(&back, Services::default().with(source, |inner| inner));
    let served = process(&front, names);
    let mut client = SnapshotMetadataClient::new(link(&front));
    let request = pb::GetMetadataAllocatedRequest::default();
    let stream = client.get_metadata_allocated(request).await.unwrap().into_inner();
    Setup { items, back, front: served, stream, _directory: directory }
}

fn piece(capacity: i64) -> Item {
    Ok(pb::GetMetadataAllocatedResponse { volume_capacity_bytes: capacity, ..Default::default() })
}

#[tokio::test]
async fn a_stream_passes_piece_by_piece_and_so_does_its_status() {
    let Setup { items, back, front, mut stream, _directory } = setup().await;
    // Each is received before the next is sent: nothing waits for the end.
    for number in 1..=3 {
        items.send(piece(number)).await.unwrap();
        let received = stream.message().await.unwrap().unwrap();
        assert_eq!(received.volume_capacity_bytes, number);
    }
    items.send(Err(Status::data_loss("block 7 is gone"))).await.unwrap();
    let status = stream.message().await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::DataLoss, "block 7 is gone"));
    back.shutdown_background();
    front.shutdown_background();
}

#[tokio::test]
async fn a_stream_that_breaks_ends_with_unavailable() {
    let Setup { items, back, front, mut stream, _directory } = setup().await;
    items.send(piece(1)).await.unwrap();
    stream.message().await.unwrap().unwrap();
    back.shutdown_background();
    let status = stream.message().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(status.message().contains("went away during the call"), "{status:?}");
    front.shutdown_background();
}

#[tokio::test]
async fn a_caller_that_leaves_stops_the_stream_at_its_source() {
    let Setup { items, back, front, stream, _directory } = setup().await;
    drop(stream);
    items.closed().await;
    back.shutdown_background();
    front.shutdown_background();
}
