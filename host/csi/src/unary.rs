//! The way into a handler and out of it again: what all RPCs have in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use mooring_volume::backend::Identity;
use mooring_volume::{Ability, Call, Code, Error, Result, VolumeId};
use tonic::{Request, Response, Status};

use crate::status;

/// What a handler of the generated traits answers.
pub(crate) type Reply<T> = Result<Response<T>, Status>;

/// Told to the layers: the request was read and its handler has begun.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrived(Arc<AtomicBool>);

impl Arrived {
    /// Whether the handler has begun.
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Takes a request apart: what the layers found out about the call, and the message.
///
/// # Errors
/// `DeadlineExceeded` where the caller has given up already; `Internal` where the layers are missing.
pub(crate) fn open<T>(request: Request<T>) -> Result<(Call, T), Status> {
    let (_, extensions, message) = request.into_parts();
    if let Some(arrived) = extensions.get::<Arrived>() {
        arrived.0.store(true, Ordering::Relaxed);
    }
    let call = extensions
        .get::<Call>()
        .ok_or_else(|| Status::internal("the call has no deadline: a layer is missing"))?;
    if call.deadline <= Instant::now() {
        return Err(status::from_error(Error::new(
            Code::DeadlineExceeded,
            "the deadline passed before the call began; nothing was done; allow more time",
        )));
    }
    Ok((call.clone(), message))
}

/// Refuses an RPC that the backend has no interface for, before anything of it is looked at.
///
/// # Errors
/// `Unimplemented`.
pub(crate) fn needs<B: Identity>(backend: &B, ability: Ability, what: &str) -> Result<()> {
    if backend.abilities().contains(&ability) {
        return Ok(());
    }
    Err(Error::unimplemented(format!(
        "this driver's backend cannot {what}; ask for the capabilities, which say what it serves"
    )))
}

/// Puts an answer together.
pub(crate) fn close<T>(result: Result<T>) -> Reply<T> {
    result.map(Response::new).map_err(status::from_error)
}

/// Names the volume in the call's span.
pub(crate) fn about(volume: &VolumeId) {
    tracing::Span::current().record("volume", volume.as_str());
}
