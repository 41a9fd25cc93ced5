//! `mooring-operator`: the program.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use mooring_operator::report::Teller;
use mooring_operator::run::Places;
use mooring_operator::{crd, logs, run};

/// Follows Driver objects of a Kubernetes API: writes the configuration that Mooring's processes follow, and tells the
/// objects what became of them.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Examples:\n  \
        mooring-operator crd | kubectl apply --server-side -f -\n  \
        mooring-operator run --base /etc/mooring.yaml --live /var/lib/mooring/operator/mooring.yaml\n  \
        mooring-operator forget worker-7              a node that is gone for good"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the CustomResourceDefinition of Driver.
    #[command(after_help = "Example:\n  mooring-operator crd | kubectl apply --server-side -f -")]
    Crd,
    /// Write the live file of the base file and of what the objects said last, and end: for a host that starts before an
    /// API server answers.
    #[command(
        after_help = "Example:\n  mooring-operator seed --base /etc/mooring.yaml --live /run/live/mooring.yaml"
    )]
    Seed(PlaceArgs),
    /// Follow the objects until SIGTERM. Which API server: KUBECONFIG, or a pod's account.
    #[command(after_help = "Examples:\n  \
        mooring-operator run --base /etc/mooring/mooring.yaml --live /var/lib/mooring/operator/mooring.yaml \\\n      \
        --program /usr/bin/mooring\n  \
        mooring controller --config /var/lib/mooring/operator/mooring.yaml    the host beside it\n\n\
        MOORING_LOG sets what is logged (default info).")]
    Run(RunArgs),
    /// Take a host's entries out of all objects: of a node that is gone for good and could not say so.
    #[command(after_help = "Example:\n  mooring-operator forget worker-7")]
    Forget {
        /// As it stands in `status.nodes`.
        node: String,
    },
}

#[derive(Debug, Args)]
struct PlaceArgs {
    /// The configuration file that people write.
    #[arg(long, value_name = "FILE")]
    base: PathBuf,
    /// The configuration file that the host follows. Its folder must be there, and be nobody else's to write to.
    #[arg(long, value_name = "FILE")]
    live: PathBuf,
}

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    places: PlaceArgs,
    /// The host's program (`mooring`), by which each object is checked before the host reads it. Without it one object
    /// that is wrong holds up the changes of all.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// The host's status socket [default: status.sock in the base file's controller.socketDir].
    #[arg(long, value_name = "SOCKET")]
    socket: Option<PathBuf>,
    /// What this host is called in the objects' status.
    #[arg(long, env = "NODE_NAME", value_name = "NAME")]
    node: String,
    /// The drivers that this installation has sidecars for. With it objects of other names say that they have none.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', num_args = 0..)]
    sidecars: Option<Vec<String>>,
}

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mooring-operator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Cli {
    fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Crd => Ok(write!(std::io::stdout().lock(), "{}", crd::yaml()?)?),
            Command::Seed(places) => {
                logs::start()?;
                places.with(None, None).follower().seed()
            }
            Command::Run(RunArgs { places, program, socket, node, sidecars }) => {
                logs::start()?;
                runtime()?.block_on(run::run(places.with(program, socket), node, sidecars))
            }
            Command::Forget { node } => runtime()?.block_on(forget(node)),
        }
    }
}

impl PlaceArgs {
    fn with(self, program: Option<PathBuf>, socket: Option<PathBuf>) -> Places {
        Places { base: self.base, live: self.live, program, socket }
    }
}

async fn forget(node: String) -> anyhow::Result<()> {
    let client = kube::Client::try_default().await.context("no Kubernetes API is named")?;
    let forgotten = Teller::forget(client, node.clone()).await?;
    Ok(writeln!(std::io::stdout().lock(), "{node}: taken out of {forgotten} object(s)")?)
}

/// It mostly waits: one thread, and one for what reads and writes files.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.context("the operator's runtime does not start")
}
