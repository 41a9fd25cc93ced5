//! Talking to a UNIX socket: gRPC for CSI, and plain HTTP for metrics and administration.

use std::path::Path;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint, Uri};

/// Connects to a CSI socket.
///
/// # Errors
/// With the socket's path, and what to check, where nothing listens there.
pub(crate) async fn connect(socket: &Path) -> anyhow::Result<Channel> {
    let path = socket.to_owned();
    // The URI is a formality: the connector below decides.
    let channel = Endpoint::from_static("http://localhost")
        .connect_with_connector(tower::service_fn(move |_: Uri| {
            let path = path.clone();
            async move { UnixStream::connect(path).await.map(TokioIo::new) }
        }))
        .await;
    channel.map_err(|_| {
        anyhow::anyhow!(
            "nothing answers at {}; is `mooring serve` running, and may you open the socket (root)?",
            socket.display()
        )
    })
}

/// The body of an HTTP/1.0 GET, which the server ends by closing.
///
/// # Errors
/// When the socket cannot be reached, or the answer is not UTF-8 or has no header.
pub(crate) async fn get(socket: &Path, path: &str) -> anyhow::Result<String> {
    Ok(request(socket, "GET", path).await?.body)
}

/// An answer over HTTP.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// The answer to a request over HTTP/1.0 without a body, which the server ends by closing.
///
/// # Errors
/// As [`get`].
pub(crate) async fn request(socket: &Path, method: &str, path: &str) -> anyhow::Result<Answer> {
    let mut stream = UnixStream::connect(socket).await?;
    let head = format!("{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let parsed = answer.split_once("\r\n\r\n").and_then(|(head, body)| {
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer { status, body: body.to_owned() })
    });
    parsed.ok_or_else(|| anyhow::anyhow!("{} did not answer HTTP", socket.display()))
}
