//! `mooring`: the program. It reads the command line and the configuration, chooses the
//! implementations and passes them on; nothing else.

mod cli;
mod client;
mod config;
mod demo;
mod embedded;
mod run;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    cli.run().unwrap_or_else(|error| {
        eprintln!("mooring: {error:#}");
        ExitCode::FAILURE
    })
}
