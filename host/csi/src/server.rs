//! Serves an app on a socket: HTTP/2 connections, their limits, and an orderly end.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tonic::body::Body;
use tower::Service as _;

use crate::app::App;
use crate::services::Answer;
use crate::socket::Listener;

/// Connections at once. Each sidecar and kubelet hold one; more than this is a leak in a peer.
const CONNECTIONS: usize = 128;
/// Calls at once on a connection; a peer with more waits. Above what an app lets run, so that one peer that
/// asks for too much is told so, instead of waiting in silence.
const STREAMS: u32 = 512;
/// Headers of one request: names, deadline, and what tracing adds.
const HEADER_BYTES: u32 = 16 << 10;
/// How long to wait after the kernel refused a connection, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// How long peers who have all their answers may take to hang up. A process that was killed while storage
/// keeps it in the kernel has its connections still, and answers nothing.
const GOODBYE: Duration = Duration::from_secs(1);

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Operations that were still running when the time to drain was over. They end with the process, and
    /// what they had begun is converged by the callers' next try.
    pub unfinished: usize,
}

/// Serves until `shutdown`; then takes no more connections and calls, removes the socket, and waits for the
/// running ones for as long as `drain`, those included whose callers have left.
pub async fn serve(
    listener: Listener,
    app: App,
    shutdown: impl Future<Output = ()>,
    drain: Duration,
) -> Drained {
    let graceful = GracefulShutdown::new();
    let connected = Connected::default();
    tokio::select! {
        () = shutdown => {}
        () = accept(&listener, &app, (&graceful, &connected)) => {}
    }
    let claim = listener.retire();
    app.tasks.close();
    app.ending.cancel();
    let idle = async {
        connected.end(graceful).await;
        app.tasks.wait().await;
    };
    // Either way the number below tells how it ended.
    let _ = tokio::time::timeout(drain, idle).await;
    drop(claim);
    Drained { unfinished: app.tasks.len() }
}

/// What is known of all connections of a socket.
#[derive(Clone, Default)]
struct Connected {
    /// Calls, each from its beginning until its answer is on its way.
    calls: TaskTracker,
    /// Told when nobody waits for an answer any more.
    over: CancellationToken,
}

impl Connected {
    /// Waits until every call has its answer and every peer has hung up, or has had the time to.
    async fn end(&self, graceful: GracefulShutdown) {
        self.calls.close();
        let mut hung_up = pin!(graceful.shutdown());
        loop {
            tokio::select! {
                () = &mut hung_up => return,
                () = self.calls.wait() => {}
            }
            if tokio::time::timeout(GOODBYE, &mut hung_up).await.is_ok() {
                return;
            }
            // A call may have come on the way to the end.
            if self.calls.is_empty() {
                return self.over.cancel();
            }
        }
    }

    async fn call(
        &self,
        app: &App,
        request: http::Request<Incoming>,
    ) -> Result<Answer, Infallible> {
        let call = self.calls.token();
        let answer = app.chain.clone().call(request.map(Body::new)).await?;
        Ok(answer.map(|body| Body::new(Counted { body, _call: call })))
    }
}

/// An answer's body, dropped when the connection has taken all of it.
struct Counted {
    body: Body,
    _call: TaskTrackerToken,
}

impl HttpBody for Counted {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Does not end.
async fn accept(
    listener: &Listener,
    app: &App,
    (graceful, connected): (&GracefulShutdown, &Connected),
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let stream = match listener.accept().await {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(socket = %listener.path().display(), %error, "cannot accept");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!(
                socket = %listener.path().display(),
                "refused a connection: {CONNECTIONS} are open already"
            );
            continue;
        };
        let connection = graceful.watch(connect(stream, app.clone(), connected.clone()));
        let over = connected.over.clone();
        tokio::spawn(async move {
            match over.run_until_cancelled(connection).await {
                Some(Err(error)) => tracing::debug!(%error, "a connection ended with an error"),
                Some(Ok(())) => {}
                None => tracing::debug!("a peer that answers nothing was hung up on"),
            }
            drop(place);
        });
    }
}

fn connect(
    stream: UnixStream,
    app: App,
    connected: Connected,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send {
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (app, connected) = (app.clone(), connected.clone());
        async move { connected.call(&app, request).await }
    });
    http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
}
