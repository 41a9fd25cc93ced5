//! `mooring volume`: a CSI client for people. It does by hand what an orchestrator does by itself.
//!
//! It knows CSI's protocol and nothing of this host: any driver behind a UNIX socket will do. Each
//! command asks, and answers with a value that [`output`] prints as a table or as JSON.

mod arguments;
mod capability;
mod copy;
mod create;
mod diff;
mod expand;
mod failure;
mod group;
mod health;
mod list;
mod modify;
pub(crate) mod output;
mod progress;
mod publish;
mod session;
mod size;
mod snapshot;
mod stage;
mod stats;
mod view;

#[cfg(test)]
pub(crate) mod model;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::{Args, Subcommand};

pub(crate) use capability::{FsType, filesystem};
pub(crate) use failure::{Exit, Failure};
use output::{Answer, Format};
pub(crate) use session::{ConnectionArgs, Session};
pub(crate) use size::Size;

const EXIT_CODES: &str = "Exit codes:
  0  done, or done before
  1  failure of the driver or of this machine
  2  the command line or an argument is wrong
  3  not found
  4  it exists otherwise than asked
  5  not now: unreachable, timed out, busy or out of room; the same command may be repeated
  6  refused: a precondition, a permission, a size or an ability is missing";

/// A CSI client for people: create, stage, publish, grow, snapshot and delete volumes by hand.
#[derive(Debug, Args)]
#[command(
    after_help = EXIT_CODES,
    after_long_help = format!("\
Example, one volume's whole life (each command may be repeated):
  ID=$(mooring volume create data --size 1GiB --quiet)
  mooring volume stage \"$ID\" --staging-path /var/lib/kubelet/data/staging --fs-type xfs
  mooring volume publish \"$ID\" --staging-path /var/lib/kubelet/data/staging \\
      --target-path /var/lib/kubelet/data/target --fs-type xfs
  mooring volume expand \"$ID\" --size 2GiB --volume-path /var/lib/kubelet/data/target
  mooring volume stats \"$ID\" --volume-path /var/lib/kubelet/data/target
  mooring volume unpublish \"$ID\" --target-path /var/lib/kubelet/data/target
  mooring volume unstage \"$ID\" --staging-path /var/lib/kubelet/data/staging
  mooring volume delete \"$ID\"

{EXIT_CODES}")
)]
pub(crate) struct VolumeArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// How to print: a table, or JSON with stable keys and sizes in bytes. Errors go to stderr,
    /// in the same form.
    #[arg(
        short,
        long,
        value_enum,
        global = true,
        help_heading = session::REACHING,
        default_value_t,
        value_name = "FORMAT"
    )]
    output: Format,
    #[command(subcommand)]
    command: Box<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(create::CreateArgs),
    List(list::ListArgs),
    Get(list::GetArgs),
    Stage(stage::StageArgs),
    Publish(publish::PublishArgs),
    Expand(expand::ExpandArgs),
    Stats(stats::StatsArgs),
    Unpublish(publish::UnpublishArgs),
    Unstage(stage::UnstageArgs),
    Delete(create::DeleteArgs),
    Validate(capability::ValidateArgs),
    Capacity(create::CapacityArgs),
    Snapshot(snapshot::SnapshotArgs),
    Restore(copy::RestoreArgs),
    Clone(copy::CloneArgs),
    Group(group::GroupArgs),
    Diff(diff::DiffArgs),
    Modify(modify::ModifyArgs),
    Health(health::HealthArgs),
}

/// What a command leaves to print, and the process's exit.
struct Outcome {
    text: String,
    exit: Exit,
}

/// Carries one command out and prints its answer.
///
/// # Errors
/// Only when the answer cannot be written. A failed command is an exit code, and a text on stderr.
pub(crate) async fn run(args: VolumeArgs) -> anyhow::Result<ExitCode> {
    let format = args.output;
    match execute(args).await {
        Ok(outcome) => {
            output::print(&outcome.text)?;
            Ok(outcome.exit.into())
        }
        Err(failure) => {
            output::print_failure(&failure, format)?;
            Ok(failure.exit().into())
        }
    }
}

async fn execute(args: VolumeArgs) -> Result<Outcome, Failure> {
    let session = Session::new(args.connection);
    let format = args.output;
    match *args.command {
        Command::Create(args) => outcome(&args.run(&session).await?, format),
        Command::List(args) => outcome(&args.run(&session).await?, format),
        Command::Get(args) => outcome(&args.run(&session).await?, format),
        Command::Stage(args) => outcome(&args.run(&session).await?, format),
        Command::Publish(args) => outcome(&args.run(&session).await?, format),
        Command::Expand(args) => outcome(&args.run(&session).await?, format),
        Command::Stats(args) => outcome(&args.run(&session).await?, format),
        Command::Unpublish(args) => outcome(&args.run(&session).await?, format),
        Command::Unstage(args) => outcome(&args.run(&session).await?, format),
        Command::Delete(args) => outcome(&args.run(&session).await?, format),
        Command::Validate(args) => outcome(&args.run(&session).await?, format),
        Command::Capacity(args) => outcome(&args.run(&session).await?, format),
        Command::Snapshot(args) => args.run(&session, format).await,
        Command::Restore(args) => outcome(&args.run(&session).await?, format),
        Command::Clone(args) => outcome(&args.run(&session).await?, format),
        Command::Group(args) => args.run(&session, format).await,
        Command::Diff(args) => outcome(&args.run(&session).await?, format),
        Command::Modify(args) => outcome(&args.run(&session).await?, format),
        Command::Health(args) => outcome(&args.run(&session).await?, format),
    }
}

fn outcome(answer: &impl Answer, format: Format) -> Result<Outcome, Failure> {
    Ok(Outcome { text: output::render(answer, format)?, exit: answer.exit() })
}
