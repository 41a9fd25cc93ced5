//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::points::{Fault, Rpc, Subject};

const EXAMPLES: &str = "\
Examples:
  sweep                                     everything: about 15,000 lives
  sweep --sample 1                          one fault of a hundred
  sweep --journal lives.jsonl               everything, in as many goes as it takes
  sweep --kind ext4 --rpc stage --kills     SIGKILL at each call of NodeStageVolume on ext4
  sweep --list --kind xfs                   the points alone
  sweep --only ext4/stage/mkfs.ext4/pwrite64/12=kill-before
  sweep --only 'xfs/publish/mooring/move_mount/1=EIO~back' --verbose";

/// Kills and fails Mooring at each of its state-changing system calls.
///
/// A volume's life is recorded once; then it is lived again for each call on its way: killed there, or
/// given an error, it has to converge, with its data, formatted once, and nothing left behind.
#[derive(Debug, Parser)]
#[command(name = "sweep", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    /// Only these calls (repeat it): stage, publish, expand, unpublish, unstage, restage; of the store
    /// create, grow, snapshot, restore, clone, forget, delete
    #[arg(long)]
    pub(crate) rpc: Vec<Rpc>,
    /// Only these lives (repeat it): ext4, xfs, btrfs, block, store
    #[arg(long)]
    pub(crate) kind: Vec<Subject>,
    /// Only kills
    #[arg(long, conflicts_with = "errors")]
    pub(crate) kills: bool,
    /// Only errors
    #[arg(long)]
    pub(crate) errors: bool,
    /// This many of a hundred faults
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) sample: u8,
    /// Which ones: the same seed, the same faults
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// This fault alone, as a finding names it; more than one: all in one life
    #[arg(long, value_name = "FAULT", conflicts_with_all = ["sample", "rpc", "kind", "kills", "errors"])]
    pub(crate) only: Vec<Fault>,
    /// Show the points, and do nothing at them
    #[arg(long)]
    pub(crate) list: bool,
    /// Show the program's log with each finding
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// How many lives are lived at once
    #[arg(long, default_value_t = 2)]
    pub(crate) workers: usize,
    /// Note each life in this file as it ends; where the file is there, go on from it: what went well
    /// is not lived again
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Write all that happened to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the table, as Markdown, to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// The program to be swept
    #[arg(long, env = "MOORING_PROGRAM", default_value = "target/release/mooring")]
    pub(crate) program: PathBuf,
    #[command(subcommand)]
    pub(crate) part: Option<Part>,
}

/// What the sweep starts itself as.
#[derive(Debug, Subcommand)]
pub(crate) enum Part {
    /// Lives lives as it is told on its standard input
    #[command(hide = true)]
    Worker { root: PathBuf, program: PathBuf },
    /// Becomes a program when it is let go
    #[command(hide = true)]
    Launch {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<std::ffi::OsString>,
    },
}
