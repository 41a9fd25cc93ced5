//! Egress: what a component may ask of the network, and how it is asked.
//!
//! A component names a URL; everything else is decided here. Only granted origins and paths are
//! reached. A name is resolved once, each of its addresses is judged, and the connection goes to
//! an address that was judged: there is no second look-up that could answer otherwise. Answers
//! are handed over as they are, redirects too. Credentials that a grant names are added on the
//! way out. Knows neither wasm nor gRPC: `backend` puts this under `wasi:http`.
//!
//! Invariant: no byte leaves for an address that [`address`] has not judged under the grant.
//! Invariant: a credential is in no error, no log and no `Debug` of this crate.

mod address;
mod auth;
mod body;
mod connect;
mod credential;
mod error;
mod grant;
mod headers;
mod origin;
mod pool;
mod resolve;
mod send;
mod tls;
mod watched;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mooring_volume::http::HttpGrant;

pub use body::Body;
pub use error::{EgressError, GrantError};
pub use resolve::{Resolve, SystemResolver};

use connect::Connector;
use grant::Granted;
use pool::Pool;

/// Bounds of what one driver may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Connections at once, idle ones included.
    pub connections: usize,
    /// Bytes of a request's body. It is kept whole, to be signed and to be sent again.
    pub request_body: usize,
    /// Bytes of an answer's body.
    pub response_body: u64,
    /// Bytes of an answer's status line and headers.
    pub response_headers: u32,
    /// How long an unused connection is kept.
    pub idle: Duration,
    /// How long making a connection may take, name and TLS included.
    pub connect: Duration,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            connections: 32,
            request_body: 8 << 20,
            response_body: 32 << 20,
            response_headers: 64 << 10,
            idle: Duration::from_secs(30),
            connect: Duration::from_secs(10),
        }
    }
}

/// The time that one request has, its answer's body included.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// When everything ends.
    pub deadline: Instant,
    /// For making a connection, where that is less than [`Caps::connect`].
    pub connect: Option<Duration>,
    /// From the request to the answer's headers.
    pub first_byte: Option<Duration>,
    /// Between two parts of the answer's body.
    pub between_bytes: Option<Duration>,
}

impl Budget {
    /// Nothing but an end.
    #[must_use]
    pub fn until(deadline: Instant) -> Self {
        Self { deadline, connect: None, first_byte: None, between_bytes: None }
    }

    /// When a part ends that begins now and may take this long.
    fn within(&self, part: Option<Duration>) -> Instant {
        let end = part.and_then(|part| Instant::now().checked_add(part));
        end.map_or(self.deadline, |end| end.min(self.deadline))
    }
}

/// What was done so far, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were asked for.
    pub requests: u64,
    /// Of these, the ones that a rule refused before anything was sent.
    pub refused: u64,
    /// Bytes of request bodies that were sent.
    pub sent: u64,
    /// Bytes of answers' bodies that were received.
    pub received: u64,
    /// Connections that were made.
    pub connections: u64,
}

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    refused: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    connections: AtomicU64,
}

fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

/// The client of one driver: its grants, and the connections that it keeps.
pub struct Egress {
    granted: Vec<Arc<Granted>>,
    connector: Connector,
    pool: Pool,
    caps: Caps,
    counters: Arc<Counters>,
}

impl Egress {
    /// Checks the grants and reads the files of authorities that they name.
    ///
    /// # Errors
    /// [`GrantError`], which names the key.
    pub fn new(grants: &[HttpGrant]) -> Result<Self, GrantError> {
        Self::with(grants, Caps::default(), Arc::new(SystemResolver))
    }

    /// The same with other bounds and another resolver.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with(
        grants: &[HttpGrant],
        caps: Caps,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, GrantError> {
        let compile = |(index, grant)| Granted::compile(index, grant).map(Arc::new);
        let counters = Arc::new(Counters::default());
        Ok(Self {
            granted: grants.iter().enumerate().map(compile).collect::<Result<_, _>>()?,
            connector: Connector::new(resolver, caps, Arc::clone(&counters)),
            pool: Pool::new(caps),
            caps,
            counters,
        })
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let Counters { requests, refused, sent, received, connections } = &*self.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            requests: read(requests),
            refused: read(refused),
            sent: read(sent),
            received: read(received),
            connections: read(connections),
        }
    }
}

/// Checks grants without reading a file: what `config check` needs.
///
/// # Errors
/// [`GrantError`], which names the key.
pub fn check(grants: &[HttpGrant]) -> Result<(), GrantError> {
    grants.iter().enumerate().try_for_each(|(index, grant)| Granted::check(index, grant).map(drop))
}
