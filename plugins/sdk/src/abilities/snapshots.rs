//! `snapshots`: points in time of volumes.

use alloc::string::String;

use crate::abilities::request;
use crate::bindings::snapshots as raw;
use crate::error::Result;
use crate::export::Shell;
use crate::secrets::Secrets;
use crate::types::{Page, Snapshot, StringMap};

pub use raw::SnapshotPage;

request! {
    /// CreateSnapshot.
    CreateRequest from raw::CreateRequest {
        /// The key of idempotence, as a volume's name.
        name: String,
        /// Of which volume.
        source_volume_id: String,
        /// The VolumeSnapshotClass's.
        parameters: StringMap,
    }
}

request! {
    /// ListSnapshots.
    ListRequest from raw::ListRequest {
        /// Where the page starts and how long it may be.
        page: Page,
        /// Only snapshots of this volume.
        source_volume_id: Option<String>,
    }
}

/// Points in time of volumes.
pub trait Snapshots {
    /// Takes a snapshot; the point in time is fixed when this answers.
    ///
    /// # Errors
    /// `AlreadyExists` for that name with another source, `NotFound` for an unknown volume.
    fn create(&self, request: &CreateRequest) -> Result<Snapshot>;

    /// Deletes a snapshot. An unknown id is OK.
    ///
    /// # Errors
    /// `FailedPrecondition` while volumes depend on it, `InvalidArgument` for a group's member.
    fn delete(&self, id: &str, secrets: &Secrets) -> Result<()>;

    /// A page of snapshots, as [`Listing::list`](crate::Listing::list).
    ///
    /// # Errors
    /// `Aborted` for a token that cannot be read.
    fn list(&self, request: &ListRequest) -> Result<SnapshotPage>;

    /// One snapshot.
    ///
    /// # Errors
    /// `NotFound` for an unknown id.
    fn get(&self, id: &str, secrets: &Secrets) -> Result<Snapshot>;
}

impl<B: Snapshots + Default> raw::Guest for Shell<B> {
    fn create(request: raw::CreateRequest) -> Result<Snapshot, raw::Error> {
        Ok(Self::made().create(&request.into())?)
    }

    fn delete(id: String, secrets: raw::Secrets) -> Result<(), raw::Error> {
        Ok(Self::made().delete(&id, &Secrets::new(secrets))?)
    }

    fn list(request: raw::ListRequest) -> Result<SnapshotPage, raw::Error> {
        Ok(Self::made().list(&request.into())?)
    }

    fn get(id: String, secrets: raw::Secrets) -> Result<Snapshot, raw::Error> {
        Ok(Self::made().get(&id, &Secrets::new(secrets))?)
    }
}
