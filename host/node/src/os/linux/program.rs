//! Running a program: the only place of this crate's machine side that does.
//!
//! Absolute path, no shell, empty environment, `/` as the working directory, output read while it
//! runs and kept up to a bound, and an end to it: at its deadline it is killed. The device that it
//! works on is its standard input, so that it needs no name: it is told `/proc/self/fd/0`.

use std::collections::VecDeque;
use std::io::PipeReader;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::uevents::poll_until;
use crate::os::starting;

/// The device's name for the program.
pub(super) const DEVICE: &str = "/proc/self/fd/0";

/// Kept of what a program says; the end of it says why it failed.
const OUTPUT: usize = 4096;

/// A killed program is gone at once, unless it waits for storage that does not answer.
const GRACE: Duration = Duration::from_secs(5);

/// How a program ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// None: a signal ended it.
    pub(super) code: Option<i32>,
    /// The end of its output and error output together, in the order that they came.
    pub(super) output: String,
}

/// Longest answer to why a program failed, in characters.
const REASON: usize = 400;

impl Ended {
    /// What of the output says why it failed: mkfs.xfs appends its whole usage, and mkfs.btrfs puts
    /// notes before its errors. Lines are joined, and of many the last ones kept.
    pub(super) fn reason(&self) -> String {
        let usage = |line: &&str| line.get(..6).is_some_and(|s| s.eq_ignore_ascii_case("usage:"));
        let lines = || self.output.lines().map(str::trim).filter(|line| !line.is_empty());
        let before = || lines().take_while(|line| !usage(line));
        let mut reason: Vec<&str> = before().filter(|line| line.starts_with("ERROR:")).collect();
        if reason.is_empty() {
            reason = before().collect();
        }
        let reason = reason.join("; ");
        match reason.char_indices().rev().nth(REASON) {
            Some((at, _)) => format!("… {}", reason.get(at..).unwrap_or_default()),
            None => reason,
        }
    }
}

/// Why there is no ending.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    /// It could not be started, or waited for.
    #[error("it could not be run: {0}")]
    Io(#[from] std::io::Error),
    /// It was killed.
    #[error("it had not ended after {} s and was killed; it had said: {output}", .after.as_secs())]
    Deadline { after: Duration, output: String },
    /// It was killed and is still there: it costs one process until its storage answers.
    #[error("it was killed after {} s but does not end, so its storage hangs", .after.as_secs())]
    Stuck { after: Duration },
}

/// Runs a program to its end.
pub(super) fn run(
    program: &Path,
    arguments: &[&str],
    device: BorrowedFd<'_>,
    limit: Duration,
) -> Result<Ended, RunError> {
    let (output, writer) = std::io::pipe()?;
    let device = device.try_clone_to_owned()?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(device))
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = starting::start(|| command.spawn())?;
    // Its copies of the pipe's writing end would keep the end of what the program says from coming.
    drop(command);
    let said = attend(&child, &output, Instant::now() + limit);
    match said {
        Ok(Watched { text, ended: true }) => Ok(Ended { code: child.wait()?.code(), output: text }),
        Ok(Watched { text, ended: false }) => {
            kill(child, limit)?;
            Err(RunError::Deadline { after: limit, output: text })
        }
        Err(errno) => {
            kill(child, limit)?;
            Err(RunError::Io(errno.into()))
        }
    }
}

struct Watched {
    text: String,
    ended: bool,
}

/// Reads what the child says until it ends or the deadline comes.
fn attend(child: &Child, output: &PipeReader, deadline: Instant) -> Result<Watched, Errno> {
    let ending = pidfd_open(pid(child)?, PidfdFlags::empty())?;
    rustix::io::ioctl_fionbio(output, true)?;
    let mut kept = Tail::default();
    let mut open = true;
    let ended = loop {
        let mut fds = vec![PollFd::new(&ending, PollFlags::IN)];
        if open {
            fds.push(PollFd::new(output, PollFlags::IN));
        }
        if !poll_until(&mut fds, deadline)? {
            break false;
        }
        let ended = fds.first().is_some_and(|fd| !fd.revents().is_empty());
        open = kept.read_available(output.as_fd())?;
        if ended {
            break true;
        }
    };
    Ok(Watched { text: kept.text(), ended })
}

/// Ends the child, but does not wait for ever for one that is stuck in the kernel.
fn kill(mut child: Child, limit: Duration) -> Result<(), RunError> {
    child.kill()?;
    let ending = pid(&child).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()));
    let gone = match ending {
        Ok(ending) => {
            let mut fds = [PollFd::new(&ending, PollFlags::IN)];
            poll_until(&mut fds, Instant::now() + GRACE).map_err(std::io::Error::from)?
        }
        Err(_) => true,
    };
    if gone {
        child.wait()?;
        return Ok(());
    }
    // Its own thread, so that it is reaped when its storage answers at last.
    std::thread::Builder::new().name("reaper".to_owned()).spawn(move || child.wait())?;
    Err(RunError::Stuck { after: limit })
}

fn pid(child: &Child) -> Result<Pid, Errno> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)
}

/// The last bytes of a stream.
#[derive(Default)]
struct Tail(VecDeque<u8>);

impl Tail {
    /// Takes what is there; false at the stream's end.
    fn read_available(&mut self, stream: BorrowedFd<'_>) -> Result<bool, Errno> {
        let mut bytes = [0; 4096];
        loop {
            match rustix::io::read(stream, &mut bytes) {
                Ok(0) => return Ok(false),
                Ok(count) => self.keep(bytes.get(..count).unwrap_or_default()),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(true),
                Err(errno) => return Err(errno),
            }
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
        let excess = self.0.len().saturating_sub(OUTPUT);
        self.0.drain(..excess);
    }

    fn text(self) -> String {
        let bytes = Vec::from(self.0);
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_shell(script: &str, limit: Duration) -> Result<Ended, RunError> {
        let null = std::fs::File::open("/dev/null").unwrap();
        run(Path::new("/bin/sh"), &["-c", script], null.as_fd(), limit)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn the_reason_is_told_without_the_manual() {
        let reason = |output: &str| Ended { code: Some(1), output: output.to_owned() }.reason();
        let xfs = "Filesystem must be larger than 300MB.\nUsage: mkfs.xfs\n[-b size=num]\n\t[-K]";
        assert_eq!(reason(xfs), "Filesystem must be larger than 300MB.");
        let btrfs = "NOTE: settings have changed\n  - DUP\n\nERROR: 'a' is small\nERROR: by far";
        assert_eq!(reason(btrfs), "ERROR: 'a' is small; ERROR: by far");
        assert_eq!(reason("mkfs.ext4: one\n two \n"), "mkfs.ext4: one; two");
        assert_eq!(reason("usage: x"), "");
        let long = reason(&"long lines ü\n".repeat(100));
        assert!(long.chars().count() <= REASON + 3 && long.ends_with("; long lines ü"), "{long}");
    }

    #[test]
    fn code_and_output_are_told() {
        let ended = run_shell("echo out; echo err >&2; exit 3", LONG).unwrap();
        assert_eq!((ended.code, ended.output.as_str()), (Some(3), "out\nerr"));
        assert_eq!(run_shell("kill -9 $$", LONG).unwrap().code, None);
    }

    #[test]
    fn the_environment_is_empty_and_the_place_is_the_root() {
        let ended = run_shell("/usr/bin/env; pwd", LONG).unwrap();
        // The shell itself sets PWD and the like; nothing of this process's comes through.
        assert!(!ended.output.contains("CARGO"), "{}", ended.output);
        assert!(ended.output.ends_with('/'), "{}", ended.output);
    }

    #[test]
    fn the_device_is_the_standard_input() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "content").unwrap();
        let file = std::fs::File::open(dir.path().join("file")).unwrap();
        let arguments = ["-c", "cat \"$0\"", DEVICE];
        let shell = Path::new("/bin/sh");
        let ended = run(shell, &arguments, file.as_fd(), LONG).unwrap();
        assert_eq!(ended.output, "content");
    }

    #[test]
    fn output_is_kept_up_to_a_bound_and_never_blocks() {
        let script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done";
        let ended = run_shell(script, LONG).unwrap();
        assert!(ended.output.ends_with("line 19999") && ended.output.len() <= OUTPUT);
    }

    #[test]
    fn one_that_does_not_end_is_killed() {
        let begun = Instant::now();
        let answer = run_shell("echo begun; exec sleep 1000", Duration::from_millis(300));
        match answer {
            Err(RunError::Deadline { output, .. }) => assert_eq!(output, "begun"),
            other => panic!("{other:?}"),
        }
        assert!(begun.elapsed() < GRACE);
    }

    #[test]
    fn a_missing_program_is_an_error() {
        let null = std::fs::File::open("/dev/null").unwrap();
        let answer = run(Path::new("/no/such"), &[], null.as_fd(), LONG);
        assert!(matches!(answer, Err(RunError::Io(_))), "{answer:?}");
    }
}
