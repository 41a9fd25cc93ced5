//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand, ValueEnum};
use mooring_tests::Kind;

/// Runs a database on a volume that grows under load while its backend is swapped, and draws what its clients
/// noticed of that.
#[derive(Debug, Clone, Parser)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) site: Site,
}

impl Options {
    /// Where the results go.
    pub(crate) fn output(&self) -> &Output {
        match &self.site {
            Site::Plain(plain) => &plain.output,
            Site::Cluster(cluster) => &cluster.output,
            Site::Plot(plot) => &plot.output,
        }
    }
}

/// Where the volume is.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Site {
    /// On this machine, by CSI calls alone (root).
    #[command(after_help = "Example:\n  showcase plain --out showcase.svg --json showcase.json")]
    Plain(Plain),
    /// A claim of a cluster, by kubectl.
    #[command(
        after_help = "Example:\n  showcase cluster --size 1GiB --duration 5m --patches one.json two.json --out showcase.svg"
    )]
    Cluster(Box<Cluster>),
    /// The picture of an earlier run.
    Plot(Plot),
}

/// `showcase plot`
#[derive(Debug, Clone, Args)]
pub(crate) struct Plot {
    /// What `--json` wrote.
    pub(crate) figures: PathBuf,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// `showcase plain`
#[derive(Debug, Clone, Args)]
pub(crate) struct Plain {
    /// The host.
    #[arg(long, value_name = "FILE", default_value = "target/release/mooring")]
    pub(crate) program: PathBuf,
    /// The versions of the backend, in the order in which they serve.
    #[arg(long, value_name = "FILE", num_args = 3, default_values = VERSIONS)]
    pub(crate) versions: Vec<PathBuf>,
    /// What the volume is formatted with.
    #[arg(long, value_enum, default_value = "xfs")]
    pub(crate) filesystem: Filesystem,
    #[command(flatten)]
    pub(crate) plan: Plan,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Where `make showcase-plain` builds them.
const VERSIONS: [&str; 3] = [
    "target/plugins/wasm32-wasip2/release/image_file.wasm",
    "target/backends/wasm32-wasip2/release/image_file_next.wasm",
    "target/backends/wasm32-wasip2/release/image_file_after.wasm",
];

/// `showcase cluster`
#[derive(Debug, Clone, Args)]
pub(crate) struct Cluster {
    /// The claim's namespace, which is the database's, too.
    #[arg(long, default_value = "showcase")]
    pub(crate) namespace: String,
    /// The claim of the database's volume.
    #[arg(long, default_value = "data")]
    pub(crate) claim: String,
    /// The database's pod, which comes back under its name when it is deleted.
    #[arg(long, default_value = "mariadb-0")]
    pub(crate) pod: String,
    /// Where the volume is mounted in it.
    #[arg(long, default_value = "/var/lib/mysql")]
    pub(crate) mount: String,
    /// `host:port` at which the database is reached, such as a forwarded one [default: the pod's address and 3306].
    #[arg(long)]
    pub(crate) address: Option<String>,
    /// The database's user; the password is what the variable `SHOWCASE_PASSWORD` holds, if it is set.
    #[arg(long, default_value = "showcase")]
    pub(crate) user: String,
    /// Mooring's namespace.
    #[arg(long, default_value = "mooring")]
    pub(crate) mooring: String,
    /// The object that names the driver's backend, as `kind/name`.
    #[arg(long, default_value = "configmap/mooring")]
    pub(crate) swaps: String,
    /// The merge patches, as JSON or YAML, that make the next two versions of the backend serve, in order.
    #[arg(long, value_name = "FILE", num_args = 2, required = true)]
    pub(crate) patches: Vec<PathBuf>,
    /// The CSI driver.
    #[arg(long, default_value = "image.mooring.dev")]
    pub(crate) driver: String,
    /// What has the controller process, and the container in it that answers `mooring status`.
    #[arg(long, default_value = "deployment/mooring-controller")]
    pub(crate) controller: String,
    #[command(flatten)]
    pub(crate) plan: Plan,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// How much, and how fast.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Plan {
    /// How long there is load; longer where the volume was not grown three times by then, up to thrice as long.
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
    pub(crate) duration: Duration,
    /// The volume at first.
    #[arg(long, default_value = "512MiB")]
    pub(crate) size: ByteSize,
    /// What it grows by, each time.
    #[arg(long, default_value = "512MiB")]
    pub(crate) step: ByteSize,
    /// How full it may be before it is grown, in percent.
    #[arg(long, default_value_t = 70, value_parser = clap::value_parser!(u64).range(1..100))]
    pub(crate) full: u64,
    /// What the writers insert a second, together.
    #[arg(long, default_value = "13MiB")]
    pub(crate) pace: ByteSize,
    /// Connections that insert.
    #[arg(long, default_value_t = 4)]
    pub(crate) writers: u32,
    /// Connections that query.
    #[arg(long, default_value_t = 2)]
    pub(crate) readers: u32,
    /// Connections that query in the middle third of the time, all in all.
    #[arg(long, default_value_t = 16)]
    pub(crate) surge: u32,
}

/// Where the results go.
#[derive(Debug, Clone, Args)]
pub(crate) struct Output {
    /// The picture.
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) out: Option<PathBuf>,
    /// The figures.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) json: Option<PathBuf>,
}

/// What a database can be put on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Filesystem {
    /// Grows online where the host has CAP_SYS_RESOURCE.
    Ext4,
    /// Grows online everywhere.
    Xfs,
    /// Grows online everywhere; wants a --size of 1GiB and to be grown at half: --full 50.
    Btrfs,
}

impl Filesystem {
    /// What the tests' volumes call it.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Ext4 => Kind::Ext4,
            Self::Xfs => Kind::Xfs,
            Self::Btrfs => Kind::Btrfs,
        }
    }
}
