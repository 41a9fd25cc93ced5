//! Talking to a UNIX socket: gRPC for CSI, and one plain GET for metrics.

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
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned())
        .ok_or_else(|| anyhow::anyhow!("{} did not answer HTTP", socket.display()))
}
