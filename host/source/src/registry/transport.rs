//! HTTP to registries: who is trusted, how long is waited, how much is read.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::error::SourceError;
use crate::settings::{Patience, RegistrySettings};

/// Blobs are often elsewhere: one or two redirects.
const MAX_REDIRECTS: usize = 5;

/// A client for one registry and for where it sends its clients on to.
///
/// # Errors
/// `Setting` for a private CA that cannot be read.
pub(super) fn client(
    settings: &RegistrySettings,
    patience: &Patience,
) -> Result<Client, SourceError> {
    let unfit = |what: String| SourceError::Setting(what);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unfit(format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(roots(settings.ca.as_deref())?)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("mooring/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(patience.connect)
        .read_timeout(patience.stall)
        .redirect(Policy::custom(|attempt| {
            let from_tls = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
            if attempt.previous().len() > MAX_REDIRECTS {
                attempt.error("too many redirects")
            } else if from_tls && attempt.url().scheme() != "https" {
                attempt.error("a redirect from HTTPS to HTTP")
            } else {
                attempt.follow()
            }
        }))
        .build()
        .map_err(|error| unfit(format!("no HTTP client: {}", told(error))))
}

/// The system's roots and, besides them, the operator's. A system without any is no mistake where
/// there is a private CA or no TLS.
fn roots(ca: Option<&Path>) -> Result<RootCertStore, SourceError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let Some(path) = ca else {
        return Ok(roots);
    };
    let unfit = |what: String| SourceError::Setting(format!("ca {}: {what}", path.display()));
    let file = std::fs::read(path).map_err(|error| unfit(format!("cannot be read: {error}")))?;
    let mut found = false;
    for certificate in CertificateDer::pem_slice_iter(&file) {
        let certificate = certificate.map_err(|error| unfit(format!("is no PEM file: {error}")))?;
        roots.add(certificate).map_err(|error| unfit(format!("has no usable root: {error}")))?;
        found = true;
    }
    if found { Ok(roots) } else { Err(unfit("has no certificate".to_owned())) }
}

/// An error without the URL, whose query can hold a signature, and with its causes.
pub(super) fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// Takes a part of a body; is told how much is there.
pub(super) type Told<'a> = dyn Fn(u64) + Send + Sync + 'a;

/// The whole body, of at most so many bytes.
///
/// # Errors
/// `Away` where it breaks off or takes too long, `Broken` where it is longer.
pub(super) async fn body(
    registry: &str,
    what: &str,
    mut response: Response,
    (most, time): (u64, Duration),
    progress: &Told<'_>,
) -> Result<Vec<u8>, SourceError> {
    let away = |reason: String| SourceError::Away {
        registry: registry.to_owned(),
        reason: format!("{what}: {reason}"),
    };
    let reading = async {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| away(told(error)))? {
            if body.len() as u64 + chunk.len() as u64 > most {
                let reason = format!("it has more than {most} bytes");
                return Err(SourceError::broken(registry, what, reason));
            }
            body.extend_from_slice(&chunk);
            progress(body.len() as u64);
        }
        Ok(body)
    };
    tokio::time::timeout(time, reading)
        .await
        .unwrap_or_else(|_| Err(away(format!("not there after {} s", time.as_secs()))))
}
