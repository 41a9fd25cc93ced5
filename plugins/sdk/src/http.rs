//! A small HTTP client over `wasi:http/outgoing-handler`. One request, one answer, read whole, within
//! a time and a size; no redirects, no retries: what may be asked twice only the backend knows.
//!
//! Where the operator's `grants.http` name credentials, the host adds them to what is sent here.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use core::fmt;
use core::time::Duration;

use crate::bindings::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method as RawMethod, OutgoingBody,
    OutgoingRequest, RequestOptions, Scheme,
};
use crate::bindings::http::{outgoing_handler, poll, streams};
use crate::clock::Timer;
use crate::host::Host;

/// What a stream takes at once. Source: wasi:io, `blocking-write-and-flush`.
const PIECE: usize = 4096;

/// The methods that storage systems ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Makes something.
    Post,
    /// Makes something be as given.
    Put,
    /// Changes a part.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// As it is sent.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request. Its Debug shows neither headers nor body, which may hold secrets.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What to do.
    pub method: Method,
    /// `http://` or `https://`, host, port, path and query; nothing of it is encoded here.
    pub url: &'a str,
    /// Names in lower case, and values. The length of the body is added.
    pub headers: &'a [(&'a str, &'a str)],
    /// Empty: none.
    pub body: &'a [u8],
    /// For all of it, the last byte of the answer included.
    pub timeout: Duration,
    /// The most bytes that the answer's body may have.
    pub largest: usize,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.name(), self.url)
    }
}

/// An answer, whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values that are text.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of that name, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} bytes", self.status, self.body.len())
    }
}

/// Why there is no answer. The text names no header and no body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The host does not send this: no grant allows it, or the request is none. Nothing was sent.
    Refused(String),
    /// Nobody was reached. Nothing has happened there.
    Unreachable(String),
    /// It was sent, or part of it, and what became of it is not known.
    Lost(String),
    /// The answer is larger than allowed; it was one.
    TooLarge,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) | Self::Unreachable(why) | Self::Lost(why) => f.write_str(why),
            Self::TooLarge => f.write_str("the answer is too large"),
        }
    }
}

/// Who sends requests.
pub trait Http {
    /// Sends a request and waits for the whole answer, of whatever status.
    ///
    /// # Errors
    /// Those of [`Failure`]: there is no answer.
    fn send(&self, request: &Request<'_>) -> Result<Response, Failure>;
}

/// The parts of a URL: whether it is encrypted, host and port, path and query.
///
/// # Errors
/// `Refused` for what is no URL of HTTP, or one with a user in it.
pub fn split(url: &str) -> Result<(bool, &str, &str), Failure> {
    let refused = || Failure::Refused(format!("{url:?} is no URL of http or https"));
    let (encrypted, rest) = match url.split_once("://") {
        Some(("https", rest)) => (true, rest),
        Some(("http", rest)) => (false, rest),
        Some(_) | None => return Err(refused()),
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    let fit = |b: u8| b.is_ascii_graphic() && b != b'#';
    match !authority.is_empty() && authority.bytes().all(plain) && path.bytes().all(fit) {
        true => Ok((encrypted, authority, if path.is_empty() { "/" } else { path })),
        false => Err(refused()),
    }
}

impl Http for Host {
    fn send(&self, request: &Request<'_>) -> Result<Response, Failure> {
        let end = self.elapsed().saturating_add(request.timeout);
        let sent = send(request)?;
        let response = answered(self, sent, end)?;
        read(self, response, request.largest, end)
    }
}

fn send(request: &Request<'_>) -> Result<FutureIncomingResponse, Failure> {
    let refused = |what: &str| Failure::Refused(format!("the host takes no such {what}"));
    let (encrypted, authority, path) = split(request.url)?;
    let mut fields: Vec<(String, Vec<u8>)> = Vec::with_capacity(request.headers.len() + 1);
    for (name, value) in request.headers {
        fields.push(((*name).to_owned(), value.as_bytes().to_vec()));
    }
    if !request.body.is_empty() {
        let length = request.body.len().to_string();
        fields.push(("content-length".to_owned(), length.into_bytes()));
    }
    let fields = Fields::from_list(&fields).map_err(|_| refused("headers"))?;
    let outgoing = OutgoingRequest::new(fields);
    let method = match request.method {
        Method::Get => RawMethod::Get,
        Method::Post => RawMethod::Post,
        Method::Put => RawMethod::Put,
        Method::Patch => RawMethod::Patch,
        Method::Delete => RawMethod::Delete,
    };
    let scheme = if encrypted { Scheme::Https } else { Scheme::Http };
    outgoing.set_method(&method).map_err(|()| refused("method"))?;
    outgoing.set_scheme(Some(&scheme)).map_err(|()| refused("scheme"))?;
    outgoing.set_authority(Some(authority)).map_err(|()| refused("host"))?;
    outgoing.set_path_with_query(Some(path)).map_err(|()| refused("path"))?;
    let body = outgoing.body().map_err(|()| refused("body"))?;
    let future = outgoing_handler::handle(outgoing, Some(options(request.timeout)))
        .map_err(|code| failure(&code))?;
    write(body, request.body)?;
    Ok(future)
}

/// No step may take longer than all of them together.
fn options(timeout: Duration) -> RequestOptions {
    let options = RequestOptions::new();
    let longest = Some(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX));
    // A host that knows no such limit has its own, and the whole is timed here.
    let _ = options.set_connect_timeout(longest);
    let _ = options.set_first_byte_timeout(longest);
    let _ = options.set_between_bytes_timeout(longest);
    options
}

fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), Failure> {
    if !bytes.is_empty() {
        let stream = body.write().map_err(|()| lost("the body could not be sent"))?;
        for piece in bytes.chunks(PIECE) {
            // An answer may come before all is sent; it tells more than this error.
            if stream.blocking_write_and_flush(piece).is_err() {
                break;
            }
        }
    }
    // Where the body is short, the answer tells.
    let _ = OutgoingBody::finish(body, None);
    Ok(())
}

/// Waits for something until `end`; false where that came first.
fn await_until(host: &Host, what: &poll::Pollable, end: Duration) -> bool {
    use crate::bindings::http::monotonic_clock::subscribe_duration;
    let left = end.saturating_sub(host.elapsed());
    let timer = subscribe_duration(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX));
    poll::poll(&[what, &timer]).contains(&0)
}

fn answered(
    host: &Host,
    future: FutureIncomingResponse,
    end: Duration,
) -> Result<IncomingResponse, Failure> {
    if !await_until(host, &future.subscribe(), end) {
        return Err(lost("no answer in time"));
    }
    match future.get() {
        Some(Ok(Ok(response))) => Ok(response),
        Some(Ok(Err(code))) => Err(failure(&code)),
        Some(Err(())) | None => Err(lost("the answer was not to be had")),
    }
}

fn read(
    host: &Host,
    incoming: IncomingResponse,
    largest: usize,
    end: Duration,
) -> Result<Response, Failure> {
    let text = |(name, value): (String, Vec<u8>)| {
        Some((name.to_ascii_lowercase(), String::from_utf8(value).ok()?))
    };
    let headers = incoming.headers().entries().into_iter().filter_map(text).collect();
    let mut response = Response { status: incoming.status(), headers, body: Vec::new() };
    let body = incoming.consume().map_err(|()| lost("the answer has no body"))?;
    let stream = body.stream().map_err(|()| lost("the answer's body cannot be read"))?;
    loop {
        if !await_until(host, &stream.subscribe(), end) {
            return Err(lost("the answer did not end in time"));
        }
        match stream.read(1 << 16) {
            Ok(piece) if response.body.len().saturating_add(piece.len()) > largest => {
                return Err(Failure::TooLarge);
            }
            Ok(piece) => response.body.extend_from_slice(&piece),
            Err(streams::StreamError::Closed) => break,
            Err(streams::StreamError::LastOperationFailed(_)) => {
                return Err(lost("the answer ended in the middle"));
            }
        }
    }
    let promised = response.header("content-length").and_then(|text| text.parse::<usize>().ok());
    match promised.is_some_and(|promised| promised > response.body.len()) {
        true => Err(lost("the answer ended in the middle")),
        false => Ok(response),
    }
}

fn lost(why: &str) -> Failure {
    Failure::Lost(why.to_owned())
}

/// What the host's code means for whoever asked. In doubt the request may have arrived.
fn failure(code: &ErrorCode) -> Failure {
    match code {
        ErrorCode::HttpRequestDenied => {
            Failure::Refused("no grant of this driver (grants.http) allows this request".to_owned())
        }
        ErrorCode::DestinationIpProhibited => Failure::Refused(
            "its address is not in the networks that this driver is granted (grants.http)"
                .to_owned(),
        ),
        ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpRequestTrailerSectionSize(_)
        | ErrorCode::HttpRequestTrailerSize(_) => Failure::Refused(format!("{code}")),
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_) => Failure::Unreachable(format!("{code}")),
        ErrorCode::ConnectionTerminated
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseIncomplete
        | ErrorCode::HttpResponseHeaderSectionSize(_)
        | ErrorCode::HttpResponseHeaderSize(_)
        | ErrorCode::HttpResponseBodySize(_)
        | ErrorCode::HttpResponseTrailerSectionSize(_)
        | ErrorCode::HttpResponseTrailerSize(_)
        | ErrorCode::HttpResponseTransferCoding(_)
        | ErrorCode::HttpResponseContentCoding(_)
        | ErrorCode::HttpResponseTimeout
        | ErrorCode::HttpUpgradeFailed
        | ErrorCode::HttpProtocolError
        | ErrorCode::LoopDetected
        | ErrorCode::ConfigurationError
        | ErrorCode::InternalError(_) => Failure::Lost(format!("{code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_split_or_refused() {
        assert_eq!(split("https://a.b:8443/x?y=1"), Ok((true, "a.b:8443", "/x?y=1")));
        assert_eq!(split("http://[::1]:80"), Ok((false, "[::1]:80", "/")));
        for bad in ["", "ftp://a/", "a/b", "http://", "https:///x", "http://u:p@a/", "http://a/ b"]
        {
            assert!(matches!(split(bad), Err(Failure::Refused(_))), "{bad}");
        }
    }

    #[test]
    fn what_is_printed_holds_no_header_and_no_body() {
        let request = Request {
            method: Method::Post,
            url: "https://a/login",
            headers: &[("authorization", "hunter2")],
            body: b"hunter2",
            timeout: Duration::from_secs(1),
            largest: 1,
        };
        let response = Response { status: 200, headers: Vec::new(), body: b"hunter2".to_vec() };
        let printed = format!("{request:?} {response:?}");
        assert!(!printed.contains("hunter2") && !printed.contains("104"), "{printed}");
    }
}
