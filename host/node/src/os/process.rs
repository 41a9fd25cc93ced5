//! This very program as a child: the controller, and what may have to wait for storage.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStderr, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use tokio::process::{Child, ChildStdin, Command};

use super::starting;

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
        let mut child = starting::start(|| command.spawn())?;
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

/// A run of this very program whose end need not be waited for: it does what storage may keep waiting.
#[derive(Debug)]
pub struct Aside {
    child: std::process::Child,
    said: ChildStderr,
}

/// How an [`Aside`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard error.
    pub said: String,
}

impl Aside {
    /// Starts it with these arguments and without an environment. Needs neither runtime nor thread.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn spawn(arguments: &[OsString]) -> io::Result<Self> {
        let mut command = std::process::Command::new("/proc/self/exe");
        command.arg0("mooring").args(arguments);
        Self::of(&mut command)
    }

    fn of(command: &mut std::process::Command) -> io::Result<Self> {
        command.env_clear().current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = starting::start(|| command.spawn())?;
        let said = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { child, said })
    }

    /// Waits for its end, which closes its standard error; none if it has not come in time. Then it goes
    /// on by itself.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn until(mut self, deadline: Instant) -> io::Result<Option<Ended>> {
        let mut said = Vec::new();
        let mut piece = [0; 1024];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
            let mut news = [PollFd::new(&self.said, PollFlags::IN)];
            if retry_on_intr(|| poll(&mut news, Some(&timeout)))? == 0 {
                return Ok(None);
            }
            match self.said.read(&mut piece)? {
                0 => break,
                length => said.extend_from_slice(piece.get(..length).unwrap_or_default()),
            }
        }
        let code = self.child.wait()?.code();
        Ok(Some(Ended { code, said: String::from_utf8_lossy(&said).into_owned() }))
    }
}

/// Whether an error number tells of storage that is gone or fails, such as a server of files that died.
#[must_use]
pub fn is_of_storage(code: i32) -> bool {
    [
        Errno::NOTCONN,
        Errno::IO,
        Errno::STALE,
        Errno::HOSTDOWN,
        Errno::HOSTUNREACH,
        Errno::TIMEDOUT,
        Errno::NODEV,
        Errno::NXIO,
        Errno::CONNABORTED,
        Errno::SHUTDOWN,
    ]
    .iter()
    .any(|errno| errno.raw_os_error() == code)
}

/// Has the kernel send this process SIGTERM when the thread that started it ends. To be called after
/// the last change of its user, which takes it back (prctl(2), PR_SET_PDEATHSIG).
///
/// # Errors
/// What the kernel says.
pub fn end_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aside(script: &str) -> Aside {
        Aside::of(std::process::Command::new("/bin/sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn what_it_says_and_how_it_ends_is_told() {
        let far = Instant::now() + Duration::from_secs(600);
        let ended = aside("echo no >&2; exit 1").until(far).unwrap();
        assert_eq!(ended, Some(Ended { code: Some(1), said: "no\n".into() }));
        assert_eq!(aside("true").until(far).unwrap().unwrap().code, Some(0));
    }

    #[test]
    fn what_does_not_end_is_not_waited_for() {
        // It ends when the other end of what it reads is closed.
        let (reader, _held) = io::pipe().unwrap();
        let mut cat = std::process::Command::new("/bin/cat");
        cat.stdin(reader).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut waiting = cat.spawn().unwrap();
        let said = waiting.stderr.take().unwrap();
        let late = Aside { child: waiting, said }.until(Instant::now()).unwrap();
        assert_eq!(late, None);
    }
}
