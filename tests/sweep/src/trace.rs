//! A program under trace: it and its children stop before each state-changing call, where the call is
//! counted and, at the point that was armed, a process killed or an error answered instead.
//!
//! One thread a traced program: the kernel takes requests from the thread that attached alone.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::patience::eventually;
use crate::points::{Kill, Point, What};
use crate::{calls, registers};

/// How the traced program is called in points.
pub(crate) const PROGRAM: &str = "mooring";

/// A point that was passed, and what it worked on.
#[derive(Debug, Clone)]
pub(crate) struct Passed {
    /// Which.
    pub(crate) point: Point,
    /// A path, where the call has one.
    pub(crate) about: String,
}

/// What is known of the traced program; the tracing thread and the life share it.
#[derive(Debug, Default)]
struct State {
    /// Points are counted, and all are kept, while an RPC runs.
    watching: bool,
    counts: BTreeMap<(String, String), u32>,
    passed: Vec<Passed>,
    armed: Option<(Point, What)>,
    hits: u32,
    /// The fault's thread has been let run to the call's end.
    pending: Option<(Pid, Kill)>,
    pid: Option<Pid>,
    ended: Option<String>,
    formats: Formats,
}

/// Runs of mkfs in a volume's life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Formats {
    /// Those that began.
    pub(crate) begun: u32,
    /// Those that ended by saying that all is well.
    pub(crate) finished: u32,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A traced program that runs, or ran.
#[derive(Debug)]
pub(crate) struct Traced {
    shared: Arc<Shared>,
}

/// What an RPC went through.
#[derive(Debug)]
pub(crate) struct Watched {
    /// In order.
    pub(crate) passed: Vec<Passed>,
    /// How often the armed fault happened.
    pub(crate) hits: u32,
}

impl Traced {
    /// Starts a program; its output goes to `log`.
    ///
    /// # Errors
    /// When it cannot be started or traced.
    pub(crate) fn start(program: &Path, arguments: &[String], log: &Path) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::default());
        let mut command = Command::new(std::env::current_exe()?);
        let output = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        command.arg("launch").arg(program).args(arguments).stdin(Stdio::piped());
        command.stdout(output.try_clone()?).stderr(output);
        let (ready, started) = std::sync::mpsc::channel();
        let theirs = Arc::clone(&shared);
        let log = log.to_owned();
        std::thread::Builder::new().name("tracer".into()).spawn(move || {
            let begun = attach(&mut command);
            let pid = begun.as_ref().ok().copied();
            theirs.lock().pid = pid;
            let _ = ready.send(begun);
            if let Some(root) = pid {
                let processes = BTreeMap::new();
                Tracer { shared: theirs, log, root, processes, returning: BTreeSet::new() }.run();
            }
        })?;
        started.recv().context("the tracer ended")??;
        Ok(Self { shared })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> Option<Pid> {
        self.shared.lock().pid
    }

    /// From here on points are counted; at `fault` it happens, once.
    pub(crate) fn watch(&self, fault: Option<(Point, What)>) {
        let mut state = self.shared.lock();
        state.watching = true;
        state.counts.clear();
        state.passed.clear();
        state.hits = 0;
        state.armed = fault;
    }

    /// Ends that.
    pub(crate) fn unwatch(&self) -> Watched {
        let mut state = self.shared.lock();
        state.watching = false;
        state.armed = None;
        Watched { passed: std::mem::take(&mut state.passed), hits: state.hits }
    }

    /// Runs of mkfs since the start, or the last [`Self::forget_formats`].
    pub(crate) fn formats(&self) -> Formats {
        self.shared.lock().formats
    }

    /// Another volume's life begins.
    pub(crate) fn forget_formats(&self) {
        self.shared.lock().formats = Formats::default();
    }

    /// How it ended; none while it runs.
    pub(crate) fn ended(&self) -> Option<String> {
        self.shared.lock().ended.clone()
    }

    /// Waits for its end.
    pub(crate) fn wait(&self) -> Option<String> {
        eventually(|tick| {
            let state = self.shared.lock();
            let changed = &self.shared.changed;
            let waited = changed.wait_timeout_while(state, tick, |it| it.ended.is_none());
            waited.unwrap_or_else(PoisonError::into_inner).0.ended.clone()
        })
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid().filter(|_| self.ended().is_none()) {
            let _ = kill(pid, signal);
        }
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

/// Starts the launcher and attaches to it before it becomes the program.
fn attach(command: &mut Command) -> anyhow::Result<Pid> {
    let mut child = command.spawn().context("starting the launcher")?;
    let pid = Pid::from_raw(i32::try_from(child.id())?);
    let options = Options::PTRACE_O_TRACESECCOMP
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_EXITKILL;
    ptrace::seize(pid, options).context("PTRACE_SEIZE")?;
    let mut gate = child.stdin.take().context("the launcher's standard input")?;
    gate.write_all(b"g").context("letting the launcher go")?;
    Ok(pid)
}

struct Process {
    name: String,
    formats: bool,
}

struct Tracer {
    shared: Arc<Shared>,
    log: PathBuf,
    root: Pid,
    /// By the id of the process; of threads, too.
    processes: BTreeMap<Pid, Process>,
    /// Threads that stop once more when their call has returned.
    returning: BTreeSet<Pid>,
}

impl Tracer {
    /// Until nobody is left.
    fn run(mut self) {
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        loop {
            match waitpid(None, Some(flags)) {
                Ok(status) => self.status(status),
                Err(Errno::ECHILD) => break,
                Err(_) => {}
            }
        }
        let mut state = self.shared.lock();
        state.ended.get_or_insert_with(|| "was lost".to_owned());
        self.shared.changed.notify_all();
    }

    fn status(&mut self, status: WaitStatus) {
        match status {
            WaitStatus::PtraceEvent(pid, _, libc::PTRACE_EVENT_SECCOMP) => self.stopped_at(pid),
            WaitStatus::PtraceEvent(pid, _, libc::PTRACE_EVENT_EXEC) => {
                self.became(pid);
                self.go_on(pid, None);
            }
            WaitStatus::PtraceEvent(pid, ..) => self.go_on(pid, None),
            WaitStatus::PtraceSyscall(pid) => {
                if self.returning.remove(&pid) {
                    self.returned(pid);
                }
                self.go_on(pid, None);
            }
            WaitStatus::Stopped(pid, signal) => self.go_on(pid, Some(signal)),
            WaitStatus::Exited(pid, code) => {
                self.gone(pid, format!("ended with {code}"), code == 0)
            }
            WaitStatus::Signaled(pid, signal, _) => {
                self.gone(pid, format!("was ended by {signal}"), false);
            }
            WaitStatus::Continued(_) | WaitStatus::StillAlive => {}
        }
    }

    /// Lets a thread run. One that was killed meanwhile is told of by the next wait.
    fn go_on(&self, pid: Pid, signal: Option<Signal>) {
        let _ = if self.returning.contains(&pid) {
            ptrace::syscall(pid, signal)
        } else {
            ptrace::cont(pid, signal)
        };
    }

    fn became(&mut self, pid: Pid) {
        let name = comm(pid);
        let formats = name.starts_with("mkfs.");
        if formats {
            self.shared.lock().formats.begun += 1;
        }
        self.processes.insert(pid, Process { name, formats });
    }

    fn gone(&mut self, pid: Pid, how: String, well: bool) {
        self.returning.remove(&pid);
        let formatted = self.processes.remove(&pid).is_some_and(|it| it.formats) && well;
        let mut state = self.shared.lock();
        state.formats.finished += u32::from(formatted);
        if pid == self.root {
            state.watching = false;
            state.ended = Some(how);
            self.shared.changed.notify_all();
        }
    }

    /// Before a call.
    fn stopped_at(&mut self, pid: Pid) {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        if state.watching
            && let Ok(call) = registers::call(pid)
            && let Some((call, about)) = calls::point(pid.as_raw(), &call, &self.log)
        {
            let process = self.name(pid);
            let nth = state.counts.entry((process.clone(), call.clone())).or_default();
            *nth += 1;
            let point = Point { process, call, nth: *nth };
            let fault = state.armed.clone().filter(|(armed, what)| met(armed, *what, &point));
            state.passed.push(Passed { point, about });
            if let Some((_, what)) = fault {
                self.happen(pid, what, &mut state);
            }
        }
        drop(state);
        self.go_on(pid, None);
    }

    fn happen(&mut self, pid: Pid, what: What, state: &mut State) {
        state.hits += 1;
        match what {
            What::Kill(kill) => {
                state.armed = None;
                state.pending = Some((pid, kill));
                if kill.is_after() {
                    self.returning.insert(pid);
                } else {
                    self.strike(state);
                }
            }
            What::Fail(errno) => {
                state.armed = None;
                self.fail(pid, errno);
            }
            What::FailOn(errno) => self.fail(pid, errno),
            What::DamageKilled | What::DamageStopped => {}
        }
    }

    /// What mkfs makes of it counts as no format, also where it ends well.
    fn fail(&mut self, pid: Pid, errno: Errno) {
        let _ = registers::fail(pid, errno);
        if let Some(process) = self.processes.get_mut(&pid) {
            process.formats = false;
        }
    }

    fn returned(&mut self, pid: Pid) {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        if state.pending.is_some_and(|(of, _)| of == pid) {
            self.strike(&mut state);
        }
    }

    /// Carries a kill out.
    fn strike(&self, state: &mut State) {
        let Some((pid, how)) = state.pending.take() else { return };
        if how.is_of_program() {
            state.watching = false;
            let _ = kill(self.root, Signal::SIGKILL);
        }
        match how {
            Kill::NodeBefore | Kill::NodeAfter => {}
            Kill::AllBefore | Kill::AllAfter => {
                for child in self.processes.keys() {
                    let _ = kill(*child, Signal::SIGKILL);
                }
                let _ = kill(pid, Signal::SIGKILL);
            }
            Kill::ChildBefore | Kill::ChildAfter => {
                let _ = kill(pid, Signal::SIGKILL);
            }
        }
    }

    fn name(&self, pid: Pid) -> String {
        self.processes.get(&pid).map_or_else(|| PROGRAM.to_owned(), |it| it.name.clone())
    }
}

/// Whether the armed fault is to happen at this point.
fn met(armed: &Point, what: What, point: &Point) -> bool {
    let alike = armed.process == point.process && armed.call == point.call;
    match what {
        What::Kill(_) | What::Fail(_) => alike && armed.nth == point.nth,
        What::FailOn(_) => alike && armed.nth <= point.nth,
        What::DamageKilled | What::DamageStopped => false,
    }
}

/// The name that the kernel gives a process that has just become a program.
fn comm(pid: Pid) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim_end().to_owned()
}
