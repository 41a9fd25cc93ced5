//! The programs that make, check and grow file systems, and the options that each is given.
//!
//! Never is a force option given. No program discards: on thin
//! storage there is nothing to discard in a blank device, and on large arrays it takes minutes.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mooring_volume::SPANS;
use mooring_volume::capability::FsType;
use tracing::field;

use super::handle::{Device, Handle};
use super::program::{DEVICE, Ended, RunError, run};
use super::{Linux, blocks};
use crate::os::{Error, Kind, Programs, Result, starting};

/// Where distributions put them. PATH is not asked.
const DIRECTORIES: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/// Making a file system writes megabytes, however large the device.
const MAKING: Duration = Duration::from_secs(10 * 60);

/// Checking reads all metadata, of which a large, full ext4 has gigabytes.
const CHECKING: Duration = Duration::from_secs(2 * 60 * 60);

/// e2fsck(8): 1, errors corrected; 2, and the machine should be restarted, which is said of
/// mounted file systems alone; from 4 on, errors are left.
const E2FSCK_ERRORS_LEFT: i32 = 4;

/// A program that is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    MkfsExt4,
    MkfsXfs,
    MkfsBtrfs,
    XfsRepair,
    Btrfs,
    E2fsck,
    Resize2fs,
}

impl Tool {
    const ALL: [Self; 7] = [
        Self::MkfsExt4,
        Self::MkfsXfs,
        Self::MkfsBtrfs,
        Self::XfsRepair,
        Self::Btrfs,
        Self::E2fsck,
        Self::Resize2fs,
    ];

    fn file_name(self) -> &'static str {
        match self {
            Self::MkfsExt4 => "mkfs.ext4",
            Self::MkfsXfs => "mkfs.xfs",
            Self::MkfsBtrfs => "mkfs.btrfs",
            Self::XfsRepair => "xfs_repair",
            Self::Btrfs => "btrfs",
            Self::E2fsck => "e2fsck",
            Self::Resize2fs => "resize2fs",
        }
    }

    /// Debian's name of it.
    fn package(self) -> &'static str {
        match self {
            Self::MkfsExt4 | Self::E2fsck | Self::Resize2fs => "e2fsprogs",
            Self::MkfsXfs | Self::XfsRepair => "xfsprogs",
            Self::MkfsBtrfs | Self::Btrfs => "btrfs-progs",
        }
    }

    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::MkfsExt4 => "making an ext4 on",
            Self::MkfsXfs => "making an xfs on",
            Self::MkfsBtrfs => "making a btrfs on",
            Self::XfsRepair => "checking the new xfs on",
            Self::Btrfs => "checking the new btrfs on",
            Self::E2fsck => "checking the ext4 on",
            Self::Resize2fs => "growing the ext4 on",
        }
    }

    /// Its options; the device comes behind them.
    fn options(self) -> &'static [&'static str] {
        match self {
            // Blocks of 4 KiB whatever the size, since small volumes grow; no blocks kept back
            // for root, as volumes hold data; inode tables and journal are zeroed by the kernel
            // later, as its default is.
            Self::MkfsExt4 => &[
                "-q",
                "-b",
                "4096",
                "-m",
                "0",
                "-E",
                "lazy_itable_init=1,lazy_journal_init=1,nodiscard",
            ],
            Self::MkfsXfs => &["-q", "-K"],
            Self::MkfsBtrfs => &["-q", "-K"],
            // Both only look.
            Self::XfsRepair => &["-n"],
            Self::Btrfs => &["check", "--readonly"],
            // Replays the journal and makes only the corrections that need no decision.
            Self::E2fsck => &["-f", "-p"],
            Self::Resize2fs => &[],
        }
    }

    fn limit(self) -> Duration {
        match self {
            Self::MkfsExt4 | Self::MkfsXfs | Self::MkfsBtrfs => MAKING,
            Self::XfsRepair | Self::Btrfs => MAKING,
            Self::E2fsck | Self::Resize2fs => CHECKING,
        }
    }
}

/// Where each program was found.
#[derive(Debug)]
pub(super) struct Installed([(Tool, Option<PathBuf>); 7]);

impl Installed {
    pub(super) fn find() -> Self {
        Self(Tool::ALL.map(|tool| {
            let (name, package) = (tool.file_name(), tool.package());
            let path = find_in(&DIRECTORIES, name);
            if path.is_none() {
                tracing::warn!(program = name, package, "a program is not installed");
            }
            (tool, path)
        }))
    }

    fn path(&self, tool: Tool, node: &str) -> Result<&Path> {
        let found = self.0.iter().find(|(listed, _)| *listed == tool);
        found.and_then(|(_, path)| path.as_deref()).ok_or_else(|| {
            let (name, package) = (tool.file_name(), tool.package());
            let detail = format!("{name} is not installed; install it (Debian: {package})");
            Error::new(Kind::NotFound, tool.doing(), node, detail)
        })
    }
}

fn find_in(directories: &[&str], name: &str) -> Option<PathBuf> {
    let candidates = directories.iter().map(|directory| Path::new(directory).join(name));
    candidates.into_iter().find(|path| {
        let executable = rustix::fs::Access::EXEC_OK;
        path.is_file() && rustix::fs::access(path, executable).is_ok()
    })
}

impl Programs for Linux {
    /// Of the programs with the options that they are given here. A program that asks for more
    /// says so itself.
    fn smallest(&self, fs_type: FsType) -> u64 {
        match fs_type {
            // e2fsprogs: superblock, descriptors, one inode table and lost+found of 4 KiB blocks.
            FsType::Ext4 => 256 << 10,
            // xfsprogs since 5.19: mkfs.xfs(8), `--unsupported`.
            FsType::Xfs => 300 << 20,
            // btrfs-progs since 4.x: mkfs.btrfs(8), "SMALL FILESYSTEMS".
            FsType::Btrfs => 114_294_784,
        }
    }

    fn make_filesystem(&self, device: &Handle, fs_type: FsType) -> Result<()> {
        self.make(device, fs_type)
    }

    fn grow_ext4_offline(&self, device: &Handle) -> Result<()> {
        let device = blocks::opened(device, Tool::E2fsck.doing())?;
        self.unclaimed(device, Tool::E2fsck.doing(), || {
            let checked = self.run_tool(Tool::E2fsck, &[], device)?;
            succeeded(Tool::E2fsck, device, &checked, |code| code < E2FSCK_ERRORS_LEFT)?;
            let grown = self.run_tool(Tool::Resize2fs, &[], device)?;
            succeeded(Tool::Resize2fs, device, &grown, |code| code == 0)
        })
    }
}

impl Linux {
    /// Runs a program with its options and `further` ones on a device.
    pub(super) fn run_tool(&self, tool: Tool, further: &[&str], device: &Device) -> Result<Ended> {
        let program = self.programs.path(tool, &device.node)?;
        let begun = Instant::now();
        let span = tracing::debug_span!(
            target: SPANS,
            "program",
            otel.name = tool.file_name(),
            process.executable.name = tool.file_name(),
            process.exit.code = field::Empty,
            otel.status_code = field::Empty,
        );
        let _within = span.enter();
        let arguments = [tool.options(), further, &["--", DEVICE]].concat();
        let ended = run(program, &arguments, device.device.as_fd(), tool.limit());
        let ended = ended.map_err(|error| {
            span.record("otel.status_code", "error");
            self.ran.count((tool.file_name(), "killed"));
            let kind = match &error {
                RunError::Io(_) => Kind::Other,
                RunError::Deadline { .. } | RunError::Stuck { .. } => Kind::Io,
            };
            Error::new(kind, tool.doing(), &device.node, error)
        })?;
        let outcome = if ended.code == Some(0) { "ok" } else { "failed" };
        self.ran.count((tool.file_name(), outcome));
        if let Some(code) = ended.code {
            span.record("process.exit.code", code);
        }
        tracing::debug!(
            program = tool.file_name(),
            device = device.node,
            number = %device.id,
            code = ended.code,
            took_ms = begun.elapsed().as_secs_f64() * 1000.0,
            output = ended.output,
            "ran a program"
        );
        Ok(ended)
    }

    /// Runs programs that claim the device themselves, and claims it again after them.
    pub(super) fn unclaimed(
        &self,
        device: &Device,
        doing: &'static str,
        work: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        device.release();
        starting::settle(|| blocks::claim(&device.device, &device.node).map(drop))?;
        let done = work();
        match (done, blocks::claim(&device.device, &device.node)) {
            (done, Ok(claim)) => {
                device.hold(claim);
                done
            }
            (Ok(()), Err(error)) => Err(Error { doing, ..error }),
            (Err(error), Err(_)) => Err(error),
        }
    }
}

pub(super) fn succeeded(
    tool: Tool,
    device: &Device,
    ended: &Ended,
    is_good: impl FnOnce(i32) -> bool,
) -> Result<()> {
    let code = ended.code;
    if code.is_some_and(is_good) {
        return Ok(());
    }
    let end = match code {
        Some(code) => format!("exit code {code}"),
        None => "a signal".to_owned(),
    };
    let detail = format!("{} ended with {end}: {}", tool.file_name(), ended.reason());
    Err(Error::new(Kind::Program { code }, tool.doing(), &device.node, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_its_absolute_path() {
        assert_eq!(find_in(&DIRECTORIES, "sh"), Some(PathBuf::from("/usr/bin/sh")));
        assert_eq!(find_in(&["/proc", "/etc"], "passwd"), None, "it is not executable");
    }

    #[test]
    fn a_missing_program_names_its_package() {
        let none = Installed(Tool::ALL.map(|tool| (tool, None)));
        let error = none.path(Tool::MkfsXfs, "/dev/x").unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);
        assert!(error.detail.contains("xfsprogs"), "{error}");
    }

    #[test]
    fn nothing_is_forced() {
        for tool in [Tool::MkfsExt4, Tool::MkfsXfs, Tool::MkfsBtrfs] {
            let options = tool.options();
            assert!(!options.iter().any(|option| ["-F", "-f", "--force", "-ff"].contains(option)));
        }
    }
}
