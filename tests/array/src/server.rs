//! The array behind a socket: listening, TLS, and the end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::api::{Service, routes};
use crate::array::Array;
use crate::connection;
use crate::devices::Devices;
use crate::faults::{Fate, Faults};
use crate::sessions::Sessions;

/// Who may log in. The password is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[the credentials of {}]", self.user)
    }
}

/// PEM files.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The server's certificate, and those between it and the authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What an array is.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of all that it has.
    pub folder: PathBuf,
    /// Where to listen; port 0: any that is free.
    pub listen: SocketAddr,
    /// Names and bytes.
    pub pools: Vec<(String, u64)>,
    /// How long jobs take; none: everything is done at once.
    pub jobs: Option<Duration>,
    /// Who may log in; none: anybody may ask.
    pub credentials: Option<Credentials>,
    /// How long a login lasts.
    pub login: Duration,
    /// HTTPS.
    pub tls: Option<Tls>,
    /// The folders of links and of udev's notes; none: mapped volumes are no devices.
    pub devices: Option<(PathBuf, PathBuf)>,
    /// What goes wrong.
    pub faults: Faults,
}

impl Options {
    /// An array without devices, jobs and logins, on a free port of loopback, with a pool `default`
    /// of 1 TiB.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            pools: vec![("default".to_owned(), 1 << 40)],
            jobs: None,
            credentials: None,
            login: Duration::from_secs(600),
            tls: None,
            devices: None,
            faults: Faults::default(),
        }
    }
}

/// Serves until `end` is ready, then gives all devices back. `listening` is told where.
///
/// # Errors
/// What keeps it from serving: the folder, the address, the certificate.
pub async fn serve(
    options: Options,
    listening: impl FnOnce(SocketAddr) + Send,
    end: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let tls = options.tls.as_ref().map(acceptor).transpose()?;
    let devices = match options.devices.clone() {
        Some((links, notes)) => Devices::Loops { links, notes },
        None => Devices::None,
    };
    let array = Array::open(&options.folder, options.pools.clone(), options.jobs, devices)?;
    let array = Arc::new(array);
    let service = Arc::new(Service {
        array: Arc::clone(&array),
        sessions: Sessions::new(options.credentials.clone(), options.login),
        fate: Fate::new(options.faults.clone()),
    });
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("listening on {}", options.listen))?;
    listening(listener.local_addr()?);
    tokio::select! {
        () = end => {}
        never = accept(listener, tls, service) => match never {},
    }
    // Requests may be running yet; what they map after this, the next start finds.
    tokio::task::spawn_blocking(move || array.release()).await?;
    Ok(())
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    service: Arc<Service>,
) -> std::convert::Infallible {
    let routes = routes(Arc::clone(&service));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // No descriptors are left, and nothing tells when one is.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (tls, routes, service) = (tls.clone(), routes.clone(), Arc::clone(&service));
        tokio::spawn(async move {
            let _ = converse(stream, tls, routes, service).await;
        });
    }
}

async fn converse(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    routes: axum::Router,
    service: Arc<Service>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = rustix::io::dup(&stream)?;
    match tls {
        Some(tls) => {
            let stream = tls.accept(stream).await?;
            connection::serve(stream, socket, routes, service).await;
        }
        None => connection::serve(stream, socket, routes, service).await,
    }
    Ok(())
}

fn acceptor(tls: &Tls) -> anyhow::Result<TlsAcceptor> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(&tls.certificate)
        .with_context(|| format!("reading {}", tls.certificate.display()))?
        .collect();
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .with_context(|| format!("reading {}", tls.key.display()))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain?, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// An array that runs in threads of this process until it is dropped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts an array in this process.
///
/// # Errors
/// As [`serve`].
pub fn start(options: Options) -> anyhow::Result<Running> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (end, ended) = oneshot::channel();
    let (tell, told) = std::sync::mpsc::channel();
    let failed = tell.clone();
    let thread = std::thread::spawn(move || {
        let listening = move |address| {
            let _ = tell.send(Ok(address));
        };
        let ended = async {
            let _ = ended.await;
        };
        if let Err(error) = runtime.block_on(serve(options, listening, ended)) {
            let _ = failed.send(Err(error));
        }
    });
    match told.recv() {
        Ok(Ok(address)) => Ok(Running { address, end: Some(end), thread: Some(thread) }),
        Ok(Err(error)) => Err(error),
        Err(_) => bail!("the array ended before it listened"),
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            // Its panic has been printed.
            let _ = thread.join();
        }
    }
}
