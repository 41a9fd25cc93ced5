//! `mooring backend`: components by hand. What is in one, how two differ, and what registries have.

mod diff;
mod inspect;
mod list;
mod pull;
mod push;
mod reach;
mod refusal;

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use super::volume::output;
use crate::run;
use refusal::Refusal;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Table,
    /// For scripts.
    Json,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, for as long as the program runs")]
pub(crate) enum Command {
    #[command(flatten)]
    ByHand(ByHand),
    /// Have a running host serve a driver by what its configuration names now; or say what that
    /// would change.
    Swap(super::status::SwapArgs),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::ByHand(command) => command.run(),
            Self::Swap(args) => run::client_runtime()?.block_on(args.run()),
        }
    }
}

/// What needs no running host.
#[derive(Debug, Subcommand)]
pub(crate) enum ByHand {
    /// Show a component's contract version, abilities, imports and size, and the grants that it
    /// would need.
    Inspect(inspect::Inspect),
    /// Show what differs between two components, above all what the second one asks for anew.
    Diff(diff::Diff),
    /// Fetch a component from a registry into a file.
    Pull(pull::Pull),
    /// Put a component into a registry, in the format that `wkg` writes.
    Push(push::Push),
    /// List a repository's tags, the newest version first.
    List(list::List),
}

impl ByHand {
    fn run(self) -> anyhow::Result<ExitCode> {
        let format = match &self {
            Self::Inspect(inspect::Inspect { output, .. })
            | Self::Diff(diff::Diff { output, .. })
            | Self::Push(push::Push { output, .. })
            | Self::List(list::List { output, .. }) => *output,
            Self::Pull(pull) if pull.json => Output::Json,
            Self::Pull(_) => Output::Table,
        };
        let ended = run::client_runtime()?.block_on(async {
            match self {
                Self::Inspect(command) => command.run().await,
                Self::Diff(command) => command.run().await,
                Self::Pull(command) => command.run().await,
                Self::Push(command) => command.run().await,
                Self::List(command) => command.run().await,
            }
        });
        match ended {
            Ok(code) => Ok(code),
            Err(refusal) => {
                refusal.print(format)?;
                Ok(refusal.exit().into())
            }
        }
    }
}

/// Prints an answer in the form that was asked for.
fn answer(
    format: Output,
    json: &impl serde::Serialize,
    table: impl FnOnce() -> String,
) -> Result<(), Refusal> {
    let text = match format {
        Output::Json => {
            let text =
                serde_json::to_string_pretty(json).map_err(|error| Refusal::other(error.into()))?;
            text + "\n"
        }
        Output::Table => table(),
    };
    output::print(&text).map_err(|error| Refusal::other(error.into()))
}
