//! What the controller process says of itself, at `<controller.socketDir>/status.sock`.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::UnixStream;

/// It answers from memory.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes. Each driver takes about one thousand.
const LONGEST: usize = 4 << 20;

/// `GET /v1/status`. Of its keys, those that are of use here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// By name.
    pub drivers: Vec<Served>,
    /// Why the configuration is not the one that is written.
    pub problem: Option<String>,
    /// Of the file that all of this is about, as [`crate::live::digest`] has it. None: the host is of a version that
    /// does not tell.
    pub configuration: Option<String>,
}

/// One driver as it is served.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "docs of host/mooring, run::admin::model")]
pub struct Served {
    pub name: String,
    pub serving: bool,
    pub version: String,
    pub digest: String,
    pub abilities: Vec<String>,
    pub since: String,
    pub last_swap: Option<Swap>,
    pub problem: Option<String>,
}

/// The end of a swap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "docs of host/mooring, run::admin::model")]
pub struct Swap {
    pub outcome: String,
    pub detail: String,
}

/// Asks for it.
///
/// # Errors
/// That nothing answers there, and what to look at.
pub async fn status(socket: &Path) -> anyhow::Result<Status> {
    let asked = tokio::time::timeout(PATIENCE, ask(socket)).await;
    asked.map_err(anyhow::Error::from).flatten().with_context(|| {
        format!(
            "the host does not answer at {}; does it run, and does telemetry.allowedUids name this user?",
            socket.display()
        )
    })
}

async fn ask(socket: &Path) -> anyhow::Result<Status> {
    let stream = TokioIo::new(UnixStream::connect(socket).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    // It ends with the sender.
    tokio::spawn(connection);
    let request =
        Request::get("/v1/status").header(HOST, "localhost").body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await?;
    anyhow::ensure!(answer.status() == StatusCode::OK, "it answers {}", answer.status());
    let body = Limited::new(answer.into_body(), LONGEST).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("{error}"))?.to_bytes();
    Ok(serde_json::from_slice(&body)?)
}
