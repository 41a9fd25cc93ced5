//! `attachments`: how a node gets at a volume. A component never touches a device; it describes
//! one, and the host checks the description against the operator's grants and carries it out.
//!
//! Answers may hold passwords (CHAP, SMB, Ceph), which their `Debug` shows: never log one.

use alloc::string::String;

use crate::abilities::request;
use crate::bindings::attachments as raw;
use crate::error::Result;
use crate::export::Shell;
use crate::types::{Capability, StringMap};

pub use raw::{
    Answer, Attachment, BlockDevice, CephCluster, Cephfs, CephfsClient, Content, Credentials,
    DirectDevice, External, FibreChannel, Fuse, Iscsi, KataDirect, MountedDirectory, Nfs,
    NfsVersion, NvmeNamespace, NvmeOf, NvmeTransport, PoolItem, Rbd, RbdMapper, Smb, SmbAuth,
    SmbPassword,
};

request! {
    /// What a node tells about the stage that it is about to do.
    Request from raw::Request {
        /// Which volume.
        volume_id: String,
        /// As [`Volumes::create`](crate::Volumes::create) answered.
        volume_context: StringMap,
        /// As [`Publishing::publish`](crate::Publishing::publish) answered.
        publish_context: StringMap,
        /// How it will be used.
        capability: Capability,
        /// No writes.
        readonly: bool,
        /// As [`Nodes::describe`](crate::Nodes::describe) chose it, else as the operator did.
        node_id: String,
    }
}

/// How a node gets at a volume. Required.
pub trait Attachments {
    /// Describes the volume's attachment for this node. Changes nothing. Called at each stage and
    /// expansion, and not needed to tear a volume down.
    ///
    /// # Errors
    /// `NotFound` for an unknown id.
    fn describe(&self, request: &Request) -> Result<Answer>;
}

impl<B: Attachments + Default> raw::Guest for Shell<B> {
    fn describe(request: raw::Request) -> Result<Answer, raw::Error> {
        Ok(Self::made().describe(&request.into())?)
    }
}
