//! What is measured of each RPC. The program implements it over its metrics library, which is not known
//! here.

use std::time::Duration;

/// One RPC that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rpc<'a> {
    /// The driver's name.
    pub driver: &'a str,
    /// The gRPC service, such as `csi.v1.Node`; `other` where it is none of Mooring's.
    pub service: &'static str,
    /// The method, such as `NodeStageVolume`; `other` where the service has no such method. So callers
    /// cannot make up series.
    pub method: &'static str,
    /// The gRPC status by its name, such as `OK` or `NOT_FOUND`; `CANCELLED` where the caller went away.
    pub code: &'static str,
    /// From the request's headers to the answer's last byte.
    pub duration: Duration,
}

/// Takes measurements. Called once an RPC, on the serving threads: it must not block.
pub trait Meter: Send + Sync + 'static {
    /// An RPC has begun; [`Self::rpc`] follows when it has ended.
    fn begun(&self, _driver: &str) {}
    /// Counts and times one RPC.
    fn rpc(&self, rpc: Rpc<'_>);
}

/// Measures nothing.
impl Meter for () {
    fn rpc(&self, _: Rpc<'_>) {}
}
