//! The node's side: opens the stream, opens it again when it ends, has each order carried out, and reports.
//!
//! Invariant: when the stream ends, for whatever reason, what was frozen is thawed.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream;
use mooring_proto::mooring::internal::v1 as pb;
use mooring_proto::mooring::internal::v1::backend_client::BackendClient;
use mooring_volume::orders::{FreezeId, Orders};
use mooring_volume::{Code, Error, Result, VolumeId};
use pb::order::Kind;
use pb::order_report::Outcome;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tonic::Status;

use super::{ON_THE_WAY, failure};
use crate::internal::{attachment, limits};
use crate::link::Link;

/// Between a stream's end and the next try, doubled from the first to the last; the link itself waits for a
/// controller that is starting.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LAST_WAIT: Duration = Duration::from_secs(5);
/// A stream that lasted so long did not fail at once.
const SETTLED: Duration = Duration::from_secs(10);

/// Takes the controller's orders at the other end of `link`, until `stop`; over one stream after the other, as
/// controllers come and go. When it returns nothing is frozen, as far as that can be.
pub async fn take_orders<O: Orders>(link: Link, orders: Arc<O>, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let mut wait = FIRST_WAIT;
    loop {
        let began = Instant::now();
        let ended = tokio::select! {
            () = &mut stop => None,
            ended = serve(&link, &orders) => Some(ended),
        };
        orders.release().await;
        match ended {
            None => return,
            Some(Ok(())) => tracing::debug!("the controller gives no more orders"),
            Some(Err(status)) => tracing::debug!(%status, "no orders"),
        }
        if began.elapsed() > SETTLED {
            wait = FIRST_WAIT;
        }
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(LAST_WAIT),
        }
    }
}

/// One stream, from its beginning to its end. Dropping it stops waiting for what it began.
async fn serve<O: Orders>(link: &Link, orders: &Arc<O>) -> Result<(), Status> {
    let (reports, mut reported) = mpsc::channel(ON_THE_WAY);
    let reported = stream::poll_fn(move |context| reported.poll_recv(context));
    let mut stream = BackendClient::new(link.clone()).take_orders(reported).await?.into_inner();
    tracing::debug!("taking orders");
    let mut session = Session {
        orders: Arc::clone(orders),
        reports,
        tasks: JoinSet::new(),
        freezes: HashMap::new(),
    };
    loop {
        tokio::select! {
            order = stream.message() => match order? {
                Some(order) => session.begin(order).await,
                None => return Ok(()),
            },
            Some(_) = session.tasks.join_next() => {}
        }
    }
}

/// What is under way on one stream.
struct Session<O> {
    orders: Arc<O>,
    reports: mpsc::Sender<pb::OrderReport>,
    tasks: JoinSet<()>,
    /// By the orders' ids, how each freeze ended, for its thaw.
    freezes: HashMap<u64, oneshot::Receiver<FreezeId>>,
}

impl<O: Orders> Session<O> {
    async fn begin(&mut self, order: pb::Order) {
        let pb::Order { id, kind } = order;
        if self.tasks.len() >= ON_THE_WAY || self.freezes.len() >= ON_THE_WAY {
            let error = Error::new(Code::ResourceExhausted, "too many orders at once; try again");
            report(&self.reports, id, Err(error)).await;
            return;
        }
        let (orders, reports) = (Arc::clone(&self.orders), self.reports.clone());
        match kind {
            Some(Kind::Freeze(order)) => {
                let (told, frozen) = oneshot::channel();
                self.freezes.insert(id, frozen);
                self.tasks.spawn(async move {
                    let outcome = freeze(&*orders, order, told).await;
                    report(&reports, id, outcome).await;
                });
            }
            Some(Kind::Thaw(pb::Thaw { freeze })) => {
                let frozen = self.freezes.remove(&freeze);
                self.tasks.spawn(async move {
                    let outcome = thaw(&*orders, frozen).await;
                    report(&reports, id, outcome).await;
                });
            }
            Some(Kind::ApplyLimits(order)) => {
                self.tasks.spawn(async move {
                    let outcome = apply(&*orders, order).await;
                    report(&reports, id, outcome).await;
                });
            }
            // What a later version may order.
            None => {
                let error = Error::unimplemented(
                    "the controller orders what this node does not know; run both in the same version",
                );
                report(&reports, id, Err(error)).await;
            }
        }
    }
}

async fn report(reports: &mpsc::Sender<pb::OrderReport>, id: u64, outcome: Result<Outcome>) {
    let outcome = outcome.unwrap_or_else(|error| {
        tracing::info!(order = id, %error, "an order failed");
        Outcome::Failure(failure(error))
    });
    // Where the stream has ended nobody waits for it.
    let _ = reports.send(pb::OrderReport { id, outcome: Some(outcome) }).await;
}

async fn freeze<O: Orders>(
    orders: &O,
    order: pb::Freeze,
    told: oneshot::Sender<FreezeId>,
) -> Result<Outcome> {
    let pb::Freeze { images, hold_ms } = order;
    let images = images.into_iter().map(attachment::decode::pool_item).collect();
    let frozen = orders.freeze(images, Duration::from_millis(hold_ms.into())).await?;
    // Not waited for only where the stream has ended, which thaws.
    let _ = told.send(frozen.id);
    let images = frozen.images.into_iter().map(attachment::encode::pool_item).collect();
    Ok(Outcome::Frozen(pb::Frozen { images }))
}

/// Behind its freeze, even where that is not done yet.
async fn thaw<O: Orders>(
    orders: &O,
    frozen: Option<oneshot::Receiver<FreezeId>>,
) -> Result<Outcome> {
    let id = match frozen {
        Some(frozen) => frozen.await.ok(),
        None => None,
    };
    let held = match id {
        Some(id) => orders.thaw(id).await?,
        None => false,
    };
    Ok(Outcome::Thawed(pb::Thawed { held }))
}

async fn apply<O: Orders>(orders: &O, order: pb::ApplyLimits) -> Result<Outcome> {
    let pb::ApplyLimits { volume_id, limits } = order;
    let (volume, limits) = (VolumeId::new(volume_id)?, limits.map(limits::decode));
    let present = orders.apply_limits(volume, limits).await?;
    Ok(Outcome::Applied(pb::Applied { present }))
}
