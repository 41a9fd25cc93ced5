//! The edge as its callers meet it: real sockets, real gRPC clients, and behind it twins that model how a
//! backend and a node behave, in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly; clippy knows only functions marked #[test] for such"
)]

mod capabilities;
mod groups;
mod guards;
mod health;
mod inputs;
mod internal;
mod life;
mod lifecycle;
mod metadata;
mod model;
mod orders;
mod passing;
mod peers;
mod registration;
mod secrecy;
mod setup;
mod snapshots;
mod wire;
