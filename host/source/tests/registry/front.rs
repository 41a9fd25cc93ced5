//! Stands before the registry: TLS of a CA of its own, who may ask, and faults by order.

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, LOCATION, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

type Body = BoxBody<Bytes, std::io::Error>;

/// Who may ask.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Auth {
    Anybody,
    Basic,
    /// With a token of `/token`, which wants the password; it is good for one answer only if `brief`.
    Token {
        brief: bool,
    },
}

impl Auth {
    pub(crate) fn user(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Anybody => None,
            Self::Basic | Self::Token { .. } => Some(("robot", "hunter2:and more")),
        }
    }
}

/// What happens to an answer.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    Status(u16),
    /// One bit of the body is another.
    Flip,
    /// The connection ends in the middle of the body.
    Cut,
    /// The body never goes on.
    Stall,
    /// The body never ends.
    Endless,
    Redirect(String),
}

struct State {
    auth: Auth,
    backend: String,
    /// A part of the path, what happens, how often still.
    faults: Mutex<Vec<(String, Fault, usize)>>,
    /// Method, path, and whether it came with `Authorization`.
    seen: Mutex<Vec<(String, bool)>>,
    token: Mutex<u64>,
    host: String,
}

/// The registry and its front; both end with it.
pub(crate) struct Front {
    pub(crate) host: String,
    /// The registry itself, without TLS.
    pub(crate) backend: String,
    pub(crate) ca: String,
    pub(crate) auth: Auth,
    state: Arc<State>,
    registry: Child,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.serving.abort();
        let _ = self.registry.kill();
        let _ = self.registry.wait();
    }
}

impl Front {
    pub(crate) async fn start(auth: Auth) -> Self {
        let (registry, backend) = registry();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("localhost:{}", listener.local_addr().unwrap().port());
        let (ca, tls) = certificates();
        let state = Arc::new(State {
            auth,
            backend: backend.clone(),
            faults: Mutex::default(),
            seen: Mutex::default(),
            token: Mutex::default(),
            host: host.clone(),
        });
        let serving = tokio::spawn(serve(listener, tls, Arc::clone(&state)));
        Self { host, backend, ca, auth, state, registry, serving }
    }

    /// The next `times` requests whose path has this part end so.
    pub(crate) fn fail(&self, part: &str, fault: Fault, times: usize) {
        self.state.faults.lock().unwrap().push((part.to_owned(), fault, times));
    }

    /// Nothing fails from here on, and nothing was asked yet.
    pub(crate) fn heal(&self) {
        self.state.faults.lock().unwrap().clear();
        self.state.seen.lock().unwrap().clear();
    }

    /// Requests whose method and path have this part.
    pub(crate) fn asked(&self, part: &str) -> usize {
        self.state.seen.lock().unwrap().iter().filter(|(path, _)| path.contains(part)).count()
    }
}

/// A registry on a port that is free.
fn registry() -> (Child, String) {
    let mut child = Command::new(tool("registry").expect("registry is missing: run ./setup"))
        .args(["-port", "0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let port = first.rsplit_once("port ").unwrap().1.to_owned();
    // Read on, so that it is never held up.
    std::thread::spawn(move || lines.for_each(drop));
    (child, format!("localhost:{port}"))
}

/// A tool that `setup` installs, or that is on the path.
pub(crate) fn tool(name: &str) -> Option<std::path::PathBuf> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tools");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::iter::once(own.into()).chain(std::env::split_paths(&path));
    dirs.map(|dir: std::path::PathBuf| dir.join(name)).find(|file| file.is_file())
}

fn certificates() -> (String, TlsAcceptor) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    (ca.pem(), TlsAcceptor::from(Arc::new(config)))
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, state: Arc<State>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (tls, state) = (tls.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = hyper::service::service_fn(move |request| {
                let state = Arc::clone(&state);
                async move { Ok::<_, Infallible>(state.answer(request).await) }
            });
            let served = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            let _ = served.await;
        });
    }
}

fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

fn plain(status: StatusCode) -> Response<Body> {
    Response::builder().status(status).body(whole("")).unwrap()
}

impl State {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path_and_query().unwrap().to_string();
        let named = request.headers().get(AUTHORIZATION).cloned();
        let told = format!("{} {path}", request.method());
        self.seen.lock().unwrap().push((told.clone(), named.is_some()));
        let named = named.and_then(|value| value.to_str().map(str::to_owned).ok());
        if path.starts_with("/token") {
            return self.token(named.as_deref(), &path);
        }
        if let Some(refusal) = self.refuse(named.as_deref()) {
            return refusal;
        }
        let fault = self.fault(&told);
        if let Some(Fault::Status(status)) = fault {
            return plain(StatusCode::from_u16(status).unwrap());
        }
        if let Some(Fault::Redirect(to)) = &fault {
            let mut response = plain(StatusCode::TEMPORARY_REDIRECT);
            response.headers_mut().insert(LOCATION, to.parse().unwrap());
            return response;
        }
        let (parts, body) = self.forward(request, &path).await.into_parts();
        Response::from_parts(parts, spoiled(body, fault))
    }

    fn fault(&self, told: &str) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let (_, fault, times) = faults
            .iter_mut()
            .find(|(part, _, times)| told.contains(part.as_str()) && *times > 0)?;
        *times -= 1;
        Some(fault.clone())
    }

    fn basic(&self) -> Option<String> {
        let (user, password) = self.auth.user()?;
        Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
    }

    fn refuse(&self, named: Option<&str>) -> Option<Response<Body>> {
        let (wanted, challenge) = match self.auth {
            Auth::Anybody => return None,
            Auth::Basic => (self.basic()?, "Basic realm=\"test\"".to_owned()),
            Auth::Token { brief } => {
                let mut token = self.token.lock().unwrap();
                let wanted = format!("Bearer token-{token}");
                if brief && named == Some(wanted.as_str()) {
                    *token += 1;
                }
                let realm = format!("https://{}/token", self.host);
                (wanted, format!("Bearer realm=\"{realm}\",service=\"test\""))
            }
        };
        if named == Some(wanted.as_str()) {
            return None;
        }
        let mut response = plain(StatusCode::UNAUTHORIZED);
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge.parse().unwrap());
        Some(response)
    }

    fn token(&self, named: Option<&str>, path: &str) -> Response<Body> {
        if named != self.basic().as_deref()
            || !path.contains("service=test&scope=repository%3Avendor%2F")
        {
            return plain(StatusCode::FORBIDDEN);
        }
        let token = format!("token-{}", self.token.lock().unwrap());
        Response::new(whole(serde_json::json!({"token": token}).to_string()))
    }

    async fn forward(&self, request: Request<Incoming>, path: &str) -> Response<Bytes> {
        let (mut parts, body) = request.into_parts();
        parts.uri = format!("http://{}{path}", self.backend).parse().unwrap();
        parts.headers.remove(HOST);
        let head = parts.method == Method::HEAD;
        let body = Full::new(body.collect().await.unwrap().to_bytes());
        let client = Client::builder(TokioExecutor::new()).build_http();
        let response = client.request(Request::from_parts(parts, body)).await.unwrap();
        let (mut parts, body) = response.into_parts();
        if !head {
            parts.headers.remove(CONTENT_LENGTH);
        }
        Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
    }
}

fn spoiled(body: Bytes, fault: Option<Fault>) -> Body {
    let half = body.slice(..body.len() / 2);
    let first = |bytes| futures_util::stream::iter([Ok(Frame::data(bytes))]);
    match fault {
        None | Some(Fault::Status(_) | Fault::Redirect(_)) => whole(body),
        Some(Fault::Flip) => {
            let mut other = body.to_vec();
            other[body.len() / 2] ^= 1;
            whole(other)
        }
        Some(Fault::Cut) => {
            let end = futures_util::stream::iter([Err(std::io::ErrorKind::ConnectionReset.into())]);
            BodyExt::boxed(StreamBody::new(first(half).chain(end)))
        }
        Some(Fault::Stall) => {
            BodyExt::boxed(StreamBody::new(first(half).chain(futures_util::stream::pending())))
        }
        Some(Fault::Endless) => {
            let more =
                futures_util::stream::repeat_with(|| Ok(Frame::data(vec![0; 1 << 16].into())));
            BodyExt::boxed(StreamBody::new(first(body).chain(more)))
        }
    }
}
