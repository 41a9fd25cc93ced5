//! The showcase: a database on a volume that grows under load while its backend is swapped, and a picture of
//! what its clients noticed of that.
//!
//! `site` has the machine or the cluster, `load` the database's clients, `story` what happens to the volume meanwhile.
//! What they measured becomes a `report` (a table and JSON) and a `plot`. The run fails where a statement failed, a row
//! is not what was written, or something is left behind.

mod figures;
mod load;
mod options;
mod plot;
mod report;
mod site;
mod story;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;

use options::{Options, Site};
use report::Report;

fn main() -> ExitCode {
    let options = Options::parse();
    let told = match &options.site {
        Site::Plain(plain) => site::plain::run(plain),
        Site::Cluster(cluster) => site::cluster::run(cluster),
        Site::Plot(plot) => Report::read(&plot.figures),
    };
    match told.and_then(|report| end(&options, &report)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("showcase: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Tells what was measured, and writes what was asked for.
fn end(options: &Options, report: &Report) -> anyhow::Result<()> {
    println!("{report}");
    let output = options.output();
    if let Some(file) = &output.json {
        report.write(file)?;
    }
    if let Some(file) = &output.out {
        plot::write(file, report)?;
    }
    report.verdict()
}
