//! `array-server`: the array as a program, for test scripts.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use bytesize::ByteSize;
use clap::Parser;
use mooring_array::{Credentials, Fault, Faults, Options, Tls, serve};
use tokio::signal::unix::{SignalKind, signal};

/// A storage array to test against. It prints its URL once it serves, and ends with SIGTERM.
#[derive(Debug, Parser)]
#[command(name = "array-server", version)]
struct Arguments {
    /// The folder of all that it has.
    folder: PathBuf,
    /// Where to listen; port 0 is any that is free.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A pool and its bytes, such as default=64GiB; several may be given.
    #[arg(long = "pool", value_parser = pool, default_value = "default=64GiB")]
    pools: Vec<(String, u64)>,
    /// Work is done by jobs that take so long, such as 200ms.
    #[arg(long)]
    jobs: Option<humantime::Duration>,
    /// A file with `user:password`; without it anybody may ask.
    #[arg(long)]
    credentials: Option<PathBuf>,
    /// How long a login lasts.
    #[arg(long, default_value = "10m")]
    login: humantime::Duration,
    /// PEM file of the certificate: HTTPS.
    #[arg(long, requires = "key")]
    certificate: Option<PathBuf>,
    /// PEM file of its key.
    #[arg(long, requires = "certificate")]
    key: Option<PathBuf>,
    /// Mapped volumes are no block devices; does without root.
    #[arg(long)]
    no_devices: bool,
    /// Where links to devices are made.
    #[arg(long, default_value = "/dev/disk/by-id")]
    links: PathBuf,
    /// Where udev keeps what it knows of devices.
    #[arg(long, default_value = "/run/udev/data")]
    notes: PathBuf,
    /// How many requests go wrong at random, such as 10%.
    #[arg(long, value_parser = percent, default_value = "0%")]
    faults: u8,
    /// In which ways; by default in all.
    #[arg(long, value_parser = fault, value_delimiter = ',')]
    kinds: Vec<Fault>,
    /// What repeats the same faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn pool(text: &str) -> anyhow::Result<(String, u64)> {
    let (name, size) = text.split_once('=').context("write NAME=SIZE")?;
    let size: ByteSize = size.parse().map_err(anyhow::Error::msg)?;
    Ok((name.to_owned(), size.as_u64()))
}

fn percent(text: &str) -> anyhow::Result<u8> {
    let percent = text.strip_suffix('%').unwrap_or(text).parse()?;
    anyhow::ensure!(percent <= 100, "at most 100%");
    Ok(percent)
}

fn fault(text: &str) -> Result<Fault, serde_json::Error> {
    serde_json::from_value(serde_json::Value::from(text))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told that stderr is gone.
            let _ = writeln!(std::io::stderr(), "array-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let credentials = match &arguments.credentials {
        Some(path) => {
            let text = std::fs::read_to_string(path).context("reading the credentials")?;
            let pair = text.trim_end().split_once(':').context("write user:password")?;
            Some(Credentials { user: pair.0.to_owned(), password: pair.1.to_owned() })
        }
        None => None,
    };
    let tls = arguments.certificate.zip(arguments.key);
    let tls = tls.map(|(certificate, key)| Tls { certificate, key });
    let scheme = if tls.is_some() { "https" } else { "http" };
    let options = Options {
        folder: arguments.folder,
        listen: arguments.listen,
        pools: arguments.pools,
        jobs: arguments.jobs.map(Duration::from),
        credentials,
        login: arguments.login.into(),
        tls,
        devices: (!arguments.no_devices).then_some((arguments.links, arguments.notes)),
        faults: Faults {
            percent: arguments.faults,
            kinds: arguments.kinds,
            seed: arguments.seed,
            ..Faults::default()
        },
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let end = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let listening = |address| {
        let _ = writeln!(std::io::stdout(), "{scheme}://{address}");
    };
    serve(options, listening, end).await
}
