//! One connection that asks for rows that were acknowledged, and looks at each that it gets.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use tokio::time::sleep;

use super::{Kind, Notes, Phase, Shared};

/// What a client does with an answer, before it asks again.
const THINKS: Duration = Duration::from_millis(10);

/// One query in so many is of a range, the others are of a single row.
const RANGES: u8 = 5;

/// Rows of a range, at most.
const RANGE: usize = 200;

/// Queries while the load is in this phase, or in a later one, until it is over.
pub(super) async fn run(shared: Arc<Shared>, from: Phase) -> Notes {
    let mut notes = Notes::default();
    if let Err(error) = query(&shared, from, &mut notes).await {
        notes.fail(&shared, "reader", &error);
    }
    notes
}

async fn query(shared: &Shared, from: Phase, notes: &mut Notes) -> Result<()> {
    let mut connection = Conn::new(shared.opts.clone()).await?;
    let point = connection.prep("SELECT id, crc, payload FROM entries WHERE id = ?").await?;
    let range = connection.prep("SELECT id, crc FROM entries WHERE id BETWEEN ? AND ?").await?;
    let mut rng = fastrand::Rng::with_seed(shared.seeds.fetch_add(1, Ordering::Relaxed));
    let mut phase = shared.phase.subscribe();
    while *phase.wait_for(|phase| *phase >= from).await? != Phase::Over {
        let most = if rng.u8(..RANGES) == 0 { RANGE } else { 1 };
        let wanted = shared.ledger.pick(&mut rng, most);
        let sent = Instant::now();
        let (kind, answer) = match *wanted.as_slice() {
            [] => {
                sleep(THINKS).await;
                continue;
            }
            [row] => (Kind::Point, one(&mut connection, &point, row).await),
            [(first, _), .., (last, _)] => {
                let answer = many(&mut connection, &range, (first, last), &wanted).await;
                (Kind::Range, answer)
            }
        };
        if !notes.take(shared, kind, sent, answer) {
            return Ok(());
        }
        sleep(THINKS).await;
    }
    Ok(connection.disconnect().await?)
}

/// The row, whole.
async fn one(
    connection: &mut Conn,
    statement: &mysql_async::Statement,
    (id, crc): (u64, u32),
) -> Result<()> {
    let row: Option<(u64, u32, Vec<u8>)> = connection.exec_first(statement, (id,)).await?;
    let right = row.is_some_and(|row| (row.0, row.1) == (id, crc) && crc32c::crc32c(&row.2) == crc);
    ensure!(right, "row {id} is not what was written");
    Ok(())
}

/// Each row that was acknowledged, in order.
async fn many(
    connection: &mut Conn,
    statement: &mysql_async::Statement,
    range: (u64, u64),
    wanted: &[(u64, u32)],
) -> Result<()> {
    let rows: Vec<(u64, u32)> = connection.exec(statement, range).await?;
    ensure!(rows == wanted, "rows {} to {} are not what was written", range.0, range.1);
    Ok(())
}
