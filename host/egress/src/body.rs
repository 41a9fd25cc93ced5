//! The body of an answer: counted, bounded, and within the request's time.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;

use crate::error::EgressError;
use crate::pool::Returning;
use crate::{Budget, Counters, add};

/// An answer's body. Dropping it ends the exchange.
pub struct Body {
    incoming: Option<Incoming>,
    left: u64,
    most: u64,
    deadline: Pin<Box<Sleep>>,
    between: Option<(Duration, Pin<Box<Sleep>>)>,
    counters: Arc<Counters>,
    returning: Arc<Returning>,
}

impl Body {
    pub(crate) fn new(
        incoming: Incoming,
        most: u64,
        budget: &Budget,
        (counters, returning): (Arc<Counters>, Arc<Returning>),
    ) -> Self {
        if incoming.is_end_stream() {
            returning.read();
        }
        let between =
            budget.between_bytes.map(|pause| (pause, Box::pin(tokio::time::sleep(pause))));
        Self {
            incoming: Some(incoming),
            left: most,
            most,
            deadline: Box::pin(tokio::time::sleep_until(budget.deadline.into())),
            between,
            counters,
            returning,
        }
    }

    /// Ends it: what is left of the answer is not waited for.
    fn end(&mut self, error: EgressError) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        self.incoming = None;
        Poll::Ready(Some(Err(error)))
    }

    fn late(&mut self, context: &mut Context<'_>) -> bool {
        let paused = self.between.as_mut().map(|(_, sleep)| sleep.as_mut().poll(context));
        self.deadline.as_mut().poll(context).is_ready() || paused.is_some_and(|p| p.is_ready())
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let this = &mut *self;
        let Some(incoming) = &mut this.incoming else { return Poll::Ready(None) };
        match Pin::new(incoming).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let size = frame.data_ref().map_or(0, |data| data.remaining() as u64);
                add(&this.counters.received, size);
                if tokio::time::Instant::now() >= this.deadline.deadline() {
                    return this.end(EgressError::HttpResponseTimeout);
                }
                match this.left.checked_sub(size) {
                    Some(left) => this.left = left,
                    None => {
                        let most = this.most;
                        return this.end(EgressError::HttpResponseBodySize { most });
                    }
                }
                if let Some((pause, sleep)) = &mut this.between {
                    sleep.as_mut().reset(tokio::time::Instant::now() + *pause);
                }
                // Who knows the size need not ask for more.
                if this.is_end_stream() {
                    this.returning.read();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => this.end(EgressError::of_body(&error)),
            Poll::Ready(None) => {
                this.incoming = None;
                this.returning.read();
                Poll::Ready(None)
            }
            Poll::Pending if this.late(context) => this.end(EgressError::HttpResponseTimeout),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

/// Shows nothing of what it holds.
impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("left", &self.left).finish_non_exhaustive()
    }
}
