//! The nodes that are connected, and what they are ordered. Nothing here waits for longer than it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{Stream, stream};
use mooring_proto::mooring::internal::v1 as pb;
use mooring_volume::attachment::PoolItem;
use mooring_volume::limits::NodeLimits;
use mooring_volume::{Code, Error, Result, VolumeId};
use pb::order::Kind;
use pb::order_report::Outcome;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

use super::{ON_THE_WAY, error};
use crate::internal::{attachment, limits};

/// Nodes at once: each is a process of this machine, and there is one. More are left over or a fault.
const MOST_NODES: usize = 16;

/// The nodes of one driver that are connected to this process. A clone is another handle on the same.
#[derive(Clone, Default)]
pub struct Hub(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Numbers nodes and orders.
    last: u64,
    nodes: BTreeMap<u64, Connected>,
}

struct Connected {
    orders: mpsc::Sender<pb::Order>,
    /// Who waits for which order's report.
    asked: BTreeMap<u64, oneshot::Sender<Outcome>>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("nodes", &self.state().nodes.len()).finish()
    }
}

impl Hub {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many nodes are connected.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.state().nodes.len()
    }

    /// Orders every node to freeze these images, those that are attached there, for `hold` at most, and waits
    /// until `deadline` for all of them. Dropping the future, or the answer, thaws.
    ///
    /// # Errors
    /// The first node's that can't; then all others are told to thaw. `DeadlineExceeded` for one that did not
    /// report in time, `Unavailable` for one that went away.
    pub async fn freeze(
        &self,
        images: &[PoolItem],
        hold: Duration,
        deadline: Instant,
    ) -> Result<Held> {
        let images: Vec<_> = images.iter().cloned().map(attachment::encode::pool_item).collect();
        let hold_ms = u32::try_from(hold.as_millis()).unwrap_or(u32::MAX);
        let mut held = Held { hub: self.clone(), freezes: Vec::new(), images: Vec::new() };
        let mut ordered = Vec::new();
        for node in self.nodes() {
            let order =
                self.order(node, Kind::Freeze(pb::Freeze { images: images.clone(), hold_ms }))?;
            held.freezes.push((node, order.id));
            ordered.push(order);
        }
        for order in ordered {
            match order.report(deadline).await? {
                Outcome::Frozen(pb::Frozen { images }) => {
                    held.images.extend(images.into_iter().map(attachment::decode::pool_item));
                }
                other => return Err(unexpected(other)),
            }
        }
        Ok(held)
    }

    /// Orders every node to enforce exactly these limits, and waits until `deadline` for all of them. A node
    /// that does not have the volume has nothing to do.
    ///
    /// # Errors
    /// The first node's that can't. The same order may be given again.
    pub async fn apply_limits(
        &self,
        volume: &VolumeId,
        limits: Option<NodeLimits>,
        deadline: Instant,
    ) -> Result<()> {
        let order = pb::ApplyLimits {
            volume_id: volume.clone().into(),
            limits: limits.map(limits::encode),
        };
        let all = self.nodes().into_iter();
        let ordered: Vec<Ordered> = all
            .map(|node| self.order(node, Kind::ApplyLimits(order.clone())))
            .collect::<Result<_>>()?;
        let mut outcome = Ok(());
        for order in ordered {
            let applied = order.report(deadline).await.and_then(|outcome| match outcome {
                Outcome::Applied(pb::Applied { present: _ }) => Ok(()),
                other => Err(unexpected(other)),
            });
            outcome = outcome.and(applied);
        }
        outcome
    }

    fn nodes(&self) -> Vec<u64> {
        self.state().nodes.keys().copied().collect()
    }

    /// Sends an order.
    fn order(&self, node: u64, kind: Kind) -> Result<Ordered> {
        let (sender, answer) = oneshot::channel();
        let mut state = self.state();
        state.last += 1;
        let id = state.last;
        let connected = state.nodes.get_mut(&node).ok_or_else(gone)?;
        let order = pb::Order { id, kind: Some(kind) };
        connected
            .orders
            .try_send(order)
            .map_err(|_| Error::unavailable("the node takes no more orders for now; try again"))?;
        connected.asked.insert(id, sender);
        Ok(Ordered { hub: self.clone(), node, id, answer })
    }

    /// A node has opened its stream: what it is ordered. It stays for as long as it reports, or until `ending`.
    ///
    /// # Errors
    /// `ResourceExhausted` for one too many.
    pub(crate) fn connect(
        &self,
        mut reports: Streaming<pb::OrderReport>,
        ending: CancellationToken,
    ) -> Result<impl Stream<Item = Result<pb::Order, Status>> + Send + use<>> {
        let (sender, mut orders) = mpsc::channel(ON_THE_WAY);
        let mut state = self.state();
        if state.nodes.len() >= MOST_NODES {
            return Err(Error::new(
                Code::ResourceExhausted,
                format!("{MOST_NODES} nodes are connected already, and each machine has one"),
            ));
        }
        state.last += 1;
        let node = state.last;
        state.nodes.insert(node, Connected { orders: sender, asked: BTreeMap::new() });
        drop(state);
        let seat = Seat { hub: self.clone(), node };
        tokio::spawn(async move {
            let reading = async {
                while let Ok(Some(report)) = reports.message().await {
                    seat.reported(report);
                }
            };
            tokio::select! {
                () = reading => {}
                () = ending.cancelled() => {}
            }
            drop(seat);
        });
        Ok(stream::poll_fn(move |context| orders.poll_recv(context).map(|order| order.map(Ok))))
    }
}

/// A node's place in the hub: given up when its stream ends, which ends what it is ordered, and fails whoever
/// waits for it.
struct Seat {
    hub: Hub,
    node: u64,
}

impl Seat {
    fn reported(&self, report: pb::OrderReport) {
        let pb::OrderReport { id, outcome } = report;
        let mut state = self.hub.state();
        let asked = state.nodes.get_mut(&self.node).and_then(|node| node.asked.remove(&id));
        if let (Some(asked), Some(outcome)) = (asked, outcome) {
            // Whoever asked may have left.
            let _ = asked.send(outcome);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.state().nodes.remove(&self.node);
    }
}

/// An order that was sent.
struct Ordered {
    hub: Hub,
    node: u64,
    id: u64,
    answer: oneshot::Receiver<Outcome>,
}

impl Ordered {
    async fn report(mut self, deadline: Instant) -> Result<Outcome> {
        match tokio::time::timeout_at(deadline.into(), &mut self.answer).await {
            Ok(Ok(Outcome::Failure(failure))) => Err(error(failure)),
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(_)) => Err(gone()),
            Err(_) => Err(Error::new(
                Code::DeadlineExceeded,
                "the node did not report on an order in time; try again",
            )),
        }
    }
}

impl Drop for Ordered {
    fn drop(&mut self) {
        if let Some(node) = self.hub.state().nodes.get_mut(&self.node) {
            node.asked.remove(&self.id);
        }
    }
}

fn gone() -> Error {
    Error::unavailable("the node went away; it thaws by itself what was frozen; try again")
}

fn unexpected(outcome: Outcome) -> Error {
    let what = match outcome {
        Outcome::Failure(failure) => return error(failure),
        Outcome::Frozen(_) => "frozen",
        Outcome::Thawed(_) => "thawed",
        Outcome::Applied(_) => "applied",
    };
    Error::internal(format!("the node reported {what:?}, which was not the order"))
}

/// Images that are frozen on the nodes. Dropping it thaws and does not wait.
#[derive(Debug)]
#[must_use = "dropping it thaws"]
pub struct Held {
    hub: Hub,
    /// Nodes, and the orders by which they froze.
    freezes: Vec<(u64, u64)>,
    images: Vec<PoolItem>,
}

impl Held {
    /// Those of the images that are attached on a connected node, and to which nothing is written now.
    #[must_use]
    pub fn images(&self) -> &[PoolItem] {
        &self.images
    }

    /// Thaws, and waits for that until `deadline`. Answers whether everything was frozen without a break until
    /// now.
    ///
    /// # Errors
    /// Of a node that went away or did not report in time: whether it held is not known. It thaws all the same,
    /// at the end of the hold at the latest.
    pub async fn thaw(mut self, deadline: Instant) -> Result<bool> {
        let (mut whole, mut ordered) = (true, Vec::new());
        // Those behind one that fails are thawed when this is dropped.
        while let Some((node, freeze)) = self.freezes.pop() {
            ordered.push(self.hub.order(node, Kind::Thaw(pb::Thaw { freeze }))?);
        }
        for order in ordered {
            match order.report(deadline).await? {
                Outcome::Thawed(pb::Thawed { held }) => whole &= held,
                other => return Err(unexpected(other)),
            }
        }
        Ok(whole)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for (node, freeze) in self.freezes.drain(..) {
            // A node that can't be told has thawed, or does so at the end of the hold.
            let _ = self.hub.order(node, Kind::Thaw(pb::Thaw { freeze }));
        }
    }
}
