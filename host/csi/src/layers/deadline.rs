//! When the caller stops waiting: gRPC's `grpc-timeout`, or the default, and never later than the longest.
//!
//! The work learns it as [`Call::deadline`] and is to stop by itself, in a state that it can vouch for. The
//! caller is answered DEADLINE_EXCEEDED at that time in any case, which kubelet takes for "may still be in
//! progress".
//!
//! A stream's answer begins at once, and its own code ends it at that time. One without `grpc-timeout` may
//! take the longest: how long it runs is a matter of its reader.

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::HeaderMap;
use mooring_volume::{Call, CallId};
use tonic::Status;
use tower::Service;

use crate::app::Settings;
use crate::methods;
use crate::services::{Answer, Answering, Asked};

/// The middleware.
#[derive(Clone)]
pub(crate) struct Deadline<S> {
    pub(crate) default: Duration,
    pub(crate) longest: Duration,
    pub(crate) inner: S,
}

impl<S> Deadline<S> {
    pub(crate) fn new(settings: &Settings, inner: S) -> Self {
        let Settings { default_deadline, longest_deadline, in_flight: _, version: _ } = *settings;
        Self { default: default_deadline, longest: longest_deadline, inner }
    }
}

impl<S> Service<Asked> for Deadline<S>
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
        let budget = match asked_for(request.headers()) {
            Ok(Some(asked)) => asked.min(self.longest),
            Ok(None) if methods::streams(request.uri().path()) => self.longest,
            Ok(None) => self.default.min(self.longest),
            Err(status) => return Box::pin(async move { Ok(status.into_http()) }),
        };
        let deadline = Instant::now() + budget;
        let id = request.extensions().get::<CallId>().copied().unwrap_or(CallId(0));
        request.extensions_mut().insert(Call { id, deadline });
        let answering = self.inner.call(request);
        Box::pin(async move {
            match tokio::time::timeout_at(deadline.into(), answering).await {
                Ok(answer) => answer,
                Err(_) => Ok(late(budget).into_http()),
            }
        })
    }
}

fn late(budget: Duration) -> Status {
    Status::deadline_exceeded(format!(
        "no answer within {budget:?}; the operation may still be running; ask again"
    ))
}

/// What the caller asked for.
///
/// Source: gRPC over HTTP/2, "Timeout": 1 to 8 digits and a unit.
fn asked_for(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get("grpc-timeout") else {
        return Ok(None);
    };
    value.to_str().ok().and_then(parse).map(Some).ok_or_else(|| {
        Status::invalid_argument(
            "the header grpc-timeout cannot be read; 1 to 8 digits and one of H, M, S, m, u, n are wanted",
        )
    })
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let well_formed = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let amount: u64 = digits.parse().ok().filter(|_| well_formed)?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_as_grpc_writes_them() {
        for (text, wanted) in [
            ("1H", Some(Duration::from_secs(3600))),
            ("2M", Some(Duration::from_secs(120))),
            ("30S", Some(Duration::from_secs(30))),
            ("1500m", Some(Duration::from_millis(1500))),
            ("7u", Some(Duration::from_micros(7))),
            ("99999999n", Some(Duration::from_nanos(99_999_999))),
            ("99999999H", Some(Duration::from_secs(99_999_999 * 3600))),
            ("", None),
            ("S", None),
            ("5", None),
            ("-1S", None),
            ("+1S", None),
            ("123456789S", None),
            ("1s", None),
            ("1ü", None),
        ] {
            assert_eq!(parse(text), wanted, "{text}");
        }
    }
}
