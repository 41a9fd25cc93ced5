//! `mooring config`: is a configuration right, before anything runs it?

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use crate::config::{Config, Registration};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a file; says each driver's socket and how kubelet comes to know it, or the first mistake with its
    /// line and key.
    #[command(after_help = "Example:\n  mooring config check /etc/mooring.yaml")]
    Check {
        /// The configuration file.
        file: PathBuf,
        /// Print the whole configuration as it is understood, defaults included, as JSON.
        #[arg(short, long)]
        json: bool,
    },
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Check { file, json } = self;
        let config = Config::load(&file)?;
        let mut out = std::io::stdout().lock();
        if json {
            writeln!(out, "{}", serde_json::to_string_pretty(&config)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        writeln!(out, "{} is right: {} driver(s)", file.display(), config.drivers.len())?;
        for driver in &config.drivers {
            let socket = config.socket(&driver.name);
            writeln!(out, "  {}  {}  {}", driver.name, driver.backend, socket.display())?;
            if let Some(Registration { socket, endpoint }) = config.registration(&driver.name) {
                let (socket, endpoint) = (socket.display(), endpoint.display());
                writeln!(
                    out,
                    "    registered with kubelet by {socket}, to be called at {endpoint}"
                )?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
