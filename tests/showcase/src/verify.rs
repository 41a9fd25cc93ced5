//! Whether the database has exactly what it acknowledged.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts};

use crate::load::Ledger;

/// Reads every row on a new connection and compares keys, checksums and payloads; answers how many there are.
///
/// # Errors
/// The first row that is not what was written, and rows that are missing or too many.
pub(crate) async fn rows(opts: &Opts, ledger: &Ledger) -> Result<(u64, Duration)> {
    let begun = Instant::now();
    let mut connection = Conn::new(opts.clone()).await?;
    let mut wanted = ledger.rows().into_iter();
    let mut found = 0;
    let mut rows =
        connection.query_iter("SELECT id, crc, payload FROM entries ORDER BY id").await?;
    while let Some(row) = rows.next().await? {
        let (id, crc, payload): (u64, u32, Vec<u8>) = mysql_async::from_row_opt(row)?;
        let right = wanted.next() == Some((id, crc)) && crc32c::crc32c(&payload) == crc;
        ensure!(right, "row {id}, the {found}th, is not what was acknowledged");
        found += 1;
    }
    drop(rows);
    ensure!(wanted.next().is_none(), "{} acknowledged rows are missing", wanted.len() + 1);
    connection.disconnect().await?;
    Ok((found, begun.elapsed()))
}

/// `CHECK TABLE … EXTENDED`, and the number of rows by the server's own count.
///
/// # Errors
/// What the server finds wrong.
pub(crate) async fn table(opts: &Opts) -> Result<u64> {
    let mut connection = Conn::new(opts.clone()).await?;
    let answers: Vec<(String, String, String, String)> =
        connection.query("CHECK TABLE entries EXTENDED").await?;
    let well = answers.last().is_some_and(|(_, _, kind, text)| kind == "status" && text == "OK");
    ensure!(well, "CHECK TABLE says {answers:?}");
    let count: Option<u64> = connection.query_first("SELECT COUNT(*) FROM entries").await?;
    connection.disconnect().await?;
    Ok(count.unwrap_or_default())
}
