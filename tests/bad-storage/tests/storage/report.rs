//! What was tried, for `run --all`, which puts it into a table.

use std::fs::OpenOptions;
use std::io::Write as _;

/// The variable with the file.
const REPORT: &str = "MOORING_STORAGE_REPORT";

/// One row: what was wrong, how often, and what came of it.
pub(crate) fn row(fault: &str, cases: usize, outcome: &str) {
    let Some(path) = std::env::var_os(REPORT) else { return };
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(file, "| {fault} | {cases} | {outcome} |").unwrap();
}
