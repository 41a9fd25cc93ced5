//! One span, one line and one measurement an RPC. None of them knows the request or the answer: only names,
//! the call's number, the volume's id, the code, and the error's message.
//!
//! A call that the node process sends on keeps its number, so that the lines of both processes are found by it;
//! from anybody else a number is not taken, since it could be another call's.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body as HttpBody, Frame, SizeHint};
use mooring_volume::{CallId, DriverName};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;
use tracing::{Instrument as _, Span, field};

use crate::meter::{Meter, Rpc};
use crate::services::{Answer, Answering, Asked};
use crate::traces::Traces;
use crate::{methods, status};

/// Carries a call's number over the private socket.
const CALL: HeaderName = HeaderName::from_static("mooring-call");

/// Writes a call's number into the headers of what is sent on for it.
pub(crate) fn number(headers: &mut HeaderMap, id: CallId) {
    if let Ok(value) = HeaderValue::try_from(format!("{:x}", id.0)) {
        headers.insert(CALL, value);
    }
}

fn numbered(headers: &HeaderMap) -> Option<CallId> {
    let value = headers.get(CALL)?.to_str().ok()?;
    u64::from_str_radix(value, 16).ok().map(CallId)
}

/// Whose calls a socket takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The orchestrator's, and people's.
    Outside,
    /// Mooring's node process: its calls have numbers already.
    Own,
}

/// What observing needs: who is told, and which number is next.
#[derive(Clone)]
pub(crate) struct Observer {
    pub(crate) driver: DriverName,
    pub(crate) caller: Caller,
    pub(crate) meter: Arc<dyn Meter>,
    pub(crate) traces: Arc<dyn Traces>,
    pub(crate) calls: Arc<AtomicU64>,
}

impl Observer {
    fn call(&self, headers: &HeaderMap) -> CallId {
        let own = match self.caller {
            Caller::Own => numbered(headers),
            Caller::Outside => None,
        };
        own.unwrap_or_else(|| CallId(self.calls.fetch_add(1, Ordering::Relaxed)))
    }
}

/// The middleware.
#[derive(Clone)]
pub(crate) struct Observe<S> {
    pub(crate) observer: Observer,
    pub(crate) inner: S,
}

impl<S> Service<Asked> for Observe<S>
where
    S: Service<Asked, Response = Answer, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Asked) -> Answering {
        let (service, method) = methods::of(request.uri().path());
        let id = self.observer.call(request.headers());
        let span = tracing::info_span!(
            "rpc",
            driver = %self.observer.driver,
            service,
            method,
            call = %id,
            volume = field::Empty,
            trace = field::Empty,
        );
        self.observer.traces.begin(&span, request.headers());
        request.extensions_mut().insert(id);
        self.observer.meter.begun(self.observer.driver.as_str());
        let started = Instant::now();
        let observer = self.observer.clone();
        let mut end =
            End { observer, service, method, started, span: span.clone(), reported: false };
        let answering = span.in_scope(|| self.inner.call(request));
        Box::pin(
            async move {
                let (head, body) = answering.await?.into_parts();
                if let Some(status) = Status::from_header_map(&head.headers) {
                    end.report(status.code(), status.message());
                }
                let body = Body::new(Watched { body, end });
                Ok(Answer::from_parts(head, body))
            }
            .instrument(span),
        )
    }
}

/// Reports once: when the status is known, or when the caller has gone before.
struct End {
    observer: Observer,
    service: &'static str,
    method: &'static str,
    started: Instant,
    span: Span,
    reported: bool,
}

impl End {
    fn report(&mut self, code: Code, message: &str) {
        if std::mem::replace(&mut self.reported, true) {
            return;
        }
        let (driver, service, method) = (self.observer.driver.as_str(), self.service, self.method);
        let (duration, code_name) = (self.started.elapsed(), status::name(code));
        self.observer.traces.end(&self.span, code);
        self.observer.meter.rpc(Rpc { driver, service, method, code: code_name, duration });
        // Debug escapes control characters: a message can't forge lines.
        self.span.in_scope(|| {
            if code == Code::Ok {
                tracing::debug!(code = code_name, ?duration, "answered");
            } else {
                // Not named `message`: that is the line's own text.
                tracing::info!(code = code_name, ?duration, reason = ?message, "answered");
            }
        });
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.report(Code::Cancelled, "the caller went away");
    }
}

/// An answer's body, watched for the status in its trailers.
struct Watched {
    body: Body,
    end: End,
}

impl Watched {
    fn trailers(&mut self, trailers: &HeaderMap) {
        if let Some(status) = Status::from_header_map(trailers) {
            self.end.report(status.code(), status.message());
        }
    }
}

impl HttpBody for Watched {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    self.trailers(trailers);
                }
            }
            Some(Err(status)) => self.end.report(status.code(), status.message()),
            None => self.end.report(Code::Unknown, "the answer ended without a status"),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
