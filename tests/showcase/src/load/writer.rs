//! One connection that inserts bulks at a pace.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Params, Statement, Value};
use tokio::time::{MissedTickBehavior, interval};

use super::rows::{BULK, PAYLOAD, id, payload};
use super::{Kind, Notes, Phase, Shared};
use crate::options::Plan;

/// A bulk that is ready to be sent.
#[derive(Debug)]
struct Bulk {
    params: Vec<Value>,
    checksums: Vec<u32>,
}

/// Inserts until the load is over.
pub(super) async fn run(shared: Arc<Shared>, number: u32, plan: Plan) -> Notes {
    let mut notes = Notes::default();
    if let Err(error) = insert(&shared, number, plan, &mut notes).await {
        notes.fail(&shared, &format!("writer {number}"), &error);
    }
    notes
}

async fn insert(shared: &Shared, number: u32, plan: Plan, notes: &mut Notes) -> Result<()> {
    let mut connection = Conn::new(shared.opts.clone()).await?;
    let places = vec!["(?,?,?)"; usize::try_from(BULK)?].join(",");
    let statement = connection.prep(format!("INSERT INTO entries VALUES {places}")).await?;
    let mut pace = interval(between_bulks(plan)?);
    // What a slow answer held up is made up for: rows come at the same pace whatever the database does.
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut phase = shared.phase.subscribe();
    let (number, mut row) = (usize::try_from(number)?, 0);
    loop {
        let bulk = Bulk::of(number, row);
        tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase == Phase::Over) => break,
            _ = pace.tick() => {}
        }
        let sent = Instant::now();
        let answer = send(&mut connection, &statement, bulk.params).await;
        if !notes.take(shared, Kind::Insert, sent, answer) {
            return Ok(());
        }
        row += bulk.checksums.len();
        shared.ledger.acknowledge(number, &bulk.checksums);
    }
    Ok(connection.disconnect().await?)
}

async fn send(connection: &mut Conn, statement: &Statement, params: Vec<Value>) -> Result<()> {
    Ok(connection.exec_drop(statement, Params::Positional(params)).await?)
}

/// So that all writers together keep the pace.
fn between_bulks(plan: Plan) -> Result<Duration> {
    let bulk = u64::from(BULK) * u64::try_from(PAYLOAD)? * u64::from(plan.writers);
    Ok(Duration::from_micros(bulk.saturating_mul(1_000_000) / plan.pace.as_u64().max(1)))
}

impl Bulk {
    fn of(writer: usize, first: usize) -> Self {
        let mut bulk = Self { params: vec![], checksums: vec![] };
        for row in (first..).take(BULK as usize) {
            let id = id(writer, row);
            let payload = payload(id);
            let crc = crc32c::crc32c(&payload);
            bulk.checksums.push(crc);
            bulk.params.extend([Value::UInt(id), Value::UInt(crc.into()), Value::Bytes(payload)]);
        }
        bulk
    }
}
