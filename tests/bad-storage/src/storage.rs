//! The server as its users have it: a process that serves a directory, and is told what goes wrong.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};

use mooring_tests::{eventually, kernel};
use nix::mount::{MntFlags, umount2};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::Fault;

/// What the server is told.
#[derive(Debug, Serialize, Deserialize)]
pub enum Command {
    /// One more rule.
    Add(Fault),
    /// No rule any more; what hung is done.
    Mend,
    /// Nothing.
    Tell,
}

/// What it says to each command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Operations that hang.
    pub held: usize,
    /// Operations that went wrong, since the start.
    pub struck: u64,
}

/// A server and its mount. Dropped, it is killed, whatever hangs ends with an error, and the mount goes.
#[derive(Debug)]
pub struct Storage {
    point: PathBuf,
    process: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Storage {
    /// Serves `directory` at `point`; both are made if they are not there.
    ///
    /// # Panics
    /// When it does not come to be.
    pub async fn serve(program: &Path, directory: &Path, point: &Path) -> Self {
        std::fs::create_dir_all(directory).unwrap();
        std::fs::create_dir_all(point).unwrap();
        let mut process = Process::new(program)
            .args([point, directory])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        eventually("the storage is mounted", async || kernel::mount_at(point)).await;
        Self { point: point.to_owned(), process, commands, answers }
    }

    /// From now on this goes wrong.
    pub fn add(&mut self, fault: Fault) -> Told {
        self.command(&Command::Add(fault))
    }

    /// All is well again, and what hung goes on.
    pub fn mend(&mut self) -> Told {
        self.command(&Command::Mend)
    }

    /// What has gone wrong.
    pub fn told(&mut self) -> Told {
        self.command(&Command::Tell)
    }

    /// Waits until at least so many operations hang.
    ///
    /// # Panics
    /// When they do not.
    pub async fn holds(&mut self, least: usize) {
        eventually("operations hang", async || (self.told().held >= least).then_some(())).await;
    }

    fn command(&mut self, command: &Command) -> Told {
        let line = serde_json::to_string(command).unwrap();
        writeln!(self.commands, "{line}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{answer:?}: {error}"))
    }

    /// Stops the process: all of its files hang until [`Self::wake`].
    pub fn stop(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets a stopped process go on.
    pub fn wake(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Kills the process: from now on its files answer ENOTCONN.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        self.process.wait().unwrap();
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.process.id()).unwrap()), signal).unwrap();
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        // What is still busy is found, and told, when the place is cleared.
        let _ = umount2(&self.point, MntFlags::UMOUNT_NOFOLLOW);
    }
}
