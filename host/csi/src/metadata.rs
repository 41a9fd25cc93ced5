//! CSI's SnapshotMetadata service: which blocks of snapshots hold data or differ, as streams of pages.
//!
//! The next page is asked for when the last message has been taken, so that a caller who stops reading stops
//! the calls. Each page is a task of its own with a place among the operations: a caller who leaves does not
//! break the backend's call, and a stream that waits for its reader keeps no place. A stream ends with OK only
//! behind its last page.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::{Stream, StreamExt as _, stream};
use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::snapshot_metadata_server::SnapshotMetadata;
use mooring_volume::backend::Backend;
use mooring_volume::blocks::{BlockRange, Blocks};
use mooring_volume::{Ability, Call, Code, Error, Result};
use tokio_util::task::TaskTracker;
use tonic::{Request, Status, async_trait};
use tracing::{Instrument as _, Span};

use crate::conceal::conceal;
use crate::convert::blocks::{self as convert, Piece, Progress, Question};
use crate::layers::shed::Limit;
use crate::status;
use crate::unary::{Reply, close, needs, open};

/// A stream of messages.
type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Serves it for one driver.
#[derive(Debug)]
pub(crate) struct MetadataService<B> {
    pub(crate) backend: Arc<B>,
    /// Knows what still runs, for shutting down.
    pub(crate) tasks: TaskTracker,
    pub(crate) limit: Limit,
}

impl<B: Backend> MetadataService<B> {
    fn able(&self) -> Result<()> {
        needs(&*self.backend, Ability::ChangedBlocks, "tell the blocks of snapshots")
    }

    fn stream<T>(&self, call: Call, (question, range): (Question, BlockRange)) -> Streamed<T>
    where
        T: From<Piece> + 'static,
    {
        let cursor = Cursor {
            backend: Arc::clone(&self.backend),
            tasks: self.tasks.clone(),
            limit: self.limit.clone(),
            span: Span::current(),
            call,
            question,
            range,
            progress: Progress::default(),
        };
        let pieces = stream::try_unfold(cursor, Cursor::advance);
        Box::pin(pieces.map(|piece| piece.map(T::from).map_err(status::from_error)))
    }
}

/// A stream between two messages.
struct Cursor<B> {
    backend: Arc<B>,
    tasks: TaskTracker,
    limit: Limit,
    span: Span,
    call: Call,
    question: Question,
    range: BlockRange,
    progress: Progress,
}

impl<B: Backend> Cursor<B> {
    /// The next message, and the stream behind it.
    async fn advance(mut self) -> Result<Option<(Piece, Self)>> {
        if self.progress.complete() {
            return Ok(None);
        }
        let deadline = self.call.deadline;
        if deadline <= Instant::now() {
            return Err(late());
        }
        let page = tokio::time::timeout_at(deadline.into(), self.page());
        let page = page.await.map_err(|_| late())??;
        let piece = self.progress.piece(page, &mut self.range)?;
        Ok(piece.map(|piece| (piece, self)))
    }

    async fn page(&self) -> Result<Blocks> {
        let place = self.limit.place().await;
        let (backend, call) = (Arc::clone(&self.backend), self.call.clone());
        let (question, range) = (self.question.clone(), self.range.clone());
        let work = async move {
            let _place = place;
            match question {
                Question::Allocated(id) => backend.allocated(&call, id, range).await,
                Question::Delta(base, target) => backend.delta(&call, base, target, range).await,
            }
        };
        let page = self.tasks.spawn(work.instrument(self.span.clone())).await;
        let page = page.map_err(|_| {
            Error::internal(format!(
                "the host failed in this call (call {}); its log says where; please report it",
                self.call.id
            ))
        })?;
        page.map_err(|error| conceal(error, &self.range.secrets))
    }
}

fn late() -> Error {
    Error::new(
        Code::DeadlineExceeded,
        "the deadline passed before the end of the stream; go on with starting_offset behind the last block",
    )
}

#[async_trait]
impl<B: Backend> SnapshotMetadata for MetadataService<B> {
    type GetMetadataAllocatedStream = Streamed<pb::GetMetadataAllocatedResponse>;
    type GetMetadataDeltaStream = Streamed<pb::GetMetadataDeltaResponse>;

    async fn get_metadata_allocated(
        &self,
        request: Request<pb::GetMetadataAllocatedRequest>,
    ) -> Reply<Self::GetMetadataAllocatedStream> {
        let (call, message) = open(request)?;
        let asked = self.able().and_then(|()| convert::allocated(message));
        close(asked.map(|asked| self.stream(call, asked)))
    }

    async fn get_metadata_delta(
        &self,
        request: Request<pb::GetMetadataDeltaRequest>,
    ) -> Reply<Self::GetMetadataDeltaStream> {
        let (call, message) = open(request)?;
        let asked = self.able().and_then(|()| convert::delta(message));
        close(asked.map(|asked| self.stream(call, asked)))
    }
}
