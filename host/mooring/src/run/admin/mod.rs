//! The controller process's own socket, for people: what is served, and swaps on demand.
//!
//! HTTP and JSON over `<controller.socketDir>/admin.sock`, for root and the process's own user
//! alone, by the same check of the peer as the drivers' private sockets have. Whom
//! `telemetry.allowedUids` names may read the status at `status.sock` beside it, and change nothing:
//! a socket of its own, so that no mistake of a route opens the other one.

pub(crate) mod model;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::routing::{get, post};
use mooring_csi::{Listener, Peers};
use mooring_volume::DriverName;
use serde::Serialize;
use tokio::net::UnixStream;
use tokio::task::JoinError;

use self::model::{Refused, Swapped};
use super::drivers::Drivers;
use super::reload::Cause;

/// How long to wait after the kernel refused a connection.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

/// Serves until the process ends.
///
/// # Errors
/// When the socket cannot be had.
pub(crate) fn serve(drivers: Arc<Drivers>, socket: PathBuf) -> anyhow::Result<()> {
    let router = Router::new()
        .route("/v1/status", get(status))
        .route("/v1/reload", post(reload))
        .route("/v1/drivers/{name}/swap", post(swap))
        .route("/v1/drivers/{name}/rehearse", post(rehearse))
        .with_state(drivers);
    let listener = Private(Listener::bind(socket, &Peers::default())?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(())
}

/// Serves the status alone, to these users too, until the process ends.
///
/// # Errors
/// When the socket cannot be had.
pub(crate) fn tell(drivers: Arc<Drivers>, socket: PathBuf, readers: &Peers) -> anyhow::Result<()> {
    let router = Router::new().route("/v1/status", get(status)).with_state(drivers);
    let listener = Private(Listener::bind(socket, readers)?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(())
}

/// A socket that hangs up on peers of other users.
struct Private(Listener);

impl axum::serve::Listener for Private {
    type Io = UnixStream;
    type Addr = ();

    async fn accept(&mut self) -> (UnixStream, ()) {
        loop {
            match self.0.accept().await {
                Ok(stream) => return (stream, ()),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept on the admin or the status socket");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A status and JSON. Written by hand: it is three answers, and axum's own would bring three crates.
type Answer = (StatusCode, [(HeaderName, &'static str); 1], String);

async fn status(State(drivers): State<Arc<Drivers>>) -> Answer {
    answer(StatusCode::OK, &drivers.status())
}

async fn reload(State(drivers): State<Arc<Drivers>>) -> Answer {
    // In a task of its own: a caller who leaves stops nothing half-way.
    let changed = tokio::spawn({
        let drivers = Arc::clone(&drivers);
        async move { drivers.reload(Cause::Asked).await }
    });
    told(changed.await, |()| Ok(drivers.status()))
}

async fn swap(State(drivers): State<Arc<Drivers>>, Path(name): Path<String>) -> Answer {
    exchange(drivers, name, false).await
}

async fn rehearse(State(drivers): State<Arc<Drivers>>, Path(name): Path<String>) -> Answer {
    exchange(drivers, name, true).await
}

async fn exchange(drivers: Arc<Drivers>, name: String, rehearse: bool) -> Answer {
    let swapped = tokio::spawn(async move {
        let name = DriverName::new(name)?;
        drivers.swap(&name, rehearse).await
    });
    told(swapped.await, |difference| {
        Ok(Swapped {
            changed: !difference.is_empty(),
            text: difference.to_string(),
            difference: serde_json::to_value(&difference)?,
        })
    })
}

/// The outcome of what was asked for, as `say` tells it; or why it was refused.
fn told<T, S: Serialize>(
    outcome: Result<anyhow::Result<T>, JoinError>,
    say: impl FnOnce(T) -> anyhow::Result<S>,
) -> Answer {
    match outcome.map_err(anyhow::Error::from).flatten().and_then(say) {
        Ok(said) => answer(StatusCode::OK, &said),
        Err(error) => answer(StatusCode::CONFLICT, &Refused { error: format!("{error:#}") }),
    }
}

fn answer(status: StatusCode, said: &impl Serialize) -> Answer {
    // Our own plain types can always be written.
    let text = serde_json::to_string(said).unwrap_or_default();
    (status, [(CONTENT_TYPE, "application/json")], text)
}
