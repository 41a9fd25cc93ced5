//! The seccomp filter that stops a traced program at state-changing calls alone: all others run at
//! full speed. The only unsafe code of this crate.
#![allow(unsafe_code, reason = "no safe wrapper installs a filter")]

use std::io;

use crate::calls;

/// `SECCOMP_RET_TRACE` and `SECCOMP_RET_ALLOW`, see seccomp(2).
const TRACE: u32 = 0x7ff0_0000;
const ALLOW: u32 = 0x7fff_0000;

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARGUMENTS: u32 = 16;

/// Open flags that say that a file may be changed.
const CHANGING: u32 = (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC).unsigned_abs();

fn statement(code: u32, k: u32) -> libc::sock_filter {
    jump(code, k, 0, 0)
}

fn jump(code: u32, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
    // The codes are below 2^16 by their definition.
    libc::sock_filter { code: u16::try_from(code).unwrap_or_default(), jt, jf, k }
}

/// The filter as the kernel takes it.
fn program() -> Vec<libc::sock_filter> {
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let set = libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K;
    let answer = libc::BPF_RET | libc::BPF_K;
    let number = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let mut program = vec![statement(load, NUMBER)];
    for (call, argument) in calls::OPENING {
        program.push(jump(equal, number(*call), 0, 4));
        program.push(statement(load, ARGUMENTS + 8 * argument));
        program.push(jump(set, CHANGING, 0, 1));
        program.push(statement(answer, TRACE));
        program.push(statement(answer, ALLOW));
    }
    for (call, _) in calls::CHANGING {
        program.push(jump(equal, number(*call), 0, 1));
        program.push(statement(answer, TRACE));
    }
    program.push(statement(answer, ALLOW));
    program
}

/// Installs the filter for this thread and all that it starts and becomes. From here on each of those
/// calls fails with ENOSYS unless a tracer watches.
///
/// # Errors
/// Of prctl(2): without CAP_SYS_ADMIN, or in a kernel without filters.
pub(crate) fn install() -> io::Result<()> {
    let mut program = program();
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let filter = libc::sock_fprog { len: length, filter: program.as_mut_ptr() };
    let mode = libc::c_ulong::from(libc::SECCOMP_MODE_FILTER);
    // SAFETY: `filter` and the program that it points to live until the call returns; the kernel
    // copies both.
    let answer = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const filter) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
