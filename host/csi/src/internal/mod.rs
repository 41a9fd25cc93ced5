//! What the node process and the controller process say to each other (`proto/internal.proto`): the server's
//! and the client's side. No other file knows those messages.

mod attachment;
mod client;
mod facts;
mod limits;
mod orders;
mod server;

pub use client::RemoteBackend;
pub use orders::{Held, Hub, take_orders};
pub(crate) use server::InternalService;
