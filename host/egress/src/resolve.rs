//! Names to addresses, by whatever the machine is set up to ask.

use std::io;
use std::net::SocketAddr;

use async_trait::async_trait;

/// Looks names up. Asked once for a connection.
#[async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of a name, each with the port.
    ///
    /// # Errors
    /// Of the look-up.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The system's own resolver: hosts file, DNS, and what else it is configured for.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}
