//! What the node process asks the controller process (`proto/internal.proto`): the server's and the client's
//! side. No other file knows those messages. Volumes that live as long as their pod are made and deleted over
//! the same socket by CSI's own calls.

mod attachment;
mod client;
mod facts;
mod server;
mod volumes;

pub use client::RemoteBackend;
pub(crate) use server::InternalService;
