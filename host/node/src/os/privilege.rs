//! Giving privileges up for good: what a process does before it runs vendor code; and what the
//! kernel says that a process may do.
//!
//! Privileges belong to threads, so giving them up is for a process that has one thread still.

use std::fmt;

use nix::unistd::{Gid, Uid};
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use rustix::thread::{CapabilitySet, CapabilitySets};

/// Why privileges could not be given up.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// A system call refused.
    #[error("{call}: {reason}")]
    Call {
        /// Which.
        call: &'static str,
        /// What the kernel said.
        reason: String,
    },
    /// Other threads would keep theirs.
    #[error("the process has {0} threads already; privileges must be given up before the second")]
    Threads(u64),
    /// Root without capabilities still owns most files.
    #[error("uid or gid 0 is no unprivileged user; name another")]
    Root,
    /// The kernel reports something else than was asked for.
    #[error("the kernel still reports {field} {found}, not {wanted}")]
    Kept {
        /// A line of /proc/self/status.
        field: &'static str,
        /// What it says.
        found: String,
        /// What it should.
        wanted: String,
    },
}

fn failed(call: &'static str) -> impl FnOnce(rustix::io::Errno) -> PrivilegeError {
    move |error| PrivilegeError::Call { call, reason: error.to_string() }
}

fn refused(call: &'static str) -> impl FnOnce(nix::Error) -> PrivilegeError {
    move |error| PrivilegeError::Call { call, reason: error.to_string() }
}

/// Whether the process is root, and so able to become another user.
#[must_use]
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Becomes `uid` and `gid` where the process is root, with no supplementary group and no
/// capability, not even one to be had back by running a set-uid program. In any case takes on
/// `no_new_privs`, is not dumped or traced by others of its uid, and writes no core file, in which
/// secrets would lie. Reads back what the kernel says of the result.
///
/// # Errors
/// [`PrivilegeError`]; the process must then end, as it may hold half of its privileges.
pub fn drop_to(uid: u32, gid: u32) -> Result<(), PrivilegeError> {
    let root = is_root();
    if root && (uid == 0 || gid == 0) {
        return Err(PrivilegeError::Root);
    }
    match own_report()?.threads {
        1 => {}
        threads => return Err(PrivilegeError::Threads(threads)),
    }
    if root {
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        nix::unistd::setgroups(&[]).map_err(refused("setgroups"))?;
        nix::unistd::setresgid(gid, gid, gid).map_err(refused("setresgid"))?;
        // While CAP_SETPCAP is there still.
        empty_bounding_set()?;
        // A set flag would carry the capabilities over to the new user.
        rustix::thread::set_keep_capabilities(false).map_err(failed("PR_SET_KEEPCAPS"))?;
        nix::unistd::setresuid(uid, uid, uid).map_err(refused("setresuid"))?;
    }
    rustix::thread::clear_ambient_capability_set().map_err(failed("PR_CAP_AMBIENT_CLEAR_ALL"))?;
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    rustix::thread::set_capabilities(None, sets).map_err(failed("capset"))?;
    rustix::thread::set_no_new_privs(true).map_err(failed("PR_SET_NO_NEW_PRIVS"))?;
    // After the user's change, which sets it back.
    refuse_core_dumps()?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    verify(&own_report()?, root.then_some((uid, gid)))
}

/// A process that has calls has their secrets in memory: no core dump writes them to a disk, neither to a file
/// nor, where the kernel pipes cores to a program, there; and programs that it starts inherit the limit.
///
/// # Errors
/// What the kernel says.
pub fn refuse_core_dumps() -> Result<(), PrivilegeError> {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(failed("PR_SET_DUMPABLE"))?;
    rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .map_err(failed("setrlimit(RLIMIT_CORE)"))?;
    let dumpable = rustix::process::dumpable_behavior().map_err(failed("PR_GET_DUMPABLE"))?;
    same("dumpable", &dumpable, &DumpableBehavior::NotDumpable)
}

/// Each bit, whether this library has a name for it or not: kernels learn new ones.
fn empty_bounding_set() -> Result<(), PrivilegeError> {
    for bit in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        let there = rustix::thread::capability_is_in_bounding_set(capability);
        // A capability that this kernel does not know cannot be held.
        if matches!(there, Ok(true)) {
            rustix::thread::remove_capability_from_bounding_set(capability)
                .map_err(failed("PR_CAPBSET_DROP"))?;
        }
    }
    Ok(())
}

/// Holds what the kernel reports against what was asked for.
fn verify(report: &Report, ids: Option<(u32, u32)>) -> Result<(), PrivilegeError> {
    let Report { uids, gids, groups, capabilities, no_new_privs, threads: _ } = report;
    let Capabilities { inheritable, permitted, effective, bounding, ambient } = capabilities;
    for (field, set) in
        [("CapInh", inheritable), ("CapPrm", permitted), ("CapEff", effective), ("CapAmb", ambient)]
    {
        same(field, set, &0)?;
    }
    same("NoNewPrivs", no_new_privs, &true)?;
    if let Some((uid, gid)) = ids {
        same("CapBnd", bounding, &0)?;
        same("Uid", uids, &[uid; 4])?;
        same("Gid", gids, &[gid; 4])?;
        same("Groups", groups, &Vec::new())?;
    }
    Ok(())
}

fn same<T: PartialEq + fmt::Debug>(
    field: &'static str,
    found: &T,
    wanted: &T,
) -> Result<(), PrivilegeError> {
    if found == wanted {
        return Ok(());
    }
    let (found, wanted) = (format!("{found:?}"), format!("{wanted:?}"));
    Err(PrivilegeError::Kept { field, found, wanted })
}

/// What the kernel says of a process (of its first thread).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Real, effective, saved and file-system user id.
    pub uids: [u32; 4],
    /// The same of the group.
    pub gids: [u32; 4],
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Its capability sets.
    pub capabilities: Capabilities,
    /// Whether no program that it runs can gain privileges.
    pub no_new_privs: bool,
    /// How many threads it has.
    pub threads: u64,
}

/// Capability sets, a bit each (`capabilities(7)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "capabilities(7) documents them")]
pub struct Capabilities {
    pub inheritable: u64,
    pub permitted: u64,
    pub effective: u64,
    pub bounding: u64,
    pub ambient: u64,
}

/// Asks the kernel what a process may do.
///
/// # Errors
/// [`PrivilegeError::Call`] where there is no such process or it may not be asked.
pub fn report(pid: u32) -> Result<Report, PrivilegeError> {
    read_report(&format!("/proc/{pid}/status"))
}

fn own_report() -> Result<Report, PrivilegeError> {
    read_report("/proc/self/status")
}

fn read_report(path: &str) -> Result<Report, PrivilegeError> {
    const CALL: &str = "reading /proc/<pid>/status";
    let text = std::fs::read_to_string(path)
        .map_err(|error| PrivilegeError::Call { call: CALL, reason: format!("{path}: {error}") })?;
    parse(&text).ok_or_else(|| PrivilegeError::Call {
        call: CALL,
        reason: format!("{path} is not in the form of proc(5)"),
    })
}

fn parse(status: &str) -> Option<Report> {
    let field = |name: &str| {
        let values = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        values.map(|values| values.split_ascii_whitespace())
    };
    let ids = |name: &str| -> Option<Vec<u32>> {
        field(name)?.map(|id| id.parse().ok()).collect::<Option<Vec<_>>>()
    };
    let set = |name: &str| u64::from_str_radix(field(name)?.next()?, 16).ok();
    Some(Report {
        uids: ids("Uid")?.try_into().ok()?,
        gids: ids("Gid")?.try_into().ok()?,
        groups: ids("Groups")?,
        capabilities: Capabilities {
            inheritable: set("CapInh")?,
            permitted: set("CapPrm")?,
            effective: set("CapEff")?,
            bounding: set("CapBnd")?,
            ambient: set("CapAmb")?,
        },
        no_new_privs: field("NoNewPrivs")?.next()? == "1",
        threads: field("Threads")?.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_reported() {
        let report = report(std::process::id()).unwrap();
        assert_eq!(report.uids[1], nix::unistd::geteuid().as_raw());
        assert_eq!(report.gids[1], nix::unistd::getegid().as_raw());
        assert!(report.threads >= 2, "a test has a thread of its own");
        let sets = rustix::thread::capabilities(None).unwrap();
        assert_eq!(report.capabilities.effective, sets.effective.bits());
    }

    #[test]
    fn what_is_no_process_is_an_error() {
        assert!(report(u32::MAX).is_err());
        assert_eq!(parse("Uid:\t0\t0\t0\n"), None);
    }

    #[test]
    fn with_several_threads_nothing_is_given_up() {
        let before = report(std::process::id()).unwrap();
        assert!(matches!(drop_to(65534, 65534), Err(PrivilegeError::Threads(2..))));
        let after = report(std::process::id()).unwrap();
        assert_eq!((after.uids, after.capabilities), (before.uids, before.capabilities));
        assert!(!after.no_new_privs);
    }

    #[test]
    fn each_thing_kept_is_told() {
        let none =
            Capabilities { inheritable: 0, permitted: 0, effective: 0, bounding: 0, ambient: 0 };
        let good = Report {
            uids: [7; 4],
            gids: [8; 4],
            groups: Vec::new(),
            capabilities: none,
            no_new_privs: true,
            threads: 1,
        };
        let with = |capabilities| Report { capabilities, ..good.clone() };
        let cases = [
            ("Uid", Report { uids: [7, 7, 0, 7], ..good.clone() }),
            ("Gid", Report { gids: [8, 8, 8, 0], ..good.clone() }),
            ("Groups", Report { groups: vec![6], ..good.clone() }),
            ("NoNewPrivs", Report { no_new_privs: false, ..good.clone() }),
            ("CapInh", with(Capabilities { inheritable: 1, ..none })),
            ("CapPrm", with(Capabilities { permitted: 1, ..none })),
            ("CapEff", with(Capabilities { effective: 1, ..none })),
            ("CapBnd", with(Capabilities { bounding: 1 << 41, ..none })),
            ("CapAmb", with(Capabilities { ambient: 1, ..none })),
        ];
        for (name, report) in cases {
            let kept = verify(&report, Some((7, 8)));
            assert!(
                matches!(kept, Err(PrivilegeError::Kept { field, .. }) if field == name),
                "{name}: {kept:?}"
            );
        }
    }
}
