//! Turns callers away while too many operations run.
//!
//! UNAVAILABLE, and not RESOURCE_EXHAUSTED: to a provisioner that means "no room in this place", so that it
//! would choose another node for the volume. Both are codes that callers repeat and kubelet does not take
//! for final.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use tower::Service;

use crate::services::{Answer, Answering, Asked};

/// How many operations may run at once in one app.
#[derive(Debug, Clone)]
pub(crate) struct Limit {
    places: Arc<Semaphore>,
    size: usize,
}

impl Limit {
    pub(crate) fn new(size: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(size)), size }
    }

    /// A place, waited for: for what began before, such as the next page of a stream. None where the
    /// semaphore is closed, which it never is.
    pub(crate) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }
}

/// The middleware.
#[derive(Clone)]
pub(crate) struct Shed<S> {
    pub(crate) limit: Limit,
    pub(crate) inner: S,
}

impl<S> Service<Asked> for Shed<S>
where
    S: Service<Asked, Response = Answer, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Asked) -> Answering {
        let Ok(place) = Arc::clone(&self.limit.places).try_acquire_owned() else {
            let status = Status::unavailable(format!(
                "{} operations are running already, as many as are allowed; nothing was done; try again later",
                self.limit.size
            ));
            return Box::pin(async move { Ok(status.into_http()) });
        };
        let answering = self.inner.call(request);
        Box::pin(async move {
            let answer = answering.await;
            drop(place);
            answer
        })
    }
}
