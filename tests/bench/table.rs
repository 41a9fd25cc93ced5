//! The table: printed, and kept in the README beside this file.

use std::fmt;
use std::path::Path;

/// One measure: what, how much, what was wanted.
struct Row {
    measure: String,
    target: &'static str,
    measured: String,
    met: bool,
}

/// All measures of a run.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

/// What stands around the table in the README; the line that follows is replaced by each run.
const MARK: &str = "<!-- the table below is written by `make bench` -->\n";

impl Table {
    /// Adds a measure.
    pub(crate) fn row(
        &mut self,
        measure: impl Into<String>,
        target: &'static str,
        measured: String,
        met: bool,
    ) {
        let row = Row { measure: measure.into(), target, measured, met };
        eprintln!("  {}: {} (wanted {})", row.measure, row.measured, row.target);
        self.0.push(row);
    }

    /// Writes itself into the README.
    pub(crate) fn keep(&self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/README.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, _) = text.split_once(MARK).expect("the README has the mark");
        std::fs::write(&path, format!("{before}{MARK}\n{self}")).unwrap();
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| measure | target | measured | met |")?;
        writeln!(f, "|---|---|---|---|")?;
        for row in &self.0 {
            let met = if row.met { "yes" } else { "no" };
            writeln!(f, "| {} | {} | {} | {met} |", row.measure, row.target, row.measured)?;
        }
        Ok(())
    }
}

/// The middle of some measurements.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
