//! Mooring's operator: follows `Driver` objects of a Kubernetes API. It makes, of the configuration file and the objects,
//! the file that both processes of the host follow, and writes into the objects' status what the host says of itself.
//!
//! It is no part of the host: it loads no component, mounts nothing, and knows no crate of the host. It meets the host at a
//! file that it writes and a socket that it reads.
//!
//! Invariant: nothing that it does waits for the API server but telling it something.
//! Invariant: an object that is wrong changes nothing of what any driver serves.

pub mod check;
pub mod crd;
pub mod driver;
pub mod follow;
pub mod host;
pub mod live;
pub mod logs;
pub mod merge;
pub mod news;
pub mod overall;
pub mod report;
pub mod run;
pub mod spec;
pub mod standing;
