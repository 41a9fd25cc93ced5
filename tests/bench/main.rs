//! `make bench`: what the program costs, measured on this machine, paired in one run, and written as
//! the table of `tests/bench/README.md`.
//!
//! Every figure is a median over rounds that alternate between the two sides of its pair, so that
//! whatever else the machine does hits both. Nothing here fails because a machine is slow.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench that cannot measure stops loudly"
)]

mod call;
mod copies;
mod drivers;
mod lists;
mod memory;
mod neighbour;
mod pairs;
mod stage;
mod start;
mod swap;
mod table;

use table::Table;

/// A word of the command line, and what it measures.
type Measure = (&'static str, fn(&mut Table));

fn main() {
    let mut table = Table::default();
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let runs: [Measure; 10] = [
        ("call", call::measure),
        ("pairs", pairs::measure),
        ("stage", stage::measure),
        ("memory", memory::measure),
        ("start", start::measure),
        ("copies", copies::measure),
        ("lists", lists::measure),
        ("swap", swap::measure),
        ("drivers", drivers::measure),
        ("neighbour", neighbour::measure),
    ];
    for (name, measure) in runs {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            eprintln!("measuring {name} …");
            measure(&mut table);
        }
    }
    print!("{table}");
    if wanted.is_empty() {
        table.keep();
    }
}
