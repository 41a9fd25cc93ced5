//! The controller as a child of the node process.

use std::ffi::OsString;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, ChildStdin, Command};

/// What the child may see of this process's environment. Of OpenTelemetry's variables
/// not those with headers: they hold credentials, which the process with vendor code is not to have there.
const PASSED_ON: [&str; 9] = [
    "MOORING_LOG",
    "RUST_BACKTRACE",
    "OTEL_SDK_DISABLED",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
];

/// A running `mooring controller`. Dropping it kills it.
///
/// The child holds the other end of a pipe as its standard input, and ends when that closes: it
/// cannot outlive this process, however this process ends. A process that was killed while a thread
/// of it waits for storage keeps the pipe open, though: so the child is also told when the *thread*
/// that started it ends ([`end_with_parent`]), which has to be the first one, as a runtime's threads
/// come and go.
#[derive(Debug)]
pub struct Controller {
    child: Child,
    /// Open for as long as the child shall live.
    _alive: Option<ChildStdin>,
}

impl Controller {
    /// Starts this very program, whatever has become of its file meanwhile, as
    /// `mooring controller --attached` with further arguments. To be called within a runtime.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn spawn(arguments: &[OsString]) -> io::Result<Self> {
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("mooring")
            .args(["controller", "--attached"])
            .args(arguments)
            .env_clear()
            .envs(PASSED_ON.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .current_dir("/")
            .stdin(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        // Taken out, because waiting for a child closes its standard input first.
        let alive = child.stdin.take();
        Ok(Self { child, _alive: alive })
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Asks it, by SIGHUP, to read its configuration again.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn reload(&self) -> io::Result<()> {
        match self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            Some(pid) => Ok(kill(Pid::from_raw(pid), Signal::SIGHUP)?),
            // It has ended, and the next one reads it anyway.
            None => Ok(()),
        }
    }

    /// Asks it to end, and kills it if it has not after `patience`.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn terminate(&mut self, patience: Duration) -> io::Result<ExitStatus> {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            kill(Pid::from_raw(pid), Signal::SIGTERM)?;
        }
        if let Ok(status) = tokio::time::timeout(patience, self.child.wait()).await {
            return status;
        }
        self.child.kill().await?;
        self.child.wait().await
    }
}

/// Has the kernel send this process SIGTERM when the thread that started it ends. To be called after
/// the last change of its user, which takes it back (prctl(2), PR_SET_PDEATHSIG).
///
/// # Errors
/// What the kernel says.
pub fn end_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?)
}
