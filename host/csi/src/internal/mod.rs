//! What the node process asks the controller process (`proto/internal.proto`): the server's and the client's
//! side. No other file knows those messages.

mod attachment;
mod client;
mod facts;
mod limits;
mod server;

pub use client::RemoteBackend;
pub(crate) use server::InternalService;
