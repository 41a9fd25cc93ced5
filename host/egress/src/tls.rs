//! TLS of one grant: whom it trusts, and as whom it speaks.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use mooring_volume::Secret;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::error::EgressError;

/// Client certificates whose configuration is kept.
const KEPT: usize = 16;

/// SHA-256 of a client's certificate and key: connections are told apart by it.
pub(crate) type Identity = [u8; 32];

/// The authorities of a grant, and what was made ready with them.
pub(crate) struct Tls {
    roots: Arc<RootCertStore>,
    anonymous: Arc<ClientConfig>,
    known: Mutex<Vec<(Identity, Arc<ClientConfig>)>>,
}

/// A client's certificate chain and key, in PEM.
pub(crate) struct Client {
    certificate: Secret,
    key: Secret,
    pub(crate) identity: Identity,
}

impl Client {
    pub(crate) fn new(certificate: Secret, key: Secret) -> Self {
        let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
        for part in [&certificate, &key] {
            hash.update(&part.expose().len().to_be_bytes());
            hash.update(part.expose().as_bytes());
        }
        let mut identity = Identity::default();
        identity.copy_from_slice(hash.finish().as_ref());
        Self { certificate, key, identity }
    }
}

impl Tls {
    /// Trusts the authorities of a file and no others, or those that the machine knows.
    pub(crate) fn new(ca: Option<&Path>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        match ca {
            Some(path) => {
                let wrong = |why: String| format!("{}: {why}", path.display());
                let file = CertificateDer::pem_file_iter(path);
                for certificate in file.map_err(|error| wrong(error.to_string()))? {
                    let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
                    roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
                }
                if roots.is_empty() {
                    return Err(wrong("it has no certificate in PEM".to_owned()));
                }
            }
            None => {
                let found = rustls_native_certs::load_native_certs();
                let (_taken, _unfit) = roots.add_parsable_certificates(found.certs);
            }
        }
        let roots = Arc::new(roots);
        let anonymous = config(&roots, None).map_err(|error| error.to_string())?;
        Ok(Self { roots, anonymous: Arc::new(anonymous), known: Mutex::default() })
    }

    /// For a connection without a client certificate.
    pub(crate) fn anonymous(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.anonymous)
    }

    /// For a connection as this client.
    ///
    /// # Errors
    /// `ConfigurationError`, where certificate and key are unfit.
    pub(crate) fn of(&self, client: &Client) -> Result<Arc<ClientConfig>, EgressError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, config)) = known.iter().find(|(identity, _)| *identity == client.identity) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(config(&self.roots, Some(client))?);
        if known.len() >= KEPT {
            known.remove(0);
        }
        known.push((client.identity, Arc::clone(&config)));
        Ok(config)
    }
}

fn config(
    roots: &Arc<RootCertStore>,
    client: Option<&Client>,
) -> Result<ClientConfig, EgressError> {
    let unfit = |what: &str| EgressError::ConfigurationError {
        reason: format!("auth.clientCertificate: {what}"),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| EgressError::TlsProtocolError { reason: error.to_string() })?
        .with_root_certificates(Arc::clone(roots));
    let mut config = match client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let chain: Result<Vec<_>, _> =
                CertificateDer::pem_slice_iter(client.certificate.expose().as_bytes()).collect();
            let chain = chain.map_err(|_| unfit("the certificate is no PEM"))?;
            let key = PrivateKeyDer::from_pem_slice(client.key.expose().as_bytes())
                .map_err(|_| unfit("the key is no PEM"))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|_| unfit("certificate and key do not belong together"))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
