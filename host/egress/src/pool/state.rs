//! Which connections are there: idle ones of HTTP/1, shared ones of HTTP/2.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use tokio::task::AbortHandle;

use super::Key;
use crate::watched::Trouble;

#[derive(Default)]
pub(super) struct State {
    /// HTTP/1: one request at a time, the last used at the end.
    pub(super) idle: HashMap<Key, Vec<Idle>>,
    /// HTTP/2: many requests at once.
    pub(super) shared: HashMap<Key, Shared>,
    /// Connections whose answer was read to its end, and that are idle any moment.
    pub(super) returning: HashMap<Key, usize>,
    pub(super) pruning: bool,
}

pub(super) struct Idle {
    pub(super) sender: http1::SendRequest<Full<Bytes>>,
    pub(super) task: AbortHandle,
    pub(super) trouble: Trouble,
    pub(super) since: Instant,
}

pub(super) struct Shared {
    pub(super) sender: http2::SendRequest<Full<Bytes>>,
    pub(super) trouble: Trouble,
    pub(super) used: Instant,
}

pub(super) enum Sender {
    One(http1::SendRequest<Full<Bytes>>, AbortHandle),
    Many(http2::SendRequest<Full<Bytes>>),
}

impl State {
    pub(super) fn take(&mut self, key: &Key) -> Option<(Sender, Trouble)> {
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
    pub(super) fn close_one_but(&mut self, key: &Key) {
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

    pub(super) fn prune(&mut self, longest: Duration) {
        for idle in self.idle.values_mut() {
            idle.retain(|idle| idle.sender.is_ready() && idle.since.elapsed() < longest);
        }
        self.idle.retain(|_, idle| !idle.is_empty());
        self.shared.retain(|_, shared| shared.sender.is_ready() && shared.used.elapsed() < longest);
    }
}
