//! The CSI edge: gRPC in, domain calls out, and back.
//!
//! A request makes one trip in and one out:
//!
//! ```text
//! socket ─ peer's uid ─ HTTP/2 ─ observe ─ deadline ─ services ─┬─ detach ─ shed ─ decoded ─ own service
//!                                                               └─ link ─ the controller process, unparsed
//! ```
//!
//! A service converts a message once (`convert`), after which no required field is optional; takes the
//! guard of its volume (`busy`); makes one domain call; and converts the answer.
//!
//! This crate knows the traits of `mooring-volume` and nothing behind them: neither components nor system
//! calls. It never looks at the file system, save for its own sockets; checks of paths are of their text.
//!
//! Invariants:
//! - Nothing is done for a request that is not wholly valid.
//! - One operation a volume, a snapshot or a group at a time, in each process. An operation that has begun runs to its end, whether
//!   or not its caller still waits.
//! - What a driver advertises is derived from its abilities, in one match (`controller/capabilities.rs`).
//! - Requests are never logged, and an error never carries a secret of its call.

mod app;
mod busy;
mod conceal;
mod controller;
mod convert;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod group;
mod identity;
mod internal;
mod layers;
mod link;
mod metadata;
mod meter;
mod methods;
mod node;
mod proxy;
mod registration;
mod server;
mod services;
mod socket;
mod status;
mod traces;
mod unary;

pub use app::{App, Audience, Controller, Settings, Telemetry, node_app, registration_app};
pub use internal::{Held, Hub, RemoteBackend, take_orders};
pub use link::Link;
pub use meter::{Meter, Rpc};
pub use registration::{Plugin, Verdict};
pub use server::{Drained, serve};
pub use socket::{Claim, Listener, Peers, SocketError};
pub use traces::Traces;
