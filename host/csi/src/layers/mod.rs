//! What stands around every service, one middleware a file, outermost first:
//!
//! - [`observe`] gives the call its number and span, and measures it, whatever happens within.
//! - [`deadline`] says how long the caller waits, and answers in time though the work should not end.
//! - [`detach`] runs the work as a task of its own, so that a caller who hangs up does not stop an operation
//!   halfway; and turns a panic into an answer.
//! - [`shed`] turns callers away while too many operations run. It stands within the task, since an operation
//!   counts until it has ended, not until its caller has left.
//! - [`decoded`] answers for requests that never became a message.
//!
//! The last three are for what this process does itself. What is passed through to the controller process
//! is detached, limited and decoded there.

pub(crate) mod deadline;
pub(crate) mod decoded;
pub(crate) mod detach;
pub(crate) mod observe;
pub(crate) mod shed;
