//! Storage that fails, hangs and lies on command: a file server of one directory, mounted by FUSE, whose
//! files a host's pool can lie in. What it was told to do with some bytes of a file it does, and all else
//! as the directory itself.
//!
//! It runs as a process of its own ([`Storage`] starts it), so that it can be stopped and killed like any
//! storage's client; its standard input carries the commands. When that closes, or the process dies, the
//! kernel breaks the connection off, and nothing that waited for it waits any longer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

pub mod fault;
pub mod server;
pub mod storage;

pub use fault::{Effect, Fault, Operation};
pub use storage::Storage;
