//! A storage array to test against: HTTP and JSON as real arrays speak them, images behind it that
//! are real block devices once they are mapped, and faults on request. It knows nothing of CSI.
//!
//! [`Array`] is the array itself, without a network; [`serve`] and [`start`] put it behind HTTP.
//! `README.md` has the table of the API.

mod admin;
mod api;
mod array;
mod connection;
mod devices;
mod faults;
mod folder;
mod images;
mod ioctl;
mod model;
mod problem;
mod server;
mod sessions;

pub use array::Array;
pub use faults::{Fault, Faults, Rule};
pub use model::{Condition, Host, Job, JobState, Mapping, Pool, Snapshot, Source, State, Volume};
pub use problem::{Code, Problem};
pub use server::{Credentials, Options, Running, Tls, serve, start};
