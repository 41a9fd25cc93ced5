//! Services that a node's socket answers through the controller process, unparsed: headers, body and trailers
//! pass as they are, both ways, streams included.

use std::convert::Infallible;
use std::task::{Context, Poll};

use tower::Service;

use crate::link::Link;
use crate::services::{Answer, Answering, Asked};

/// Every CSI service that is not the node's own. One that the controller process does not serve, it refuses.
pub(crate) const FORWARDED: [&str; 4] =
    ["csi.v1.Identity", "csi.v1.Controller", "csi.v1.GroupController", "csi.v1.SnapshotMetadata"];

/// Passes requests on.
#[derive(Debug, Clone)]
pub(crate) struct Forward {
    link: Link,
}

impl Forward {
    pub(crate) fn new(link: Link) -> Self {
        Self { link }
    }
}

impl Service<Asked> for Forward {
    type Response = Answer;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.link.poll_ready(context)
    }

    fn call(&mut self, request: Asked) -> Answering {
        self.link.call(request)
    }
}

#[cfg(test)]
mod tests;
