//! Answers for requests that never became a message: too large, cut off, or text that is not UTF-8.
//!
//! The decoder calls that INTERNAL or OUT_OF_RANGE, as if the host were at fault, or a size. It is the
//! request's fault: INVALID_ARGUMENT. Whether a status is the decoder's is known by the handler not having
//! begun.

use std::convert::Infallible;
use std::task::{Context, Poll};

use tonic::{Code, Status};
use tower::Service;

use crate::services::{Answer, Answering, Asked};
use crate::unary::Arrived;

/// The middleware.
#[derive(Clone)]
pub(crate) struct Decoded<S> {
    pub(crate) inner: S,
}

impl<S> Service<Asked> for Decoded<S>
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

    fn call(&mut self, mut request: Asked) -> Answering {
        let arrived = Arrived::default();
        request.extensions_mut().insert(arrived.clone());
        let answering = self.inner.call(request);
        Box::pin(async move {
            let answer = answering.await?;
            let refused = (!arrived.get()).then(|| Status::from_header_map(answer.headers()));
            Ok(match refused.flatten() {
                Some(status) if matches!(status.code(), Code::Internal | Code::OutOfRange) => {
                    unreadable(&status).into_http()
                }
                Some(_) | None => answer,
            })
        })
    }
}

fn unreadable(status: &Status) -> Status {
    Status::invalid_argument(format!(
        "the request cannot be read ({}); a whole CSI message of at most 4 MiB, its texts in UTF-8, is wanted",
        status.message()
    ))
}
