//! Runs a call as a task of its own.
//!
//! A handler's future is dropped when its caller hangs up or its deadline passes. A mount or a format must
//! not end there: it would leave what no code has undone, and its guard would fall while the kernel is
//! still at work. So the work, the guard and the place in the limit live in a task, and the caller's future
//! only waits for it. A panic ends the task alone and becomes INTERNAL.

use std::convert::Infallible;
use std::task::{Context, Poll};

use mooring_volume::CallId;
use tokio_util::task::TaskTracker;
use tonic::Status;
use tower::Service;
use tracing::Instrument as _;

use crate::services::{Answer, Answering, Asked};

/// The middleware.
#[derive(Clone)]
pub(crate) struct Detach<S> {
    /// Knows what still runs, for shutting down.
    pub(crate) tasks: TaskTracker,
    pub(crate) inner: S,
}

impl<S> Service<Asked> for Detach<S>
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
        let id = request.extensions().get::<CallId>().copied();
        let work = self.inner.call(request).in_current_span();
        let task = self.tasks.spawn(work);
        Box::pin(async move {
            match task.await {
                Ok(answer) => answer,
                Err(_) => Ok(failed(id).into_http()),
            }
        })
    }
}

/// The task panicked, or the process ends.
fn failed(id: Option<CallId>) -> Status {
    let number = id.map_or_else(String::new, |id| format!(" (call {id})"));
    Status::internal(format!(
        "the host failed in this call{number}; its log says where; please report it"
    ))
}
