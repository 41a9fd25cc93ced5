//! `mooring status` and `mooring backend swap`: what the controller process's admin socket is for.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use bytesize::ByteSize;
use clap::Args;
use serde::de::DeserializeOwned;

use super::backend::Output;
use crate::client;
use crate::config::Config;
use crate::run::admin::model::{DriverStatus, Refused, Registrations, Status, Swapped};

/// Between two looks of `--watch`.
const AGAIN: Duration = Duration::from_secs(2);

/// Which controller process is meant.
#[derive(Debug, Clone, Args)]
pub(crate) struct AdminArgs {
    /// The host's configuration file, where it has one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Overrides `socketDir` [default: /run/mooring].
    #[arg(long, value_name = "DIR")]
    socket_dir: Option<PathBuf>,
}

impl AdminArgs {
    fn config(&self) -> anyhow::Result<Config> {
        let mut config = match &self.config {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        if let Some(dir) = &self.socket_dir {
            config.socket_dir.clone_from(dir);
        }
        Ok(config)
    }

    /// What kubelet said of the drivers, where a node process runs on this machine.
    async fn registrations(&self) -> anyhow::Result<Registrations> {
        let socket = self.config()?.socket_dir.join("telemetry.sock");
        let answer = client::get(&socket, "/v1/registrations").await.ok();
        // A node of another version, which has no such page, answers something else.
        Ok(answer.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default())
    }

    async fn ask<T: DeserializeOwned>(&self, method: &str, path: &str) -> anyhow::Result<T> {
        let socket = self.config()?.controller_socket_dir().join("admin.sock");
        let answer = client::request(&socket, method, path).await.with_context(|| {
            format!(
                "nothing answers at {}; is the host running, and may you open the socket (root)?",
                socket.display()
            )
        })?;
        if answer.status != 200 {
            let refused: Refused = serde_json::from_str(&answer.body)
                .unwrap_or(Refused { error: answer.body.clone() });
            anyhow::bail!("{}", refused.error);
        }
        Ok(serde_json::from_str(&answer.body)?)
    }
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  mooring status\n  mooring status --watch\n  \
    mooring status -o json | jq '.drivers[].version'\n\n\
    Fails if a driver does not serve as configured, or kubelet does not know it though it should.")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    admin: AdminArgs,
    /// Table or JSON.
    #[arg(short, long, value_enum, default_value = "table")]
    output: Output,
    /// Say it again every two seconds, until interrupted.
    #[arg(short, long)]
    watch: bool,
}

impl StatusArgs {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        loop {
            let mut status: Status = self.admin.ask("GET", "/v1/status").await?;
            add(&mut status, self.admin.registrations().await?);
            let mut out = std::io::stdout().lock();
            match self.output {
                Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(&status)?)?,
                Output::Table => write!(out, "{}", table(&status))?,
            }
            if !self.watch {
                let well = |it: &DriverStatus| it.problem.is_none() && it.registered != Some(false);
                let well = status.problem.is_none() && status.drivers.iter().all(well);
                return Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
            drop(out);
            tokio::time::sleep(AGAIN).await;
        }
    }
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  mooring backend swap image.mooring.dev --dry-run\n  \
    mooring backend swap image.mooring.dev")]
pub(crate) struct SwapArgs {
    /// The driver's name.
    driver: String,
    /// Only say what would change.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    admin: AdminArgs,
    /// Table or JSON.
    #[arg(short, long, value_enum, default_value = "table")]
    output: Output,
}

impl SwapArgs {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let what = if self.dry_run { "rehearse" } else { "swap" };
        // A name that is none would not be a path either: the host says so.
        mooring_volume::DriverName::new(self.driver.clone())?;
        let path = format!("/v1/drivers/{}/{what}", self.driver);
        let swapped: Swapped = self.admin.ask("POST", &path).await?;
        let mut out = std::io::stdout().lock();
        match self.output {
            Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(&swapped)?)?,
            Output::Table => writeln!(out, "{}", swapped.text)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Adds what the node process knows to what the controller process knows.
fn add(status: &mut Status, registrations: Registrations) {
    for found in registrations.drivers {
        if let Some(driver) = status.drivers.iter_mut().find(|it| it.name == found.name) {
            driver.registered = Some(found.registered);
            driver.registration_problem = found.problem;
        }
    }
}

fn table(status: &Status) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header([
        "DRIVER",
        "BACKEND",
        "DIGEST",
        "SINCE",
        "CALLS",
        "FAILED",
        "BREAKER",
        "MEMORY",
        "REGISTERED",
        "LAST SWAP",
    ]);
    for driver in &status.drivers {
        table.add_row(row(driver));
    }
    let mut text = format!("{table}\n");
    for driver in &status.drivers {
        if let Some(problem) = &driver.problem {
            text.push_str(&format!("\n{}: {problem}\n", driver.name));
        }
        if let Some(problem) = &driver.registration_problem {
            text.push_str(&format!("\n{}: not registered with kubelet: {problem}\n", driver.name));
        }
    }
    if let Some(problem) = &status.problem {
        text.push_str(&format!("\nconfiguration: {problem}\n"));
    }
    text
}

fn row(driver: &DriverStatus) -> Vec<String> {
    if !driver.serving {
        return vec![driver.name.clone(), "not served".to_owned()];
    }
    let digest = driver.digest.strip_prefix("sha256:").unwrap_or(&driver.digest);
    let swap = driver
        .last_swap
        .as_ref()
        .map_or("none".to_owned(), |swap| format!("{} {}", swap.outcome, swap.at));
    vec![
        driver.name.clone(),
        format!("{} {}", driver.backend, driver.version),
        digest.get(..12).unwrap_or(digest).to_owned(),
        driver.since.clone(),
        driver.calls.to_string(),
        driver.failures.to_string(),
        driver.breaker.clone(),
        ByteSize::b(driver.memory).to_string(),
        match driver.registered {
            Some(true) => "yes",
            Some(false) => "no",
            None => "-",
        }
        .to_owned(),
        swap,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::admin::model::{RegistrationStatus, SwapStatus};

    #[test]
    fn a_person_sees_each_driver_and_what_is_wrong_with_it() {
        let swap = SwapStatus {
            at: "2026-01-01T00:00:00Z".to_owned(),
            outcome: "refused".to_owned(),
            detail: String::new(),
        };
        let good = DriverStatus {
            name: "a.example".to_owned(),
            serving: true,
            backend: "vendor".to_owned(),
            version: "1.2.3".to_owned(),
            digest: format!("sha256:{}", "ab".repeat(32)),
            memory: 2 << 20,
            last_swap: Some(swap),
            ..DriverStatus::default()
        };
        let bad = DriverStatus {
            name: "b.example".to_owned(),
            problem: Some("cannot read /b.wasm".to_owned()),
            ..DriverStatus::default()
        };
        let problem = Some("line 3: unknown key".to_owned());
        let mut status = Status { drivers: vec![good, bad], problem, configuration: String::new() };
        let words = Some("kubelet refused it: no such node".to_owned());
        let refused =
            RegistrationStatus { name: "a.example".to_owned(), registered: false, problem: words };
        let unknown = RegistrationStatus { name: "c.example".to_owned(), ..refused.clone() };
        add(&mut status, Registrations { drivers: vec![refused, unknown] });
        let text = table(&status);
        for wanted in [
            "vendor 1.2.3",
            "abababababab ",
            "2.0 MiB",
            "refused 2026",
            "not served",
            " no ",
            "a.example: not registered with kubelet: kubelet refused it: no such node",
            "b.example: cannot read /b.wasm",
            "configuration: line 3",
        ] {
            assert!(text.contains(wanted), "{wanted} in\n{text}");
        }
    }
}
