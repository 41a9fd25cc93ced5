//! The real machine: system calls, /proc, /sys and programs.
//!
//! One file an idea; `ioctl` alone has unsafe code, `process`-starting is in `program` alone.
//! Nothing here decides anything: see the contract in `os`.

mod bindings;
mod blocks;
mod direct;
mod errno;
mod examine;
mod freezing;
mod growth;
mod handle;
mod host;
mod ioctl;
mod linked;
mod loops;
mod making;
mod mounted;
pub(crate) mod mountinfo;
mod mounts;
mod path;
mod patience;
mod places;
mod pool;
mod program;
mod programs;
mod proven;
mod records;
mod resident;
mod roots;
mod shim;
mod symptoms;
mod throttle;
mod udev;
mod uevents;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use handle::Handle;
pub use resident::release_startup_code;

use crate::os::{Handles, LoopDevices as _};
use crate::record;
use crate::tally::Tally;
use programs::Installed;

/// This machine.
#[derive(Debug)]
pub struct Linux {
    programs: Installed,
    /// Programs that were run, and how each ended.
    ran: Tally<(&'static str, &'static str)>,
    bindings: bindings::Bindings,
    roots: roots::Roots,
}

impl Linux {
    /// Looks once for the programs that will be run. A missing one is an error when it is needed.
    #[must_use]
    pub fn new() -> Self {
        Self {
            programs: Installed::find(),
            ran: Tally::default(),
            bindings: bindings::Bindings::default(),
            roots: roots::Roots::default(),
        }
    }

    /// Programs that were run since the start, and how they ended: `ok`, `failed`, or `killed` at their
    /// deadline.
    #[must_use]
    pub fn programs_run(&self) -> BTreeMap<(&'static str, &'static str), u64> {
        self.ran.counts()
    }

    /// Loop devices of all hosts like this one on the machine; none where they can't be listed.
    #[must_use]
    pub fn own_loops(&self) -> Option<usize> {
        let loops = self.loops().ok()?;
        Some(
            loops.answering.iter().filter(|device| device.label.starts_with(record::LABEL)).count(),
        )
    }
}

impl Default for Linux {
    fn default() -> Self {
        Self::new()
    }
}

impl Handles for Linux {
    type Handle = Handle;
}
