//! Serves an app on a socket: HTTP/2 connections, their limits, and an orderly end.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tonic::body::Body;
use tower::Service as _;

use crate::app::App;
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
    tokio::select! {
        () = shutdown => {}
        () = accept(&listener, &app, &graceful) => {}
    }
    let claim = listener.retire();
    app.tasks.close();
    app.ending.cancel();
    let idle = async {
        graceful.shutdown().await;
        app.tasks.wait().await;
    };
    // Either way the number below tells how it ended.
    let _ = tokio::time::timeout(drain, idle).await;
    drop(claim);
    Drained { unfinished: app.tasks.len() }
}

/// Does not end.
async fn accept(listener: &Listener, app: &App, graceful: &GracefulShutdown) {
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
        let connection = graceful.watch(connect(stream, app.clone()));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended with an error");
            }
            drop(place);
        });
    }
}

fn connect(
    stream: UnixStream,
    app: App,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send {
    let service = service_fn(move |request: http::Request<Incoming>| {
        app.chain.clone().call(request.map(Body::new))
    });
    http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
}
