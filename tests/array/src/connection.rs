//! One client's connection, where faults are made: below HTTP's meaning, above its bytes.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt::set_socket_linger;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt;

use crate::api::Service;
use crate::array::Mood;
use crate::faults::Fault;
use crate::problem::{Code, Problem};

/// How late a slow answer is.
const SLOW: Duration = Duration::from_millis(500);

/// What ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault ended the connection")]
struct Ended;

/// Serves a connection until either side ends it. `socket` is a second descriptor of it.
pub(crate) async fn serve<C: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    connection: C,
    socket: OwnedFd,
    routes: Router,
    service: Arc<Service>,
) {
    let socket = Arc::new(socket);
    let answer = service_fn(|request| {
        let (routes, service) = (routes.clone(), Arc::clone(&service));
        let socket = Arc::clone(&socket);
        async move { answer(request, routes, &service, &socket).await }
    });
    let server = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(connection), answer);
    // What went wrong on a connection is the client's to tell.
    let _ = server.await;
}

async fn answer(
    mut request: Request<Incoming>,
    routes: Router,
    service: &Service,
    socket: &OwnedFd,
) -> Result<Response<Body>, Ended> {
    let path = request.uri().path();
    let fault = match path.starts_with("/admin/") {
        true => None,
        false => service.fate.draw(request.method(), path),
    };
    request.extensions_mut().insert(Mood { stuck: fault == Some(Fault::Stuck) });
    let served = async {
        match routes.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    };
    match fault {
        None | Some(Fault::Stuck) => Ok(served.await),
        Some(Fault::Slow) => {
            tokio::time::sleep(SLOW).await;
            Ok(served.await)
        }
        Some(Fault::Error) => Ok(plain(StatusCode::INTERNAL_SERVER_ERROR)),
        Some(Fault::LateError) => {
            served.await;
            Ok(plain(StatusCode::INTERNAL_SERVER_ERROR))
        }
        Some(Fault::Throttled) => {
            let mut response = plain(StatusCode::TOO_MANY_REQUESTS);
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(1));
            Ok(response)
        }
        Some(Fault::Expired) if service.sessions.open() => Ok(served.await),
        Some(Fault::Expired) => {
            service.sessions.expire();
            let problem = Problem::new(Code::Unauthorized, "the login has ended; log in again");
            Ok(axum::response::IntoResponse::into_response(problem))
        }
        Some(Fault::Reset) => {
            served.await;
            // Closing sends RST, and what is queued is lost.
            let _ = set_socket_linger(socket, Some(Duration::ZERO));
            Err(Ended)
        }
        Some(Fault::Truncated) => truncated(served.await).await,
    }
}

/// What something in front of the array would say.
fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::from("<html>something went wrong</html>"));
    *response.status_mut() = status;
    response
}

/// Promises the whole body and sends half of it.
async fn truncated(response: Response<Body>) -> Result<Response<Body>, Ended> {
    let (mut head, body) = response.into_parts();
    let body = body.collect().await.map_err(|_| Ended)?.to_bytes();
    if body.is_empty() {
        return Err(Ended);
    }
    head.headers.insert(header::CONTENT_LENGTH, header::HeaderValue::from(body.len()));
    let half: Result<Bytes, Ended> = Ok(body.slice(..body.len() / 2));
    // Sent in two steps, so that the first half leaves before the connection ends.
    let parts = stream::unfold(Some(half), async |part| match part {
        Some(part) => Some((part, None)),
        None => {
            tokio::task::yield_now().await;
            Some((Err(Ended), None))
        }
    });
    Ok(Response::from_parts(head, Body::from_stream(parts)))
}
