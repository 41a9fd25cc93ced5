//! A question to the shim of a Kata sandbox: HTTP/1.1 over the socket that it listens on.
//!
//! Source: kata-containers `src/runtime/pkg/containerd-shim-v2/shim_management.go` (Go) and
//! `src/runtime-rs/crates/runtimes/src/shim_mgmt` (Rust).

use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::os::{Error, Kind, Result, ShimRequest};

/// As long as Kata's own tools wait, twice.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of an answer, in bytes.
const LARGEST: usize = 64 * 1024;
const SOCKET: &str = "shim-monitor.sock";
const ASKING: &str = "asking the shim of sandbox";

/// Finds the shim's socket and asks; blocks until it has answered.
pub(super) fn ask(places: &[PathBuf], sandbox: &str, request: &ShimRequest) -> Result<Vec<u8>> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if !sandbox.bytes().all(plain) || sandbox.starts_with('.') || sandbox.is_empty() {
        return Err(Error::new(Kind::Unsafe, ASKING, sandbox, "that is no sandbox's id"));
    }
    let sockets = places.iter().map(|place| place.join(sandbox).join(SOCKET));
    let Some(socket) = sockets.into_iter().find(|socket| socket.exists()) else {
        return Err(Error::new(Kind::NotFound, ASKING, sandbox, "no shim listens for it"));
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(Kind::Exhausted, ASKING, sandbox, error))?;
    let answer = async {
        match tokio::time::timeout(PATIENCE, exchange(&socket, request)).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err("it did not answer in time".to_owned()),
        }
    };
    match runtime.block_on(answer) {
        Ok((StatusCode::OK, body)) => Ok(body),
        Ok((status, body)) => {
            let said = String::from_utf8_lossy(&body);
            let said: String = said.chars().filter(|c| !c.is_control()).take(500).collect();
            Err(Error::new(Kind::Unsupported, ASKING, sandbox, format!("{status}: {said}")))
        }
        Err(why) => Err(Error::new(Kind::Io, ASKING, sandbox, why)),
    }
}

async fn exchange(
    socket: &Path,
    request: &ShimRequest,
) -> Result<(StatusCode, Vec<u8>), Box<dyn std::error::Error + Send + Sync>> {
    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // The absolute form: the Rust runtime reads the query of no other. Both take POST for all.
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("http://shim{}", request.target))
        .header("host", "shim")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(request.body.clone())))?;
    let answer = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST).collect().await?.to_bytes();
        Ok((status, body.to_vec()))
    };
    tokio::select! {
        biased;
        answer = answer => answer,
        ended = connection => match ended {
            Ok(()) => Err("the connection ended before the answer".into()),
            Err(error) => Err(error.into()),
        }
    }
}
