//! One request on its way: grant, credentials, connection, answer; again where the guest asks.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::header::{HOST, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body::Body as HttpBody;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use mooring_volume::Secrets;
use mooring_volume::http::ClientCertificate;
use ring::rand::SecureRandom as _;
use rustls::ClientConfig;
use tokio::time::timeout_at;

use crate::auth::{self, Unsigned};
use crate::body::Body;
use crate::credential;
use crate::error::EgressError;
use crate::grant::{self, Granted};
use crate::headers;
use crate::pool::{Failed, Key, Leased, Returning};
use crate::tls::Client;
use crate::{Budget, Egress, add};

/// Before a request is sent again where the server names no time, doubled each time.
const PAUSE: Duration = Duration::from_millis(100);

impl Egress {
    /// Sends a request and hands its answer over as it is, redirects too. The body is read whole
    /// before anything is sent. A header `mooring-retry: N`, N from 0 to 5, asks for an
    /// idempotent request to be sent again where it broke off or was answered 429, 502, 503 or
    /// 504, within the deadline and as the answer's Retry-After says.
    ///
    /// # Errors
    /// [`EgressError`]; those of the body come with the body.
    pub async fn send<B>(
        &self,
        request: Request<B>,
        secrets: &Secrets,
        budget: Budget,
    ) -> Result<Response<Body>, EgressError>
    where
        B: HttpBody<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        add(&self.counters.requests, 1);
        let work = self.granted(request, secrets, budget);
        let answer = timeout_at(budget.deadline.into(), work).await;
        let answer = answer.unwrap_or(Err(EgressError::HttpResponseTimeout));
        if answer.as_ref().is_err_and(EgressError::is_refusal) {
            add(&self.counters.refused, 1);
        }
        answer
    }

    async fn granted<B>(
        &self,
        request: Request<B>,
        secrets: &Secrets,
        budget: Budget,
    ) -> Result<Response<Body>, EgressError>
    where
        B: HttpBody<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let granted = grant::find(&self.granted, request.uri())?;
        let method = request.method();
        if matches!(*method, Method::CONNECT | Method::TRACE) {
            return Err(EgressError::HttpRequestMethodInvalid { method: method.to_string() });
        }
        let retries = headers::retries(request.headers())?;
        let retries = if method.is_idempotent() { retries } else { 0 };
        let (mut parts, body) = request.into_parts();
        headers::strip_request(&mut parts.headers);
        parts.version = http::Version::default();
        parts.uri = path_of(&parts.uri);
        let body = self.whole(body).await?;
        let unsigned = Request::from_parts(parts, body);
        let exchange = Exchange { egress: self, granted, secrets, budget };
        exchange.until_answered(&unsigned, retries).await
    }

    /// All of a request's body: what is signed, counted or sent again must be known.
    async fn whole<B>(&self, body: B) -> Result<Bytes, EgressError>
    where
        B: HttpBody<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let most = self.caps.request_body;
        let limited = Limited::new(body, most);
        let body = std::pin::pin!(limited).collect().await.map_err(|error| {
            if !error.is::<LengthLimitError>() {
                tracing::debug!("a request's body broke off");
            }
            EgressError::HttpRequestBodySize { most: most as u64 }
        })?;
        Ok(body.to_bytes())
    }
}

/// A request that was granted.
struct Exchange<'a> {
    egress: &'a Egress,
    granted: &'a Arc<Granted>,
    secrets: &'a Secrets,
    budget: Budget,
}

impl Exchange<'_> {
    async fn until_answered(
        &self,
        unsigned: &Unsigned,
        retries: u32,
    ) -> Result<Response<Body>, EgressError> {
        let mut again = 0;
        loop {
            let answer = self.once(unsigned).await;
            let pause = match &answer {
                _ if again >= retries => None,
                Ok(answer) => passing(answer.status()).then(|| pause(Some(answer), again)),
                Err(error) => error.may_pass().then(|| pause(None, again)),
            };
            // What cannot be tried in time is answered now.
            match pause.filter(|pause| Instant::now() + *pause < self.budget.deadline) {
                Some(pause) => {
                    drop(answer);
                    tokio::time::sleep(pause).await;
                    again += 1;
                }
                None => return answer,
            }
        }
    }

    async fn once(&self, unsigned: &Unsigned) -> Result<Response<Body>, EgressError> {
        let Self { egress, granted, secrets, budget } = self;
        let mut request = unsigned.clone();
        let authority = granted.origin.authority();
        auth::apply(&granted.auth, &mut request, &authority, secrets).await?;
        let client = self.client().await?;
        let answer = self.exchange(&request, &authority, client.as_ref());
        let answer = timeout_at(budget.within(budget.first_byte).into(), answer).await;
        let (answer, returning) = answer.unwrap_or(Err(EgressError::HttpResponseTimeout))?;
        let (mut parts, incoming) = answer.into_parts();
        headers::strip_answer(&mut parts.headers);
        let most = egress.caps.response_body;
        if HttpBody::size_hint(&incoming).lower() > most {
            return Err(EgressError::HttpResponseBodySize { most });
        }
        let body = Body::new(incoming, most, budget, (Arc::clone(&egress.counters), returning));
        Ok(Response::from_parts(parts, body))
    }

    async fn client(&self) -> Result<Option<Client>, EgressError> {
        let Some(ClientCertificate { certificate, key }) = &self.granted.auth.client_certificate
        else {
            return Ok(None);
        };
        let certificate = credential::read(certificate, self.secrets).await?;
        let key = credential::read(key, self.secrets).await?;
        Ok(Some(Client::new(certificate, key)))
    }

    fn tls(&self, client: Option<&Client>) -> Result<Option<Arc<ClientConfig>>, EgressError> {
        match (&self.granted.tls, client) {
            (Some(tls), Some(client)) => tls.of(client).map(Some),
            (Some(tls), None) => Ok(Some(tls.anonymous())),
            (None, _) => Ok(None),
        }
    }

    /// On a connection that is there, or on a new one where that turns out to be closed before
    /// anything was sent on it.
    async fn exchange(
        &self,
        request: &Unsigned,
        authority: &str,
        client: Option<&Client>,
    ) -> Result<(Response<Incoming>, Arc<Returning>), EgressError> {
        let Self { egress, granted, budget, .. } = self;
        let key = Key { grant: granted.index, client: client.map(|client| client.identity) };
        let tls = self.tls(client)?;
        loop {
            let open = || {
                let by = budget.within(budget.connect);
                egress.connector.open(granted, tls.clone(), by)
            };
            let leased = egress.pool.lease(&key, budget.deadline, open).await?;
            let used_before = leased.used_before;
            let request_out = outgoing(request, authority, granted, &leased);
            match leased.exchange(request_out).await {
                Ok(answer) => {
                    add(&egress.counters.sent, request.body().len() as u64);
                    return Ok(answer);
                }
                Err(Failed::Unsent) if used_before => {}
                Err(Failed::Unsent) => return Err(EgressError::ConnectionTerminated),
                Err(Failed::Broken(error)) => return Err(error),
            }
        }
    }
}

/// The request in the form of the connection's protocol: HTTP/1 has the host in a header, HTTP/2
/// in the URI.
fn outgoing(
    request: &Unsigned,
    authority: &str,
    granted: &Granted,
    leased: &Leased,
) -> Request<Full<Bytes>> {
    let (mut parts, body) = request.clone().into_parts();
    if leased.is_http2() {
        let mut uri = parts.uri.into_parts();
        uri.scheme = Some(if granted.origin.tls {
            http::uri::Scheme::HTTPS
        } else {
            http::uri::Scheme::HTTP
        });
        uri.authority = authority.parse().ok();
        parts.uri = Uri::from_parts(uri).unwrap_or_default();
    } else if let Ok(host) = authority.parse() {
        parts.headers.insert(HOST, host);
    }
    Request::from_parts(parts, Full::new(body))
}

/// Path and query alone.
fn path_of(uri: &Uri) -> Uri {
    uri.path_and_query().cloned().map_or_else(Uri::default, Uri::from)
}

/// Whether an answer says that another try may go better.
fn passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// How long to wait: what the answer says in seconds or as a date, else longer each time and never
/// the same, so that many do not come back at once.
fn pause(answer: Option<&Response<Body>>, again: u32) -> Duration {
    let said = answer.and_then(|answer| answer.headers().get(RETRY_AFTER)?.to_str().ok());
    let said = said.and_then(|text| {
        let seconds = text.trim().parse().ok().map(Duration::from_secs);
        seconds.or_else(|| {
            let date = httpdate::parse_http_date(text).ok()?;
            Some(date.duration_since(SystemTime::now()).unwrap_or_default())
        })
    });
    said.unwrap_or_else(|| {
        let mut random = [0_u8; 1];
        // Without randomness all wait equally long, which is no fault.
        let _ = ring::rand::SystemRandom::new().fill(&mut random);
        let [random] = random;
        PAUSE * 2_u32.saturating_pow(again) * (128 + u32::from(random)) / 256
    })
}
