//! A server to send requests to, of real sockets and real TLS, and certificates for it.

#![allow(dead_code, reason = "each test file uses its part")]

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mooring_egress::{Body, Budget, Caps, Egress, EgressError, Resolve, SystemResolver};
use mooring_volume::Secrets;
use mooring_volume::http::HttpGrant;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub(crate) type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// An answer of one text.
pub(crate) fn text(status: u16, text: &str) -> Answer {
    let body = Full::new(Bytes::from(text.to_owned())).boxed_unsync();
    Response::builder().status(status).body(body).unwrap()
}

/// An authority of one's own, as a private one is.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    /// Its certificate, as a file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for a name, and its key.
    pub(crate) fn certificate(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// TLS for a server called localhost, which asks clients for a certificate of `clients`.
    pub(crate) fn server(&self, alpn: &[&str], clients: Option<&Self>) -> Arc<ServerConfig> {
        let (certificate, key) = self.certificate("localhost");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(clients.issuer.der().clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let chain = CertificateDer::pem_slice_iter(certificate.as_bytes());
        let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

/// A server on a port of 127.0.0.1.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Answers requests.
    pub(crate) async fn new<H, F>(tls: Option<Arc<ServerConfig>>, handle: H) -> Self
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        Self::raw(move |stream| {
            let (tls, handle) = (tls.clone(), handle.clone());
            async move {
                let service = service_fn(move |request| {
                    let answer = handle(request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                let serve = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                // What a connection ends with, the client is asked for.
                let _ = match tls {
                    None => {
                        serve.serve_connection_with_upgrades(TokioIo::new(stream), service).await
                    }
                    Some(tls) => match TlsAcceptor::from(tls).accept(stream).await {
                        Ok(stream) => serve.serve_connection(TokioIo::new(stream), service).await,
                        Err(_) => Ok(()),
                    },
                };
            }
        })
        .await
    }

    /// Hands each connection over.
    pub(crate) async fn raw<H, F>(handle: H) -> Self
    where
        H: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            let mut running = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                running.spawn(handle(stream));
            }
        });
        Self { address, accepted, task }
    }

    /// Connections that were made to it.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn http(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn https(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }
}

/// A grant of an origin on this machine.
pub(crate) fn local(origin: &str) -> HttpGrant {
    HttpGrant { networks: vec!["127.0.0.0/8".to_owned()], ..HttpGrant::to(origin) }
}

/// As [`local`], trusting one authority.
pub(crate) fn trusting(origin: &str, authority: &Authority) -> HttpGrant {
    HttpGrant { ca: Some(authority.file()), ..local(origin) }
}

/// localhost is 127.0.0.1 alone, whatever the machine says.
pub(crate) struct Localhost;

#[async_trait::async_trait]
impl Resolve for Localhost {
    async fn resolve(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        assert_eq!(host, "localhost");
        Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
    }
}

pub(crate) fn egress(grants: &[HttpGrant]) -> Egress {
    with(grants, Caps::default())
}

pub(crate) fn with(grants: &[HttpGrant], caps: Caps) -> Egress {
    Egress::with(grants, caps, Arc::new(Localhost)).unwrap()
}

pub(crate) fn system(grants: &[HttpGrant]) -> Egress {
    Egress::with(grants, Caps::default(), Arc::new(SystemResolver)).unwrap()
}

pub(crate) fn secrets(pairs: &[(&str, &str)]) -> Secrets {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Time enough for what is not to be late.
pub(crate) fn ample() -> Budget {
    Budget::until(Instant::now() + Duration::from_secs(30))
}

pub(crate) fn get(url: &str) -> Request<Empty<Bytes>> {
    Request::get(url).body(Empty::new()).unwrap()
}

pub(crate) async fn send(egress: &Egress, url: &str) -> Result<Response<Body>, EgressError> {
    egress.send(get(url), &Secrets::default(), ample()).await
}

/// The whole text of an answer.
pub(crate) async fn read(answer: Response<Body>) -> Result<String, EgressError> {
    let body = answer.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

/// Status and text.
pub(crate) async fn fetch(egress: &Egress, url: &str) -> Result<(u16, String), EgressError> {
    let answer = send(egress, url).await?;
    Ok((answer.status().as_u16(), read(answer).await?))
}
