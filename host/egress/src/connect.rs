//! A connection to a granted origin: resolve once, judge each address, connect to one of them,
//! through a proxy where the grant has one, and speak TLS.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout_at;
use tokio_rustls::TlsConnector;

use crate::error::EgressError;
use crate::grant::Granted;
use crate::origin::{Host, Origin};
use crate::resolve::Resolve;
use crate::watched::{Trouble, Watched};
use crate::{Caps, Counters, add, address};

/// Bytes in both directions.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for T {}

/// A stream on which HTTP can begin.
pub(crate) struct Opened {
    pub(crate) stream: Box<dyn Stream>,
    /// HTTP/2 was agreed on.
    pub(crate) http2: bool,
    pub(crate) trouble: Trouble,
}

/// Makes connections.
pub(crate) struct Connector {
    resolver: Arc<dyn Resolve>,
    caps: Caps,
    counters: Arc<Counters>,
}

impl Connector {
    pub(crate) fn new(resolver: Arc<dyn Resolve>, caps: Caps, counters: Arc<Counters>) -> Self {
        Self { resolver, caps, counters }
    }

    /// Connects within the time that is left, and at most [`Caps::connect`].
    ///
    /// # Errors
    /// Of each step.
    pub(crate) async fn open(
        &self,
        granted: &Granted,
        tls: Option<Arc<ClientConfig>>,
        until: Instant,
    ) -> Result<Opened, EgressError> {
        let until = until.min(Instant::now() + self.caps.connect);
        let work = self.steps(granted, tls, until);
        timeout_at(until.into(), work).await.unwrap_or(Err(EgressError::ConnectionTimeout))
    }

    async fn steps(
        &self,
        granted: &Granted,
        tls: Option<Arc<ClientConfig>>,
        until: Instant,
    ) -> Result<Opened, EgressError> {
        let stream = match &granted.proxy {
            Some(proxy) => self.tunnel(granted, proxy, until).await?,
            None => Box::new(self.tcp(&granted.origin, Rule::Granted(granted), until).await?),
        };
        match tls {
            Some(config) if granted.origin.tls => encrypt(stream, &granted.origin, config).await,
            Some(_) | None => Ok(Opened { stream, http2: false, trouble: Trouble::default() }),
        }
    }

    /// A connection to an address of the origin that was judged.
    async fn tcp(
        &self,
        origin: &Origin,
        rule: Rule<'_>,
        until: Instant,
    ) -> Result<TcpStream, EgressError> {
        let addresses = self.addresses(origin, until).await?;
        // All or none: a name that leads to one forbidden address is not to be trusted.
        for address in &addresses {
            rule.judge(address.ip())?;
        }
        let mut last = EgressError::DestinationUnavailable;
        let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        for address in addresses {
            let share = until.saturating_duration_since(Instant::now()) / left.max(1);
            left = left.saturating_sub(1);
            match timeout_at((Instant::now() + share).into(), TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    add(&self.counters.connections, 1);
                    // Requests are written whole: nothing is gained by waiting for more.
                    stream.set_nodelay(true).map_err(|error| of_connect(&error))?;
                    return Ok(stream);
                }
                Ok(Err(error)) => last = of_connect(&error),
                Err(_) => last = EgressError::ConnectionTimeout,
            }
        }
        Err(last)
    }

    async fn addresses(
        &self,
        origin: &Origin,
        until: Instant,
    ) -> Result<Vec<SocketAddr>, EgressError> {
        let name = match &origin.host {
            Host::Address(address) => return Ok(vec![SocketAddr::new(*address, origin.port)]),
            Host::Name(name) => name,
        };
        let host = || name.clone();
        let found = timeout_at(until.into(), self.resolver.resolve(name, origin.port)).await;
        let found = found.map_err(|_| EgressError::DnsTimeout { host: host() })?;
        let found = found
            .map_err(|error| EgressError::DnsError { host: host(), reason: error.to_string() })?;
        if found.is_empty() {
            let reason = "it has no address".to_owned();
            return Err(EgressError::DnsError { host: host(), reason });
        }
        // The port is the grant's, whatever the resolver says.
        Ok(found.into_iter().map(|found| SocketAddr::new(found.ip(), origin.port)).collect())
    }

    /// A tunnel through a proxy (RFC 9110, 9.3.6).
    async fn tunnel(
        &self,
        granted: &Granted,
        proxy: &Origin,
        until: Instant,
    ) -> Result<Box<dyn Stream>, EgressError> {
        // An origin that is an address is judged here, as no name hides it.
        if let Host::Address(address) = granted.origin.host {
            Rule::Granted(granted).judge(address)?;
        }
        let stream: Box<dyn Stream> = Box::new(self.tcp(proxy, Rule::Proxy, until).await?);
        let stream = match (&granted.tls, proxy.tls) {
            (Some(tls), true) => {
                let mut config = ClientConfig::clone(&tls.anonymous());
                config.alpn_protocols.clear();
                encrypt(stream, proxy, Arc::new(config)).await?.stream
            }
            (Some(_) | None, _) => stream,
        };
        let refused = || EgressError::DestinationUnavailable;
        let io = TokioIo::new(stream);
        let begun = hyper::client::conn::http1::handshake::<_, Empty<Bytes>>(io).await;
        let (mut sender, connection) = begun.map_err(|_| EgressError::ConnectionTerminated)?;
        tokio::spawn(connection.with_upgrades());
        let target = format!("{}:{}", granted.origin.host, granted.origin.port);
        let request = http::Request::connect(&target)
            .header(http::header::HOST, &target)
            .body(Empty::new())
            .map_err(|_| refused())?;
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|_| EgressError::ConnectionTerminated)?;
        if !answer.status().is_success() {
            return Err(refused());
        }
        let upgraded = hyper::upgrade::on(answer).await;
        Ok(Box::new(TokioIo::new(upgraded.map_err(|_| EgressError::ConnectionTerminated)?)))
    }
}

/// What an address is judged by.
enum Rule<'a> {
    Granted(&'a Granted),
    /// The operator named the proxy itself: it may be anywhere but where nothing ever may.
    Proxy,
}

impl Rule<'_> {
    fn judge(&self, ip: IpAddr) -> Result<(), EgressError> {
        let judged = match self {
            Rule::Granted(granted) => address::judge(ip, &granted.networks),
            Rule::Proxy => address::judge(ip, &[ipnet::IpNet::from(ip)]),
        };
        judged.map_err(|reason| EgressError::DestinationIpProhibited { address: ip, reason })
    }
}

async fn encrypt(
    stream: Box<dyn Stream>,
    origin: &Origin,
    config: Arc<ClientConfig>,
) -> Result<Opened, EgressError> {
    let name = match &origin.host {
        Host::Address(address) => ServerName::IpAddress((*address).into()),
        Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| {
            EgressError::TlsCertificateError { reason: "no certificate can name it".to_owned() }
        })?,
    };
    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|error| {
        EgressError::of_tls(&error).unwrap_or(EgressError::ConnectionTerminated)
    })?;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let (stream, trouble) = Watched::new(stream);
    Ok(Opened { stream: Box::new(stream), http2, trouble })
}

fn of_connect(error: &std::io::Error) -> EgressError {
    use std::io::ErrorKind;
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign, non-exhaustive enum")]
    match error.kind() {
        ErrorKind::ConnectionRefused => EgressError::ConnectionRefused,
        ErrorKind::TimedOut => EgressError::ConnectionTimeout,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
            EgressError::ConnectionTerminated
        }
        _ => EgressError::DestinationUnavailable,
    }
}
