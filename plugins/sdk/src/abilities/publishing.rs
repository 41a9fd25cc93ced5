//! `publishing`: making a volume reachable from a node (mapping, exporting, attaching).

use alloc::string::String;

use crate::abilities::request;
use crate::bindings::publishing as raw;
use crate::error::Result;
use crate::export::Shell;
use crate::secrets::Secrets;
use crate::types::{Capability, StringMap};

request! {
    /// ControllerPublishVolume.
    Request from raw::Request {
        /// Which volume.
        volume_id: String,
        /// As [`Nodes::describe`](crate::Nodes::describe) chose it.
        node_id: String,
        /// How it will be used.
        capability: Capability,
        /// No writes.
        readonly: bool,
        /// As [`Volumes::create`](crate::Volumes::create) answered.
        volume_context: StringMap,
    }
}

/// Making volumes reachable from nodes.
pub trait Publishing {
    /// Whether `readonly` is honoured by the storage itself. No I/O.
    fn supports_readonly(&self) -> bool {
        false
    }

    /// Makes the volume reachable; answers the publish context: at most 4 KiB, no secrets.
    ///
    /// # Errors
    /// `NotFound` (volume or node), `AlreadyExists` (published there in an incompatible way),
    /// `FailedPrecondition` (published elsewhere), `ResourceExhausted` (no slot on the node).
    fn publish(&self, request: &Request) -> Result<StringMap>;

    /// Takes it back, from every node where none is named. What is not published is OK.
    ///
    /// # Errors
    /// What the storage system says.
    fn unpublish(&self, volume_id: &str, node_id: Option<&str>, secrets: &Secrets) -> Result<()>;
}

impl<B: Publishing + Default> raw::Guest for Shell<B> {
    fn supports_readonly() -> bool {
        Self::made().supports_readonly()
    }

    fn publish(request: raw::Request) -> Result<StringMap, raw::Error> {
        Ok(Self::made().publish(&request.into())?)
    }

    fn unpublish(
        volume_id: String,
        node_id: Option<String>,
        secrets: raw::Secrets,
    ) -> Result<(), raw::Error> {
        let secrets = Secrets::new(secrets);
        Ok(Self::made().unpublish(&volume_id, node_id.as_deref(), &secrets)?)
    }
}
