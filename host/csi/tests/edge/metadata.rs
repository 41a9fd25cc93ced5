//! Streams of blocks: pages fit together, a reader's pace is the backend's, and no stream ends with OK before
//! its end.

use mooring_proto::csi::v1 as pb;
use mooring_volume::Error;
use mooring_volume::blocks::{Block, BlockKind, Blocks};
use pb::snapshot_metadata_client::SnapshotMetadataClient;
use tonic::{Code, Request, Status, Streaming};

use crate::model::Gate;
use crate::setup::{Edge, Plan};

const CAPACITY: u64 = 1 << 40;

/// A page of blocks of 512 bytes.
fn page(offsets: impl IntoIterator<Item = u64>) -> Blocks {
    let blocks = offsets.into_iter().map(|offset| Block { offset, size: 512 }).collect();
    Blocks { kind: BlockKind::Fixed, volume_capacity: CAPACITY, blocks }
}

fn answers(edge: &Edge, pages: impl IntoIterator<Item = Blocks>) {
    *edge.model.optional.pages.lock().unwrap() = pages.into_iter().map(Ok).collect();
}

fn asked(edge: &Edge) -> Vec<(u64, u32)> {
    edge.model.optional.ranges.lock().unwrap().clone()
}

pub(crate) fn good_allocated() -> pb::GetMetadataAllocatedRequest {
    pb::GetMetadataAllocatedRequest { snapshot_id: "snap-0".into(), ..Default::default() }
}

pub(crate) fn good_delta() -> pb::GetMetadataDeltaRequest {
    pb::GetMetadataDeltaRequest {
        base_snapshot_id: "snap-0".into(),
        target_snapshot_id: "snap-1".into(),
        ..Default::default()
    }
}

type Allocated = pb::GetMetadataAllocatedResponse;

/// All messages until the end, and the status where that is not OK.
async fn drain(stream: &mut Streaming<Allocated>) -> (Vec<Allocated>, Option<Status>) {
    let mut messages = Vec::new();
    loop {
        match stream.message().await {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, None),
            Err(status) => return (messages, Some(status)),
        }
    }
}

async fn all(
    edge: &Edge,
    request: pb::GetMetadataAllocatedRequest,
) -> (Vec<Allocated>, Option<Status>) {
    let mut client = edge.metadata().await;
    drain(&mut client.get_metadata_allocated(request).await.unwrap().into_inner()).await
}

fn offsets(messages: &[Allocated]) -> Vec<Vec<i64>> {
    let of = |one: &Allocated| one.block_metadata.iter().map(|block| block.byte_offset).collect();
    messages.iter().map(of).collect()
}

#[tokio::test]
async fn pages_fit_together_and_go_on_where_the_caller_says() {
    let edge = Edge::start().await;
    answers(&edge, [page([0, 1024]), page([4096]), page([])]);
    let request = pb::GetMetadataAllocatedRequest { max_results: 2, ..good_allocated() };
    let (messages, status) = all(&edge, request.clone()).await;
    assert!(status.is_none(), "{status:?}");
    assert_eq!(offsets(&messages), [vec![0, 1024], vec![4096]]);
    for message in &messages {
        assert_eq!(message.block_metadata_type, 1);
        assert_eq!(message.volume_capacity_bytes, 1 << 40);
        assert!(message.block_metadata.iter().all(|block| block.size_bytes == 512));
    }
    assert_eq!(asked(&edge), [(0, 2), (1536, 2), (4608, 2)]);

    // A block that the offset cuts is told whole.
    answers(&edge, [page([1024, 4096]), page([])]);
    let resumed = pb::GetMetadataAllocatedRequest { starting_offset: 1100, ..request };
    let (messages, status) = all(&edge, resumed).await;
    assert!(status.is_none(), "{status:?}");
    assert_eq!(offsets(&messages), [vec![1024, 4096]]);
    assert_eq!(asked(&edge)[3..], [(1100, 2), (4608, 2)]);
    assert_eq!(edge.measured.rpcs(), [("GetMetadataAllocated", "OK"); 2]);
}

#[tokio::test]
async fn differences_and_an_end_that_needs_no_asking() {
    let edge = Edge::start().await;
    let last = Block { offset: 9, size: CAPACITY - 9 };
    let whole = Blocks { kind: BlockKind::Variable, volume_capacity: CAPACITY, blocks: vec![last] };
    answers(&edge, [whole]);
    let mut client = edge.metadata().await;
    let mut stream = client.get_metadata_delta(good_delta()).await.unwrap().into_inner();
    let message = stream.message().await.unwrap().unwrap();
    assert_eq!(message.block_metadata_type, 2);
    assert_eq!(message.block_metadata[0].byte_offset, 9);
    assert!(stream.message().await.unwrap().is_none());
    assert_eq!(edge.model.stage.effects(), ["delta snap-0 snap-1"], "asked once");
    let [(0, limit)] = asked(&edge)[..] else { panic!("{:?}", asked(&edge)) };
    assert!(limit > 0, "the driver chooses");
}

#[tokio::test]
async fn no_blocks_are_one_message_that_says_the_capacity() {
    let edge = Edge::start().await;
    answers(&edge, [page([]), page([])]);
    let (messages, status) = all(&edge, good_allocated()).await;
    assert!(status.is_none(), "{status:?}");
    assert_eq!(offsets(&messages), [Vec::<i64>::new()]);
    assert_eq!(messages[0].volume_capacity_bytes, 1 << 40);
}

#[tokio::test]
async fn an_error_in_the_middle_ends_the_stream_and_hides_secrets() {
    let edge = Edge::start().await;
    let secrets = [("password".to_owned(), "hunter2-secret".to_owned())].into();
    let gone = Error::not_found("snapshot deleted, says hunter2-secret");
    *edge.model.optional.pages.lock().unwrap() = [Ok(page([0])), Err(gone)].into();
    let request = pb::GetMetadataAllocatedRequest { secrets, ..good_allocated() };
    let (messages, status) = all(&edge, request).await;
    assert_eq!(offsets(&messages), [[0]]);
    let status = status.unwrap();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "snapshot deleted, says [secret]");
    assert_eq!(edge.measured.rpcs(), [("GetMetadataAllocated", "NOT_FOUND")]);
}

#[tokio::test]
async fn a_panic_in_the_middle_ends_its_own_stream_alone() {
    let edge = Edge::start().await;
    // The model panics where it has no page left.
    answers(&edge, [page([0])]);
    let (messages, status) = all(&edge, good_allocated()).await;
    assert_eq!(messages.len(), 1);
    let status = status.unwrap();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("the host failed in this call"), "{status:?}");
}

#[tokio::test]
async fn pages_that_do_not_fit_are_the_backend_s_fault() {
    let edge = Edge::start().await;
    let good = || page([512, 1024]);
    let one = |offset, size| Blocks { blocks: vec![Block { offset, size }], ..page([]) };
    for (number, bad) in [
        page([0, 512, 1024]),
        page([1024]),
        page([512]),
        page([4096, 2048]),
        page([4096, 4096]),
        page([4000]),
        page([CAPACITY]),
        one(4096, 0),
        one(4096, 1024),
        one(u64::MAX - 511, 512),
        Blocks { kind: BlockKind::Variable, ..page([4096]) },
        Blocks { volume_capacity: CAPACITY + 512, ..page([4096]) },
        Blocks { volume_capacity: CAPACITY + 512, ..page([]) },
    ]
    .into_iter()
    .enumerate()
    {
        answers(&edge, [good(), bad]);
        let request = pb::GetMetadataAllocatedRequest { max_results: 2, ..good_allocated() };
        let (messages, status) = all(&edge, request).await;
        assert_eq!(messages.len(), 1, "{number}");
        let status = status.unwrap_or_else(|| panic!("{number}: it ended with OK"));
        assert_eq!(status.code(), Code::Internal, "{number}");
        assert!(status.message().contains("fault of the backend"), "{number}: {status:?}");
    }
}

/// Until no more pages are asked for, over many other calls on the same sockets.
async fn until_still(edge: &Edge) -> usize {
    let mut client = edge.identity().await;
    let mut before = 0;
    loop {
        for _ in 0..200 {
            client.get_plugin_info(pb::GetPluginInfoRequest {}).await.unwrap();
        }
        let now = asked(edge).len();
        if now == before {
            return now;
        }
        before = now;
    }
}

#[tokio::test]
async fn a_slow_reader_stops_the_calls_and_one_that_leaves_ends_them() {
    const PAGES: u64 = 600;
    const BLOCKS: u64 = 4096;
    let edge = Edge::start().await;
    let many = |number| page((0..BLOCKS).map(move |at| (number * BLOCKS + at) * 512));
    let fill = || answers(&edge, (0..PAGES).map(many).chain([page([])]));
    fill();
    let mut client = edge.metadata().await;
    let mut stream = client.get_metadata_allocated(good_allocated()).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    let still = until_still(&edge).await;
    assert!(still < 500, "{still} pages were asked for, of which one was read");
    let (rest, status) = drain(&mut stream).await;
    assert!(status.is_none(), "{status:?}");
    let blocks: usize = rest.iter().map(|message| message.block_metadata.len()).sum();
    assert_eq!(blocks as u64, (PAGES - 1) * BLOCKS);
    assert_eq!(asked(&edge).len() as u64, PAGES + 1);

    edge.model.optional.ranges.lock().unwrap().clear();
    fill();
    let mut stream = client.get_metadata_allocated(good_allocated()).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    drop(stream);
    let still = until_still(&edge).await;
    assert!(still < 500, "{still} pages were asked for, and nobody reads");
    assert!(edge.measured.rpcs().contains(&("GetMetadataAllocated", "CANCELLED")));
}

/// Source: CSI, GetMetadataAllocated Errors and GetMetadataDelta Errors.
#[tokio::test]
async fn a_negative_offset_is_out_of_range() {
    let edge = Edge::start().await;
    let mut client = edge.metadata().await;
    let request = pb::GetMetadataAllocatedRequest { starting_offset: -1, ..good_allocated() };
    let status = client.get_metadata_allocated(request).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    let request = pb::GetMetadataDeltaRequest { starting_offset: i64::MIN, ..good_delta() };
    let status = client.get_metadata_delta(request).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    assert!(status.message().contains("starting_offset"), "{status}");
}

#[tokio::test]
async fn the_caller_s_deadline_ends_the_stream_and_none_means_the_longest() {
    let edge = Edge::planned(Plan { backend_gate: Gate::shut(), ..Plan::default() }).await;
    let mut client = SnapshotMetadataClient::new(edge.patient());
    let mut request = Request::new(good_allocated());
    request.metadata_mut().insert("grpc-timeout", "100m".parse().unwrap());
    answers(&edge, [page([0]), page([])]);
    let mut stream = client.get_metadata_allocated(request).await.unwrap().into_inner();
    let late = stream.message().await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(late.message().contains("starting_offset"), "{late:?}");

    // One is for the call that was left behind, which runs to its end.
    answers(&edge, [page([]), page([]), page([])]);
    edge.model.stage.gate.release();
    let (_, status) = all(&edge, good_allocated()).await;
    assert!(status.is_none(), "{status:?}");
    let left = *edge.model.stage.budgets.lock().unwrap().last().unwrap();
    assert!(left > edge.settings.default_deadline.as_secs_f64(), "{left}");
}
