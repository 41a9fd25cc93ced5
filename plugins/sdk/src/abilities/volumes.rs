//! `volumes`: the life of volumes.

use alloc::string::String;
use alloc::vec::Vec;

use crate::abilities::request;
use crate::bindings::volumes as raw;
use crate::error::Result;
use crate::export::Shell;
use crate::secrets::Secrets;
use crate::types::{
    Capability, CapacityRange, ContentSource, StringMap, TopologyRequirement, Volume,
};

pub use raw::{Sources, Verdict};

request! {
    /// CreateVolume.
    CreateRequest from raw::CreateRequest {
        /// The key of idempotence, unique in the driver. Not safe as a path or a vendor's
        /// identifier: derive one ([`crate::ids`]).
        name: String,
        /// Bytes wanted; none: the backend's default.
        capacity: Option<CapacityRange>,
        /// At least one; the volume must satisfy each of them.
        capabilities: Vec<Capability>,
        /// The StorageClass's.
        parameters: StringMap,
        /// Override `parameters` of the same name.
        mutable_parameters: StringMap,
        /// What the volume starts with; only of the kinds that [`Volumes::accepts`] names.
        source: Option<ContentSource>,
        /// Where it must be reachable.
        accessibility: Option<TopologyRequirement>,
    }
}

request! {
    /// ValidateVolumeCapabilities.
    ValidateRequest from raw::ValidateRequest {
        /// Which volume.
        id: String,
        /// As [`Volumes::create`] answered.
        context: StringMap,
        /// At least one.
        capabilities: Vec<Capability>,
        /// The StorageClass's.
        parameters: StringMap,
        /// The VolumeAttributesClass's.
        mutable_parameters: StringMap,
    }
}

/// The life of volumes. Required.
pub trait Volumes {
    /// The sources that [`create`](Self::create) accepts. No I/O.
    fn accepts(&self) -> Sources {
        Sources::empty()
    }

    /// Creates a volume, durable when it answers; the same request again answers the same volume.
    ///
    /// # Errors
    /// `AlreadyExists` for a volume of that name with another size, source or parameters;
    /// `OutOfRange`, `InvalidArgument`, `NotFound` (the source), `ResourceExhausted`.
    fn create(&self, request: &CreateRequest) -> Result<Volume>;

    /// Deletes a volume and its bytes. An unknown id is OK.
    ///
    /// # Errors
    /// `FailedPrecondition` while it is in use or something that depends on it forbids it.
    fn delete(&self, id: &str, secrets: &Secrets) -> Result<()>;

    /// Whether an existing volume satisfies all that is asked. Changes nothing.
    ///
    /// # Errors
    /// `NotFound` for an unknown id.
    fn validate(&self, request: &ValidateRequest) -> Result<Verdict>;
}

impl<B: Volumes + Default> raw::Guest for Shell<B> {
    fn accepts() -> Sources {
        Self::made().accepts()
    }

    fn create(request: raw::CreateRequest) -> Result<Volume, raw::Error> {
        Ok(Self::made().create(&request.into())?)
    }

    fn delete(id: String, secrets: raw::Secrets) -> Result<(), raw::Error> {
        Ok(Self::made().delete(&id, &Secrets::new(secrets))?)
    }

    fn validate(request: raw::ValidateRequest) -> Result<Verdict, raw::Error> {
        Ok(Self::made().validate(&request.into())?)
    }
}
