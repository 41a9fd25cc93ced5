//! The connections of one driver, kept for the next request to the same grant as the same client.
//!
//! A connection holds one of [`Caps::connections`] places until it is closed. Where all are held,
//! an idle one of another grant makes room, and else a request waits for one to come back. A
//! connection that gave no answer is never used again.

mod returning;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

pub(crate) use returning::Returning;

use crate::Caps;
use crate::connect::Opened;
use crate::error::EgressError;
use crate::tls::Identity;
use crate::watched::Trouble;

/// Of how many streams' answers HTTP/2 keeps note after they were given up.
const RESET_STREAMS: usize = 64;
/// An HTTP/2 connection is asked for a sign of life this often while requests are on it, and
/// given up when none comes for as long.
const ALIVE: Duration = Duration::from_secs(5);

/// For how long a connection whose answer was read is waited for before another is made.
const RETURN: Duration = Duration::from_millis(10);

/// Requests share connections where these are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) grant: usize,
    pub(crate) client: Option<Identity>,
}

type Request = http::Request<Full<Bytes>>;

pub(crate) struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    caps: Caps,
    state: Mutex<State>,
    places: Arc<Semaphore>,
    returned: Notify,
}

#[derive(Default)]
struct State {
    /// HTTP/1: one request at a time, the last used at the end.
    idle: HashMap<Key, Vec<Idle>>,
    /// HTTP/2: many requests at once.
    shared: HashMap<Key, Shared>,
    /// Connections whose answer was read to its end, and that are idle any moment.
    returning: HashMap<Key, usize>,
    pruning: bool,
}

struct Idle {
    sender: http1::SendRequest<Full<Bytes>>,
    task: AbortHandle,
    trouble: Trouble,
    since: Instant,
}

struct Shared {
    sender: http2::SendRequest<Full<Bytes>>,
    trouble: Trouble,
    used: Instant,
}

enum Sender {
    One(http1::SendRequest<Full<Bytes>>, AbortHandle),
    Many(http2::SendRequest<Full<Bytes>>),
}

/// A connection that a request may use.
pub(crate) struct Leased {
    inner: Arc<Inner>,
    key: Key,
    sender: Option<Sender>,
    trouble: Trouble,
    /// It served before, so that the server may have closed it unseen.
    pub(crate) used_before: bool,
}

/// An exchange that did not get to an answer.
pub(crate) enum Failed {
    /// Nothing of it was sent.
    Unsent,
    Broken(EgressError),
}

impl Pool {
    pub(crate) fn new(caps: Caps) -> Self {
        let places = Arc::new(Semaphore::new(caps.connections.max(1)));
        let (state, returned) = (Mutex::default(), Notify::new());
        Self { inner: Arc::new(Inner { caps, state, places, returned }) }
    }

    /// A connection: one that is there, or what `open` makes once there is a place for it.
    ///
    /// # Errors
    /// `ConnectionLimitReached` after `until`, and those of `open`.
    pub(crate) async fn lease<F, Fut>(
        &self,
        key: &Key,
        until: Instant,
        open: F,
    ) -> Result<Leased, EgressError>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Opened, EgressError>>,
    {
        let most = self.inner.caps.connections;
        let found = tokio::time::timeout_at(until.into(), self.find(key)).await;
        match found.map_err(|_| EgressError::ConnectionLimitReached { most })? {
            Found::There(leased) => Ok(leased),
            Found::Place(place) => self.inner.begin(key, open().await?, place).await,
        }
    }

    async fn find(&self, key: &Key) -> Found {
        let inner = &self.inner;
        loop {
            let mut returned = std::pin::pin!(inner.returned.notified());
            // Before looking, so that what comes back meanwhile is not missed.
            returned.as_mut().enable();
            if let Some((sender, trouble)) = inner.state().take(key) {
                return Found::There(inner.leased(key, sender, trouble, true));
            }
            if inner.state().returning.contains_key(key) {
                // A server that did not read the request's end keeps the connection from coming.
                if tokio::time::timeout(RETURN, returned.as_mut()).await.is_ok() {
                    continue;
                }
            }
            if let Ok(place) = Arc::clone(&inner.places).try_acquire_owned() {
                return Found::Place(place);
            }
            inner.state().close_one_but(key);
            tokio::select! {
                place = Arc::clone(&inner.places).acquire_owned() => {
                    if let Ok(place) = place {
                        return Found::Place(place);
                    }
                }
                () = returned => {}
            }
        }
    }
}

enum Found {
    There(Leased),
    Place(OwnedSemaphorePermit),
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leased(
        self: &Arc<Self>,
        key: &Key,
        sender: Sender,
        trouble: Trouble,
        used_before: bool,
    ) -> Leased {
        let (inner, key) = (Arc::clone(self), key.clone());
        Leased { inner, key, sender: Some(sender), trouble, used_before }
    }

    /// Begins HTTP on a new connection, which gives its place back when it ends.
    async fn begin(
        self: &Arc<Self>,
        key: &Key,
        opened: Opened,
        place: OwnedSemaphorePermit,
    ) -> Result<Leased, EgressError> {
        let most = self.caps.response_headers;
        let failed = |error: hyper::Error| EgressError::of_exchange(&error, most);
        let Opened { stream, http2, trouble } = opened;
        let io = TokioIo::new(stream);
        if http2 {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(ALIVE)
                .keep_alive_timeout(ALIVE)
                .max_header_list_size(most)
                .max_concurrent_reset_streams(RESET_STREAMS)
                .handshake(io)
                .await
                .map_err(failed)?;
            tokio::spawn(async move {
                let _place = place;
                // How it ended, those learn whose requests were on it.
                let _ = connection.await;
            });
            self.share(key, &sender, &trouble);
            return Ok(self.leased(key, Sender::Many(sender), trouble, false));
        }
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(usize::try_from(most).unwrap_or(usize::MAX).max(8 << 10))
            .handshake(io)
            .await
            .map_err(failed)?;
        let task = tokio::spawn(async move {
            let _place = place;
            let _ = connection.await;
        });
        Ok(self.leased(key, Sender::One(sender, task.abort_handle()), trouble, false))
    }

    fn share(
        self: &Arc<Self>,
        key: &Key,
        sender: &http2::SendRequest<Full<Bytes>>,
        trouble: &Trouble,
    ) {
        let mut state = self.state();
        if !state.shared.get(key).is_some_and(|shared| shared.sender.is_ready()) {
            let (sender, trouble) = (sender.clone(), Arc::clone(trouble));
            let shared = Shared { sender, trouble, used: Instant::now() };
            state.shared.insert(key.clone(), shared);
        }
        self.prune_later(&mut state);
        drop(state);
        self.returned.notify_waiters();
    }

    fn keep(self: &Arc<Self>, key: Key, idle: Idle) {
        let mut state = self.state();
        state.idle.entry(key).or_default().push(idle);
        self.prune_later(&mut state);
        drop(state);
        self.returned.notify_waiters();
    }

    /// One task closes what was not used for long; it ends where nothing is left or the pool is
    /// gone.
    fn prune_later(self: &Arc<Self>, state: &mut State) {
        if std::mem::replace(&mut state.pruning, true) {
            return;
        }
        let (inner, pause) = (Arc::downgrade(self), self.caps.idle);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                let Some(inner) = Weak::upgrade(&inner) else { return };
                let mut state = inner.state();
                state.prune(pause);
                if state.idle.is_empty() && state.shared.is_empty() {
                    state.pruning = false;
                    return;
                }
            }
        });
    }
}

impl State {
    fn take(&mut self, key: &Key) -> Option<(Sender, Trouble)> {
        if let Some(shared) = self.shared.get_mut(key) {
            if shared.sender.is_ready() {
                shared.used = Instant::now();
                let sender = Sender::Many(shared.sender.clone());
                return Some((sender, Arc::clone(&shared.trouble)));
            }
            self.shared.remove(key);
        }
        let idle = self.idle.get_mut(key)?;
        while let Some(Idle { sender, task, trouble, since: _ }) = idle.pop() {
            if sender.is_ready() {
                return Some((Sender::One(sender, task), trouble));
            }
        }
        self.idle.remove(key);
        None
    }

    /// Closes the idle connection that was longest unused and is of no use for this key.
    fn close_one_but(&mut self, key: &Key) {
        let others = self.idle.iter().filter(|(other, idle)| *other != key && !idle.is_empty());
        let oldest = others.min_by_key(|(_, idle)| idle.first().map(|idle| idle.since));
        if let Some(other) = oldest.map(|(other, _)| other.clone())
            && let Some(idle) = self.idle.get_mut(&other)
        {
            idle.remove(0);
            return;
        }
        // Requests that are on it end as they would: a sender that is dropped only starts none.
        let others = self.shared.iter().filter(|(other, _)| *other != key);
        let oldest = others.min_by_key(|(_, shared)| shared.used).map(|(other, _)| other.clone());
        if let Some(other) = oldest {
            self.shared.remove(&other);
        }
    }

    fn prune(&mut self, longest: Duration) {
        for idle in self.idle.values_mut() {
            idle.retain(|idle| idle.sender.is_ready() && idle.since.elapsed() < longest);
        }
        self.idle.retain(|_, idle| !idle.is_empty());
        self.shared.retain(|_, shared| shared.sender.is_ready() && shared.used.elapsed() < longest);
    }
}

impl Leased {
    /// Whether HTTP/2 is spoken on it.
    pub(crate) fn is_http2(&self) -> bool {
        match &self.sender {
            Some(Sender::Many(_)) => true,
            Some(Sender::One(..)) | None => false,
        }
    }

    /// Sends a request and waits for the answer's headers.
    pub(crate) async fn exchange(
        mut self,
        request: Request,
    ) -> Result<(http::Response<Incoming>, Arc<Returning>), Failed> {
        let answer = match &mut self.sender {
            Some(Sender::One(sender, _)) => match sender.ready().await {
                Ok(()) => sender.try_send_request(request).await,
                Err(_) => return Err(self.unsent()),
            },
            Some(Sender::Many(sender)) => match sender.ready().await {
                Ok(()) => sender.try_send_request(request).await,
                Err(_) => return Err(self.unsent()),
            },
            None => return Err(Failed::Unsent),
        };
        match answer {
            Ok(answer) => Ok((answer, self.give_back())),
            Err(mut error) => match error.take_message() {
                Some(_) => Err(self.unsent()),
                None => {
                    let most = self.inner.caps.response_headers;
                    let other = || EgressError::of_exchange(error.error(), most);
                    Err(Failed::Broken(self.trouble.get().cloned().unwrap_or_else(other)))
                }
            },
        }
    }

    fn unsent(&self) -> Failed {
        self.trouble.get().cloned().map_or(Failed::Unsent, Failed::Broken)
    }

    /// Lets the connection be used again, once the answer's body was read.
    fn give_back(&mut self) -> Arc<Returning> {
        let returning = Returning::new(&self.inner, &self.key);
        // Taken in either case: what is dropped with a sender gave no answer.
        let Some(Sender::One(mut sender, task)) = self.sender.take() else {
            // Others use it all the while.
            returning.back(&self.inner);
            return returning;
        };
        let told = Arc::clone(&returning);
        let (inner, trouble) = (Arc::downgrade(&self.inner), Arc::clone(&self.trouble));
        tokio::spawn(async move {
            let ready = sender.ready().await.is_ok();
            let Some(inner) = Weak::upgrade(&inner) else { return };
            if ready {
                let idle = Idle { sender, task, trouble, since: Instant::now() };
                inner.keep(told.key.clone(), idle);
            }
            told.back(&inner);
        });
        returning
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        match self.sender.take() {
            // Writing to a server that reads nothing would hold the place for ever.
            Some(Sender::One(_, task)) => task.abort(),
            // It may be dead: the next request starts anew, those that are on it go on.
            Some(Sender::Many(_)) => drop(self.inner.state().shared.remove(&self.key)),
            None => {}
        }
    }
}
