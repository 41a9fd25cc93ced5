//! The `mooring serve` that the demo talks to: one that answers already, or a child of its own.
//!
//! The only place of the demo that starts a program: itself.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use mooring_proto::csi::v1::ProbeRequest;
use mooring_proto::csi::v1::identity_client::IdentityClient;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::DemoArgs;
use super::screen::{Screen, Step, Told};
use crate::cli::volume::Session;

/// How long a host may take until it answers. Compiling the backend for the first time is in it.
const START: Duration = Duration::from_secs(60);

/// How long a host that is there may take to say so.
const FIND: Duration = Duration::from_secs(5);

/// How long a host may take to let running calls end.
const DRAIN: Duration = Duration::from_secs(40);

/// How many lines of the host's log are kept for the case that something fails.
const TAIL: usize = 20;

/// Whose host it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Serving {
    /// A child of the demo.
    Own,
    /// One that answered before.
    Found,
}

/// The host under the demo.
pub(super) struct Host {
    child: Option<Child>,
    /// Open for as long as the child shall live.
    _alive: Option<ChildStdin>,
    log: Arc<Log>,
}

fn spawn(args: &DemoArgs) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("the program's own file can't be found")?;
    Command::new(&program)
        .args(["serve", "--attached"])
        .arg("--state-dir")
        .arg(&args.state_dir)
        .arg("--socket-dir")
        .arg(&args.socket_dir)
        .arg("--target-root")
        .arg(&args.target_root)
        // Ends the host when the demo is gone, however it went.
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // A group of its own: Ctrl-C is for the demo, which cleans up before it ends the host.
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))
}

/// Asks again and again until the host is ready. It announces nothing: being asked is how it is
/// known.
async fn answers(session: &Session) {
    let mut again = interval(Duration::from_millis(20));
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        again.tick().await;
        if matches!(probe(session).await, Ok(true)) {
            return;
        }
    }
}

/// Whether the host is ready.
async fn probe(session: &Session) -> anyhow::Result<bool> {
    let mut identity = IdentityClient::new(session.channel().await?);
    let answer = identity.probe(session.request(ProbeRequest {})).await?;
    Ok(answer.into_inner().ready.unwrap_or(true))
}

impl Host {
    /// The host that answers on the socket, or else a new child, which may not answer yet.
    pub(super) async fn find_or_spawn(args: &DemoArgs, session: &Session) -> anyhow::Result<Self> {
        let log = Arc::new(Log::default());
        if matches!(timeout(FIND, probe(session)).await, Ok(Ok(_))) {
            return Ok(Self { child: None, _alive: None, log });
        }
        let mut child = spawn(args)?;
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(log.clone().keep(stderr));
        }
        // Taken out, because waiting for a child closes its standard input first.
        let alive = child.stdin.take();
        Ok(Self { child: Some(child), _alive: alive, log })
    }

    /// Waits until it is ready to serve.
    ///
    /// # Errors
    /// When it ends, or is not ready in time.
    pub(super) async fn ready(&mut self, session: &Session) -> anyhow::Result<Told<()>> {
        let socket = session.socket().display();
        let text = match self.serving() {
            Serving::Own => format!("mooring serve answers at {socket}"),
            Serving::Found => format!("a host answers at {socket} already; it is used"),
        };
        tokio::select! {
            answered = timeout(START, answers(session)) => {
                answered.with_context(|| format!("no answer at {socket} within {START:?}"))?;
            }
            ended = self.ended() => return Err(ended),
        }
        Ok(Told::new((), text))
    }

    pub(super) fn serving(&self) -> Serving {
        if self.child.is_some() { Serving::Own } else { Serving::Found }
    }

    /// Waits until a child of the demo ends by itself, which is a failure; for ever with another's.
    pub(super) async fn ended(&mut self) -> anyhow::Error {
        match &mut self.child {
            None => std::future::pending().await,
            Some(child) => match child.wait().await {
                Ok(status) => anyhow::anyhow!("mooring serve ended by itself ({status})"),
                Err(error) => {
                    anyhow::Error::new(error).context("mooring serve can't be waited for")
                }
            },
        }
    }

    /// Shows the last lines of the host's log.
    pub(super) fn show_log(&self) {
        self.log.show();
    }

    /// Shows the host's log from now on.
    pub(super) fn follow_log(&self) {
        self.log.follow.store(true, Ordering::Relaxed);
    }

    /// Ends a child of the demo; another's host is left alone.
    pub(super) async fn stop(mut self, screen: &Screen) -> anyhow::Result<()> {
        let stopping = async {
            self.terminate().await?;
            Ok(Told::new((), "mooring serve has drained and ended"))
        };
        screen.step(Step::Stop, stopping).await
    }

    async fn terminate(&mut self) -> anyhow::Result<()> {
        let Some(child) = &mut self.child else { return Ok(()) };
        let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)) else {
            return Ok(());
        };
        // Not gone: it has not been waited for, so the number is still its own.
        kill_process(pid, Signal::TERM).context("mooring serve can't be told to end")?;
        if let Ok(status) = timeout(DRAIN, child.wait()).await {
            status.context("mooring serve can't be waited for")?;
            return Ok(());
        }
        child.kill().await.context("mooring serve can't be killed")?;
        anyhow::bail!("mooring serve did not end within {DRAIN:?} of SIGTERM, and was killed")
    }
}

/// The log of a child: its last lines, or all of them from some moment on.
#[derive(Default)]
struct Log {
    follow: AtomicBool,
    tail: Mutex<VecDeque<String>>,
}

impl Log {
    async fn keep(self: Arc<Self>, stderr: ChildStderr) {
        let mut lines = BufReader::new(stderr).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if self.follow.load(Ordering::Relaxed) {
                show_line(&line);
                continue;
            }
            let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(line);
        }
    }

    fn show(&self) {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.iter().for_each(|line| show_line(line));
    }
}

fn show_line(line: &str) {
    // A stderr that is gone can't be told about.
    let _ = crate::cli::volume::output::print_log(line);
}
