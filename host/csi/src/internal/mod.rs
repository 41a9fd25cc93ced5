//! What the node process and the controller process say to each other (`proto/internal.proto`): the server's
//! and the client's side. No other file knows those messages. Volumes that live as long as their pod are made
//! and deleted over the same socket by CSI's own calls.

pub(crate) mod attachment;
mod client;
mod facts;
mod limits;
mod orders;
mod server;
mod volumes;

pub use client::RemoteBackend;
pub use orders::{Held, Hub, take_orders};
pub(crate) use server::InternalService;
