//! Why a grant is no grant, and why a request was not answered. The cases of the second are those
//! of `wasi:http/types.error-code`, so that each has one code there.

use std::net::IpAddr;

/// A grant that cannot be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("grants.http[{index}].{key}: {reason}")]
pub struct GrantError {
    /// Which of the grants, from 0.
    pub index: usize,
    /// The key below it, such as `origin` or `auth.header.name`.
    pub key: &'static str,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// A request was not answered, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum EgressError {
    #[error("the name {host:?} was not resolved in time")]
    DnsTimeout { host: String },
    #[error("the name {host:?} cannot be resolved: {reason}")]
    DnsError { host: String, reason: String },
    #[error("the destination cannot be reached")]
    DestinationUnavailable,
    #[error("the destination's address {address} is refused: {reason}")]
    DestinationIpProhibited { address: IpAddr, reason: &'static str },
    #[error("the connection was refused")]
    ConnectionRefused,
    #[error("the connection ended before the answer began")]
    ConnectionTerminated,
    #[error("no connection was made in time")]
    ConnectionTimeout,
    #[error("all {most} connections of this driver are in use")]
    ConnectionLimitReached { most: usize },
    #[error("TLS failed: {reason}")]
    TlsProtocolError { reason: String },
    #[error("the server's certificate is not accepted: {reason}")]
    TlsCertificateError { reason: String },
    #[error("the server ended TLS with alert {id}: {message}")]
    TlsAlertReceived { id: u8, message: String },
    #[error("the request is not granted: {reason}")]
    HttpRequestDenied { reason: String },
    #[error("the request's body is longer than {most} bytes, or broke off")]
    HttpRequestBodySize { most: u64 },
    #[error("requests of method {method} are not sent")]
    HttpRequestMethodInvalid { method: String },
    #[error("the request's URL cannot be: {reason}")]
    HttpRequestUriInvalid { reason: &'static str },
    #[error("the answer broke off")]
    HttpResponseIncomplete,
    #[error("the answer's headers are longer than {most} bytes")]
    HttpResponseHeaderSectionSize { most: u32 },
    #[error("the answer's body is longer than {most} bytes")]
    HttpResponseBodySize { most: u64 },
    #[error("the answer did not come, or not to its end, in time")]
    HttpResponseTimeout,
    #[error("the answer is not HTTP")]
    HttpProtocolError,
    #[error("the grant cannot be carried out: {reason}")]
    ConfigurationError { reason: String },
}

impl EgressError {
    /// Whether a rule of ours refused it, so that nothing was sent and nothing ever will be.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::DestinationIpProhibited { .. }
            | Self::HttpRequestDenied { .. }
            | Self::HttpRequestBodySize { .. }
            | Self::HttpRequestMethodInvalid { .. }
            | Self::HttpRequestUriInvalid { .. }
            | Self::ConfigurationError { .. } => true,
            Self::DnsTimeout { .. }
            | Self::DnsError { .. }
            | Self::DestinationUnavailable
            | Self::ConnectionRefused
            | Self::ConnectionTerminated
            | Self::ConnectionTimeout
            | Self::ConnectionLimitReached { .. }
            | Self::TlsProtocolError { .. }
            | Self::TlsCertificateError { .. }
            | Self::TlsAlertReceived { .. }
            | Self::HttpResponseIncomplete
            | Self::HttpResponseHeaderSectionSize { .. }
            | Self::HttpResponseBodySize { .. }
            | Self::HttpResponseTimeout
            | Self::HttpProtocolError => false,
        }
    }

    /// Whether the same request might be answered if it is sent again.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::DnsTimeout { .. }
            | Self::DnsError { .. }
            | Self::DestinationUnavailable
            | Self::ConnectionRefused
            | Self::ConnectionTerminated
            | Self::ConnectionTimeout
            | Self::HttpResponseIncomplete => true,
            Self::DestinationIpProhibited { .. }
            | Self::HttpRequestDenied { .. }
            | Self::HttpRequestBodySize { .. }
            | Self::HttpRequestMethodInvalid { .. }
            | Self::HttpRequestUriInvalid { .. }
            | Self::ConfigurationError { .. }
            | Self::ConnectionLimitReached { .. }
            | Self::TlsProtocolError { .. }
            | Self::TlsCertificateError { .. }
            | Self::TlsAlertReceived { .. }
            | Self::HttpResponseHeaderSectionSize { .. }
            | Self::HttpResponseBodySize { .. }
            | Self::HttpResponseTimeout
            | Self::HttpProtocolError => false,
        }
    }

    /// What an error of the connection means before the answer's headers are there.
    pub(crate) fn of_exchange(error: &hyper::Error, most: u32) -> Self {
        if let Some(error) = Self::of_tls(error) {
            return error;
        }
        if error.is_parse_too_large() {
            return Self::HttpResponseHeaderSectionSize { most };
        }
        if error.is_parse() {
            return Self::HttpProtocolError;
        }
        if error.is_timeout() {
            return Self::HttpResponseTimeout;
        }
        Self::ConnectionTerminated
    }

    /// What an error means while the answer's body is read.
    pub(crate) fn of_body(error: &hyper::Error) -> Self {
        Self::of_tls(error).unwrap_or(Self::HttpResponseIncomplete)
    }

    /// The error of TLS that lies below another one, if one does. TLS 1.3 has the server refuse a
    /// client's certificate after the handshake.
    pub(crate) fn of_tls(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            let inner = error.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
            let found = error.downcast_ref().or_else(|| inner.and_then(|e| e.downcast_ref()));
            if let Some(error) = found {
                return Some(Self::tls(error));
            }
            next = error.source();
        }
        None
    }

    fn tls(error: &rustls::Error) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign, non-exhaustive enum")]
        match error {
            rustls::Error::InvalidCertificate(reason) => {
                Self::TlsCertificateError { reason: format!("{reason:?}") }
            }
            rustls::Error::NoCertificatesPresented => {
                Self::TlsCertificateError { reason: "it shows none".to_owned() }
            }
            rustls::Error::AlertReceived(alert) => {
                Self::TlsAlertReceived { id: u8::from(*alert), message: format!("{alert:?}") }
            }
            other => Self::TlsProtocolError { reason: other.to_string() },
        }
    }
}
