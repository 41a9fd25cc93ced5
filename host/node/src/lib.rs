//! Devices, file systems and mounts of one node.
//!
//! This crate has privilege and runs no vendor code. A backend's answer reaches it as a typed
//! attachment, which is checked against the operator's grants and then carried out:
//!
//! ```text
//! request → options, place     the request's form, before anything is touched
//!         → attach             grants; what the attachment is on this node
//!         → observe → seen     the machine, once
//!         → steps              pure: from what was seen and is wanted to a list of steps
//!         → run                one step after the other; `node` undoes on failure
//!         → health             pure: from what was seen to what is wrong with it
//! ```
//!
//! Invariant: `os` alone talks to the kernel; the rest decides, in values.
//! Invariant: teardown asks no backend and reads no volume: the record and the kernel's tables do.

mod attach;
mod fault;
pub mod filesystem;
mod freezes;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod guard;
mod health;
mod mount;
mod node;
mod note;
mod observe;
mod options;
pub mod os;
mod place;
mod record;
mod run;
mod seen;
mod silence;
mod steps;
mod tally;

pub use attach::KataPaths;
pub use node::{Counted, Meter, Node, NodeConfig};
