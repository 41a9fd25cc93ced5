//! The command line: what can be asked of the program.

mod backend;
mod compile;
mod config;
mod prepare_pool;
mod status;
pub(crate) mod volume;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::Config;
use crate::{demo, run};

/// A CSI driver host: one native host does gRPC, mounting, formatting and devices; what differs
/// from vendor to vendor is a sandboxed WebAssembly component.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Examples:\n  \
        mooring serve                                the embedded image-file driver, ready to use\n  \
        mooring serve --config /etc/mooring.yaml     the drivers of a configuration\n  \
        mooring config check /etc/mooring.yaml       is it right, before anything runs it?\n  \
        mooring backend inspect vendor.wasm          what can it do, what would it need?\n  \
        mooring volume create data --size 10GiB      a volume, by hand\n  \
        mooring demo                                 a volume's whole life, step by step"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on this machine: the node as root, the controller as its unprivileged child.
    Serve(ServeArgs),
    /// Run the controller process: components, no privilege. Started as root, it drops to
    /// `controller.uid` before it loads anything.
    Controller(ControllerArgs),
    /// Run the node process: mounts and devices, no vendor code. It asks the controller at
    /// `controller.socketDir`.
    #[command(after_help = "Example:\n  mooring node --config /etc/mooring.yaml")]
    Node(HostArgs),
    /// Look at configurations.
    #[command(subcommand)]
    Config(config::Command),
    /// Show what is served: each driver's component, calls, failures and last swap.
    Status(status::StatusArgs),
    /// Look at backends, and swap them.
    #[command(subcommand)]
    Backend(backend::Command),
    /// Create, stage, publish, grow and delete volumes by hand: a CSI client for people.
    Volume(volume::VolumeArgs),
    /// Carry one volume through its life, each step with its time.
    Demo(demo::DemoArgs),
    /// Compile a component for the controller process.
    #[command(hide = true)]
    Compile,
    /// Make a pool ready for the controller process.
    #[command(hide = true)]
    PreparePool {
        /// Whose it is to be.
        #[arg(long)]
        owner: Option<u32>,
        /// Where.
        path: PathBuf,
    },
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  mooring completions bash > /etc/bash_completion.d/mooring")]
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
}

/// Where a host process finds its configuration.
#[derive(Debug, Clone, Args)]
pub(crate) struct HostArgs {
    /// The configuration file. Without it: the embedded image-file driver `image.mooring.dev`.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Overrides `stateDir` [default: /var/lib/mooring].
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// Overrides `socketDir` [default: /run/mooring].
    #[arg(long, value_name = "DIR")]
    pub(crate) socket_dir: Option<PathBuf>,
    /// Overrides `node.targetRoots` [default: /var/lib/kubelet]; may be repeated.
    #[arg(long, value_name = "DIR")]
    pub(crate) target_root: Vec<PathBuf>,
    /// Overrides `node.id` [default: the host name].
    #[arg(long, value_name = "ID", env = "MOORING_NODE_ID", hide_env_values = true)]
    pub(crate) node_id: Option<String>,
}

#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  mooring serve\n  mooring serve --config /etc/mooring.yaml\n  \
    mooring serve --state-dir /tmp/m/state --socket-dir /tmp/m/run --target-root /tmp/m/mnt\n\n\
    SIGTERM lets running calls end and leaves mounts as they are."
)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) host: HostArgs,
    /// End when standard input, a pipe, is closed: with the process that holds its other end.
    #[arg(long, hide = true)]
    pub(crate) attached: bool,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  mooring controller --config /etc/mooring.yaml")]
pub(crate) struct ControllerArgs {
    #[command(flatten)]
    pub(crate) host: HostArgs,
    /// Serve health and metrics at this address, too, such as `0.0.0.0:9810`: where no node process runs beside
    /// it, whose page would have them.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) telemetry_listen: Option<std::net::SocketAddr>,
    /// End when standard input, a pipe, is closed: with the process that holds its other end.
    #[arg(long, hide = true)]
    pub(crate) attached: bool,
}

impl HostArgs {
    /// The configuration with the command line's words over the file's.
    pub(crate) fn configuration(&self) -> anyhow::Result<Config> {
        let mut config = match &self.config {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        if let Some(dir) = &self.state_dir {
            config.state_dir.clone_from(dir);
        }
        if let Some(dir) = &self.socket_dir {
            config.socket_dir.clone_from(dir);
        }
        if !self.target_root.is_empty() {
            config.node.target_roots.clone_from(&self.target_root);
        }
        if self.node_id.is_some() {
            config.node.id.clone_from(&self.node_id);
        }
        Ok(config.checked()?)
    }

    /// The same words again, for a child process, whose working directory is another.
    pub(crate) fn to_arguments(&self) -> std::io::Result<Vec<std::ffi::OsString>> {
        let mut arguments = Vec::new();
        let named = [
            ("--config", &self.config),
            ("--state-dir", &self.state_dir),
            ("--socket-dir", &self.socket_dir),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                arguments.extend([name.into(), std::path::absolute(value)?.into()]);
            }
        }
        for root in &self.target_root {
            arguments.extend(["--target-root".into(), std::path::absolute(root)?.into()]);
        }
        if let Some(id) = &self.node_id {
            arguments.extend(["--node-id".into(), id.into()]);
        }
        Ok(arguments)
    }
}

impl Cli {
    /// Carries the command out. Long-running commands return when they were told to stop.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve(args) => run::serve(&args).map(|()| ExitCode::SUCCESS),
            Command::Controller(args) => run::controller(&args).map(|()| ExitCode::SUCCESS),
            Command::Node(args) => run::node(&args).map(|()| ExitCode::SUCCESS),
            Command::Config(command) => command.run(),
            Command::Backend(command) => command.run(),
            Command::Status(args) => run::client_runtime()?.block_on(args.run()),
            Command::Compile => compile::run(),
            Command::PreparePool { owner, path } => prepare_pool::run(&path, owner),
            Command::Volume(args) => run::client_runtime()?.block_on(volume::run(args)),
            Command::Demo(args) => run::client_runtime()?.block_on(demo::run(args)),
            Command::Completions { shell } => {
                let mut command = Self::command();
                clap_complete::generate(shell, &mut command, "mooring", &mut std::io::stdout());
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
