//! A stopped call's registers: what is called, and making it fail instead.

use nix::errno::Errno;
use nix::unistd::Pid;

/// A system call that is about to be carried out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    /// As `libc::SYS_…` has it.
    pub(crate) number: i64,
    arguments: [u64; 6],
}

impl Call {
    /// One of the six arguments; 0 beyond them.
    pub(crate) fn argument(&self, at: u32) -> u64 {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        self.arguments.get(at).copied().unwrap_or_default()
    }
}

/// The call at which a thread stopped.
///
/// # Errors
/// Of ptrace(2): ESRCH where the thread was killed meanwhile.
#[cfg(target_arch = "x86_64")]
pub(crate) fn call(thread: Pid) -> nix::Result<Call> {
    let set = nix::sys::ptrace::getregs(thread)?;
    Ok(Call {
        number: set.orig_rax.cast_signed(),
        arguments: [set.rdi, set.rsi, set.rdx, set.r10, set.r8, set.r9],
    })
}

/// Leaves the call out and answers `error` instead.
///
/// # Errors
/// As [`call`].
#[cfg(target_arch = "x86_64")]
pub(crate) fn fail(thread: Pid, error: Errno) -> nix::Result<()> {
    let mut set = nix::sys::ptrace::getregs(thread)?;
    // No such call; the kernel then returns what the register holds.
    set.orig_rax = u64::MAX;
    set.rax = (-i64::from(error as i32)).cast_unsigned();
    nix::sys::ptrace::setregs(thread, set)
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn call(_: Pid) -> nix::Result<Call> {
    Err(Errno::ENOSYS)
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn fail(_: Pid, _: Errno) -> nix::Result<()> {
    Err(Errno::ENOSYS)
}
