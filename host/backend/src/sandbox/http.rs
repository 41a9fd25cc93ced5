//! `wasi:http` for guests: the types are the runtime's, what is sent goes through the driver's
//! egress, with the secrets of the call that the guest itself does not get.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use mooring_egress::{Budget, Egress, EgressError};
use mooring_volume::Secrets;
use tracing::Instrument as _;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use super::Sandbox;
use crate::log::{CallLog, Level};
use crate::meter::HttpOutcome;
use crate::traced;

/// Requests end this much before their call, or an eighth of its time, so that a backend can
/// still answer what it waited for.
const LAST_WORD: Duration = Duration::from_millis(500);

/// What the runtime asks this crate for.
pub(super) struct Hooks {
    egress: Option<Arc<Egress>>,
    log: CallLog,
    deadline: Instant,
}

impl Hooks {
    pub(super) fn new(egress: Option<Arc<Egress>>, log: CallLog, deadline: Instant) -> Self {
        let left = deadline.saturating_duration_since(Instant::now());
        let deadline = deadline.checked_sub((left / 8).min(LAST_WORD)).unwrap_or(deadline);
        Self { egress, log, deadline }
    }
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Answer = Result<(http::Response<WasiBody>, Io), Error>;

impl WasiHttpHooks for Hooks {
    /// The egress sets it, for the protocol that was agreed on.
    fn set_host_header(&mut self) -> bool {
        false
    }

    /// What goes wrong with an answer is told with its body.
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Io,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let RequestOptions { connect_timeout, first_byte_timeout, between_bytes_timeout } =
            options.unwrap_or_default();
        let budget = Budget {
            deadline: self.deadline,
            connect: connect_timeout,
            first_byte: first_byte_timeout,
            between_bytes: between_bytes_timeout,
        };
        let (egress, log) = (self.egress.clone(), self.log.clone());
        let span = traced::http(&request);
        let within = span.clone();
        let exchange = async move {
            let Some(egress) = egress else { return Err(Error::HttpRequestDenied) };
            let (nothing, begun) = (Secrets::default(), Instant::now());
            let secrets = log.secrets().unwrap_or(&nothing);
            let answer = egress.send(request, secrets, budget).await;
            traced::http_ended(&span, &answer);
            let outcome = match &answer {
                Ok(answer) => HttpOutcome::Answered(answer.status().as_u16()),
                Err(error) if error.is_refusal() => HttpOutcome::Refused,
                Err(_) => HttpOutcome::Failed,
            };
            log.http_request(outcome, begun.elapsed());
            match answer {
                Ok(answer) => {
                    let body = |body: mooring_egress::Body| body.map_err(code).boxed_unsync();
                    let nothing_left: Io = Box::new(std::future::ready(Ok(())));
                    Ok((answer.map(body), nothing_left))
                }
                Err(error) => {
                    // The guest gets a code; the operator is told which grant is missing.
                    log.line(Level::Warn, &format!("an HTTP request failed: {error}"));
                    Err(code(error))
                }
            }
        };
        Box::new(exchange.instrument(within))
    }
}

/// The code of `wasi:http` for an error. Reasons stay with the host, as they name its network.
fn code(error: EgressError) -> Error {
    match error {
        EgressError::DnsTimeout { .. } => Error::DnsTimeout,
        EgressError::DnsError { .. } => Error::DnsError { rcode: None, info_code: None },
        EgressError::DestinationUnavailable => Error::DestinationUnavailable,
        EgressError::DestinationIpProhibited { .. } => Error::DestinationIpProhibited,
        EgressError::ConnectionRefused => Error::ConnectionRefused,
        EgressError::ConnectionTerminated => Error::ConnectionTerminated,
        EgressError::ConnectionTimeout => Error::ConnectionTimeout,
        EgressError::ConnectionLimitReached { .. } => Error::ConnectionLimitReached,
        EgressError::TlsProtocolError { .. } => Error::TlsProtocolError,
        EgressError::TlsCertificateError { .. } => Error::TlsCertificateError,
        EgressError::TlsAlertReceived { id, message } => {
            Error::TlsAlertReceived { alert_id: Some(id), alert_message: Some(message) }
        }
        EgressError::HttpRequestDenied { .. } => Error::HttpRequestDenied,
        EgressError::HttpRequestBodySize { most } => Error::HttpRequestBodySize(Some(most)),
        EgressError::HttpRequestMethodInvalid { .. } => Error::HttpRequestMethodInvalid,
        EgressError::HttpRequestUriInvalid { .. } => Error::HttpRequestUriInvalid,
        EgressError::HttpResponseIncomplete => Error::HttpResponseIncomplete,
        EgressError::HttpResponseHeaderSectionSize { most } => {
            Error::HttpResponseHeaderSectionSize(Some(most))
        }
        EgressError::HttpResponseBodySize { most } => Error::HttpResponseBodySize(Some(most)),
        EgressError::HttpResponseTimeout => Error::HttpResponseTimeout,
        EgressError::HttpProtocolError => Error::HttpProtocolError,
        EgressError::ConfigurationError { .. } => Error::ConfigurationError,
    }
}

impl WasiHttpView for Sandbox {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}
