//! A call into a fresh instance, against the same backend called natively: measured by the bench of
//! the crate that runs components, in one process.

use std::process::Command;

use crate::table::Table;

pub(crate) fn measure(table: &mut Table) {
    let output = Command::new("cargo")
        .args(["bench", "--locked", "-p", "mooring-backend", "--bench", "call"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout);
    // Its last lines are `NAME MICROSECONDS`.
    let figure = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| {
            panic!("no {name} in:\n{text}\n{}", String::from_utf8_lossy(&output.stderr))
        });
        line.trim().parse::<f64>().expect("a number")
    };
    let above = figure("overhead_us");
    table.row(
        "a call into a fresh instance, above the same backend called natively",
        "≤ 60 µs median",
        format!(
            "{above:.0} µs ({:.0} µs against {:.0} µs)",
            figure("component_us"),
            figure("native_us")
        ),
        above <= 60.0,
    );
}
