//! The node process's connection to the controller process of a driver: one, over the private socket,
//! multiplexed, and made again when it is lost.
//!
//! Calls know nothing of that: while the controller starts or restarts they wait a little, and then get
//! UNAVAILABLE, which every caller repeats. A call that was sent is never sent twice; whether to repeat it is
//! for the orchestrator to say.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http::uri::{Authority, Parts, Scheme};
use http::{HeaderMap, HeaderValue, Uri, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use mooring_volume::{CallId, DriverName};
use tokio::net::UnixStream;
use tokio::sync::Mutex;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;
use tracing::Span;

use crate::layers::observe;
use crate::services::{Answer, Answering, Asked};
use crate::traces::Traces;

/// How long a call waits for a controller that is not there: about as long as a restart takes.
const PATIENCE: Duration = Duration::from_secs(2);
/// Waits between attempts: doubled from the first to the last.
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LAST_WAIT: Duration = Duration::from_millis(320);
/// A controller that answers no ping for so long is taken for dead, and calls to it fail.
const PING_EVERY: Duration = Duration::from_secs(10);
const PING_ANSWER: Duration = Duration::from_secs(10);

/// The connection to one driver's controller. A clone is another handle on the same.
#[derive(Clone)]
pub struct Link(Arc<Inner>);

struct Inner {
    driver: DriverName,
    path: PathBuf,
    traces: Arc<dyn Traces>,
    connection: Mutex<Option<SendRequest<Body>>>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Link").field(&self.0.path).finish()
    }
}

impl Link {
    /// To the socket at `path`; connects when it is first used.
    #[must_use]
    pub fn new(driver: DriverName, path: impl Into<PathBuf>) -> Self {
        Self::traced(driver, path, Arc::new(()))
    }

    /// As [`Self::new`], and what is sent goes on with the traces of its callers.
    #[must_use]
    pub fn traced(driver: DriverName, path: impl Into<PathBuf>, traces: Arc<dyn Traces>) -> Self {
        let connection = Mutex::default();
        Self(Arc::new(Inner { driver, path: path.into(), traces, connection }))
    }

    /// Sends a request as it is, and answers what comes back.
    async fn send(&self, request: Asked) -> Result<Answer, Status> {
        let mut request = addressed(request)?;
        let mut sender = self.connected().await?;
        loop {
            match sender.try_send_request(request).await {
                Ok(answer) => return Ok(self.relayed(answer)),
                Err(mut failure) => match failure.take_message() {
                    // The connection broke before the request left: it may go over another one.
                    Some(unsent) => request = unsent,
                    None => return Err(self.lost(&failure.into_error())),
                },
            }
            sender = self.connected().await?;
        }
    }

    /// The connection, made where there is none.
    async fn connected(&self) -> Result<SendRequest<Body>, Status> {
        let give_up = Instant::now() + PATIENCE;
        let mut wait = FIRST_WAIT;
        let mut connection = self.0.connection.lock().await;
        if let Some(open) = connection.as_ref().filter(|open| !open.is_closed()) {
            return Ok(open.clone());
        }
        loop {
            let failure = match connect(&self.0.path).await {
                Ok(open) => return Ok(connection.insert(open).clone()),
                Err(failure) => failure,
            };
            // Whoever waited for the lock has waited with the one before, and tries once.
            if Instant::now() + wait > give_up {
                return Err(self.absent(&failure));
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LAST_WAIT);
        }
    }

    fn absent(&self, failure: &io::Error) -> Status {
        Status::unavailable(format!(
            "the controller process of driver {} does not answer on {}: {failure}; nothing was done; \
             see whether it runs, and try again",
            self.0.driver,
            self.0.path.display()
        ))
    }

    fn lost(&self, failure: &hyper::Error) -> Status {
        Status::unavailable(format!(
            "the controller process of driver {} went away during the call ({failure}); \
             it may have been done; try again",
            self.0.driver
        ))
    }

    fn relayed(&self, answer: http::Response<Incoming>) -> Answer {
        let link = self.clone();
        answer.map(|body| Body::new(Relayed { body: Some(body), link }))
    }
}

async fn connect(path: &Path) -> io::Result<SendRequest<Body>> {
    let stream = UnixStream::connect(path).await?;
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_ANSWER)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to the controller ended");
        }
    });
    Ok(sender)
}

/// The request with an address that HTTP/2 wants and nobody reads.
fn addressed(request: Asked) -> Result<Asked, Status> {
    let (mut head, body) = request.into_parts();
    let mut uri = Parts::default();
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(Authority::from_static("controller"));
    uri.path_and_query = head.uri.path_and_query().cloned();
    head.uri = Uri::from_parts(uri)
        .map_err(|error| Status::invalid_argument(format!("the request has no path: {error}")))?;
    head.version = Version::HTTP_2;
    if let Some(id) = head.extensions.get::<CallId>() {
        observe::number(&mut head.headers, *id);
    }
    // What our own layers noted is not for the wire.
    head.extensions.clear();
    Ok(Asked::from_parts(head, body))
}

impl Service<Asked> for Link {
    type Response = Answer;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Asked) -> Answering {
        let link = self.clone();
        // The span of whoever calls: it is gone from here once the future is polled elsewhere.
        link.0.traces.hand_on(&Span::current(), request.headers_mut());
        Box::pin(async move { Ok(link.send(request).await.unwrap_or_else(Status::into_http)) })
    }
}

/// An answer's body. Should the connection break within, it ends with a status that says so, instead of a
/// stream that ends with none.
struct Relayed {
    body: Option<Incoming>,
    link: Link,
}

impl HttpBody for Relayed {
    type Data = <Incoming as HttpBody>::Data;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Infallible>>> {
        let Some(body) = self.body.as_mut() else {
            return Poll::Ready(None);
        };
        match ready!(Pin::new(body).poll_frame(context)) {
            Some(Ok(frame)) => Poll::Ready(Some(Ok(frame))),
            Some(Err(failure)) => {
                self.body = None;
                let trailers = trailers(&self.link.lost(&failure));
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

fn trailers(status: &Status) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if status.add_header(&mut headers).is_err() {
        headers.insert("grpc-status", HeaderValue::from(Code::Unavailable as i32));
    }
    headers
}
