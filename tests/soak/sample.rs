//! What both processes and the kernel hold at a moment at which no volume is there.

use std::fmt;
use std::path::Path;

use mooring_tests::{Host, eventually, kernel, life};

/// One process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Process {
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
    /// KiB.
    pub(crate) resident: usize,
    /// KiB, shared pages counted by their share.
    pub(crate) proportional: usize,
}

/// See above.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    pub(crate) cycles: u32,
    pub(crate) mounts: usize,
    pub(crate) loops: usize,
    pub(crate) records: usize,
    pub(crate) images: usize,
    /// Processes that were started with a path of this run: two.
    pub(crate) processes: usize,
    /// KiB of the controller's state.
    pub(crate) state: usize,
    pub(crate) controller: Process,
    pub(crate) node: Process,
}

impl Sample {
    /// Waits until connections that were closed are closed on the other side, too.
    pub(crate) async fn take(host: &Host, cycles: u32) -> Self {
        let pids = [host.controller_pid().await, host.node_pid()];
        eventually("connections are closed", async || {
            pids.iter().all(|pid| connections(*pid) <= AT_REST).then_some(())
        })
        .await;
        let below = host.paths.targets.parent().expect("below the place");
        let text = below.to_string_lossy().into_owned();
        let processes = kernel::processes();
        let own = processes.iter().filter(|it| it.command.contains(&text) && it.state != 'Z');
        Self {
            cycles,
            mounts: kernel::mounts_below(below).len(),
            loops: kernel::loops_below(below).len(),
            records: life::records(&host.paths.node_state()).len(),
            images: host.paths.images().len(),
            processes: own.count(),
            state: kib(&host.paths.controller_state()),
            controller: process(pids[0]),
            node: process(pids[1]),
        }
    }
}

/// Sockets that a process has at rest: those it listens on, and its own to the other process.
const AT_REST: usize = 24;

fn connections(pid: u32) -> usize {
    let files = kernel::open_files(pid);
    files.iter().filter(|path| path.to_string_lossy().starts_with("socket:")).count()
}

fn process(pid: u32) -> Process {
    let status = kernel::status(pid).expect("it runs");
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    Process {
        descriptors: kernel::open_files(pid).len(),
        threads: number(&status["Threads"]),
        resident: number(&status["VmRSS"]),
        proportional: pss.map_or(0, number),
    }
}

fn number(text: &str) -> usize {
    text.trim().trim_end_matches("kB").trim().parse().unwrap()
}

fn kib(directory: &Path) -> usize {
    use std::os::unix::fs::MetadataExt as _;
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => kib(&entry.path()),
        Ok(found) => usize::try_from(found.blocks() / 2).unwrap(),
        Err(_) => 0,
    });
    sizes.sum()
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |kib: usize| f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0;
        write!(
            f,
            "mounts {} loops {} | node {:.1} MiB, {} fds, {} threads | controller {:.1} MiB, {} fds, \
             {} threads",
            self.mounts,
            self.loops,
            mib(self.node.proportional),
            self.node.descriptors,
            self.node.threads,
            mib(self.controller.proportional),
            self.controller.descriptors,
            self.controller.threads,
        )
    }
}
