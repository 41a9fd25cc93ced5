//! Programs that this process is starting, and what they keep open meanwhile.
//!
//! Until the end of exec a child has a copy of every descriptor of this process, also of those that are closed on
//! exec: what was closed here meanwhile is still open there, and a device that was claimed is claimed still. Nothing
//! tells when that ends. Source: Linux, `begin_new_exec()`: it lets the one that waits for a vfork go on
//! (`exec_mmap`) before it closes them (`do_close_on_exec`), and what that closes is released when the child leaves
//! the kernel.

use std::sync::{PoisonError, RwLock};

/// Held for reading while a program is started. Of the process, as its descriptors are.
static STARTING: RwLock<()> = RwLock::new(());

/// Starts a program, while nobody settles.
pub(super) fn start<T>(spawn: impl FnOnce() -> T) -> T {
    let _until_exec = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    spawn()
}

/// Tries whether no child has a copy of what this process has closed, while none is started that would have one of
/// what the trial opens.
pub(super) fn settle<T>(trial: impl FnOnce() -> T) -> T {
    let _none_starts = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    trial()
}
